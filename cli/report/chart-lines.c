// SPDX-License-Identifier: GPL-2.0-or-later
#include <math.h>
#include <stdbool.h>

#include "cli/fmt.h"
#include "cli/report/chart.h"
#include "cli/report/html.h"

#define HEIGHT 180 /* of the plot */

static double highest(const struct chart_lines *c)
{
	double max = 0;

	for (size_t i = 0; i < c->n; i++) {
		for (size_t k = 0; k < CHART_BINS; k++)
			max = c->lines[i].values[k] > max ? c->lines[i].values[k] : max;
	}
	return max;
}

static double x_of(size_t bin)
{
	return CHART_LEFT +
	       (CHART_WIDTH - CHART_LEFT - CHART_RIGHT) * ((double)bin + 0.5) / CHART_BINS;
}

/* A line is broken where there is no value; a single value is a short stroke. */
static void draw_line(FILE *f, const struct chart_line *l, size_t number, double max)
{
	bool pen = false;

	fprintf(f, "<path class=\"line s%zu\" d=\"", number);
	for (size_t k = 0; k < CHART_BINS; k++) {
		double v = l->values[k], y;

		if (isnan(v)) {
			pen = false;
			continue;
		}
		y = CHART_TOP + HEIGHT * (1 - v / max);
		if (pen)
			fprintf(f, "L%.1f %.1f", x_of(k), y);
		else
			fprintf(f, "M%.1f %.1fh1", x_of(k), y);
		pen = true;
	}
	fputs("\"/>\n", f);
}

/* The names, each with a piece of its line. */
static void draw_legend(FILE *f, const struct chart_lines *c)
{
	fputs("<ul class=\"legend\">\n", f);
	for (size_t i = 0; i < c->n; i++) {
		fprintf(f,
			"<li><svg viewBox=\"0 0 28 10\" aria-hidden=\"true\">"
			"<path class=\"line s%zu\" d=\"M0 5H28\"/></svg>",
			i);
		html_text(f, c->lines[i].name);
		fputs("</li>\n", f);
	}
	fputs("</ul>\n", f);
}

void chart_lines(FILE *f, const struct chart_lines *c)
{
	double step = chart_step(highest(c), 4);
	double max = step * fmax(ceil(highest(c) / step - 1e-9), 1);
	char label[FMT_MAX];

	chart_begin(f, c->id, c->title, c->summary, CHART_TOP + HEIGHT + CHART_BOTTOM);
	for (int i = 0; i * step <= max * (1 + 1e-9); i++)
		chart_grid(f, CHART_TOP + HEIGHT * (1 - i * step / max), c->fmt(label, i * step));
	chart_time_axis(f, c->seconds, HEIGHT);
	for (size_t i = 0; i < c->n; i++)
		draw_line(f, &c->lines[i], i, max);
	chart_end(f);
	draw_legend(f, c);
}
