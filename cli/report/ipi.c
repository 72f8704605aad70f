// SPDX-License-Identifier: GPL-2.0-or-later
/* Interrupts between CPUs in a report. */
#include <errno.h>
#include <inttypes.h>

#include "cli/cpu-list.h"
#include "cli/fmt.h"
#include "cli/json.h"
#include "cli/report/chart.h"
#include "cli/report/html.h"
#include "cli/report/digest.h"

#define CPUS_MAX 64 /* of the matrix */

/* The growth of a figure that may have a fraction, or is null. Returns false if it is not known. */
static bool growth(const json_t *now, const json_t *was, const char *name, double *ret)
{
	const json_t *v = json_object_get(now, name), *w = json_object_get(was, name);

	if (!json_is_number(v))
		return false;
	*ret = json_number_value(v) - (json_is_number(w) ? json_number_value(w) : 0);
	return true;
}

static void put_figure(FILE *f, const json_t *now, const json_t *was, const char *name,
		       chart_fmt *fmt)
{
	char text[FMT_MAX];
	double v;

	fprintf(f, "<td>%s</td>", growth(now, was, name, &v) ? fmt(text, v) : "-");
}

static void put_cost(FILE *f, const char *whose, const char *cost, const json_t *now,
		     const json_t *was)
{
	fputs("<tr><th scope=\"row\">", f);
	html_text(f, whose);
	fprintf(f, "</th><td class=\"text\">%s</td>", cost);
	put_figure(f, now, was, "broadcasts", fmt_rate);
	put_figure(f, now, was, "ipis", fmt_rate);
	put_figure(f, now, was, "wait_ns", fmt_ns);
	put_figure(f, now, was, "stolen_ns", fmt_ns);
	fputs("</tr>\n", f);
}

static void put_costs(const json_t *now, const json_t *was, FILE *f)
{
	const json_t *backends = json_object_get(now, "backends"), *v, *old;
	const char *name;

	fputs("<table><caption>Interrupts by cause</caption><thead><tr><th>whose</th>"
	      "<th class=\"text\">cost</th>"
	      "<th>broadcasts</th><th>interrupts</th><th>senders waited</th>"
	      "<th>time of targets</th></tr></thead><tbody>\n",
	      f);
	json_object_foreach((json_t *)backends, name, v) {
		old = json_object_get(json_object_get(was, "backends"), name);
		put_cost(f, name, "direct", json_object_get(v, "direct"),
			 json_object_get(old, "direct"));
		put_cost(f, name, "deferred", json_object_get(v, "deferred"),
			 json_object_get(old, "deferred"));
	}
	put_cost(f, "other", "", json_object_get(now, "other"), json_object_get(was, "other"));
	put_cost(f, "all", "", json_object_get(now, "total"), json_object_get(was, "total"));
	fputs("</tbody></table>\n", f);
}

static double pair_sum(const json_t *v)
{
	return (double)(rec_u64(v, "direct") + rec_u64(v, "flushes") + rec_u64(v, "other"));
}

/* Adds the pairs of a reply, times @sign. */
static void add_pairs(double *cells, const uint64_t *cpus, size_t n, const json_t *pairs,
		      double sign)
{
	const json_t *v;
	size_t i;

	json_array_foreach(pairs, i, v) {
		uint64_t from = rec_u64(v, "sender"), to = rec_u64(v, "target");
		size_t x = 0, y = 0;

		while (y < n && cpus[y] != from)
			y++;
		while (x < n && cpus[x] != to)
			x++;
		if (x < n && y < n)
			cells[y * n + x] += sign * pair_sum(v);
	}
}

static int put_matrix(const json_t *now, const json_t *was, FILE *f)
{
	const json_t *pairs = json_object_get(now, "cpus"), *v;
	uint64_t cpus[CPUS_MAX];
	char summary[128];
	bool room = true;
	double *cells, sum = 0;
	size_t i, n = 0;

	json_array_foreach(pairs, i, v)
		room = room && cpu_list_add(cpus, &n, CPUS_MAX, rec_u64(v, "sender")) &&
		       cpu_list_add(cpus, &n, CPUS_MAX, rec_u64(v, "target"));
	fputs("<h3>From CPU to CPU</h3>\n", f);
	if (!n || !room) {
		fputs(n ? "<p>Too many CPUs for a picture.</p>\n" : "<p>None.</p>\n", f);
		return 0;
	}
	cells = calloc(n * n, sizeof(*cells));
	if (!cells)
		return -ENOMEM;
	add_pairs(cells, cpus, n, pairs, 1);
	add_pairs(cells, cpus, n, json_object_get(was, "cpus"), -1);
	for (i = 0; i < n * n; i++)
		sum += cells[i];
	snprintf(summary, sizeof(summary), "%.0f interrupts between %zu CPUs", sum, n);
	chart_matrix(f, &(struct chart_matrix){ .id = "pairs",
						.title = "Interrupts from CPU to CPU",
						.summary = summary,
						.cpus = cpus,
						.n = n,
						.cells = cells });
	fprintf(f, "<p class=\"summary\">%s.</p>\n", summary);
	free(cells);
	return 0;
}

int page_ipi(const struct digest *r, FILE *f)
{
	const json_t *now = json_object_get(r->last, "ipi");
	const json_t *was = json_object_get(r->first, "ipi");

	fputs("<h2 id=\"ipi\">Interrupts between CPUs</h2>\n", f);
	if (!json_is_true(json_object_get(now, "enabled"))) {
		fputs("<p>Not measured: iomapd was started with --without-ipi.</p>\n", f);
		return 0;
	}
	put_costs(now, was, f);
	return put_matrix(now, was, f);
}
