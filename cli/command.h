/* SPDX-License-Identifier: GPL-2.0-or-later */
/* Starts the command that a tool was asked to run. */
#ifndef IOMAP_CLI_COMMAND_H
#define IOMAP_CLI_COMMAND_H

#include <stdbool.h>
#include <sys/types.h>

#include "cli/signals.h"
#include "daemon/base/util.h"

struct command {
	char **argv;		       /* NULL-terminated */
	const struct signals *signals; /* on entry of this program: the command gets them */
	const sigset_t *mask;	       /* the same */
	bool to_stderr;		       /* its standard output goes to standard error */
};

/*
 * Starts the command; the kernel kills it if this process is killed. Returns 0 once it runs, or a
 * negative errno with a sentence.
 */
int command_start(const struct command *c, pid_t *ret, struct errbuf *err);

#endif
