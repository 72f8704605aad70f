// SPDX-License-Identifier: GPL-2.0-or-later
#include <errno.h>
#include <poll.h>

#include "cli/feed.h"

static uint64_t interval_ns(const struct feed *f)
{
	return (uint64_t)(f->interval * (double)NSEC_PER_SEC);
}

void feed_init(struct feed *f, const char *path, double interval)
{
	*f = (struct feed){ .path = path, .interval = interval, .due_ns = now_ns() };
}

void feed_free(struct feed *f)
{
	f->client = client_close(f->client);
}

void feed_hurry(struct feed *f)
{
	if (!f->asked)
		f->due_ns = now_ns();
}

int feed_fd(const struct feed *f)
{
	return f->client ? client_fd(f->client) : -1;
}

short feed_events(const struct feed *f)
{
	return (short)(f->client ? client_events(f->client) : 0);
}

int feed_wait_ms(const struct feed *f)
{
	uint64_t now = now_ns();

	if (f->paused && !f->asked)
		return -1;
	return f->due_ns > now ? (int)((f->due_ns - now) / 1000000) + 1 : 0;
}

/* Disconnects. The next attempt comes after the interval, but after half a second at least. */
static int lose(struct feed *f, int code)
{
	uint64_t pause = interval_ns(f);

	f->client = client_close(f->client);
	f->asked = false;
	f->due_ns = now_ns() + (pause < NSEC_PER_SEC / 2   ? NSEC_PER_SEC / 2
				: pause > 2 * NSEC_PER_SEC ? 2 * NSEC_PER_SEC
							   : pause);
	return code;
}

static int ask(struct feed *f, struct errbuf *err)
{
	int r;

	if (!f->client) {
		r = client_open(f->path, &f->client, err);
		if (r)
			return r;
	}
	r = client_send(f->client, "Snapshot", f->full ? json_pack("{s:b}", "full", 1) : NULL,
			false, err);
	if (r)
		return r;
	f->asked = true;
	f->due_ns = now_ns() + (uint64_t)CLIENT_TIMEOUT * 1000000;
	return 0;
}

int feed_step(struct feed *f, json_t **ret, struct errbuf *err)
{
	json_t *reply = NULL;
	uint64_t start;
	int r;

	if (!f->asked) {
		/* No reply is due, but the stream ends if iomapd does. */
		if (f->client) {
			r = client_step(f->client, &reply, NULL, err);
			json_decref(reply);
			if (r < 0)
				return lose(f, r);
		}
		if (f->paused || now_ns() < f->due_ns)
			return 0;
		r = ask(f, err);
		if (r)
			return lose(f, r);
	}
	start = f->due_ns - (uint64_t)CLIENT_TIMEOUT * 1000000;
	r = client_step(f->client, &reply, NULL, err);
	if (!r && now_ns() >= f->due_ns)
		r = set_error(err, -ETIMEDOUT,
			      "iomapd at %s does not answer: see what it is doing, or restart it",
			      f->path);
	if (r > 0) {
		r = client_check(f->client, "Snapshot", reply, err) ?: 1;
		if (r < 0)
			json_decref(reply);
	}
	if (r < 0)
		return lose(f, r);
	if (r) {
		*ret = reply;
		f->asked = false;
		f->due_ns = start + interval_ns(f);
	}
	return r;
}
