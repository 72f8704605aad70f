// SPDX-License-Identifier: GPL-2.0-or-later
#include <errno.h>
#include <string.h>
#include <time.h>

#include "bpf/iomap.h"
#include "cli/json.h"
#include "cli/recording/read.h"
#include "cli/recording/replay.h"
#include "cli/reply.h"

#define RECORD_MEMORY_MAX (512UL << 20) /* of one record, as values in memory */

struct replay {
	struct recording *file;
	size_t block;	  /* to read next */
	const char *next; /* line of the block that was read last; NULL: none is left */
	json_t *start;
};

/* Parses a line. */
static int parse(const struct replay *r, const char *line, size_t len, json_t **ret,
		 struct errbuf *err)
{
	json_t *record = NULL;

	if (reply_memory(line, len) <= RECORD_MEMORY_MAX)
		record = json_loadb(line, len, 0, NULL);
	if (!json_is_string(json_object_get(record, "type"))) {
		json_decref(record);
		return set_error(err, -EPROTO, "%s has a line that is not a record",
				 replay_path(r));
	}
	*ret = record;
	return 1;
}

/* Takes the next line of the block that was read last. Returns 1, 0 or a negative errno. */
static int next_line(struct replay *r, json_t **ret, struct errbuf *err)
{
	const char *line = r->next, *end;

	if (!line || !*line)
		return 0;
	end = strchr(line, '\n');
	r->next = end + 1;
	return parse(r, line, (size_t)(end - line), ret, err);
}

/* Reads a block. One that is damaged has no lines. */
static int read_block(struct replay *r, size_t i, struct errbuf *err)
{
	size_t len;
	int e;

	r->next = NULL;
	r->block = i + 1;
	e = recording_read(r->file, i, &r->next, &len, err);
	return e == -EBADMSG ? 0 : e;
}

int replay_next(struct replay *r, json_t **ret, struct errbuf *err)
{
	int e;

	while (!(e = next_line(r, ret, err)) && r->block < recording_blocks(r->file)) {
		e = read_block(r, r->block, err);
		if (e)
			break;
	}
	return e;
}

void replay_rewind(struct replay *r)
{
	r->block = 0;
	r->next = NULL;
}

int replay_open(const char *path, struct replay **ret, struct errbuf *err)
{
	struct replay *r = calloc(1, sizeof(*r));
	_cleanup_json_ json_t *first = NULL;
	int e;

	if (!r)
		return set_error(err, -ENOMEM, "out of memory");
	e = recording_open(path, &r->file, err);
	if (!e)
		e = replay_next(r, &first, err);
	if (e < 0) {
		replay_close(r);
		return e;
	}
	if (e && !strcmp(replay_type(first), "start"))
		r->start = json_incref(first);
	replay_rewind(r);
	*ret = r;
	return 0;
}

struct replay *replay_close(struct replay *r)
{
	if (!r)
		return NULL;
	recording_close(r->file);
	json_decref(r->start);
	free(r);
	return NULL;
}

const char *replay_path(const struct replay *r)
{
	return recording_path(r->file);
}

uint64_t replay_from_ns(const struct replay *r)
{
	return recording_blocks(r->file) ? recording_block(r->file, 0)->from_ns : 0;
}

uint64_t replay_to_ns(const struct replay *r)
{
	size_t n = recording_blocks(r->file);

	return n ? recording_block(r->file, n - 1)->to_ns : 0;
}

const json_t *replay_start(const struct replay *r)
{
	return r->start;
}

bool replay_losses(const struct replay *r, struct errbuf *err)
{
	return recording_describe_losses(r->file, err);
}

const char *replay_type(const json_t *record)
{
	return rec_text(record, "type", "");
}

uint64_t replay_time(const json_t *record)
{
	return rec_u64(record, "time_unix_ns");
}

const char *replay_time_text(char buf[REPLAY_TIME_MAX], uint64_t unix_ns)
{
	time_t secs = (time_t)(unix_ns / NSEC_PER_SEC);
	struct tm tm;

	if (!localtime_r(&secs, &tm) || !strftime(buf, REPLAY_TIME_MAX, "%F %T", &tm))
		strcpy(buf, "?");
	return buf;
}

int replay_check_schema(const struct replay *r, const json_t *reply, struct errbuf *err)
{
	const json_t *schema = json_object_get(reply, "schema");

	if (json_is_integer(schema) && json_integer_value(schema) == IOMAP_SCHEMA)
		return 0;
	return set_error(err, -EPROTO,
			 "%s has replies of schema %lld, and this program knows %d: read it with "
			 "the version that recorded it",
			 replay_path(r), (long long)json_integer_value(schema), IOMAP_SCHEMA);
}

int replay_check(const struct replay *r, const char *method, const json_t *reply,
		 struct errbuf *err)
{
	struct errbuf why = {};
	int e = replay_check_schema(r, reply, err);

