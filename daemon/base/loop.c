// SPDX-License-Identifier: GPL-2.0-or-later
#include "daemon/base/loop.h"

#include "daemon/base/util.h"

int loop_init(struct loop *l)
{
	int fd = epoll_create1(EPOLL_CLOEXEC);

	if (fd < 0)
		return -errno;
	*l = (struct loop){ .epfd = fd };
	return 0;
}

void loop_done(struct loop *l)
{
	if (l->epfd >= 0)
		close(l->epfd);
	l->epfd = -1;
}

static int control(struct loop *l, int op, struct loop_source *s, uint32_t events)
{
	struct epoll_event ev = { .events = events, .data.ptr = s };

	if (epoll_ctl(l->epfd, op, s->fd, &ev))
		return -errno;
	s->events = events;
	return 0;
}

int loop_add(struct loop *l, struct loop_source *s, uint32_t events)
{
	return control(l, EPOLL_CTL_ADD, s, events);
}

int loop_set(struct loop *l, struct loop_source *s, uint32_t events)
{
	return s->events == events ? 0 : control(l, EPOLL_CTL_MOD, s, events);
}

void loop_del(struct loop *l, struct loop_source *s)
{
	epoll_ctl(l->epfd, EPOLL_CTL_DEL, s->fd, NULL);
}

void loop_call_later(struct loop *l, struct loop_later *later, unsigned int turns)
{
	if (l->later)
		return;
	l->later = later;
	l->turns = turns;
}

static int call_later(struct loop *l)
{
	struct loop_later *later = l->later;

	l->later = NULL;
	return later->fn(later);
}

void loop_timer_set(struct loop *l, struct loop_timer *timer, uint64_t in_ns)
{
	if (timer->at_ns)
		return;
	timer->at_ns = now_ns() + in_ns;
	timer->next = l->timers;
	l->timers = timer;
}

void loop_timer_unset(struct loop *l, struct loop_timer *timer)
{
	struct loop_timer **t = &l->timers;

	if (!timer->at_ns)
		return;
	while (*t != timer)
		t = &(*t)->next;
	*t = timer->next;
	timer->at_ns = 0;
}

/* The timer that is due first, or NULL. */
static struct loop_timer *first_timer(const struct loop *l)
{
	struct loop_timer *first = l->timers;

	for (struct loop_timer *t = first; t; t = t->next) {
		if (t->at_ns < first->at_ns)
			first = t;
	}
	return first;
}

/* Shortens a time to wait, so that it ends when the timer is due. */
static int until(const struct loop_timer *timer, uint64_t now, int timeout_ms)
{
	uint64_t ms = (timer->at_ns - now + 999999) / 1000000;

	return timeout_ms < 0 || ms < (uint64_t)timeout_ms ? (int)ms : timeout_ms;
}

int loop_once(struct loop *l, int timeout_ms)
{
	struct loop_timer *timer = first_timer(l);
	uint64_t now = timer ? now_ns() : 0;
	struct loop_source *s;
	struct epoll_event ev;
	int n;

	if (timer && timer->at_ns <= now) {
		loop_timer_unset(l, timer);
		return timer->fn(timer);
	}
	if (timer)
		timeout_ms = until(timer, now, timeout_ms);
	if (l->later && !l->turns)
		return call_later(l);
	/* One event at a time: a callback may free another source that is ready. */
	n = epoll_wait(l->epfd, &ev, 1, l->later ? 0 : timeout_ms);
	if (n < 0)
		return errno == EINTR ? 0 : -errno;
	if (!n)
		return l->later ? call_later(l) : 0;
	if (l->later)
		l->turns--;
	s = ev.data.ptr;
	return s->fn(s, ev.events);
}

int loop_run(struct loop *l)
{
	int err = 0;

	while (!l->stop && !err)
		err = loop_once(l, -1);
	return err;
}
