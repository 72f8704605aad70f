/* SPDX-License-Identifier: GPL-2.0-or-later */
/* A small epoll loop: one callback for each file descriptor. Sleeps while nothing happens. */
#ifndef IOMAP_DAEMON_LOOP_H
#define IOMAP_DAEMON_LOOP_H

#include <stdbool.h>
#include <stdint.h>
#include <sys/epoll.h>

struct loop {
	int epfd;
	bool stop;
};

struct loop_source {
	int fd;
	uint32_t events; /* EPOLLIN and so on, as asked for last */
	/* Called when one of them is there; a negative errno ends the loop with it. */
	int (*fn)(struct loop_source *source, uint32_t events);
};

/* All return 0 or a negative errno. */
int loop_init(struct loop *l);
void loop_done(struct loop *l);
int loop_add(struct loop *l, struct loop_source *s, uint32_t events);
int loop_set(struct loop *l, struct loop_source *s, uint32_t events);
/* After this the callback is not called again, not even when called from one. */
void loop_del(struct loop *l, struct loop_source *s);
/* Waits up to timeout_ms (-1: for ever) and runs one callback. */
int loop_once(struct loop *l, int timeout_ms);
/* Runs until l->stop is set or a callback fails. */
int loop_run(struct loop *l);

#endif
