/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * A rectangle of characters with styles. Views draw on it; ncurses shows it, or it is printed as
 * text for batch mode and tests. Everything is clipped, so small screens need no special case.
 */
#ifndef IOMAP_CLI_TOP_SCREEN_H
#define IOMAP_CLI_TOP_SCREEN_H

#include <stdbool.h>
#include <stdint.h>
#include <stdio.h>

#include "daemon/base/util.h"

/* The meaning of a text; its look depends on the terminal. */
enum style {
	ST_NORMAL,
	ST_DIM,	      /* of less interest */
	ST_NAME,      /* the program's name, headings */
	ST_LABEL,     /* label of a figure */
	ST_VALUE,     /* a figure that matters */
	ST_GRAPH,     /* bars and the history */
	ST_HEAD,      /* column headings */
	ST_HEAD_SORT, /* heading of the column that the rows are sorted by */
	ST_TAB,	      /* tab of a view that is not shown */
	ST_TAB_ON,    /* tab of the view that is shown */
	ST_SELECTED,  /* the selected row */
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

/* Sets the size (negative: 0) and clears the screen. After -ENOMEM the screen has no size. */
int screen_resize(struct screen *s, int w, int h);
void screen_free(struct screen *s);
void screen_clear(struct screen *s);

/* Writes text from column @x of row @y. Returns the column behind it, even if it was clipped. */
int screen_put(struct screen *s, int x, int y, enum style style, const char *text);
check_printf(5, 6) int screen_putf(struct screen *s, int x, int y, enum style style,
				   const char *fmt, ...);
/* Writes text into a field of @width columns, cut with ".." if it is too long. */
void screen_field(struct screen *s, int x, int y, int width, bool right, enum style style,
		  const char *text);
/* Writes one character, without a check of its width: for graphs. */
void screen_char(struct screen *s, int x, int y, enum style style, uint32_t ch);
/* Changes the style of @width columns of a row. */
void screen_style(struct screen *s, int x, int y, int width, enum style style);
/* Draws a horizontal bar of @width columns, filled by @share (0 … 1). */
void screen_bar(struct screen *s, int x, int y, int width, double share);

/* Prints the first @rows rows as text, without trailing blanks. */
void screen_print(const struct screen *s, int rows, FILE *f);

#endif
