/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * Rows and columns, laid out for a width. iomapctl prints tables to a stream, iomaptop draws them
 * on a screen; both describe their columns as data.
 */
#ifndef IOMAP_CLI_TABLE_H
#define IOMAP_CLI_TABLE_H

#include <stdbool.h>
#include <stdint.h>
#include <stdio.h>

#include "daemon/base/util.h"

enum col_type {
	COL_TEXT, /* left-aligned */
	COL_ID,	  /* a number that is a name: printed in full */
	COL_COUNT,
	COL_RATE, /* per second */
	COL_NS,
	COL_BYTES,
	COL_SHARE, /* 0 … 1: a percentage, with a bar if the column is flexible */
};

enum col_flags {
	COL_FLEX = 1,  /* takes the rest of the line; shrinks to .width */
	COL_ALERT = 2, /* any value but zero is an alert */
	COL_RIGHT = 4, /* right-aligned text */
};

struct column {
	const char *name; /* the heading, and the name for --sort */
	const char *help; /* one line for the help screen */
	enum col_type type;
	unsigned char width; /* least width; for text, the width that it may shrink to */
	/*
	 * 0: always shown. Else columns with the highest number are dropped first if the line is
	 * short; from DROP_EXTRA on, already before a flexible column is cut.
	 */
	unsigned char drop;
	unsigned char flags;
};

struct cell {
	const char *text; /* COL_TEXT; NULL: nothing to show */
	double num;
	bool set; /* false: not known, shown as "-", never as zero */
};

struct row {
	uint64_t key;	     /* identifies the row in the next sample, too */
	uint32_t mapping_id; /* the mapping the row belongs to, or 0 */
	bool dim;	     /* of less interest: freed, idle */
	size_t first;	     /* index of its first cell */
};

struct table {
	const struct column *cols;
	size_t n_cols;
	struct row *rows;
	size_t n_rows, rows_cap;
	struct cell *cells;
	size_t n_cells, cells_cap;
	char **strings; /* from table_text() */
	size_t n_strings, strings_cap;
	int error; /* 0, or -ENOMEM once something could not be added */
};

#define TABLE_MAX_COLS 24
#define DROP_EXTRA     7

void table_init(struct table *t, const struct column *cols, size_t n_cols);
void table_free(struct table *t);

/* Adds a row; returns its cells (valid until the next row), or NULL with t->error set. */
struct cell *table_row(struct table *t, uint64_t key, uint32_t mapping_id);
/* Formats a string that the table owns; NULL with t->error set. */
check_printf(2, 3) const char *table_text(struct table *t, const char *fmt, ...);

static inline struct cell *table_cells(const struct table *t, size_t row)
{
	return t->cells + t->rows[row].first;
}

static inline struct cell cell_num(double num)
{
	return (struct cell){ .num = num, .set = true };
}

static inline struct cell cell_text(const char *text)
{
	return (struct cell){ .text = text, .set = text };
}

/*
 * Sorts by a column: numbers from the largest, text from A; @reverse inverts that. The sort is
 * stable.
 */
void table_sort(struct table *t, size_t col, bool reverse);
/*
 * Keeps the rows in which @text occurs in any cell as shown, ignoring case; "!text" keeps the
 * others.
 */
void table_filter(struct table *t, const char *text);

/* Writes the cell as shown into @buf and returns it. */
const char *table_cell(const struct table *t, size_t row, size_t col, char *buf, size_t size);

/* The ways in which table_layout() may make the columns fit. */
enum layout_flags {
	LAYOUT_DROP = 1,   /* drop columns that have .drop */
	LAYOUT_STEADY = 2, /* number columns have room for any figure, so they do not move */
};

/*
 * Distributes @width columns of the screen, with one blank between columns; 0: no limit.
 * @ret_widths gets the width of each column, 0 if it is dropped. Returns the width of the line.
 */
size_t table_layout(const struct table *t, size_t width, int flags,
		    size_t ret_widths[TABLE_MAX_COLS]);

/*
 * Prints heading and rows to @f. @width: of the terminal, 0: no limit. @indent: blanks before each
 * line.
 */
void table_print(const struct table *t, FILE *f, size_t width, size_t indent);

/* Tells whether the cells of a column are right-aligned. */
static inline bool column_is_right(const struct column *c)
{
	return (c->type != COL_TEXT && !(c->type == COL_SHARE && (c->flags & COL_FLEX))) ||
	       (c->flags & COL_RIGHT);
}

#endif
