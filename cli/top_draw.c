// SPDX-License-Identifier: GPL-2.0-or-later
/* Draws iomaptop: the header (top_header.c), warnings, the tables, the keys. */
#include <string.h>

#include "cli/fmt.h"
#include "cli/top.h"

#define WARNINGS 4 /* lines of warnings at most */

#define BELOW_HEAD  3  /* lines that the view under the table takes, besides its rows */
#define BELOW_BATCH 10 /* rows of it in batch mode */

struct layout {
	bool title, tabs, keys, head;
	int graph;    /* rows of figures and history: 6, 3 or 1 */
	int warnings; /* rows */
	int rows;     /* of the table */
};

/* The lines that say what is wrong; returns how many. */
static int warnings(const struct top *t, char lines[WARNINGS][512])
{
	const struct books *b = &t->model.books;
	const json_t *hooks = json_object_get(t->model.now.status, "hooks"), *v;
	size_t i, size = sizeof(lines[0]), len = 0;
	const char *name;
	int n = 0;

	if (t->waiting) {
		snprintf(lines[n++], size, "waiting for iomapd at %s", t->socket);
		snprintf(lines[n++], size, "(%.500s)", t->away.text);
		return n;
	}
	if (b->lost) {
		len = (size_t)snprintf(lines[n], size,
				       "%llu events lost:", (unsigned long long)b->lost);
		json_object_foreach((json_t *)b->losses, name, v)
			if (json_integer_value(v) && len < size)
				len += (size_t)snprintf(lines[n] + len, size - len, " %s %lld",
							name, (long long)json_integer_value(v));
		n++;
	}
	if (!books_balance(b))
		snprintf(lines[n++], size,
			 "the books do not balance: %llu events seen, %llu counted or lost",
			 (unsigned long long)b->seen, (unsigned long long)(b->counted + b->lost));
	len = 0;
	json_array_foreach(hooks, i, v) {
		if (!strcmp(rec_text(v, "state", "missing"), "attached") || len >= size)
			continue;
		len += (size_t)snprintf(lines[n] + len, size - len, "%s %s",
					len ? "," : "missing here:", rec_text(v, "name", "?"));
	}
	if (len && len < size)
		snprintf(lines[n] + len, size - len, " ('iomapctl status' says what that costs)");
	return n + (len > 0);
}

static struct layout lay_out(const struct top *t, int h)
{
	struct layout l = {
		.title = true, .tabs = true, .keys = !t->batch, .head = true, .graph = 3
	};
	char lines[WARNINGS][512];

	l.warnings = warnings(t, lines);
	if (t->batch) {
		l.rows = t->table.n_rows ? (int)t->table.n_rows : 1;
		if (views[t->view]->below && t->below.n_rows)
			l.rows +=
				BELOW_HEAD + (t->below.n_rows < 3	      ? 3
					      : t->below.n_rows < BELOW_BATCH ? (int)t->below.n_rows
									      : BELOW_BATCH);
		return l;
	}
	l.graph = h < 18 ? 1 : h < 36 ? 3 : 6;
	l.keys = h >= 9;
	l.tabs = h >= 6;
	l.title = h >= 5;
	l.head = h >= 3;
	if (l.warnings > h / 3)
		l.warnings = h / 3;
	l.rows = h - l.title - l.tabs - l.keys - l.head - l.graph - l.warnings;
	return l;
}

/* Scrolls as little as keeps the cursor in sight and no blank below the last row. */
static void scroll(struct top_view *tv, size_t n, size_t rows)
{
	if (tv->cursor < tv->scroll)
		tv->scroll = tv->cursor;
	if (rows && tv->cursor >= tv->scroll + rows)
		tv->scroll = tv->cursor - rows + 1;
	if (tv->scroll + rows > n)
		tv->scroll = n > rows ? n - rows : 0;
}

static const char *empty_text(const struct top *t)
{
	if (!t->model.have)
		return t->waiting ? "" : "Asking iomapd...";
	if (t->filter[0] && t->all_rows)
		return "No row has that text: Esc shows them all.";
	return views[t->view]->empty;
}

