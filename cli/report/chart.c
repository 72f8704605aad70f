// SPDX-License-Identifier: GPL-2.0-or-later
#include <math.h>

#include "cli/fmt.h"
#include "cli/report/chart.h"
#include "cli/report/html.h"

void chart_begin(FILE *f, const char *id, const char *title, const char *summary, int height)
{
	fprintf(f,
		"<svg class=\"chart\" viewBox=\"0 0 %d %d\" role=\"img\" "
		"aria-labelledby=\"%s-t %s-d\">\n"
		"<title id=\"%s-t\">",
		CHART_WIDTH, height, id, id, id);
	html_text(f, title);
	fprintf(f, "</title><desc id=\"%s-d\">", id);
	html_text(f, summary);
	fputs("</desc>\n", f);
}

void chart_end(FILE *f)
{
	fputs("</svg>\n", f);
}

double chart_step(double max, int marks)
{
	double power, step;

	if (!(max > 0) || !isfinite(max))
		return 1;
	power = pow(10, floor(log10(max / marks)));
	step = max / marks / power;
	return power * (step <= 1 ? 1 : step <= 2 ? 2 : step <= 5 ? 5 : 10);
}

/* Marks of a clock: seconds, minutes, hours. */
static double time_step(double seconds)
{
	static const double steps[] = { 1,   2,	  5,   10,   15,   30,	 60,	120,
					300, 600, 900, 1800, 3600, 7200, 14400, 43200 };

	if (seconds < 6)
		return chart_step(seconds, 6);
	for (size_t i = 0; i < sizeof(steps) / sizeof(steps[0]); i++) {
		if (seconds / steps[i] <= 8)
			return steps[i];
	}
	return ceil(seconds / 86400 / 8) * 86400;
}

void chart_time_axis(FILE *f, double seconds, int height)
{
	double width = CHART_WIDTH - CHART_LEFT - CHART_RIGHT, step = time_step(seconds);
	int bottom = CHART_TOP + height;
	char label[FMT_MAX];

	fprintf(f, "<path class=\"axis\" d=\"M%d %dH%d\"/>\n", CHART_LEFT, bottom,
		CHART_WIDTH - CHART_RIGHT);
	for (int i = 0; seconds > 0 && i * step <= seconds; i++) {
		double x = CHART_LEFT + width * i * step / seconds;

		if (step < 1)
			snprintf(label, sizeof(label), "%.1fs", i * step);
		else
			fmt_duration(label, i * step);
		fprintf(f,
			"<path class=\"axis\" d=\"M%.1f %dv4\"/>"
			"<text class=\"x\" x=\"%.1f\" y=\"%d\">%s</text>\n",
			x, bottom, x, bottom + 18, label);
	}
}

void chart_grid(FILE *f, double y, const char *label)
{
	fprintf(f, "<path class=\"grid\" d=\"M%d %.1fH%d\"/><text class=\"y\" x=\"%d\" y=\"%.1f\">",
		CHART_LEFT, y, CHART_WIDTH - CHART_RIGHT, CHART_LEFT - 6, y + 4);
	html_text(f, label);
	fputs("</text>\n", f);
}
