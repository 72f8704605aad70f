// SPDX-License-Identifier: GPL-2.0-or-later
#include <math.h>

#include "cli/fmt.h"
#include "cli/report/chart.h"

#define HEIGHT 140 /* of the plot */

/* The place of a value on the axis, which is logarithmic. */
static double x_of(const struct chart_bars *c, double v)
{
	double from = log2(fmax(c->bars[0].from, 1)), to = log2(fmax(c->bars[c->n - 1].to, 2));
	double share = (log2(fmax(v, 1)) - from) / fmax(to - from, 1e-9);

	return CHART_LEFT + (CHART_WIDTH - CHART_LEFT - CHART_RIGHT) * fmin(fmax(share, 0), 1);
}

static void draw_mark(FILE *f, const struct chart_bars *c, const char *name, double v, int y)
{
	double x = x_of(c, v);
	char label[FMT_MAX];

	fprintf(f,
		"<path class=\"mark\" d=\"M%.1f %dV%d\"/>"
		"<text class=\"%s\" x=\"%.1f\" y=\"%d\">%s %s</text>\n",
		x, CHART_TOP, CHART_TOP + HEIGHT, x > CHART_WIDTH / 2 ? "end" : "begin",
		x + (x > CHART_WIDTH / 2 ? -4 : 4), y, name, c->fmt(label, v));
}

/* Labels at each power of two that fits: eight at most. */
static void draw_axis(FILE *f, const struct chart_bars *c)
{
	int from = (int)floor(log2(fmax(c->bars[0].from, 1)));
	int to = (int)ceil(log2(fmax(c->bars[c->n - 1].to, 2)));
	int step = (to - from) / 8 + 1;
	char label[FMT_MAX];

	for (int i = from; i <= to; i += step) {
		/* The first and the last bar may begin and end between two powers. */
		if (ldexp(1, i) < c->bars[0].from || ldexp(1, i) > c->bars[c->n - 1].to)
			continue;
		fprintf(f, "<text class=\"x\" x=\"%.1f\" y=\"%d\">%s</text>\n",
			x_of(c, ldexp(1, i)), CHART_TOP + HEIGHT + 18, c->fmt(label, ldexp(1, i)));
	}
}

void chart_bars(FILE *f, const struct chart_bars *c)
{
	double most = 0, step, max;
	char label[FMT_MAX];

	for (size_t i = 0; i < c->n; i++)
		most = c->bars[i].count > most ? c->bars[i].count : most;
	step = chart_step(most, 3);
	max = step * fmax(ceil(most / step - 1e-9), 1);
	chart_begin(f, c->id, c->title, c->summary, CHART_TOP + HEIGHT + CHART_BOTTOM);
	for (int i = 0; i * step <= max * (1 + 1e-9); i++)
		chart_grid(f, CHART_TOP + HEIGHT * (1 - i * step / max),
			   fmt_count(label, i * step));
	for (size_t i = 0; i < c->n; i++) {
		double x = x_of(c, c->bars[i].from), height = HEIGHT * c->bars[i].count / max;

		fprintf(f,
			"<rect class=\"bar\" x=\"%.1f\" y=\"%.1f\" width=\"%.1f\" "
			"height=\"%.1f\"/>\n",
			x, CHART_TOP + HEIGHT - height, fmax(x_of(c, c->bars[i].to) - x - 0.5, 1),
			height);
	}
	draw_axis(f, c);
	draw_mark(f, c, "p50", c->p50, CHART_TOP + 10);
	draw_mark(f, c, "p99", c->p99, CHART_TOP + 24);
	chart_end(f);
}
