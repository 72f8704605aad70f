// SPDX-License-Identifier: GPL-2.0-or-later
/* The pictures of a report over time, and of the hold times. */
#include <errno.h>
#include <inttypes.h>
#include <math.h>
#include <string.h>

#include "cli/fmt.h"
#include "cli/report/chart.h"
#include "cli/report/html.h"
#include "cli/report/digest.h"

static double seconds_of(const struct digest *r)
{
	return (double)(replay_to_ns(r->replay) - replay_from_ns(r->replay)) / (double)NSEC_PER_SEC;
}

void page_resample(const struct digest *r, const struct metric *m, double seconds, double *values)
{
	double from = (double)replay_from_ns(r->replay);
	double weights[CHART_BINS] = {}, width = seconds * (double)NSEC_PER_SEC / CHART_BINS;

	for (size_t k = 0; k < CHART_BINS; k++)
		values[k] = 0;
	for (size_t i = 0; i < m->n && width > 0; i++) {
		const struct interval *t = &r->series.times[m->at[i]];
		double a = ((double)t->from_ns - from) / width;
		double b = ((double)t->to_ns - from) / width;

		for (double k = fmax(floor(a), 0); k < b && k < CHART_BINS; k++) {
			double overlap = fmin(b, k + 1) - fmax(a, k);

			if (overlap <= 0)
				continue;
			values[(size_t)k] += m->values[i] * overlap;
			weights[(size_t)k] += overlap;
		}
	}
	for (size_t k = 0; k < CHART_BINS; k++)
		values[k] = weights[k] > 0 ? values[k] / weights[k] : NAN;
}

/* Draws the metrics of a group, by backend and kind. */
static int draw_group(const struct digest *r, FILE *f, const char *group, const char *title,
		      chart_fmt *fmt)
{
	struct chart_line *lines = calloc(CHART_LINES, sizeof(*lines));
	char summary[512] = "", value[FMT_MAX];
	size_t n = 0, len = strlen(group), used = 0;

	if (!lines)
		return -ENOMEM;
	for (size_t i = 0; i < r->series.n && n < CHART_LINES; i++) {
		const struct metric *m = &r->series.metrics[i];

		if (strncmp(m->name, group, len) || m->name[len] != ':' || m->site || !m->n)
			continue;
		lines[n].name = m->name + len + 1;
		page_resample(r, m, seconds_of(r), lines[n++].values);
		if (used < sizeof(summary))
			used += (size_t)snprintf(summary + used, sizeof(summary) - used,
						 "%s%s: %s on average", used ? "; " : "",
						 m->name + len + 1, fmt(value, metric_total(m)));
	}
	fputs("<h3>", f);
	html_text(f, title);
	fputs("</h3>\n", f);
	if (n)
		chart_lines(f, &(struct chart_lines){ .id = group,
						      .title = title,
						      .summary = summary,
						      .seconds = seconds_of(r),
						      .fmt = fmt,
						      .lines = lines,
						      .n = n });
	else
		fputs("<p>None.</p>\n", f);
	if (*summary) {
		fputs("<p class=\"summary\">", f);
		html_text(f, summary);
		fputs(".</p>\n", f);
	}
	free(lines);
	return 0;
}

/* Tells whether the row of the heat map has a hold. */
static bool row_used(const struct digest *r, size_t row)
{
	for (size_t col = 0; col < DIGEST_HEAT_COLS; col++) {
		if (r->heat[row * DIGEST_HEAT_COLS + col] > 0)
			return true;
	}
	return false;
}

static void draw_heat(const struct digest *r, FILE *f)
{
	size_t low = 0, high = DIGEST_HEAT_ROWS;
	char summary[128], a[FMT_MAX], b[FMT_MAX];

	while (low < high && !row_used(r, low))
		low++;
	while (high > low && !row_used(r, high - 1))
		high--;
	fputs("<h3>Hold times over time</h3>\n", f);
	if (low == high) {
		fputs("<p>No hold time was measured.</p>\n", f);
		return;
	}
	snprintf(summary, sizeof(summary),
		 "How long maps were held, from %s to %s; darker: more maps",
		 fmt_ns(a, ldexp(1, (int)low)), fmt_ns(b, ldexp(1, (int)high)));
	chart_heat(f, &(struct chart_heat){ .id = "heat",
					    .title = "Hold times over time",
					    .summary = summary,
					    .seconds = seconds_of(r),
					    .cols = DIGEST_HEAT_COLS,
					    .rows = high - low,
					    .cells = r->heat + low * DIGEST_HEAT_COLS,
					    .low = ldexp(1, (int)low),
					    .fmt = fmt_ns });
	fputs("<p class=\"summary\">", f);
	html_text(f, summary);
	fputs(".</p>\n", f);
}

static int draw_hist(FILE *f, const char *name, const struct holds *h, unsigned int number)
{
	double p50 = (double)holds_percentile(h, 50), p99 = (double)holds_percentile(h, 99);
	char id[16], summary[256], n[FMT_MAX], a[FMT_MAX], b[FMT_MAX];
	struct chart_bar *bars = calloc(h->n ?: 1, sizeof(*bars));

	if (!bars)
		return -ENOMEM;
	for (size_t i = 0; i < h->n; i++)
		bars[i] = (struct chart_bar){ (double)h->buckets[i].from, (double)h->buckets[i].to,
					      (double)h->buckets[i].count };
	snprintf(id, sizeof(id), "hold%u", number);
	snprintf(summary, sizeof(summary), "%s: %s holds, p50 %s, p99 %s", name,
		 fmt_count(n, (double)holds_count(h)), fmt_ns(a, p50), fmt_ns(b, p99));
	fputs("<h4>", f);
	html_text(f, summary);
	fputs("</h4>\n", f);
	chart_bars(f, &(struct chart_bars){ .id = id,
					    .title = name,
					    .summary = summary,
					    .bars = bars,
					    .n = h->n,
					    .p50 = p50,
					    .p99 = p99,
					    .fmt = fmt_ns });
	free(bars);
	return 0;
}

int page_charts(const struct digest *r, FILE *f)
{
	static const char p99[] = "hold-p99:";
	unsigned int n = 0;
	int e;

	fputs("<h2 id=\"time\">Maps and hold times</h2>\n", f);
	e = draw_group(r, f, "maps", "Maps per second", fmt_rate);
	if (!e)
		e = draw_group(r, f, "live", "Maps held", fmt_count);
	if (e)
		return e;
	draw_heat(r, f);
	fputs("<h3>Histograms of hold times</h3>\n", f);
	for (size_t i = 0; !e && i < r->series.n; i++) {
		const struct metric *m = &r->series.metrics[i];

		if (!strncmp(m->name, p99, strlen(p99)) && m->holds && m->holds->n)
			e = draw_hist(f, m->name + strlen(p99), m->holds, n++);
	}
	if (!n)
		fputs("<p>No hold time was measured.</p>\n", f);
	return e;
}