	if (e)
		return e;
	e = reply_check(method, reply, replay_path(r), &why);
	return e ? set_error(err, e, "%s cannot be read: %.400s", replay_path(r), why.text) : 0;
}

/* Finds the last snapshot of a block that is not later. Returns 1, 0 or a negative errno. */
static int last_of_block(struct replay *r, size_t i, uint64_t at_ns, json_t **ret,
			 struct errbuf *err)
{
	json_t *record, *last = NULL;
	int e = read_block(r, i, err);

	while (!e && (e = next_line(r, &record, err)) > 0) {
		if (strcmp(replay_type(record), "snapshot") || replay_time(record) > at_ns) {
			json_decref(record);
		} else {
			json_decref(last);
			last = record;
		}
		e = 0;
		if (!r->next || !*r->next)
			break;
	}
	if (e < 0) {
		json_decref(last);
		return e;
	}
	*ret = last;
	return last ? 1 : 0;
}

static int out_of_range(const struct replay *r, uint64_t at_ns, struct errbuf *err)
{
	char at[REPLAY_TIME_MAX], from[REPLAY_TIME_MAX], to[REPLAY_TIME_MAX];

	replay_time_text(at, at_ns);
	replay_time_text(from, replay_from_ns(r));
	replay_time_text(to, replay_to_ns(r));
	return set_error(err, -ERANGE, "%s has no snapshot at %s: it is from %s to %s",
			 replay_path(r), at, from, to);
}

int replay_snapshot(struct replay *r, uint64_t at_ns, json_t **ret, uint64_t *ret_ns,
		    struct errbuf *err)
{
	_cleanup_json_ json_t *record = NULL;
	json_t *reply;
	int e = 0;

	/* A time in the second of the last record is the end. */
	if (at_ns / NSEC_PER_SEC > replay_to_ns(r) / NSEC_PER_SEC && at_ns != UINT64_MAX)
		return out_of_range(r, at_ns, err);
	for (size_t i = recording_blocks(r->file); !e && i-- > 0;) {
		if (recording_block(r->file, i)->from_ns <= at_ns)
			e = last_of_block(r, i, at_ns, &record, err);
	}
	replay_rewind(r);
	if (e < 0)
		return e;
	if (!e && at_ns != UINT64_MAX)
		return out_of_range(r, at_ns, err);
	if (!e)
		return set_error(err, -ERANGE, "%s has no snapshot", replay_path(r));
	reply = json_object_get(record, "reply");
	e = replay_check(r, "Snapshot", reply, err);
	if (e)
		return e;
	*ret = json_incref(reply);
	*ret_ns = replay_time(record);
	return 0;
}

/* The mappings that are not freed. */
static void drop_freed(json_t *list)
{
	json_t *all = json_object_get(list, "mappings");

	for (size_t i = json_array_size(all); i-- > 0;) {
		if (!strcmp(rec_text(json_array_get(all, i), "state", ""), "freed"))
			json_array_remove(all, i);
	}
}

/* The histograms of one kind. */
static void keep_kind(json_t *hist, const char *kind)
{
	json_t *all = json_object_get(hist, "hists");

	for (size_t i = json_array_size(all); i-- > 0;) {
		if (strcmp(rec_text(json_array_get(all, i), "kind", ""), kind))
			json_array_remove(all, i);
	}
}

/* Turns a full snapshot into what the method asks for. Returns a part of it, or NULL. */
static json_t *part_of(json_t *snapshot, const char *method, const json_t *params)
{
	static const struct {
		const char *method, *member;
	} parts[] = {
		{ "Status", "status" },		{ "List", "list" }, { "Stats", "stats" },
		{ "Violations", "violations" }, { "Ipi", "ipi" },   { "Hist", "hist" },
	};
	const char *kind = rec_text(params, "kind", NULL);
	bool freed = json_is_true(json_object_get(params, "freed")) ||
		     json_is_true(json_object_get(params, "full"));
	json_t *part;

	if (!freed)
		drop_freed(json_object_get(snapshot, "list"));
	if (!strcmp(method, "Snapshot"))
		return snapshot;
	for (size_t i = 0; i < ARRAY_SIZE(parts); i++) {
		if (strcmp(parts[i].method, method))
			continue;
		part = json_object_get(snapshot, parts[i].member);
		if (kind)
			keep_kind(part, kind);
		return part;
	}
	return NULL;
}

int replay_call(struct replay *r, uint64_t at_ns, const char *method, const json_t *params,
		json_t **ret, uint64_t *ret_ns, struct errbuf *err)
{
	_cleanup_json_ json_t *snapshot = NULL;
	json_t *part;
	int e = replay_snapshot(r, at_ns, &snapshot, ret_ns, err);

	if (e)
		return e;
	part = part_of(snapshot, method, params);
	if (!part || json_is_null(part))
		return set_error(err, -ENODATA, "%s has no reply to %s", replay_path(r), method);
	*ret = json_incref(part);
	return 0;
}
