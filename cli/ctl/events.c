// SPDX-License-Identifier: GPL-2.0-or-later
/* iomapctl events */
#include <errno.h>
#include <inttypes.h>
#include <poll.h>
#include <string.h>
#include <sys/utsname.h>

#include "cli/ctl/iomapctl.h"
#include "cli/debug/sources.h"
#include "cli/fmt.h"
#include "cli/json.h"
#include "daemon/base/output.h"
#include "daemon/base/utf8.h"

#define PAST_MAX 65536 /* more than iomapd saves */
#define RETRY_MS 250   /* between attempts to reach a restarted iomapd */

/* How to print. */
struct view {
	const struct ctl_config *cfg;
	struct sources *sources;
};

/* The last past events, as a ring. */
struct past {
	json_t **ring;
	size_t cap, n;
};

/* Prints the text of a member. */
static void print_text(const json_t *r, const char *name, const char *missing)
{
	utf8_print(stdout, rec_text(r, name, missing));
}

/* Prints the time and the type. */
static void print_head(const json_t *e)
{
	uint64_t ns = rec_u64(e, "time_unix_ns");
	time_t secs = (time_t)(ns / NSEC_PER_SEC);
	char when[32] = "?", type[32];
	struct tm tm;

	if (localtime_r(&secs, &tm))
		strftime(when, sizeof(when), "%F %T", &tm);
	snprintf(type, sizeof(type), "%s", rec_text(e, "type", "?"));
	utf8_clean(type);
	printf("%s.%06" PRIu64 "  %-10s ", when, ns % NSEC_PER_SEC / 1000, type);
}

/* Prints the mapping that a record names. */
static void print_mapping(const json_t *r)
{
	char size[FMT_MAX];

	if (json_is_null(json_object_get(r, "mapping_id")))
		printf("mapping unknown");
	else
		printf("mapping %" PRIu64, rec_u64(r, "mapping_id"));
	if (rec_has(r, "base")) {
		printf(" at ");
		print_text(r, "base", "?");
	}
	if (rec_has(r, "size"))
		printf(" size %s", fmt_bytes(size, (double)rec_u64(r, "size")));
}

/* Prints backend, kind and caller of a map. */
static void print_site(const json_t *r)
{
	printf(" (");
	print_text(r, "backend", "?");
	printf("%s", rec_has(r, "kind") ? " " : "");
	print_text(r, "kind", "");
	putchar(')');
	if (!rec_has(r, "caller"))
		return;
	printf(" by ");
	print_text(r, "caller", "?");
	if (rec_has(r, "module")) {
		printf(" [");
		print_text(r, "module", "?");
		putchar(']');
	}
}

/* Prints task and CPU. */
static void print_task(const json_t *r)
{
	printf(", ");
	print_text(r, "comm", "?");
	printf("[%" PRIu64 "] on CPU %" PRIu64, rec_u64(r, "pid"), rec_u64(r, "cpu"));
}

/* Prints a heading and a line for each frame; nothing if there are no frames. */
static void print_stack(struct sources *sources, const char *heading, const json_t *frames)
{
	json_t *frame;
	size_t i;

	if (json_array_size(frames))
		printf("    %s:\n", heading);
	json_array_foreach(frames, i, frame) {
		const struct source_lines *l =
			sources_find(sources, json_string_value(frame), NULL);

		printf("        ");
		utf8_print(stdout, json_string_value(frame) ?: "?");
		if (l)
			printf(": ");
		if (l)
			sources_print(stdout, l);
		putchar('\n');
	}
}

/* Prints the source lines of a call site, if they are known. */
static void print_lines(struct sources *sources, const char *heading, const json_t *v,
			const char *symbol, const char *module)
{
	const struct source_lines *l =
		sources_find(sources, rec_text(v, symbol, NULL), rec_text(v, module, NULL));

	if (!l)
		return;
	printf("    %s ", heading);
	sources_print(stdout, l);
	putchar('\n');
}

/* Prints a line like that of other events, then the sentence, the source lines and the stacks. */
static void print_violation(struct sources *sources, const json_t *e, const json_t *v)
{
	char held[FMT_MAX];
	uint64_t n = rec_u64(v, "count");

	print_head(e);
	print_text(v, "rule", "?");
	printf(": ");
	print_mapping(v);
	print_site(v);
	if (rec_has(v, "held_ns"))
		printf(", held %s", fmt_ns(held, (double)rec_u64(v, "held_ns")));
	print_task(v);
	if (n > 1)
		printf(", %" PRIu64 " times", n);
	printf("\n    ");
	print_text(v, "text", "?");
	putchar('\n');
	print_lines(sources, "mapped by", v, "caller", "module");
	print_lines(sources, "offence in", v, "offender", "offender_module");
	if (!json_array_size(json_object_get(v, "stack")))
		printf("    stack: not known\n");
	print_stack(sources, "stack", json_object_get(v, "stack"));
	print_stack(sources, "stack of the map", json_object_get(v, "map_stack"));
}

