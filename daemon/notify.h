/* SPDX-License-Identifier: GPL-2.0-or-later */
/* Messages to a service manager, and the socket that it passes. No-ops without one. */
#ifndef IOMAP_DAEMON_NOTIFY_H
#define IOMAP_DAEMON_NOTIFY_H

#include "daemon/base/loop.h"
#include "daemon/base/util.h"

/* iomapd is ready, or ready again after a reload; status is a line for people. */
void notify_ready(const char *status);
void notify_reloading(void);
void notify_stopping(void);

/* Tells the manager's watchdog that the loop goes round. */
struct watchdog {
	struct loop_source timer; /* fd -1: there is no watchdog */
};

/*
 * Starts to send keep-alives at twice the requested rate; none if nobody requests them. Returns 0
 * or a negative errno.
 */
int watchdog_start(struct watchdog *w, struct loop *l);
void watchdog_stop(struct watchdog *w);

/*
 * The listening socket that systemd passed, and its path. wanted: the path that the settings name,
 * NULL if they do not. Returns the descriptor, -ENOENT when none was passed, or another negative
 * errno with a sentence in e.
 */
int notify_socket(const char *wanted, char *path, size_t size, struct errbuf *e);

#endif
