/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * The signals of a tool. A parent may have left dispositions behind that a program does not expect:
 * if SIGCHLD is ignored, the kernel drops the exit status of a child.
 */
#ifndef IOMAP_CLI_SIGNALS_H
#define IOMAP_CLI_SIGNALS_H

#include <signal.h>

#define SIGNALS_CHANGED 3

/* The dispositions on entry of the signals that signals_init() changes. */
struct signals {
	struct sigaction before[SIGNALS_CHANGED];
};

/*
 * Sets the default for SIGCHLD, and ignores SIGPIPE and SIGXFSZ: a write that fails returns an
 * error. Saves the dispositions on entry in @s.
 */
void signals_init(struct signals *s);

/* Restores the dispositions on entry. For a child before it runs another program. */
void signals_restore(const struct signals *s);

#endif