/* Prints an event for people: time, mapping, caller, task. */
static void print_event(struct sources *sources, const json_t *e)
{
	const json_t *v = json_object_get(e, "violation");

	if (json_is_object(v)) {
		print_violation(sources, e, v);
		return;
	}
	print_head(e);
	print_mapping(e);
	if (rec_has(e, "offset"))
		printf(" offset 0x%" PRIx64, rec_u64(e, "offset"));
	print_site(e);
	print_task(e);
	putchar('\n');
}

static void print_reply(const struct view *view, const json_t *reply)
{
	if (view->cfg->json) {
		ctl_print_json(reply, JSON_COMPACT);
		return;
	}
	if (rec_u64(reply, "missed"))
		printf("(%" PRIu64 " events before this one are no longer available)\n",
		       rec_u64(reply, "missed"));
	print_event(view->sources, json_object_get(reply, "event"));
}

static void past_free(struct past *p)
{
	for (size_t i = 0; i < p->n && i < p->cap; i++)
		json_decref(p->ring[i]);
	free(p->ring);
	*p = (struct past){};
}

/* Saves the reply as one of the last. */
static void past_add(struct past *p, json_t *reply)
{
	if (!p->cap)
		return;
	if (p->n >= p->cap)
		json_decref(p->ring[p->n % p->cap]);
	p->ring[p->n++ % p->cap] = json_incref(reply);
}

static void past_print(const struct view *view, struct past *p)
{
	size_t from = p->n > p->cap ? p->n - p->cap : 0;

	for (size_t i = from; i < p->n; i++)
		print_reply(view, p->ring[i % p->cap]);
	past_free(p);
}

/*
 * Prints events until the stream ends, the reader of the output closes it, or iomapd ends. Skips
 * events up to number *seq and sets *seq to the number of the last one. @past: saves the last
 * events there instead of printing them.
 */
static int stream(const struct view *view, struct client *c, bool follow, struct past *past,
		  uint64_t *seq, struct errbuf *err)
{
	unsigned int old = 0;
	bool more = true;
	int r;

	r = client_send(c, "Events", json_pack("{s:b}", "follow", follow), true, err);
	while (!r && more) {
		_cleanup_json_ json_t *reply = NULL;
		const json_t *event;

		/* With --follow, print each event as it comes; else print when all have come. */
		r = client_step(c, &reply, &more, err);
		if (!r) {
			r = output_flush(err);
			if (r)
				return r;
			r = client_next(c, follow ? -1 : CLIENT_TIMEOUT, STDOUT_FILENO, &reply,
					&more, err);
		}
		if (r < 0)
			return r;
		r = client_check(c, "Events", reply, err);
		event = json_object_get(reply, "event");
		if (!r && more && !json_is_object(event))
			r = set_error(err, -EPROTO, "iomapd sent a reply without an event");
		if (r || !json_is_object(event))
			continue;
		/* Events that were printed before iomapd restarted come again, but not for ever. */
		if ((!follow || rec_u64(event, "seq") <= *seq) && ++old > PAST_MAX) {
			r = set_error(err, -EPROTO, "iomapd sent more than %d past events",
				      PAST_MAX);
			continue;
		}
		if (rec_u64(event, "seq") <= *seq)
			continue;
		*seq = rec_u64(event, "seq");
		if (past)
			past_add(past, reply);
		else
			print_reply(view, reply);
	}
	return r;
}

/* Says when iomapd was away: its events of that time may be missing. */
static void print_away(const json_t *record)
{
	char when[REPLAY_TIME_MAX];

	fprintf(stderr, "iomapctl: iomapd %s %s at %s\n",
		!strcmp(replay_type(record), "away") ? "went" : "came", replay_type(record),
		replay_time_text(when, replay_time(record)));
}

/* Takes a record: its event, if it has one and that is not later than asked for. */
static int take_record(const struct view *view, struct replay *r, const json_t *record,
		       uint64_t at_ns, struct past *past, struct errbuf *err)
{
	json_t *reply = json_object_get(record, "reply");
	const json_t *event = json_object_get(reply, "event");
	int e;

	if (strcmp(replay_type(record), "event")) {
		if (!strcmp(replay_type(record), "away") || !strcmp(replay_type(record), "back"))
			print_away(record);
		return 0;
	}
	e = replay_check(r, "Events", reply, err);
	if (e || !json_is_object(event) || rec_u64(event, "time_unix_ns") > at_ns)
		return e;
	if (past)
		past_add(past, reply);
	else
		print_reply(view, reply);
	return 0;
}

/* Prints the events of the recording, up to a time. Returns 1 if some may be missing. */
static int print_recorded(const struct view *view, struct replay *r, uint64_t at_ns,
			  struct past *past, struct errbuf *err)
{
	bool only_last = view->cfg->last < EVENTS_UNLIMITED;
	json_t *record;
	int e;

