// SPDX-License-Identifier: GPL-2.0-or-later
/* The figures of a recording for programs. */
#include <errno.h>
#include <inttypes.h>
#include <math.h>
#include <string.h>

#include "bpf/iomap.h"
#include "cli/report/digest.h"

static const char *const units[] = { [METRIC_RATE] = "per_second",
				     [METRIC_NS] = "ns",
				     [METRIC_PER_1000] = "per_1000_maps",
				     [METRIC_GAUGE] = "maps" };

static const char *const verdicts[DIGEST_VERDICT_MAX] = {
	[DIGEST_GOOD] = "good",
	[DIGEST_BROKEN] = "violations",
	[DIGEST_UNKNOWN] = "incomplete",
	[DIGEST_NOTHING] = "nothing",
};

/* Writes a field of CSV: quoted, with quotes doubled. jansson made sure that it is UTF-8. */
static void put_field(FILE *f, const char *s)
{
	fputc('"', f);
	for (; *s; s++) {
		if (*s == '"')
			fputc('"', f);
		fputc((unsigned char)*s < ' ' || *s == 0x7f ? '?' : *s, f);
	}
	fputc('"', f);
}

int digest_csv(const struct digest *r, FILE *f)
{
	fputs("from_unix_ns,to_unix_ns,metric,unit,value\n", f);
	for (size_t i = 0; i < r->series.n; i++) {
		const struct metric *m = &r->series.metrics[i];

		for (size_t k = 0; k < m->n; k++) {
			const struct interval *t = &r->series.times[m->at[k]];

			fprintf(f, "%" PRIu64 ",%" PRIu64 ",", t->from_ns, t->to_ns);
			put_field(f, m->name);
			fprintf(f, ",%s,%.9g\n", units[m->unit], m->values[k]);
		}
	}
	return 0;
}

static json_t *real(double v)
{
	return isfinite(v) ? json_real(v) : json_null();
}

static json_t *metric_json(const struct metric *m)
{
	json_t *values = json_array();

	for (size_t i = 0; i < m->n; i++)
		json_array_append_new(values,
				      json_pack("[I, f]", (json_int_t)m->at[i], m->values[i]));
	return json_pack("{s:s, s:s, s:o, s:o}", "metric", m->name, "unit", units[m->unit], "total",
			 real(metric_total(m)), "values", values);
}

static json_t *intervals_json(const struct digest *r)
{
	json_t *list = json_array();

	for (size_t i = 0; i < r->series.intervals; i++) {
		const struct interval *t = &r->series.times[i];

		json_array_append_new(list, json_pack("{s:I, s:I, s:f}", "from_unix_ns",
						      (json_int_t)t->from_ns, "to_unix_ns",
						      (json_int_t)t->to_ns, "seconds", t->seconds));
	}
	return list;
}

/* jansson escapes all but DEL, which occurs only in strings. */
static int write_json(const char *text, size_t size, void *f)
{
	for (size_t i = 0; i < size; i++) {
		if (text[i] == 0x7f)
			fputs("\\u007f", f);
		else
			fputc(text[i], f);
	}
	return 0;
}

int digest_json(const struct digest *r, FILE *f)
{
	_cleanup_json_ json_t *root = NULL;
	json_t *metrics = json_array();
	struct errbuf sentence, missing = {};
	enum digest_verdict v = digest_judge(r, &sentence);

	for (size_t i = 0; i < r->series.n; i++)
		json_array_append_new(metrics, metric_json(&r->series.metrics[i]));
	replay_losses(r->replay, &missing);
	root = json_pack("{s:i, s:s, s:s, s:s?, s:I, s:I, s:O, s:O?, s:O?, s:o, s:o, s:O, s:O}",
			 "schema", IOMAP_SCHEMA, "verdict", verdicts[v], "sentence", sentence.text,
			 "missing", *missing.text ? missing.text : NULL, "lost",
			 (json_int_t)r->series.lost, "missed_events", (json_int_t)r->missed, "away",
			 r->away, "start", replay_start(r->replay), "end", r->end, "intervals",
			 intervals_json(r), "metrics", metrics, "last", r->last, "events",
			 r->events);
	if (!root)
		return -ENOMEM;
	json_dump_callback(root, write_json, f, JSON_INDENT(1) | JSON_ENSURE_ASCII);
	fputc('\n', f);
	return 0;
}
