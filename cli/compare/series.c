// SPDX-License-Identifier: GPL-2.0-or-later
#include <errno.h>
#include <math.h>
#include <string.h>

#include "cli/compare/series.h"
#include "cli/json.h"
#include "daemon/base/symbol.h"

#define METRICS_MAX   20000
#define VALUES_MAX    (32UL << 20) /* of all metrics: a day of a hundred of them has 9 million */
#define HISTS_MAX     64	   /* of a snapshot: more than backends and kinds */
#define SECONDS_LEAST 0.01	   /* a shorter interval says nothing about rates */

static void fail(struct series *s)
{
	s->error = -ENOMEM;
}

/* Finds the metric, or makes it. Returns NULL after an error. */
static struct metric *get(struct series *s, const char *name, enum metric_unit unit)
{
	json_t *at = json_object_get(s->index, name);
	size_t cap = s->cap ? s->cap * 2 : 64;
	void *metrics;

	if (at)
		return &s->metrics[json_integer_value(at)];
	if (s->error || s->n == METRICS_MAX)
		return NULL;
	if (s->n == s->cap) {
		metrics = reallocarray(s->metrics, cap, sizeof(*s->metrics));
		if (!metrics) {
			fail(s);
			return NULL;
		}
		s->metrics = metrics;
		s->cap = cap;
	}
	s->metrics[s->n] = (struct metric){ .name = strdup(name), .unit = unit };
	if (!s->metrics[s->n].name ||
	    json_object_set_new(s->index, name, json_integer((json_int_t)s->n))) {
		free(s->metrics[s->n].name);
		fail(s);
		return NULL;
	}
	return &s->metrics[s->n++];
}

/* Adds the value of an interval. */
static void push(struct series *s, struct metric *m, size_t interval, double v)
{
	size_t cap = m->cap ? m->cap * 2 : 64;
	double *values;
	uint32_t *at;

	if (s->values++ == VALUES_MAX)
		s->error = -E2BIG;
	if (s->error)
		return;
	if (m->n == m->cap) {
		values = reallocarray(m->values, cap, sizeof(*m->values));
		if (values)
			m->values = values;
		at = values ? reallocarray(m->at, cap, sizeof(*m->at)) : NULL;
		if (!at) {
			fail(s);
			return;
		}
		m->at = at;
		m->cap = cap;
	}
	m->at[m->n] = (uint32_t)interval;
	m->values[m->n++] = v;
}

/* Adds an interval; its number is the last one. */
static void push_interval(struct series *s, uint64_t from_ns, uint64_t to_ns, double seconds)
{
	size_t cap = s->times_cap ? s->times_cap * 2 : 64;
	struct interval *times;

	if (s->intervals == s->times_cap) {
		times = reallocarray(s->times, cap, sizeof(*s->times));
		if (!times) {
			fail(s);
			return;
		}
		s->times = times;
		s->times_cap = cap;
	}
	s->times[s->intervals++] = (struct interval){ from_ns, to_ns, seconds };
	s->seconds += seconds;
}

/* Adds to the counters of a metric. Returns it, or NULL after an error. */
static struct metric *count(struct series *s, const char *group, const char *detail,
			    enum metric_unit unit, double num, double den)
{
	char name[SYMBOL_TEXT_MAX + 64];
	struct metric *m;

	snprintf(name, sizeof(name), "%s%s%s", group, detail ? ":" : "", detail ?: "");
	m = get(s, name, unit);
	if (!m)
		return NULL;
	m->num += num;
	m->den += den;
	return m;
}

/* The same for a metric of a call site. */
static void count_site(struct series *s, const char *group, const char *site, enum metric_unit unit,
		       double num, double den)
{
	struct metric *m = count(s, group, site, unit, num, den);

	if (m)
		m->site = true;
}

/* The name of a call site in the source: "draw [qxl]". Sites of one function are one. */
static void site_name(const json_t *v, char buf[SYMBOL_TEXT_MAX])
{
	const char *module = rec_text(v, "module", NULL);
	struct symbol_text t;

	if (!symbol_parse(rec_text(v, "caller", "?"), &t))
		strcpy(t.name, "?");
	symbol_strip_suffix(t.name);
	snprintf(buf, SYMBOL_TEXT_MAX, "%s%s%.60s%s", t.name, module ? " [" : "", module ?: "",
		 module ? "]" : "");
}

