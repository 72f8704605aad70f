/* SPDX-License-Identifier: GPL-2.0-or-later */
#ifndef IOMAP_DAEMON_PRIVILEGE_H
#define IOMAP_DAEMON_PRIVILEGE_H

#include "daemon/base/util.h"

/*
 * Gives up all capabilities for good, of this process and of programs that it executes. What is
 * open stays usable: maps and programs of BPF, and /proc/kallsyms as it was opened. Returns 0, or
 * a negative errno with a sentence in e.
 */
int privilege_drop(struct errbuf *e);

#endif
