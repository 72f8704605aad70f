/* SPDX-License-Identifier: GPL-2.0-or-later */
/* Messages to the service manager, and the socket it passes. Without a manager: no-ops. */
#ifndef IOMAP_DAEMON_NOTIFY_H
#define IOMAP_DAEMON_NOTIFY_H

#include "daemon/base/loop.h"
#include "daemon/base/util.h"

/* Reports that iomapd is ready, or ready again after a reload. status: a line for people. */
void notify_ready(const char *status);
void notify_reloading(void);
void notify_stopping(void);

/* Sends keep-alives to the manager's watchdog while the loop runs. */
struct watchdog {
	struct loop_source timer; /* fd -1: no watchdog */
};

/*
 * Starts to send keep-alives at twice the rate that the manager requests, if it requests any.
 * Returns 0 or a negative errno.
 */
int watchdog_start(struct watchdog *w, struct loop *l);
void watchdog_stop(struct watchdog *w);

/*
 * Takes the listening socket that systemd passed, and its path. wanted: the path in the settings;
 * NULL: not set. Returns the descriptor, -ENOENT if systemd passed none, or another negative errno
 * with a sentence in e.
 */
int notify_socket(const char *wanted, char *path, size_t size, struct errbuf *e);

#endif
