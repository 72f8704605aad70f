// SPDX-License-Identifier: GPL-2.0-or-later
#include <inttypes.h>
#include <math.h>

#include "cli/fmt.h"
#include "cli/report/chart.h"

#define ROOM	  480 /* of all cells */
#define CELL_MAX  40
#define CELL_TEXT 30 /* cells of this size have their count in them */

void chart_matrix(FILE *f, const struct chart_matrix *c)
{
	double cell = fmin((double)ROOM / (double)c->n, CELL_MAX), most = 0;
	double top = CHART_TOP + 30;
	char label[FMT_MAX];

	for (size_t i = 0; i < c->n * c->n; i++)
		most = c->cells[i] > most ? c->cells[i] : most;
	chart_begin(f, c->id, c->title, c->summary, (int)(top + cell * (double)c->n) + 10);
	fprintf(f, "<text class=\"begin\" x=\"%d\" y=\"%d\">to CPU</text>\n", CHART_LEFT,
		CHART_TOP + 6);
	fprintf(f, "<text class=\"begin\" x=\"2\" y=\"%.1f\">from</text>\n", top + 4);
	for (size_t i = 0; i < c->n; i++) {
		double at = cell * ((double)i + 0.5);

		/* Small cells: a label for some of them. */
		if (i % (size_t)ceil(14 / cell))
			continue;
		fprintf(f, "<text class=\"x\" x=\"%.1f\" y=\"%.1f\">%" PRIu64 "</text>\n",
			CHART_LEFT + at, top - 6, c->cpus[i]);
		fprintf(f, "<text class=\"y\" x=\"%d\" y=\"%.1f\">%" PRIu64 "</text>\n",
			CHART_LEFT - 6, top + at + 4, c->cpus[i]);
	}
	for (size_t i = 0; i < c->n * c->n; i++) {
		double x = CHART_LEFT + cell * (double)(i % c->n);
		double y = top + cell * (double)(i / c->n);
		double shade = c->cells[i] > 0 ? 0.1 + 0.4 * c->cells[i] / most : 0;

		fprintf(f,
			"<rect class=\"heat cell\" x=\"%.1f\" y=\"%.1f\" width=\"%.1f\" "
			"height=\"%.1f\" fill-opacity=\"%.2f\"/>\n",
			x, y, cell, cell, shade);
		if (cell >= CELL_TEXT && c->cells[i] > 0)
			fprintf(f, "<text class=\"x count\" x=\"%.1f\" y=\"%.1f\">%s</text>\n",
				x + cell / 2, y + cell / 2 + 4, fmt_count(label, c->cells[i]));
	}
	chart_end(f);
}