static void count_backends(struct series *s, const json_t *stats)
{
	const json_t *b, *hold;
	const char *backend;
	char name[128];

	json_object_foreach(json_object_get(stats, "backends"), backend, b) {
		struct kinds maps = rec_kinds(b, "maps"), live = rec_kinds(b, "live");

		for (int k = 0; k < IOMAP_KIND_MAX; k++) {
			hold = json_object_get(json_object_get(b, "hold_ns"), kind_name(k));
			snprintf(name, sizeof(name), "%.64s %s", backend, kind_name(k));
			count(s, "maps", NULL, METRIC_RATE, (double)maps.n[k], 0);
			if (maps.n[k])
				count(s, "maps", name, METRIC_RATE, (double)maps.n[k], 0);
			if (maps.n[k])
				count(s, "live", name, METRIC_GAUGE, (double)live.n[k], 0);
			if (rec_u64(hold, "count"))
				count(s, "hold", name, METRIC_NS, (double)rec_u64(hold, "sum"),
				      (double)rec_u64(hold, "count"));
		}
	}
}

/* The interrupts of a part of the reply: direct and deferred ones. Returns false if not known. */
static bool ipis_of(const json_t *v, double *ret)
{
	const json_t *direct = json_object_get(json_object_get(v, "direct"), "ipis");
	const json_t *deferred = json_object_get(json_object_get(v, "deferred"), "ipis");

	if (!json_is_number(direct) || !json_is_number(deferred))
		return false;
	*ret = json_number_value(direct) + json_number_value(deferred);
	return true;
}

static void count_operation(struct series *s, const char *group, const char *backend,
			    const json_t *v)
{
	if (rec_u64(v, "count"))
		count(s, group, backend, METRIC_NS, (double)rec_u64(v, "sum"),
		      (double)rec_u64(v, "count"));
}

static void count_ipis(struct series *s, const json_t *ipi, const json_t *stats)
{
	char name[SYMBOL_TEXT_MAX];
	const char *backend;
	const json_t *v;
	bool known = false;
	double ipis;
	size_t i;

	json_object_foreach(json_object_get(ipi, "backends"), backend, v) {
		count_operation(s, "map-time", backend, json_object_get(v, "map_ns"));
		count_operation(s, "unmap-time", backend, json_object_get(v, "unmap_ns"));
		if (!ipis_of(v, &ipis))
			continue;
		known = true;
		count(s, "ipis", NULL, METRIC_PER_1000, 1000 * ipis, (double)rec_u64(v, "maps"));
	}
	/* A call site that caused no interrupt is not in the list. */
	json_array_foreach(json_object_get(stats, "callers"), i, v) {
		site_name(v, name);
		count_site(s, "maps", name, METRIC_RATE, (double)rec_u64(v, "maps"), 0);
		if (known)
			count_site(s, "ipis", name, METRIC_PER_1000, 0, (double)rec_u64(v, "maps"));
	}
	json_array_foreach(json_object_get(ipi, "callers"), i, v) {
		site_name(v, name);
		if (known && ipis_of(v, &ipis))
			count_site(s, "ipis", name, METRIC_PER_1000, 1000 * ipis, 0);
	}
}

/* Finds the histogram of the same backend and kind. */
static const json_t *same_hist(const json_t *snapshot, const json_t *h)
{
	const json_t *hists = json_object_get(json_object_get(snapshot, "hist"), "hists"), *v;
	size_t i;

	json_array_foreach(hists, i, v) {
		if (i == HISTS_MAX)
			break;
		if (!strcmp(rec_text(v, "backend", ""), rec_text(h, "backend", "")) &&
		    !strcmp(rec_text(v, "kind", ""), rec_text(h, "kind", "")))
			return v;
	}
	return NULL;
}

static void add_percentile(struct series *s, const json_t *h, int percent,
			   const struct holds *growth)
{
	struct metric *m;
	char name[128];

	snprintf(name, sizeof(name), "hold-p%d:%.64s %.16s", percent, rec_text(h, "backend", "?"),
		 rec_text(h, "kind", "?"));
	m = get(s, name, METRIC_NS);
	if (!m)
		return;
	m->percent = percent;
	if (!m->holds)
		m->holds = calloc(1, sizeof(*m->holds));
	if (!m->holds || holds_add(m->holds, growth)) {
		fail(s);
		return;
	}
	push(s, m, s->intervals - 1, (double)holds_percentile(growth, percent));
}

/* The percentiles of the hold times that ended in an interval. */
static void add_percentiles(struct series *s, const json_t *before, const json_t *now)
{
	const json_t *hists = json_object_get(json_object_get(now, "hist"), "hists"), *h;
	struct holds growth = {};
	size_t i;

	json_array_foreach(hists, i, h) {
		if (i == HISTS_MAX || s->error)
			break;
		if (holds_growth(&growth, same_hist(before, h), h))
			fail(s);
		if (!growth.n)
			continue;
		add_percentile(s, h, 50, &growth);
		add_percentile(s, h, 99, &growth);
	}
	holds_free(&growth);
}

