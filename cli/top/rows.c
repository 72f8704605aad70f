// SPDX-License-Identifier: GPL-2.0-or-later
/* Draws a table on the screen. */
#include "cli/top/top.h"

const char *top_order(const struct top *t, const struct view *v, bool unicode, char *buf,
		      size_t size)
{
	unsigned int i = view_index(v);
	const struct column *by;
	const char *arrow;
	bool up;

	*buf = 0;
	if (i >= VIEWS)
		return buf;
	by = &v->cols[t->shown[i].sort];
	up = (by->type == COL_TEXT || by->type == COL_ID) != t->shown[i].reverse;
	arrow = unicode ? (up ? "▲" : "▼") : up ? "^" : "v";
	snprintf(buf, size, "by %s %s", by->name, arrow);
	return buf;
}

/* Zeros and unknown values are dim, so that other values stand out. */
static enum style cell_style(const struct column *col, const struct cell *c, bool dim)
{
	if (!c->set)
		return ST_DIM;
	if (col->type != COL_TEXT && col->type != COL_ID && !(c->num > 0))
		return ST_DIM;
	if (col->flags & COL_ALERT)
		return ST_ALERT;
	if (dim)
		return ST_DIM;
	return col->type == COL_RATE ? ST_VALUE : ST_NORMAL;
}

static void draw_row(const struct table *t, struct screen *s, int y, size_t r, const size_t *widths,
		     bool stale)
{
	const struct cell *cells = table_cells(t, r);
	bool dim = t->rows[r].dim || stale;
	char buf[512];
	int x = 0;

	for (size_t c = 0; c < t->n_cols; c++) {
		const struct column *col = &t->cols[c];
		enum style style = cell_style(col, &cells[c], dim);
		int w = (int)widths[c];

		if (!w)
			continue;
		table_cell(t, r, c, buf, sizeof(buf));
		if (col->type == COL_SHARE && (col->flags & COL_FLEX)) {
			screen_field(s, x, y, 4, true, style, buf);
			if (cells[c].set)
				screen_bar(s, x + 5, y, w - 5, cells[c].num);
		} else {
			screen_field(s, x, y, w, column_is_right(col), style, buf);
		}
		x += w + 1;
	}
}

static void draw_head(const struct table *t, struct screen *s, int y, const size_t *widths,
		      size_t sort)
{
	int x = 0;

	screen_style(s, 0, y, s->w, ST_HEAD);
	for (size_t c = 0; c < t->n_cols; c++) {
		int w = (int)widths[c];

		if (!w)
			continue;
		screen_field(s, x, y, w, column_is_right(&t->cols[c]), ST_HEAD, t->cols[c].name);
		if (c == sort)
			screen_style(s, x, y, w, ST_HEAD_SORT);
		x += w + 1;
	}
}

void top_draw_table(const struct table *t, struct screen *s, int y, bool head, int rows,
		    size_t sort, size_t from, bool stale)
{
	size_t widths[TABLE_MAX_COLS];

	table_layout(t, (size_t)s->w, LAYOUT_DROP | LAYOUT_STEADY, widths);
	if (head)
		draw_head(t, s, y++, widths, sort);
	for (int i = 0; i < rows && from + (size_t)i < t->n_rows; i++)
		draw_row(t, s, y + i, from + (size_t)i, widths, stale);
}
