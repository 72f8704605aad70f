// SPDX-License-Identifier: GPL-2.0-or-later
/* iomapctl diff: two recordings, and whether their differences are more than noise. */
#include <errno.h>
#include <inttypes.h>
#include <math.h>
#include <string.h>

#include "cli/assert/report.h"
#include "cli/compare/compare.h"
#include "cli/ctl/iomapctl.h"
#include "cli/fmt.h"
#include "cli/json.h"
#include "cli/report/digest.h"
#include "daemon/base/utf8.h"

enum {
	METRIC,
	UNIT,
	A,
	B,
	CHANGE,
	P,
	VERDICT
};

static const struct column cols[] = {
	[METRIC] = { .name = "METRIC", .width = 24, .flags = COL_FLEX },
	[UNIT] = { .name = "UNIT" },
	[A] = { .name = "A", .width = 7, .flags = COL_RIGHT },
	[B] = { .name = "B", .width = 7, .flags = COL_RIGHT },
	[CHANGE] = { .name = "CHANGE", .width = 7, .flags = COL_RIGHT },
	[P] = { .name = "P", .flags = COL_RIGHT },
	[VERDICT] = { .name = "VERDICT" },
};

static const char *const unit_names[] = { [METRIC_RATE] = "maps/s",
					  [METRIC_NS] = "time",
					  [METRIC_PER_1000] = "IPIs/1000 maps",
					  [METRIC_GAUGE] = "maps" };
static const char *const json_units[] = { [METRIC_RATE] = "per_second",
					  [METRIC_NS] = "ns",
					  [METRIC_PER_1000] = "per_1000_maps",
					  [METRIC_GAUGE] = "maps" };

/* One of the two recordings. */
struct side {
	const char *name; /* A or B */
	struct replay *replay;
	struct digest digest; /* for a page; else it has the series only */
};

struct run {
	const struct ctl_config *cfg;
	struct side sides[2];
	struct comparison comparison;
	struct limit limits[OPT_LIST_MAX];
	size_t nr_limits;
};

static int usage(const char *sentence)
{
	fprintf(stderr, "iomapctl: %s\n", sentence);
	return EXIT_USAGE;
}

static int take_options(struct run *run)
{
	const struct ctl_config *cfg = run->cfg;
	struct errbuf err;

	if (!cfg->words || !cfg->words[1] || cfg->words[2])
		return usage("diff takes two recordings: see 'iomapctl diff --help'");
	for (size_t i = 0; i < cfg->limits.n; i++) {
		if (limit_parse(cfg->limits.value[i], &run->limits[i], &err))
			return usage(err.text);
		run->nr_limits++;
	}
	return 0;
}

static int read_side(struct side *s, const char *name, const char *path, bool whole)
{
	struct errbuf err = {};
	int r;

	s->name = name;
	r = replay_open(path, &s->replay, &err);
	if (!r)
		r = whole ? digest_read(s->replay, &s->digest, &err)
			  : series_read(s->replay, &s->digest.series, &err);
	return r ? ctl_fail(r, &err) : 0;
}

static struct cell value(struct table *t, enum metric_unit unit, double v)
{
	char buf[FMT_MAX];

	if (isnan(v))
		return (struct cell){};
	if (unit == METRIC_PER_1000 || unit == METRIC_GAUGE)
		return cell_text(table_text(t, "%.3g", v));
	return cell_text(
		table_text(t, "%s", unit == METRIC_NS ? fmt_ns(buf, v) : fmt_rate(buf, v)));
}

static const char *verdict(const struct change *c)
{
	if (isnan(c->p))
		return isnan(c->a) || isnan(c->b) ? "one has none" : "too few intervals";
	return c->beyond ? "beyond the noise" : "noise";
}

static void add_row(struct table *t, const struct change *c)
{
	struct cell *cell = table_row(t, 0, 0);
	double share = change_share(c);

	if (!cell)
		return;
	cell[METRIC] = cell_text(c->name);
	cell[UNIT] = cell_text(unit_names[c->unit]);
	cell[A] = value(t, c->unit, c->a);
	cell[B] = value(t, c->unit, c->b);
	if (!isnan(share))
		cell[CHANGE] = cell_text(table_text(t, "%+.1f%%", 100 * share));
	if (!isnan(c->p))
		cell[P] = cell_text(c->p < 0.0001 ? "<0.0001" : table_text(t, "%.4f", c->p));
	cell[VERDICT] = cell_text(verdict(c));
}

static void print_side(const struct side *s)
{
	const json_t *start = replay_start(s->replay);
	char time[FMT_MAX];

	fmt_duration(time, s->digest.series.seconds);
	utf8_line(stdout, "%s  %s: %zu intervals, %s, on %s, kernel %s", s->name,
		  replay_path(s->replay), s->digest.series.intervals, time,
		  rec_text(start, "host", "?"),
		  rec_text(json_object_get(start, "kernel"), "release", "?"));
	if (s->digest.series.lost)
		printf("   %" PRIu64 " events were lost meanwhile: its figures are too low\n",
		       s->digest.series.lost);
}

static void print_limit(const struct limit *l)
{
	static const char *const verdicts[] = {
		[LIMIT_KEPT] = "kept",
		[LIMIT_NOISE] = "kept: the change is no more than noise",
		[LIMIT_UNKNOWN] = "not known",
		[LIMIT_EXCEEDED] = "EXCEEDED",
	};
	bool named = l->worst && strcmp(l->worst->name, l->pattern);

	utf8_line(stdout, "%s: %s%s%s%s", l->text, verdicts[l->verdict],
		  named && l->verdict != LIMIT_KEPT ? " by " : "",
		  named && l->verdict != LIMIT_KEPT ? l->worst->name : "",
		  l->worst ? "" : ": no such metric");
}

