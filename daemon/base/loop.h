/* SPDX-License-Identifier: GPL-2.0-or-later */
/* A small epoll loop: one callback for each file descriptor. Sleeps while nothing happens. */
#ifndef IOMAP_DAEMON_BASE_LOOP_H
#define IOMAP_DAEMON_BASE_LOOP_H

#include <stdbool.h>
#include <stdint.h>
#include <sys/epoll.h>

/* A function to call once, after the sources that are ready. */
struct loop_later {
	int (*fn)(struct loop_later *later); /* returns 0 or a negative errno, as a source does */
};

/* A function to call at a time. It needs no descriptor. */
struct loop_timer {
	uint64_t at_ns;			     /* CLOCK_MONOTONIC; 0: not set */
	int (*fn)(struct loop_timer *timer); /* returns 0 or a negative errno, as a source does */
	struct loop_timer *next;
};

struct loop {
	int epfd;
	bool stop;
	struct loop_timer *timers;
	struct loop_later *later; /* NULL: none */
	unsigned int turns;	  /* callbacks that may still precede it */
};

struct loop_source {
	int fd;
	uint32_t events; /* EPOLLIN and so on, as last set */
	/* Called on one of these events. A negative errno ends the loop and is its result. */
	int (*fn)(struct loop_source *source, uint32_t events);
};

/* All return 0 or a negative errno. */
int loop_init(struct loop *l);
void loop_done(struct loop *l);
int loop_add(struct loop *l, struct loop_source *s, uint32_t events);
int loop_set(struct loop *l, struct loop_source *s, uint32_t events);
/* The callback is not called again after this. May be called from the callback. */
void loop_del(struct loop *l, struct loop_source *s);
/*
 * Schedules one call of later->fn, after at most `turns` other callbacks. Does nothing if one is
 * scheduled.
 */
void loop_call_later(struct loop *l, struct loop_later *later, unsigned int turns);
/* Calls timer->fn once, in that many nanoseconds. Does nothing if the timer is set. */
void loop_timer_set(struct loop *l, struct loop_timer *timer, uint64_t in_ns);
/* Unsets the timer. May be called for a timer that is not set. */
void loop_timer_unset(struct loop *l, struct loop_timer *timer);
/* Waits up to timeout_ms (-1: for ever) and runs one callback. */
int loop_once(struct loop *l, int timeout_ms);
/* Runs until l->stop is set or a callback fails. */
int loop_run(struct loop *l);

#endif
