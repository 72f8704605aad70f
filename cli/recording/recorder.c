// SPDX-License-Identifier: GPL-2.0-or-later
#include <errno.h>
#include <string.h>
#include <sys/utsname.h>

#include "cli/feed.h"
#include "cli/json.h"
#include "cli/recording/recorder.h"
#include "cli/recording/write.h"

#define PAST_MAX 65536 /* events: more than iomapd saves */

struct recorder {
	struct feed feed;
	struct client *events; /* NULL: not connected */
	uint64_t since;	       /* when iomapd began to count, and to number its events */
	uint64_t seq;	       /* of the last event */
	uint64_t flush_ns;     /* CLOCK_MONOTONIC: when the block that grows is old */
	struct recording_writer *file;
	struct recorder_totals totals;
	bool away; /* iomapd has answered before, and does not now */
};

static int no_memory(struct errbuf *err)
{
	return set_error(err, -ENOMEM, "out of memory");
}

/* Adds a record. Takes ownership of @v; NULL: there was no memory to make it. */
static int record(struct recorder *r, const char *type, json_t *v, struct errbuf *err)
{
	uint64_t now = clock_ns(CLOCK_REALTIME);
	_cleanup_json_ json_t *head =
		json_pack("{s:s, s:I}", "type", type, "time_unix_ns", (json_int_t)now);
	_cleanup_free_ char *line = NULL;

	if (head && v && !json_object_update(head, v))
		line = json_dumps(head, JSON_COMPACT);
	json_decref(v);
	if (!line)
		return no_memory(err);
	return recording_add(r->file, now, line, strlen(line), err);
}

/* The command as a list of words; those that are not UTF-8 are replaced. */
static json_t *words(char *const *argv)
{
	json_t *list = argv ? json_array() : json_null();

	for (size_t i = 0; argv && argv[i]; i++) {
		json_t *word = json_string(argv[i]);

		json_array_append_new(list, word ?: json_string("?"));
	}
	return list;
}

static json_t *text(const char *s)
{
	json_t *v = json_string(s);

	return v ?: json_string("?");
}

/* The facts about the machine. */
static int record_start(struct recorder *r, const struct recorder_options *o, struct errbuf *err)
{
	struct utsname u;

	uname(&u);
	return record(r, "start",
		      json_pack("{s:s, s:o, s:{s:o, s:o, s:o}, s:I, s:I, s:o}", "program",
				"iomapctl " IOMAP_VERSION, "host", text(u.nodename), "kernel",
				"release", text(u.release), "version", text(u.version), "machine",
				text(u.machine), "cpus", (json_int_t)sysconf(_SC_NPROCESSORS_ONLN),
				"interval_ns", (json_int_t)o->interval_ns, "command",
				words(o->command)),
		      err);
}

int recorder_new(const struct recorder_options *o, struct recorder **ret, struct errbuf *err)
{
	struct recorder *r = calloc(1, sizeof(*r));
	int e;

	if (!r)
		return no_memory(err);
	feed_init(&r->feed, o->socket, (double)o->interval_ns / (double)NSEC_PER_SEC);
	r->feed.full = true;
	r->flush_ns = now_ns() + RECORDING_BLOCK_NS;
	/* Without an iomapd, an earlier recording of that name stays as it is. */
	e = client_open(o->socket, &r->feed.client, err);
	if (!e)
		e = recording_create(o->file, o->max_size, &r->file, err);
	if (!e)
		e = record_start(r, o, err);
	if (e) {
		recorder_free(r);
		return e;
	}
	*ret = r;
	return 0;
}

struct recorder *recorder_free(struct recorder *r)
{
	if (!r)
		return NULL;
	feed_free(&r->feed);
	client_close(r->events);
	recording_writer_free(r->file);
	free(r);
	return NULL;
}

int recorder_poll(const struct recorder *r, struct pollfd fds[RECORDER_FDS])
{
	uint64_t now = now_ns();
	int wait = feed_wait_ms(&r->feed);
	int flush = r->flush_ns > now ? (int)((r->flush_ns - now) / 1000000) + 1 : 0;

	fds[0] = (struct pollfd){ .fd = feed_fd(&r->feed), .events = feed_events(&r->feed) };
	fds[1] = (struct pollfd){ .fd = -1 };
	if (r->events)
		fds[1] = (struct pollfd){ .fd = client_fd(r->events),
					  .events = client_events(r->events) };
	return flush < wait ? flush : wait;
}

/* Asks for the events. Without a connection, the next snapshot tries again. */
static void open_events(struct recorder *r)
{
	struct errbuf err;

	if (client_open(r->feed.path, &r->events, &err))
		return;
	if (client_send(r->events, "Events", json_pack("{s:b}", "follow", 1), true, &err))
		r->events = client_close(r->events);
}

/*
 * Records an event, unless it was recorded before: each connection begins with the past events. An
 * event whose predecessors iomapd no longer has says so.
 */
