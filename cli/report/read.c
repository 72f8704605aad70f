// SPDX-License-Identifier: GPL-2.0-or-later
/* Collects what a report shows. */
#include <errno.h>
#include <math.h>
#include <string.h>

#include "cli/json.h"
#include "cli/report/digest.h"

#define HISTS_MAX 64 /* of a snapshot: more than backends and kinds */

static uint64_t since(const json_t *snapshot)
{
	return rec_u64(json_object_get(snapshot, "status"), "counting_since_unix_ns");
}

static const json_t *hists_of(const json_t *snapshot)
{
	return json_object_get(json_object_get(snapshot, "hist"), "hists");
}

/* Adds a count to a row of the heat map, spread over the columns from @a to @b. */
static void spread(double *row, double a, double b, double count)
{
	double width = fmax(b - a, 1e-9);

	for (double k = floor(a); k < b && k < DIGEST_HEAT_COLS; k++) {
		double overlap = fmin(b, k + 1) - fmax(a, k);

		if (k >= 0 && overlap > 0)
			row[(size_t)k] += count * overlap / width;
	}
}

/* The column of a time, with a fraction. */
static double column(const struct digest *r, uint64_t time_ns)
{
	double from = (double)replay_from_ns(r->replay), to = (double)replay_to_ns(r->replay);

	return to > from ? ((double)time_ns - from) / (to - from) * DIGEST_HEAT_COLS : 0;
}

/* Adds the hold times that ended between two snapshots to the heat map. */
static int add_heat(struct digest *r, const json_t *before, uint64_t from_ns, const json_t *now,
		    uint64_t to_ns)
{
	double a = column(r, from_ns), b = column(r, to_ns);
	const json_t *h, *old, *v;
	struct holds growth = {};
	size_t i, k;
	int e = 0;

	json_array_foreach(hists_of(now), i, h) {
		old = NULL;
		if (i == HISTS_MAX)
			break;
		json_array_foreach(hists_of(before), k, v) {
			if (k == HISTS_MAX)
				break;
			if (!strcmp(rec_text(v, "backend", ""), rec_text(h, "backend", "")) &&
			    !strcmp(rec_text(v, "kind", ""), rec_text(h, "kind", "")))
				old = v;
		}
		e = e ?: holds_growth(&growth, old, h);
		for (size_t n = 0; !e && n < growth.n; n++) {
			double row = floor(log2(fmax((double)growth.buckets[n].from, 1)));

			row = fmin(row, DIGEST_HEAT_ROWS - 1);
			spread(r->heat + (size_t)row * DIGEST_HEAT_COLS, a, b,
			       (double)growth.buckets[n].count);
		}
	}
	holds_free(&growth);
	return e;
}

static void add_event(struct digest *r, json_t *reply)
{
	json_t *event = json_object_get(reply, "event");

	if (!json_is_object(event))
		return;
	r->nr_events++;
	r->missed += rec_u64(reply, "missed");
	if (json_array_size(r->events) >= DIGEST_EVENTS)
		json_array_remove(r->events, 0);
	json_array_append(r->events, event);
}

/* Takes a snapshot: the first one with these counters is kept. */
static int add_snapshot(struct digest *r, json_t **before, json_t *now, uint64_t time_ns)
{
	bool same = *before && since(*before) == since(now);
	int e = same ? add_heat(r, *before, r->last_ns, now, time_ns) : 0;

	if (!same) {
		json_decref(r->first);
		r->first = *before ? NULL : json_incref(now);
	}
	json_decref(*before);
	*before = json_incref(now);
	json_decref(r->last);
	r->last = json_incref(now);
	r->last_ns = time_ns;
	return e;
}

static int add_record(struct digest *r, json_t **before, json_t *record)
{
	const char *type = replay_type(record);
	json_t *reply = json_object_get(record, "reply");

	if (!strcmp(type, "snapshot"))
		return add_snapshot(r, before, reply, replay_time(record));
	if (!strcmp(type, "event"))
		add_event(r, reply);
	if ((!strcmp(type, "away") || !strcmp(type, "back")) &&
	    json_array_size(r->away) < DIGEST_EVENTS)
		json_array_append(r->away, record);
	if (!strcmp(type, "end")) {
		json_decref(r->end);
		r->end = json_incref(record);
	}
	return 0;
}

int digest_read(struct replay *replay, struct digest *ret, struct errbuf *err)
{
	struct digest r = { .replay = replay, .events = json_array(), .away = json_array() };
	_cleanup_json_ json_t *before = NULL;
	json_t *record;
	int e;

	r.heat = calloc((size_t)DIGEST_HEAT_ROWS * DIGEST_HEAT_COLS, sizeof(*r.heat));
	if (!r.heat || !r.events || !r.away) {
		digest_free(&r);
		return set_error(err, -ENOMEM, "out of memory");
	}
	e = series_read(replay, &r.series, err);
	replay_rewind(replay);
	while (!e && (e = replay_next(replay, &record, err)) > 0) {
		e = add_record(&r, &before, record);
		json_decref(record);
		if (e)
			set_error(err, e, "out of memory");
	}
	if (!e && !r.series.snapshots)
		e = set_error(err, -ENODATA, "%s has no snapshot", replay_path(replay));
	if (e) {
		digest_free(&r);
		return e;
	}
	*ret = r;
	return 0;
}

void digest_free(struct digest *r)
{
	series_free(&r->series);
	json_decref(r->first);
	json_decref(r->last);
	json_decref(r->end);
	json_decref(r->events);
	json_decref(r->away);
	free(r->heat);
	*r = (struct digest){};
}

uint64_t digest_growth(const json_t *last, const json_t *first, const char *name)
{
	uint64_t now = rec_u64(last, name), was = rec_u64(first, name);

	return now > was ? now - was : 0;
}

uint64_t digest_violations(const struct digest *r, uint64_t *ret_rules)
{
	const json_t *now = json_object_get(r->last, "violations");
	const json_t *was = json_object_get(json_object_get(r->first, "violations"), "rules");
	uint64_t sum = 0, n;
	const json_t *rule;
	const char *name;

	*ret_rules = 0;
	json_object_foreach(json_object_get(now, "rules"), name, rule) {
		n = digest_growth(rule, json_object_get(was, name), "count");
		sum += n;
		*ret_rules += n > 0;
	}
	return sum;
}
