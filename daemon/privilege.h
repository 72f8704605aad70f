/* SPDX-License-Identifier: GPL-2.0-or-later */
#ifndef IOMAP_DAEMON_PRIVILEGE_H
#define IOMAP_DAEMON_PRIVILEGE_H

#include "daemon/base/util.h"

/*
 * Drops all capabilities for good, of this process and of programs that it executes. Open
 * descriptors stay usable: BPF maps and programs, and /proc/kallsyms with its addresses. Returns 0,
 * or a negative errno with a sentence in e.
 */
int privilege_drop(struct errbuf *e);

#endif
