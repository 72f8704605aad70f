/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * Pictures: data in, SVG out. Colours are classes of the page's style, so that they suit a dark
 * screen and paper. Each picture has a title and a summary for those who do not see it.
 */
#ifndef IOMAP_CLI_REPORT_CHART_H
#define IOMAP_CLI_REPORT_CHART_H

#include <stddef.h>
#include <stdint.h>
#include <stdio.h>

#define CHART_WIDTH 720
#define CHART_BINS  240 /* points of a line */
#define CHART_LINES 8	/* lines that differ in their looks */

/* Formats a value of an axis into a buffer of FMT_MAX bytes. */
typedef const char *chart_fmt(char *buf, double v);

struct chart_line {
	const char *name;
	double values[CHART_BINS]; /* NAN: none */
};

/* Values over time. */
struct chart_lines {
	const char *id, *title, *summary;
	double seconds; /* of all bins */
	chart_fmt *fmt;
	const struct chart_line *lines;
	size_t n; /* up to CHART_LINES */
};
void chart_lines(FILE *f, const struct chart_lines *c);

/* Counts over time and over a value that doubles from row to row. */
struct chart_heat {
	const char *id, *title, *summary;
	double seconds;
	size_t cols, rows;
	const double *cells; /* row by row, from the lowest */
	double low;	     /* value at the lower end of the first row */
	chart_fmt *fmt;
};
void chart_heat(FILE *f, const struct chart_heat *c);

struct chart_bar {
	double from, to, count;
};

/* A histogram with two marks. */
struct chart_bars {
	const char *id, *title, *summary;
	const struct chart_bar *bars;
	size_t n;
	double p50, p99;
	chart_fmt *fmt;
};
void chart_bars(FILE *f, const struct chart_bars *c);

/* Counts from each CPU to each CPU. */
struct chart_matrix {
	const char *id, *title, *summary;
	const uint64_t *cpus;
	size_t n;
	const double *cells; /* sender by sender */
};
void chart_matrix(FILE *f, const struct chart_matrix *c);

/* ---- what the pictures share ---- */

#define CHART_LEFT   64 /* room for the labels of an axis */
#define CHART_RIGHT  28 /* and for half of the last one */
#define CHART_TOP    10
#define CHART_BOTTOM 24

void chart_begin(FILE *f, const char *id, const char *title, const char *summary, int height);
void chart_end(FILE *f);
/* The distance of marks on an axis up to @max: 1, 2 or 5 times a power of ten. */
double chart_step(double max, int marks);
/* Draws the time axis under a plot of that height. */
void chart_time_axis(FILE *f, double seconds, int height);
/* Draws a line across the plot with a label. */
void chart_grid(FILE *f, double y, const char *label);

#endif