/* Reads the counters of a snapshot. */
static void take_counters(struct series *s, const json_t *snapshot)
{
	const json_t *stats = json_object_get(snapshot, "stats");

	for (size_t i = 0; i < s->n; i++) {
		struct metric *m = &s->metrics[i];

		m->before_num = m->num;
		m->before_den = m->den;
		m->num = m->den = 0;
	}
	count_backends(s, stats);
	count_ipis(s, json_object_get(snapshot, "ipi"), stats);
}

/* Adds the values of an interval. A call site that is new had none before, so its rate was 0. */
static void take_growth(struct series *s, double seconds)
{
	for (size_t i = 0; i < s->n; i++) {
		struct metric *m = &s->metrics[i];
		double num = m->num - m->before_num, den = m->den - m->before_den;

		if (m->percent)
			continue;
		if (m->unit == METRIC_RATE) {
			while (m->n + 1 < s->intervals && !s->error)
				push(s, m, m->n, 0);
			den = seconds;
		} else if (m->unit == METRIC_GAUGE) {
			num = m->num;
			den = 1;
		}
		if (num < 0 || den <= 0)
			continue;
		push(s, m, s->intervals - 1, num / den);
		m->total_num += num;
		m->total_den += den;
	}
}

static uint64_t losses(const json_t *snapshot)
{
	const json_t *ipi = json_object_get(json_object_get(snapshot, "ipi"), "accounting"), *v;
	uint64_t n = rec_accounting(json_object_get(snapshot, "stats")).lost;
	const char *name;

	json_object_foreach(json_object_get(ipi, "lost"), name, v)
		n += (uint64_t)json_integer_value(v);
	return n;
}

static uint64_t since(const json_t *snapshot)
{
	return rec_u64(json_object_get(snapshot, "status"), "counting_since_unix_ns");
}

static void take_snapshot(struct series *s, json_t *now, uint64_t time_ns)
{
	json_t *before = s->last;
	double seconds = ((double)rec_u64(now, "time_ns") - (double)rec_u64(before, "time_ns")) /
			 (double)NSEC_PER_SEC;

	s->snapshots++;
	if (before && since(before) == since(now) && seconds < SECONDS_LEAST && seconds >= 0)
		return;
	take_counters(s, now);
	if (before && since(before) == since(now) && seconds > 0) {
		push_interval(s, s->last_ns, time_ns, seconds);
		if (s->error)
			return;
		if (losses(now) > losses(before))
			s->lost += losses(now) - losses(before);
		take_growth(s, seconds);
		add_percentiles(s, before, now);
	}
	json_decref(before);
	s->last = json_incref(now);
	s->last_ns = time_ns;
}

int series_read(struct replay *r, struct series *ret, struct errbuf *err)
{
	struct series s = { .index = json_object() };
	struct errbuf missing;
	json_t *record;
	int e = s.index ? 0 : -ENOMEM;

	replay_rewind(r);
	while (!e && (e = replay_next(r, &record, err)) > 0) {
		json_t *reply = json_object_get(record, "reply");

		e = 0;
		if (!strcmp(replay_type(record), "snapshot")) {
			/* The check of all members takes longer than all else: once is enough. */
			e = s.snapshots ? replay_check_schema(r, reply, err)
					: replay_check(r, "Snapshot", reply, err);
			if (!e)
				take_snapshot(&s, reply, replay_time(record));
		}
		json_decref(record);
		if (!e && s.error)
			e = set_error(err, s.error,
				      s.error == -E2BIG ? "%s has too many figures"
							: "%s: out of memory",
				      replay_path(r));
	}
	if (e < 0) {
		series_free(&s);
		return e;
	}
	s.incomplete = replay_losses(r, &missing);
	*ret = s;
	return 0;
}

void series_free(struct series *s)
{
	for (size_t i = 0; i < s->n; i++) {
		struct metric *m = &s->metrics[i];

		if (m->holds)
			holds_free(m->holds);
		free(m->holds);
		free(m->values);
		free(m->at);
		free(m->name);
	}
	free(s->metrics);
	free(s->times);
	json_decref(s->index);
	json_decref(s->last);
	*s = (struct series){};
}

const struct metric *series_find(const struct series *s, const char *name)
{
	const json_t *at = json_object_get(s->index, name);

	return at ? &s->metrics[json_integer_value(at)] : NULL;
}

double metric_total(const struct metric *m)
{
	if (m->percent)
		return holds_count(m->holds) ? (double)holds_percentile(m->holds, m->percent) : NAN;
	return m->total_den > 0 ? m->total_num / m->total_den : NAN;
}
