// SPDX-License-Identifier: GPL-2.0-or-later
/* iomapctl events */
#include <errno.h>
#include <inttypes.h>
#include <stdio_ext.h>
#include <string.h>

#include "cli/fmt.h"
#include "cli/iomapctl.h"
#include "cli/record.h"

#define PAST_MAX 65536 /* more than iomapd keeps */

/* The last of the past events. */
struct past {
	json_t **ring;
	size_t cap, n;
};

/* One line for a person: when, what, where, who. */
static void print_event(const json_t *e)
{
	uint64_t ns = rec_u64(e, "time_unix_ns");
	time_t secs = (time_t)(ns / NSEC_PER_SEC);
	const char *type = rec_text(e, "type", "?"), *module = rec_text(e, "module", NULL);
	char when[32] = "?", size[FMT_MAX], comm[64];
	struct tm tm;
	size_t n = 0;

	if (localtime_r(&secs, &tm))
		strftime(when, sizeof(when), "%F %T", &tm);
	printf("%s.%06" PRIu64 "  %-10s mapping %" PRIu64, when, ns % NSEC_PER_SEC / 1000, type,
	       rec_u64(e, "id"));
	if (rec_has(e, "base"))
		printf(" at %s", rec_text(e, "base", "?"));
	if (rec_has(e, "size"))
		printf(" size %s", fmt_bytes(size, (double)rec_u64(e, "size")));
	if (rec_has(e, "offset"))
		printf(" offset 0x%" PRIx64, rec_u64(e, "offset"));
	printf(" (%s%s%s)", rec_text(e, "backend", "?"), rec_has(e, "kind") ? " " : "",
	       rec_text(e, "kind", ""));
	if (rec_has(e, "caller"))
		printf(" by %s%s%s%s", rec_text(e, "caller", "?"), module ? " [" : "", module ?: "",
		       module ? "]" : "");
	/* A task names itself: let nothing of that steer the terminal. */
	for (const char *p = rec_text(e, "comm", "?"); *p && n + 5 < sizeof(comm);)
		n += utf8_put(comm + n, utf8_next(&p));
	comm[n] = 0;
	printf(", %s[%" PRIu64 "] on CPU %" PRIu64 "\n", comm, rec_u64(e, "pid"),
	       rec_u64(e, "cpu"));
}

static void print_reply(const struct ctl_config *cfg, const json_t *reply)
{
	if (cfg->json) {
		json_dumpf(reply, stdout, JSON_COMPACT | JSON_PRESERVE_ORDER);
		putchar('\n');
		return;
	}
	if (rec_u64(reply, "missed"))
		printf("(%" PRIu64 " events before this one are no longer kept)\n",
		       rec_u64(reply, "missed"));
	print_event(json_object_get(reply, "event"));
}

static void past_free(struct past *p)
{
	for (size_t i = 0; i < p->n && i < p->cap; i++)
		json_decref(p->ring[i]);
	free(p->ring);
	*p = (struct past){};
}

/* Keeps the reply as one of the last. */
static void past_add(struct past *p, json_t *reply)
{
	if (!p->cap)
		return;
	if (p->n >= p->cap)
		json_decref(p->ring[p->n % p->cap]);
	p->ring[p->n++ % p->cap] = json_incref(reply);
}

static void past_print(const struct ctl_config *cfg, struct past *p)
{
	size_t from = p->n > p->cap ? p->n - p->cap : 0;

	for (size_t i = from; i < p->n; i++)
		print_reply(cfg, p->ring[i % p->cap]);
	past_free(p);
}

/*
 * Prints events until the stream ends, the reader of the output goes, or the daemon does. Events up
 * to number *seq are left out; *seq becomes the number of the last one. With @past, keeps the last
 * ones there instead.
 */
static int stream(const struct ctl_config *cfg, struct client *c, bool follow, struct past *past,
		  uint64_t *seq, struct err *err)
{
	bool more = true;
	int r;

	r = client_send(c, "Events", json_pack("{s:b}", "follow", follow), true, err);
	while (!r && more) {
		_cleanup_json_ json_t *reply = NULL;
		const json_t *event;

		/* Whoever follows reads each event as it comes; whoever does not waits for all. */
		r = client_step(c, &reply, &more, err);
		if (!r && fflush(stdout)) {
			r = err_set(err, -errno, "cannot write the output: %s", strerror(errno));
			/* This is said here: let it not be tried and said once more at the end. */
			__fpurge(stdout);
			clearerr(stdout);
			return r;
		}
		if (!r)
			r = client_next(c, follow ? -1 : CLIENT_TIMEOUT, STDOUT_FILENO, &reply,
					&more, err);
		if (r < 0)
			return r;
		r = client_check_schema(c, reply, err);
		event = json_object_get(reply, "event");
		if (r || !json_is_object(event) || rec_u64(event, "seq") <= *seq)
			continue;
		*seq = rec_u64(event, "seq");
		if (past)
			past_add(past, reply);
		else
			print_reply(cfg, reply);
	}
	return r;
}

int do_events(void *config)
{
	const struct ctl_config *cfg = config;
	bool only_last = cfg->last < EVENTS_UNLIMITED;
	struct past past = { .cap = cfg->last < PAST_MAX ? cfg->last : PAST_MAX };
	struct client *c = NULL;
	uint64_t seq = 0;
	struct err err = {};
	int r;

	past.ring = calloc(past.cap ?: 1, sizeof(*past.ring));
	if (!past.ring)
		return ctl_fail(err_set(&err, -ENOMEM, "out of memory"), &err);
	r = client_open(client_path(cfg->socket), &c, &err);
	/*
	 * Which events are the last of the past is known once they have all come; what follows goes
	 * on from there.
	 */
	if (!r && (only_last || !cfg->follow))
		r = stream(cfg, c, false, only_last ? &past : NULL, &seq, &err);
	past_print(cfg, &past);
	if (!r && cfg->follow)
		r = stream(cfg, c, true, NULL, &seq, &err);
	client_close(c);
	return r ? ctl_fail(r, &err) : EXIT_GOOD;
}
