// SPDX-License-Identifier: GPL-2.0-or-later
/* The page about two recordings. */
#include <errno.h>
#include <math.h>
#include <string.h>

#include "cli/compare/compare.h"
#include "cli/fmt.h"
#include "cli/report/chart.h"
#include "cli/report/digest.h"
#include "cli/report/html.h"

static void put_value(FILE *f, enum metric_unit unit, double v)
{
	char text[FMT_MAX];

	if (isnan(v))
		fputs("<td>-</td>", f);
	else if (unit == METRIC_NS)
		fprintf(f, "<td>%s</td>", fmt_ns(text, v));
	else if (unit == METRIC_RATE)
		fprintf(f, "<td>%s</td>", fmt_rate(text, v));
	else
		fprintf(f, "<td>%.3g</td>", v);
}

static void put_change(FILE *f, const struct change *c)
{
	static const char *const units[] = { [METRIC_RATE] = "maps/s",
					     [METRIC_NS] = "time",
					     [METRIC_PER_1000] = "interrupts/1000 maps",
					     [METRIC_GAUGE] = "maps" };
	double share = change_share(c);

	fputs("<tr><th scope=\"row\">", f);
	html_text(f, c->name);
	fprintf(f, "</th><td class=\"text\">%s</td>", units[c->unit]);
	put_value(f, c->unit, c->a);
	put_value(f, c->unit, c->b);
	if (isnan(share))
		fputs("<td>-</td>", f);
	else
		fprintf(f, "<td>%+.1f%%</td>", 100 * share);
	if (isnan(c->p))
		fputs("<td>-</td><td class=\"text\">cannot tell</td></tr>\n", f);
	else
		fprintf(f, "<td>%.4f</td><td class=\"text%s</td></tr>\n", c->p,
			c->beyond ? " warn\">beyond the noise" : "\">noise");
}

static void put_changes(FILE *f, const struct comparison *c)
{
	fputs("<h2 id=\"changes\">Changes</h2>\n<div class=\"wide\"><table><thead><tr>"
	      "<th>metric</th><th class=\"text\">unit</th><th>A</th><th>B</th>"
	      "<th>change</th><th>p</th>"
	      "<th class=\"text\">verdict</th></tr></thead><tbody>\n",
	      f);
	for (size_t i = 0; i < c->n; i++)
		put_change(f, &c->changes[i]);
	fputs("</tbody></table></div>\n", f);
}

/* The limits decide; without any, the page only says how much changed. */
static void put_verdict(FILE *f, const struct comparison *c, const struct limit *l, size_t n)
{
	static const char *const verdicts[] = {
		[LIMIT_KEPT] = "kept",
		[LIMIT_NOISE] = "kept: the change is no more than noise",
		[LIMIT_UNKNOWN] = "not known",
		[LIMIT_EXCEEDED] = "exceeded",
	};
	static const char *const classes[] = { "good", "good", "warn", "bad" };
	size_t beyond = 0;

	for (size_t i = 0; i < n; i++) {
		fprintf(f, "<p class=\"verdict %s\">", classes[l[i].verdict]);
		html_textf(f, "%s: %s", l[i].text, verdicts[l[i].verdict]);
		if (l[i].worst && l[i].verdict != LIMIT_KEPT)
			html_textf(f, " (%s)", l[i].worst->name);
		fputs("</p>\n", f);
	}
	for (size_t i = 0; i < c->n; i++)
		beyond += c->changes[i].beyond;
	fprintf(f, "<p%s>%zu of %zu metrics changed beyond the noise.</p>\n",
		n ? "" : " class=\"verdict\"", beyond, c->n);
}

static double seconds_of(const struct digest *d)
{
	return (double)(replay_to_ns(d->replay) - replay_from_ns(d->replay)) / (double)NSEC_PER_SEC;
}

static const char *put_amount(char *buf, double v)
{
	snprintf(buf, FMT_MAX, "%.3g", v);
	return buf;
}

/* Draws a metric of both over the time since their starts. */
static int draw_both(const struct digest *a, const struct digest *b, const struct change *c,
		     unsigned int number, FILE *f)
{
	const struct metric *ma = series_find(&a->series, c->name);
	const struct metric *mb = series_find(&b->series, c->name);
	struct chart_line *lines = calloc(2, sizeof(*lines));
	double seconds = fmax(seconds_of(a), seconds_of(b));
	chart_fmt *fmt = c->unit == METRIC_NS	  ? fmt_ns
			 : c->unit == METRIC_RATE ? fmt_rate
						  : put_amount;
	char id[16], summary[256], va[FMT_MAX], vb[FMT_MAX];

	if (!lines)
		return -ENOMEM;
	lines[0].name = "A";
	lines[1].name = "B";
	page_resample(a, ma, seconds, lines[0].values);
	page_resample(b, mb, seconds, lines[1].values);
	snprintf(id, sizeof(id), "both%u", number);
	snprintf(summary, sizeof(summary), "A: %s, B: %s%s", fmt(va, c->a), fmt(vb, c->b),
		 c->beyond ? "; beyond the noise" : "");
	fputs("<h3>", f);
	html_text(f, c->name);
	fputs("</h3>\n", f);
	chart_lines(f, &(struct chart_lines){ .id = id,
					      .title = c->name,
					      .summary = summary,
					      .seconds = seconds,
					      .fmt = fmt,
					      .lines = lines,
					      .n = 2 });
	fprintf(f, "<p class=\"summary\">%s.</p>\n", summary);
	free(lines);
	return 0;
}

/* Pictures of the metrics that are not of a call site and that both have. */
static int put_pictures(const struct digest *a, const struct digest *b, const struct comparison *c,
			FILE *f)
{
	unsigned int n = 0;
	int e = 0;

	fputs("<h2 id=\"pictures\">Over time</h2>\n", f);
	for (size_t i = 0; !e && i < c->n; i++) {
		const struct metric *ma = series_find(&a->series, c->changes[i].name);
		const struct metric *mb = series_find(&b->series, c->changes[i].name);

		if (ma && mb && !ma->site && ma->n && mb->n && !isnan(c->changes[i].a) &&
		    !isnan(c->changes[i].b))
			e = draw_both(a, b, &c->changes[i], n++, f);
	}
	if (!n)
		fputs("<p>No metric is in both.</p>\n", f);
	return e;
}

int digest_diff_html(const struct digest *a, const struct digest *b, const struct comparison *c,
		     const struct limit *limits, size_t nr_limits, FILE *f)
{
	int e;

	page_begin(f, "iomap: two recordings");
	put_verdict(f, c, limits, nr_limits);
	fputs("<h2>A</h2>\n", f);
	page_facts(a, f);
	page_losses(a, f);
	fputs("<h2>B</h2>\n", f);
	page_facts(b, f);
	page_losses(b, f);
	put_changes(f, c);
	e = put_pictures(a, b, c, f);
	page_end(f);
	return e;
}