	while ((e = replay_next(r, &record, err)) > 0) {
		e = take_record(view, r, record, at_ns, only_last ? past : NULL, err);
		json_decref(record);
		if (!e)
			e = output_flush(err);
		if (e)
			break;
	}
	past_print(view, past);
	return e ?: ctl_print_losses(r);
}

/* Asks when iomapd's counting began, which is when its event numbers began; 0: not known. */
static int ask_since(struct client *c, uint64_t *ret, struct errbuf *err)
{
	_cleanup_json_ json_t *status = NULL;
	int r = client_call(c, "Status", NULL, &status, err);

	if (!r)
		*ret = rec_u64(status, "counting_since_unix_ns");
	return r;
}

/* Sleeps. Returns -EPIPE once the reader of the output has closed it. */
static int nap(struct errbuf *err)
{
	struct pollfd out = { .fd = STDOUT_FILENO };

	if (poll(&out, 1, RETRY_MS) > 0 && out.revents & (POLLERR | POLLHUP))
		return set_error(err, -EPIPE, "the reader of the output has gone");
	return 0;
}

/* Waits until an iomapd serves at the socket again. */
static int reopen(const struct ctl_config *cfg, struct client **c, struct errbuf *err)
{
	int r;

	*c = client_close(*c);
	do {
		r = nap(err);
		if (!r)
			r = client_open(client_path(cfg->socket), c, err);
	} while (r == -ENOENT || r == -ECONNREFUSED || r == -EBUSY);
	return r;
}

/*
 * Follows iomapd across restarts. If a restarted iomapd takes over the counters, its event numbers
 * go on, so no event is printed twice or skipped; else they start at zero.
 */
static int follow(const struct view *view, struct client **c, uint64_t since, uint64_t *seq,
		  struct errbuf *err)
{
	uint64_t now = since;
	int r;

	for (;;) {
		r = stream(view, *c, true, NULL, seq, err);
		if (r != -ECONNRESET)
			return r;
		fprintf(stderr, "iomapctl: %s; waiting for the next one\n", err->text);
		do {
			r = reopen(view->cfg, c, err);
			if (!r)
				r = ask_since(*c, &now, err);
		} while (r == -ECONNRESET || r == -EBUSY);
		if (r)
			return r;
		fprintf(stderr, "iomapctl: connected again%s\n",
			now == since ? "" : ": its counters start at zero");
		if (now != since)
			*seq = 0;
		since = now;
	}
}

/* Prints the past events, then follows. */
static int print_all(const struct view *view, struct past *past, struct errbuf *err)
{
	const struct ctl_config *cfg = view->cfg;
	bool only_last = cfg->last < EVENTS_UNLIMITED;
	struct client *c = NULL;
	uint64_t seq = 0, since = 0;
	int r;

	r = client_open(client_path(cfg->socket), &c, err);
	if (!r && cfg->follow)
		r = ask_since(c, &since, err);
	/*
	 * The last events are known only when all past events have come; --follow goes on from
	 * there.
	 */
	if (!r && (only_last || !cfg->follow))
		r = stream(view, c, false, only_last ? past : NULL, &seq, err);
	past_print(view, past);
	if (!r && cfg->follow)
		r = follow(view, &c, since, &seq, err);
	client_close(c);
	return r;
}

int do_events(void *config)
{
	const struct ctl_config *cfg = config;
	struct past past = { .cap = cfg->last < PAST_MAX ? cfg->last : PAST_MAX };
	struct sources_options opts = { .debug_dir = cfg->debug_dir,
					.roots = cfg->roots.value,
					.nr_roots = cfg->roots.n };
	struct view view = { .cfg = cfg };
	struct replay *replay = NULL;
	struct errbuf err = {};
	struct utsname uts;
	uint64_t at_ns;
	int r;

	r = ctl_check_source(cfg);
	if (r)
		return r;
	uname(&uts);
	opts.release = uts.release;
	if (cfg->recording) {
		r = ctl_replay_open(cfg, &replay, &at_ns);
		if (r)
			return r;
		opts.release = rec_text(json_object_get(replay_start(replay), "kernel"), "release",
					uts.release);
	}
	past.ring = calloc(past.cap ?: 1, sizeof(*past.ring));
	if (!past.ring || sources_new(&opts, &view.sources)) {
		free(past.ring);
		replay_close(replay);
		return ctl_fail(set_error(&err, -ENOMEM, "out of memory"), &err);
	}
	r = replay ? print_recorded(&view, replay, at_ns, &past, &err)
		   : print_all(&view, &past, &err);
	if (r >= 0 && !cfg->json && sources_missing(view.sources))
		fprintf(stderr, "iomapctl: %s\n", sources_missing(view.sources));
	sources_free(view.sources);
	replay_close(replay);
	if (r < 0)
		return ctl_fail(r, &err);
	return r ? EXIT_INCONCLUSIVE : EXIT_GOOD;
}
