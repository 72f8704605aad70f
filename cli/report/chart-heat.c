// SPDX-License-Identifier: GPL-2.0-or-later
#include <math.h>

#include "cli/fmt.h"
#include "cli/report/chart.h"

#define ROW 12 /* height */

void chart_heat(FILE *f, const struct chart_heat *c)
{
	int height = (int)c->rows * ROW;
	double width = (double)(CHART_WIDTH - CHART_LEFT - CHART_RIGHT) / (double)c->cols;
	double most = 0;
	char label[FMT_MAX];

	for (size_t i = 0; i < c->rows * c->cols; i++)
		most = c->cells[i] > most ? c->cells[i] : most;
	chart_begin(f, c->id, c->title, c->summary, CHART_TOP + height + CHART_BOTTOM);
	for (size_t row = 0; row <= c->rows; row += 2)
		chart_grid(f, CHART_TOP + height - (double)row * ROW,
			   c->fmt(label, ldexp(c->low, (int)row)));
	/* A rare count is seen, too: the shade is that of its logarithm. */
	for (size_t i = 0; i < c->rows * c->cols; i++) {
		if (!(c->cells[i] > 0))
			continue;
		fprintf(f,
			"<rect class=\"heat\" x=\"%.1f\" y=\"%.1f\" width=\"%.2f\" height=\"%d\" "
			"fill-opacity=\"%.2f\"/>\n",
			CHART_LEFT + width * (double)(i % c->cols),
			CHART_TOP + height - ROW * (double)(i / c->cols + 1), width, ROW,
			0.15 + 0.85 * log1p(c->cells[i]) / log1p(most));
	}
	chart_time_axis(f, c->seconds, height);
	chart_end(f);
}