/* Under the table: more of what is in it, where there is room for three lines of it. */
static void draw_below(const struct top *t, struct screen *s, int y, int rows)
{
	const struct view *v = views[t->view]->below;
	uint32_t mapping = top_selected_mapping(t);
	char order[64];
	int x;

	if (!v || rows < BELOW_HEAD + 3 || !t->below.n_rows)
		return;
	x = screen_put(s, 0, y + 1, ST_NAME, v->title);
	if (mapping)
		x = screen_putf(s, x + 1, y + 1, ST_NOTE, "of mapping %u", mapping);
	else if (t->table.n_rows < t->all_rows && t->below.rows[0].tag)
		x = screen_put(s, x + 1, y + 1, ST_NOTE, "of these mappings");
	top_order(t, v, s->unicode, order, sizeof(order));
	if (x + 2 + (int)utf8_width(order) <= s->w)
		screen_put(s, s->w - (int)utf8_width(order), y + 1, ST_DIM, order);
	top_draw_table(&t->below, s, y + 2, true, rows - BELOW_HEAD, t->shown[view_index(v)].sort,
		       0, t->waiting);
}

static void draw_rows(struct top *t, struct screen *s, int y, const struct layout *l)
{
	struct top_view *tv = &t->shown[t->view];
	size_t rows = l->rows > 0 ? (size_t)l->rows : 0, used;

	t->page = (int)rows;
	scroll(tv, t->table.n_rows, rows);
	top_draw_table(&t->table, s, y, l->head, l->rows, tv->sort, tv->scroll, t->waiting);
	y += l->head;
	if (!t->table.n_rows && rows)
		screen_put(s, 0, y, ST_NORMAL, empty_text(t));
	if (tv->selecting && tv->cursor < t->table.n_rows && tv->cursor - tv->scroll < rows)
		screen_style(s, 0, y + (int)(tv->cursor - tv->scroll), s->w, ST_SELECTED);
	used = t->table.n_rows ?: 1;
	if (used < rows)
		draw_below(t, s, y + (int)used, (int)(rows - used));
}

/* The last line: what is being typed, the answer to the last key, or the keys. */
static void draw_keys(const struct top *t, struct screen *s, int y)
{
	static const char *const keys[][2] = {
		{ "q", "quit" },      { "?", "help" },	    { "1-4", "view" },
		{ "/", "filter" },    { "<>", "sort" },	    { "r", "reverse" },
		{ "space", "pause" }, { "+-", "interval" }, { "Enter", "callers of it" },
		{ "Esc", "back" },
	};
	int x = 0;

	if (t->mode == TOP_TYPE_FILTER || t->mode == TOP_TYPE_INTERVAL) {
		x = screen_put(s, 0, y, ST_KEY,
			       t->mode == TOP_TYPE_FILTER ? "filter: " : "seconds: ");
		x = screen_put(s, x, y, ST_NORMAL, t->input);
		screen_style(s, x, y, 1, ST_SELECTED); /* the cursor */
		screen_put(s, x + 2, y, ST_DIM,
			   t->mode == TOP_TYPE_FILTER ? "!text: rows without it" : "");
		return;
	}
	if (t->note[0]) {
		screen_put(s, 0, y, ST_NOTE, t->note);
		return;
	}
	for (size_t i = 0; i < ARRAY_SIZE(keys); i++) {
		int w = (int)(strlen(keys[i][0]) + 1 + strlen(keys[i][1]));

		if (x + w > s->w)
			break;
		x = screen_put(s, x, y, ST_KEY, keys[i][0]);
		x = screen_put(s, x + 1, y, ST_LABEL, keys[i][1]);
		x += 2;
	}
}

int top_height(const struct top *t)
{
	struct layout l = lay_out(t, 0);

	return l.title + l.graph + l.tabs + l.warnings + l.head + l.rows;
}

void top_draw(struct top *t, struct screen *s)
{
	struct layout l = lay_out(t, s->h);
	char lines[WARNINGS][512];
	int y = 0;

	screen_clear(s);
	if (t->mode == TOP_READ_HELP) {
		top_draw_help(t, s);
		return;
	}
	if (l.title)
		top_draw_title(t, s);
	y += l.title;
	top_draw_figures(t, s, y, l.graph);
	y += l.graph;
	if (l.tabs)
		top_draw_tabs(t, s, y);
	y += l.tabs;
	warnings(t, lines);
	for (int i = 0; i < l.warnings; i++)
		screen_field(s, 0, y++, s->w, false, ST_ALERT, lines[i]);
	draw_rows(t, s, y, &l);
	if (l.keys)
		draw_keys(t, s, s->h - 1);
}
