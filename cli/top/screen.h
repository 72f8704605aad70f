/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * A rectangle of characters with styles. Views draw on it; it is shown through ncurses, or printed
 * as text for batch mode and for tests. Everything is clipped, so a tiny screen needs no care.
 */
#ifndef IOMAP_CLI_TOP_SCREEN_H
#define IOMAP_CLI_TOP_SCREEN_H

#include <stdbool.h>
#include <stdint.h>
#include <stdio.h>

#include "daemon/base/util.h"

/* What a piece of text is; how that looks depends on the terminal. */
enum style {
	ST_NORMAL,
	ST_DIM,	      /* of less interest */
	ST_NAME,      /* the program's name, headings */
	ST_LABEL,     /* what a figure is */
	ST_VALUE,     /* a figure that matters */
	ST_GRAPH,     /* bars and the history */
	ST_HEAD,      /* column headings */
	ST_HEAD_SORT, /* the one the rows are sorted by */
	ST_TAB,	      /* a view that is not shown */
	ST_TAB_ON,    /* the one that is */
	ST_SELECTED,  /* the row that the cursor is on */
	ST_ALERT,     /* something is wrong */
	ST_NOTE,      /* something to know */
	ST_KEY,	      /* a key to press */
	ST_MAX,
};

struct screen_cell {
	uint32_t ch;
	uint8_t style;
};

struct screen {
	int w, h;
	bool unicode; /* the terminal shows UTF-8 */
	struct screen_cell *cells;
};

/* Sets the size and clears; -ENOMEM leaves a screen of no size. Sizes below 0 are 0. */
int screen_resize(struct screen *s, int w, int h);
void screen_free(struct screen *s);
void screen_clear(struct screen *s);

/* Writes text from column @x of row @y; returns the column behind it, also where it was clipped. */
int screen_put(struct screen *s, int x, int y, enum style style, const char *text);
check_printf(5, 6) int screen_putf(struct screen *s, int x, int y, enum style style,
				   const char *fmt, ...);
/* Writes text into a field of @width columns, cut with ".." where it is too long. */
void screen_field(struct screen *s, int x, int y, int width, bool right, enum style style,
		  const char *text);
/* One character, not checked for its width: graphs. */
void screen_char(struct screen *s, int x, int y, enum style style, uint32_t ch);
/* Restyles @width columns of a row. */
void screen_style(struct screen *s, int x, int y, int width, enum style style);
/* A horizontal bar of @width columns, filled by @share (0 … 1). */
void screen_bar(struct screen *s, int x, int y, int width, double share);

/* Prints the first @rows rows as text, without blanks at the ends of lines. */
void screen_print(const struct screen *s, int rows, FILE *f);

#endif
