/* SPDX-License-Identifier: GPL-2.0-or-later */
/* What a service manager wants to hear, and what it passes on. Without one, nothing happens. */
#ifndef IOMAP_DAEMON_NOTIFY_H
#define IOMAP_DAEMON_NOTIFY_H

#include "daemon/base/loop.h"
#include "daemon/base/util.h"

/* It is ready, or is so again; status is a line for people. */
void notify_ready(const char *status);
void notify_reloading(void);
void notify_stopping(void);

/* Tells the manager's watchdog that the loop goes round. */
struct watchdog {
	struct loop_source timer; /* fd -1: nobody watches */
};

/*
 * Begins to tell, at twice the rate that is asked for; not at all if nobody asks. Returns 0 or a
 * negative errno.
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