static int take_event(struct recorder *r, json_t *reply, struct errbuf *err)
{
	const json_t *event = json_object_get(reply, "event");
	uint64_t seq = rec_u64(event, "seq");

	if (!json_is_object(event) || seq <= r->seq)
		return 0;
	if (r->seq && seq - r->seq - 1 != rec_u64(reply, "missed"))
		json_object_set_new(reply, "missed", json_integer((json_int_t)(seq - r->seq - 1)));
	r->seq = seq;
	r->totals.events++;
	return record(r, "event", json_pack("{s:O}", "reply", reply), err);
}

/* Takes all events that came. An iomapd that drops this client is asked again. */
static int step_events(struct recorder *r, struct errbuf *err)
{
	struct errbuf lost;
	bool more = true;
	int e = 0;

	while (!e && r->events) {
		_cleanup_json_ json_t *reply = NULL;
		int n = client_step(r->events, &reply, &more, &lost);

		if (!n)
			break;
		if (n > 0)
			n = client_check(r->events, "Events", reply, &lost);
		if (!n)
			e = take_event(r, reply, err);
		if (n < 0 || !more)
			r->events = client_close(r->events);
	}
	return e;
}

/* Records that iomapd has come back. */
static int record_back(struct recorder *r, uint64_t since, struct errbuf *err)
{
	bool continued = since && since == r->since;

	r->away = false;
	if (!continued)
		r->seq = 0;
	return record(r, "back", json_pack("{s:b}", "continued", continued), err);
}

static int take_snapshot(struct recorder *r, json_t *reply, struct errbuf *err)
{
	uint64_t since = rec_u64(json_object_get(reply, "status"), "counting_since_unix_ns");
	int e = r->away ? record_back(r, since, err) : 0;

	r->since = since;
	r->totals.snapshots++;
	r->totals.connected = true;
	if (!e)
		e = record(r, "snapshot", json_pack("{s:O}", "reply", reply), err);
	if (!r->events)
		open_events(r);
	return e;
}

/* Records, once, that iomapd has gone. */
static int take_loss(struct recorder *r, int error, const struct errbuf *why, struct errbuf *err)
{
	if (!r->totals.snapshots) {
		*err = *why;
		return error;
	}
	r->events = client_close(r->events);
	r->totals.connected = false;
	if (r->away)
		return 0;
	r->away = true;
	r->totals.away++;
	return record(r, "away", json_pack("{s:o}", "reason", text(why->text)), err);
}

int recorder_step(struct recorder *r, struct errbuf *err)
{
	_cleanup_json_ json_t *reply = NULL;
	struct errbuf why = {};
	int n, e;

	e = step_events(r, err);
	if (e)
		return e;
	n = feed_step(&r->feed, &reply, &why);
	if (n)
		e = n > 0 ? take_snapshot(r, reply, err) : take_loss(r, n, &why, err);
	if (!e && now_ns() >= r->flush_ns) {
		r->flush_ns = now_ns() + RECORDING_BLOCK_NS;
		e = recording_flush(r->file, err);
	}
	return e;
}

bool recorder_hurry(struct recorder *r)
{
	feed_hurry(&r->feed);
	return !r->away;
}

int recorder_last_events(struct recorder *r, struct errbuf *err)
{
	struct client *c = NULL;
	struct errbuf lost;
	bool more = true;
	int n, e = 0;

	if (r->away || !r->totals.connected)
		return 0;
	r->events = client_close(r->events);
	n = client_open(r->feed.path, &c, &lost);
	if (!n)
		n = client_send(c, "Events", json_pack("{s:b}", "follow", 0), true, &lost);
	for (int i = 0; !e && !n && more && i < PAST_MAX; i++) {
		_cleanup_json_ json_t *reply = NULL;

		n = client_next(c, CLIENT_TIMEOUT, -1, &reply, &more, &lost);
		if (n >= 0)
			n = client_check(c, "Events", reply, &lost);
		if (!n)
			e = take_event(r, reply, err);
	}
	client_close(c);
	return e;
}

int recorder_end(struct recorder *r, const char *reason, int status, struct errbuf *err)
{
	uint64_t now = clock_ns(CLOCK_REALTIME);
	_cleanup_free_ char *line = NULL;
	_cleanup_json_ json_t *v = NULL;

	v = json_pack("{s:s, s:I, s:s, s:o, s:I, s:I, s:I}", "type", "end", "time_unix_ns",
		      (json_int_t)now, "reason", reason, "exit_status",
		      status < 0 ? json_null() : json_integer(status), "snapshots",
		      (json_int_t)r->totals.snapshots, "events", (json_int_t)r->totals.events,
		      "away", (json_int_t)r->totals.away);
	line = v ? json_dumps(v, JSON_COMPACT) : NULL;
	if (!line)
		return no_memory(err);
	return recording_end(r->file, now, line, strlen(line), err);
}

struct recorder_totals recorder_totals(const struct recorder *r)
{
	struct recorder_totals t = r->totals;

	t.bytes = recording_written(r->file);
	return t;
}