static void print_text(const struct run *run)
{
	struct table t;

	for (size_t i = 0; i < ARRAY_SIZE(run->sides); i++)
		print_side(&run->sides[i]);
	putchar('\n');
	table_init(&t, cols, ARRAY_SIZE(cols));
	for (size_t i = 0; i < run->comparison.n; i++)
		add_row(&t, &run->comparison.changes[i]);
	if (t.n_rows)
		table_print(&t, stdout, ctl_width(), 0);
	else
		puts("Neither has a figure that can be compared.");
	table_free(&t);
	if (run->nr_limits)
		putchar('\n');
	for (size_t i = 0; i < run->nr_limits; i++)
		print_limit(&run->limits[i]);
}

static json_t *real(double v)
{
	return isfinite(v) ? json_real(v) : json_null();
}

static json_t *side_json(const struct side *s)
{
	return json_pack("{s:s, s:I, s:f, s:I, s:b, s:O?}", "file", replay_path(s->replay),
			 "intervals", (json_int_t)s->digest.series.intervals, "seconds",
			 s->digest.series.seconds, "lost", (json_int_t)s->digest.series.lost,
			 "complete", !s->digest.series.incomplete, "start",
			 replay_start(s->replay));
}

static int print_json(const struct run *run)
{
	static const char *const verdicts[] = { "kept", "noise", "unknown", "exceeded" };
	_cleanup_json_ json_t *root = NULL;
	json_t *changes = json_array(), *limits = json_array();

	for (size_t i = 0; i < run->comparison.n; i++) {
		const struct change *c = &run->comparison.changes[i];

		json_array_append_new(changes,
				      json_pack("{s:s, s:s, s:o, s:o, s:I, s:I, s:o, s:b}",
						"metric", c->name, "unit", json_units[c->unit], "a",
						real(c->a), "b", real(c->b), "intervals_a",
						(json_int_t)c->na, "intervals_b", (json_int_t)c->nb,
						"p", real(c->p), "beyond_noise", c->beyond));
	}
	for (size_t i = 0; i < run->nr_limits; i++) {
		const struct limit *l = &run->limits[i];

		json_array_append_new(limits, json_pack("{s:s, s:s, s:s?}", "limit", l->text,
							"verdict", verdicts[l->verdict], "metric",
							l->worst ? l->worst->name : NULL));
	}
	root = json_pack("{s:i, s:o, s:o, s:o, s:o}", "schema", IOMAP_SCHEMA, "a",
			 side_json(&run->sides[0]), "b", side_json(&run->sides[1]), "changes",
			 changes, "limits", limits);
	if (!root)
		return -ENOMEM;
	ctl_print_json(root, JSON_INDENT(2));
	return 0;
}

/* A limit that cannot be judged is no good news, and neither is one judged by a part. */
static int exit_status(const struct run *run)
{
	enum limit_verdict worst = LIMIT_KEPT;
	bool whole = true;

	for (size_t i = 0; i < run->nr_limits; i++)
		worst = run->limits[i].verdict > worst ? run->limits[i].verdict : worst;
	for (size_t i = 0; i < ARRAY_SIZE(run->sides); i++) {
		const struct series *series = &run->sides[i].digest.series;

		whole = whole && !series->incomplete && !series->lost;
	}
	if (worst == LIMIT_EXCEEDED)
		return EXIT_VIOLATION;
	return worst == LIMIT_UNKNOWN || !whole ? EXIT_INCONCLUSIVE : EXIT_GOOD;
}

/* Writes the page, as a whole or not at all. */
static int write_page(const struct run *run, struct assert_output *output, struct errbuf *err)
{
	_cleanup_free_ char *text = NULL;
	size_t size = 0;
	FILE *f = open_memstream(&text, &size);
	int r = -ENOMEM;

	if (f) {
		r = digest_diff_html(&run->sides[0].digest, &run->sides[1].digest, &run->comparison,
				     run->limits, run->nr_limits, f);
		if (fclose(f))
			r = -ENOMEM;
	}
	return r ? set_error(err, r, "out of memory")
		 : assert_output_write(output, text, size, err);
}

static int compare_sides(struct run *run, struct assert_output *output)
{
	struct errbuf err = { "out of memory" };
	int r = compare(&run->sides[0].digest.series, &run->sides[1].digest.series,
			&run->comparison);

	for (size_t i = 0; i < run->nr_limits; i++)
		limit_judge(&run->limits[i], &run->comparison);
	if (!r && run->cfg->json)
		r = print_json(run);
	else if (!r)
		print_text(run);
	if (!r && run->cfg->html)
		r = write_page(run, output, &err);
	for (size_t i = 0; i < ARRAY_SIZE(run->sides); i++)
		ctl_print_losses(run->sides[i].replay);
	return r ? ctl_fail(r, &err) : exit_status(run);
}

int do_diff(void *config)
{
	struct run run = { .cfg = config };
	struct assert_output output = { .fd = -1, .folder = -1 };
	struct errbuf err;
	int r = take_options(&run);

	if (!r)
		r = read_side(&run.sides[0], "A", run.cfg->words[0], run.cfg->html);
	if (!r)
		r = read_side(&run.sides[1], "B", run.cfg->words[1], run.cfg->html);
	/* An error of the page shows before anything is printed. */
	if (!r && run.cfg->html && assert_output_open(&output, run.cfg->html, &err))
		r = ctl_fail(-EIO, &err);
	if (!r)
		r = compare_sides(&run, &output);
	assert_output_close(&output);
	comparison_free(&run.comparison);
	for (size_t i = 0; i < ARRAY_SIZE(run.sides); i++) {
		digest_free(&run.sides[i].digest);
		replay_close(run.sides[i].replay);
	}
	return r;
}
