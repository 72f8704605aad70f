// SPDX-License-Identifier: GPL-2.0-or-later
#include <ctype.h>
#include <errno.h>
#include <math.h>
#include <stdarg.h>
#include <string.h>

#include "cli/fmt.h"
#include "cli/table.h"
#include "daemon/base/utf8.h"

void table_init(struct table *t, const struct column *cols, size_t n_cols)
{
	*t = (struct table){ .cols = cols, .n_cols = n_cols };
}

void table_free(struct table *t)
{
	for (size_t i = 0; i < t->n_strings; i++)
		free(t->strings[i]);
	free(t->strings);
	free(t->cells);
	free(t->rows);
	*t = (struct table){};
}

/* Makes room for @more items in an array that doubles. */
static int grow(void *parray, size_t *cap, size_t n, size_t more, size_t size)
{
	void **array = parray, *p;
	size_t want = *cap ?: 64;

	while (want < n + more)
		want *= 2;
	if (want == *cap)
		return 0;
	p = reallocarray(*array, want, size);
	if (!p)
		return -ENOMEM;
	*array = p;
	*cap = want;
	return 0;
}

struct cell *table_row(struct table *t, uint64_t key, uint32_t mapping_id)
{
	struct cell *cells;

	if (grow(&t->rows, &t->rows_cap, t->n_rows, 1, sizeof(*t->rows)) ||
	    grow(&t->cells, &t->cells_cap, t->n_cells, t->n_cols, sizeof(*t->cells))) {
		t->error = -ENOMEM;
		return NULL;
	}
	t->rows[t->n_rows++] =
		(struct row){ .key = key, .mapping_id = mapping_id, .first = t->n_cells };
	cells = t->cells + t->n_cells;
	memset(cells, 0, t->n_cols * sizeof(*cells));
	t->n_cells += t->n_cols;
	return cells;
}

const char *table_text(struct table *t, const char *fmt, ...)
{
	char *s = NULL;
	va_list ap;

	if (grow(&t->strings, &t->strings_cap, t->n_strings, 1, sizeof(*t->strings)))
		goto fail;
	va_start(ap, fmt);
	if (vasprintf(&s, fmt, ap) < 0)
		s = NULL;
	va_end(ap);
	if (!s)
		goto fail;
	t->strings[t->n_strings++] = s;
	return s;
fail:
	t->error = -ENOMEM;
	return NULL;
}

/* The comparison needs the table: qsort_r passes it. */
struct order {
	const struct table *t;
	size_t col;
	bool reverse;
};

static int compare_cells(const struct cell *a, const struct cell *b, enum col_type type)
{
	/* Unknown values come last. */
	if (a->set != b->set)
		return a->set ? -1 : 1;
	if (!a->set)
		return 0;
	if (type == COL_TEXT)
		return strverscmp(a->text, b->text);
	if (type == COL_ID)
		return (a->num > b->num) - (a->num < b->num);
	return (a->num < b->num) - (a->num > b->num);
}

static int compare_rows(const void *va, const void *vb, void *arg)
{
	const struct row *a = va, *b = vb;
	const struct order *o = arg;
	const struct cell *ca = o->t->cells + a->first + o->col,
			  *cb = o->t->cells + b->first + o->col;
	int r = compare_cells(ca, cb, o->t->cols[o->col].type);

	if (r && o->reverse && ca->set && cb->set)
		r = -r;
	return r ?: (a->first > b->first) - (a->first < b->first);
}

void table_sort(struct table *t, size_t col, bool reverse)
{
	struct order o = { .t = t, .col = col, .reverse = reverse };

	if (col < t->n_cols && t->n_rows)
		qsort_r(t->rows, t->n_rows, sizeof(*t->rows), compare_rows, &o);
}

void table_filter(struct table *t, const char *text)
{
	bool want = true;
	size_t n = 0;
	char buf[512];

	if (text && *text == '!') {
		want = false;
		text++;
	}
	if (!text || !*text)
		return;
	for (size_t r = 0; r < t->n_rows; r++) {
		bool found = false;

		for (size_t c = 0; c < t->n_cols && !found; c++)
			found = strcasestr(table_cell(t, r, c, buf, sizeof(buf)), text);
		if (found == want)
			t->rows[n++] = t->rows[r];
	}
	t->n_rows = n;
}

const char *table_cell(const struct table *t, size_t row, size_t col, char *buf, size_t size)
{
	const struct cell *c = table_cells(t, row) + col;
	char num[FMT_MAX];
	const char *s;

	if (!c->set)
		s = "-";
	else
		switch (t->cols[col].type) {
		case COL_TEXT:
			s = c->text;
			break;
		case COL_ID:
			snprintf(num, sizeof(num), "%.0f", c->num);
			s = num;
			break;
		case COL_RATE:
			s = fmt_rate(num, c->num);
			break;
		case COL_NS:
			s = fmt_ns(num, c->num);
			break;
		case COL_BYTES:
			s = fmt_bytes(num, c->num);
			break;
		case COL_SHARE:
			snprintf(num, sizeof(num), "%.0f%%", c->num * 100);
			s = num;
			break;
		default:
			s = fmt_count(num, c->num);
			break;
		}
	snprintf(buf, size, "%s", s);
	return buf;
}

#define BAR_WIDTH 40 /* columns that a bar may grow by */

/* Columns that hold any figure of the type. */
static size_t steady_width(enum col_type type)
{
	switch (type) {
	case COL_NS:
		return 6; /* 1.23ms */
	case COL_SHARE:
		return 4; /* 100% */
	case COL_ID:
		return 1;
	default:
		return 5; /* 12.3k */
	}
}

/* Columns that a column needs to show all its cells. */
static size_t natural_width(const struct table *t, size_t col, int flags)
{
	const struct column *c = &t->cols[col];
	size_t w = strlen(c->name);
	char buf[512];

	if (c->type == COL_TEXT || !(flags & LAYOUT_STEADY)) {
		for (size_t r = 0; r < t->n_rows; r++) {
			size_t n = fmt_width(table_cell(t, r, col, buf, sizeof(buf)));

			w = n > w ? n : w;
		}
	} else if (w < steady_width(c->type)) {
		w = steady_width(c->type);
	}
	return w > c->width || (c->flags & COL_FLEX) ? w : c->width;
}

static size_t least_width(const struct column *c, size_t natural)
{
	if (!(c->flags & COL_FLEX) || c->width > natural)
		return natural;
	return c->width;
}

/* Width of a line of the columns that are shown, with one blank between columns. */
static size_t line_width(const size_t *widths, size_t n)
{
	size_t sum = 0, shown = 0;

	for (size_t c = 0; c < n; c++) {
		sum += widths[c];
		shown += widths[c] != 0;
	}
	return sum + (shown ? shown - 1 : 0);
}

/*
 * Drops columns, the least important first, until the line fits. Columns with .drop below @least
 * stay.
 */
static void drop_columns(const struct table *t, size_t *widths, size_t n, size_t width,
			 unsigned int least)
{
	while (line_width(widths, n) > width) {
		size_t worst = n;

		for (size_t c = 0; c < n; c++)
			if (widths[c] && t->cols[c].drop >= least &&
			    (worst == n || t->cols[c].drop >= t->cols[worst].drop))
				worst = c;
		if (worst == n)
			return;
		widths[worst] = 0;
	}
}

/*
 * Gives the rest of the line to the flexible columns, the first ones first. Returns the width of
 * the line.
 */
static size_t stretch(const struct table *t, const size_t *natural, size_t *widths, size_t n,
		      size_t width)
{
	size_t sum = line_width(widths, n);

	for (size_t c = 0; c < n && sum < width; c++) {
		size_t room = width - sum, more;

		if (!widths[c] || !(t->cols[c].flags & COL_FLEX))
			continue;
		more = t->cols[c].type == COL_SHARE ? BAR_WIDTH : natural[c] - widths[c];
		more = more < room ? more : room;
		widths[c] += more;
		sum += more;
	}
	return sum;
}

size_t table_layout(const struct table *t, size_t width, int flags,
		    size_t ret_widths[TABLE_MAX_COLS])
{
	size_t n = t->n_cols < TABLE_MAX_COLS ? t->n_cols : TABLE_MAX_COLS;
	size_t natural[TABLE_MAX_COLS];

	for (size_t c = 0; c < n; c++)
		ret_widths[c] = natural[c] = natural_width(t, c, flags);
	if (!width)
		return line_width(ret_widths, n);
	if (flags & LAYOUT_DROP)
		drop_columns(t, ret_widths, n, width, DROP_EXTRA);
	for (size_t c = 0; c < n; c++)
		if (ret_widths[c])
			ret_widths[c] = least_width(&t->cols[c], natural[c]);
	if (flags & LAYOUT_DROP)
		drop_columns(t, ret_widths, n, width, 1);
	return stretch(t, natural, ret_widths, n, width);
}

/* Prints @s in @width columns, cut with ".." if it does not fit. */
static void print_cell(FILE *f, const char *s, size_t width, bool right, bool last)
{
	size_t w = fmt_width(s), pad = w < width ? width - w : 0, room = width;

	if (right)
		fprintf(f, "%*s", (int)pad, "");
	if (w > width)
		room = width > 3 ? width - 2 : width;
	for (uint32_t ch; room && (ch = fmt_next(&s)); room--)
		utf8_putc(f, ch);
	if (w > width && width > 3)
		fputs("..", f);
	if (!right && !last)
		fprintf(f, "%*s", (int)pad, "");
}

void table_print(const struct table *t, FILE *f, size_t width, size_t indent)
{
	size_t widths[TABLE_MAX_COLS], last = 0;
	char buf[512];

	table_layout(t, width > indent ? width - indent : 0, 0, widths);
	for (size_t c = 0; c < t->n_cols; c++)
		last = widths[c] ? c : last;
	for (size_t r = 0; r <= t->n_rows; r++) {
		fprintf(f, "%*s", (int)indent, "");
		for (size_t c = 0; c < t->n_cols; c++) {
			if (!widths[c])
				continue;
			print_cell(f,
				   r ? table_cell(t, r - 1, c, buf, sizeof(buf)) : t->cols[c].name,
				   widths[c], column_is_right(&t->cols[c]), c == last);
			fputc(c == last ? '\n' : ' ', f);
		}
	}
}
