// SPDX-License-Identifier: GPL-2.0-or-later
/* Draws iomaptop: the header (header.c), warnings, the tables, the keys. */
#include <string.h>

#include "cli/fmt.h"
#include "cli/top/top.h"

#define WARNINGS 5 /* most lines of warnings */

#define BELOW_HEAD  3  /* lines of the view under the table, besides its rows */
#define BELOW_LEAST 3  /* fewest rows of it */
#define BELOW_BATCH 10 /* most rows of it in batch mode */

struct layout {
	bool title, tabs, keys, head;
	int graph;    /* rows of figures and history: 7, 4 or 1 */
	int warnings; /* rows */
	int rows;     /* of the table */
};

/* Writes "5 violations (key 5): leak 3, unmap-kind 2". Returns false if there are none. */
static bool violations_line(const struct top *t, char *line, size_t size)
{
	const struct rule_totals *r = &t->trend.rules;
	const char *sep = ":", *name;
	json_t *rule;
	size_t n;

	if (!r->violations)
		return false;
	n = (size_t)snprintf(line, size, "%llu violation%s%s", (unsigned long long)r->violations,
			     r->violations > 1 ? "s" : "",
			     t->view == VIEW_VIOLATIONS ? ""
			     : t->batch			? " (--view violations)"
							: " (key 5)");
	json_object_foreach(json_object_get(t->trend.now.violations, "rules"), name, rule) {
		if (!rec_u64(rule, "count") || n >= size)
			continue;
		n += (size_t)snprintf(line + n, size - n, "%s %s %llu", sep, name,
				      (unsigned long long)rec_u64(rule, "count"));
		sep = ",";
	}
	return true;
}

/* Writes the warnings. Returns their number. */
static int warnings(const struct top *t, char lines[WARNINGS][512])
{
	const struct accounting *b = &t->trend.accounting;
	const json_t *hooks = json_object_get(t->trend.now.status, "hooks"), *v;
	size_t i, size = sizeof(lines[0]), len = 0;
	const char *name;
	int n = 0;

	if (t->waiting) {
		snprintf(lines[n++], size, "waiting for iomapd at %s", t->socket);
		snprintf(lines[n++], size, "(%.500s)", t->away.text);
		return n;
	}
	n += violations_line(t, lines[n], size);
	if (b->lost) {
		len = (size_t)snprintf(lines[n], size,
				       "%llu events lost:", (unsigned long long)b->lost);
		json_object_foreach((json_t *)b->losses, name, v)
			if (json_integer_value(v) && len < size)
				len += (size_t)snprintf(lines[n] + len, size - len, " %s %lld",
							name, (long long)json_integer_value(v));
		n++;
	}
	if (!accounting_balances(b))
		snprintf(lines[n++], size,
			 "the accounting does not balance: %llu events seen, %llu counted or lost",
			 (unsigned long long)b->seen, (unsigned long long)(b->counted + b->lost));
	len = 0;
	json_array_foreach(hooks, i, v) {
		if (!strcmp(rec_text(v, "state", "missing"), "attached") || len >= size)
			continue;
		len += (size_t)snprintf(lines[n] + len, size - len, "%s %s",
					len ? "," : "missing hooks:", rec_text(v, "name", "?"));
	}
	if (len && len < size)
		snprintf(lines[n] + len, size - len, " ('iomapctl status' shows the effect)");
	return n + (len > 0);
}

/* Rows of the view under the table in batch mode. */
static int below_batch_rows(const struct top *t)
{
	size_t n = t->below.n_rows;

	if (!t->below_view || !n)
		return 0;
	return BELOW_HEAD + (n < BELOW_LEAST   ? BELOW_LEAST
			     : n < BELOW_BATCH ? (int)n
					       : BELOW_BATCH);
}

static struct layout lay_out(const struct top *t, int h, int n_warnings)
{
	struct layout l = {
		.title = true,
		.tabs = true,
		.keys = !t->batch,
		.head = true,
		.graph = 4,
		.warnings = n_warnings,
	};

	if (t->batch) {
		l.rows = (t->table.n_rows ? (int)t->table.n_rows : 1) + below_batch_rows(t);
		return l;
	}
	l.graph = h < 18 ? 1 : h < 36 ? 4 : 7;
	l.keys = h >= 9;
	l.tabs = h >= 6;
	l.title = h >= 5;
	l.head = h >= 3;
	if (l.warnings > h / 3)
		l.warnings = h / 3;
	l.rows = h - l.title - l.tabs - l.keys - l.head - l.graph - l.warnings;
	return l;
}

/* Scrolls as little as possible to show the cursor, with no blank row below the last row. */
static void scroll(struct top_view *tv, size_t n, size_t rows)
{
	if (tv->cursor < tv->scroll)
		tv->scroll = tv->cursor;
	if (rows && tv->cursor >= tv->scroll + rows)
		tv->scroll = tv->cursor - rows + 1;
	if (tv->scroll + rows > n)
		tv->scroll = n > rows ? n - rows : 0;
}

static const char *empty_text(const struct top *t, char buf[VIEW_TEXT])
{
	const struct view *v = views[t->view];

	if (!t->trend.have)
		return t->waiting ? "" : "Asking iomapd...";
	if (t->filter[0] && t->all_rows)
		return "No row matches: Esc shows all rows.";
	return v->say_empty ? v->say_empty(&t->trend, buf) : v->empty;
}

/* Says which part of the model the view under the table shows; NULL: all of it. */
static const char *below_part(const struct top *t, char buf[VIEW_TEXT])
{
	if (t->below_view->say_part)
		return t->below_view->say_part(&t->trend, &t->part, buf);
	if (t->part.mapping_id && t->below.rows[0].mapping_id)
		snprintf(buf, VIEW_TEXT, "of mapping %u", t->part.mapping_id);
	else if (t->table.n_rows < t->all_rows && t->below.rows[0].mapping_id)
		snprintf(buf, VIEW_TEXT, "of these mappings");
	else
		return NULL;
	return buf;
}

/* Draws the view under the table, if there is room for its least rows. */
static void draw_below(const struct top *t, struct screen *s, int y, int rows)
{
	const struct view *v = t->below_view;
	char order[64], buf[VIEW_TEXT];
	const char *part;
	int x = 0;

	if (!v || rows < BELOW_HEAD + BELOW_LEAST || !t->below.n_rows)
		return;
	if (v->title)
		x = screen_put(s, 0, y + 1, ST_NAME, v->title) + 1;
	part = below_part(t, buf);
	if (part && x < s->w) {
		screen_field(s, x, y + 1, s->w - x, false, ST_NOTE, part);
		x += (int)fmt_width(part);
	}
	top_order(t, v, s->unicode, order, sizeof(order));
	if (x + 2 + (int)fmt_width(order) <= s->w)
		screen_put(s, s->w - (int)fmt_width(order), y + 1, ST_DIM, order);
	top_draw_table(&t->below, s, y + 2, true, rows - BELOW_HEAD, top_sort_column(t, v), 0,
		       t->waiting);
}

/* Returns how many of @rows are for the details of the selected row: the same for each row. */
static size_t detail_rows(const struct top *t, size_t rows)
{
	size_t n = rows * 2 / 3;

	return t->below_view && t->below_view == views[t->view]->detail &&
			       n >= BELOW_HEAD + BELOW_LEAST
		       ? n
		       : 0;
}

static void draw_rows(struct top *t, struct screen *s, int y, const struct layout *l)
{
	struct top_view *tv = &t->shown[t->view];
	size_t all = l->rows > 0 ? (size_t)l->rows : 0, rows = all - detail_rows(t, all), used;
	char buf[VIEW_TEXT];

	t->page = (int)rows;
	scroll(tv, t->table.n_rows, rows);
	top_draw_table(&t->table, s, y, l->head, (int)rows, tv->sort, tv->scroll, t->waiting);
	y += l->head;
	if (!t->table.n_rows && rows)
		screen_field(s, 0, y, s->w, false, ST_NORMAL, empty_text(t, buf));
	if (tv->selecting && tv->cursor < t->table.n_rows && tv->cursor - tv->scroll < rows)
		screen_style(s, 0, y + (int)(tv->cursor - tv->scroll), s->w, ST_SELECTED);
	used = t->table.n_rows ?: 1;
	used = used < rows ? used : rows;
	draw_below(t, s, y + (int)used, (int)(all - used));
}

/* Draws the last line: the input, the answer to the last key, or the keys. */
static void draw_keys(const struct top *t, struct screen *s, int y)
{
	static const char *const recorded[][2] = {
		{ "q", "quit" },      { "?", "help" },	 { "left right", "step" },
		{ "[]", "far" },      { "t", "time" },	 { "nN", "violation" },
		{ "space", "pause" }, { "+-", "speed" }, { "1-6", "view" },
		{ "/", "filter" },
	};
	static const char *const live[][2] = {
		{ "q", "quit" },      { "?", "help" },	    { "1-6", "view" },
		{ "/", "filter" },    { "<>", "sort" },	    { "r", "reverse" },
		{ "space", "pause" }, { "+-", "interval" }, { "Enter", "callers of it" },
		{ "Esc", "back" },
	};
	const char *const(*keys)[2] = t->player ? recorded : live;
	size_t n = t->player ? ARRAY_SIZE(recorded) : ARRAY_SIZE(live);
	int x = 0;

	if (t->mode == TOP_TYPE_FILTER || t->mode == TOP_TYPE_INTERVAL ||
	    t->mode == TOP_TYPE_TIME) {
		x = screen_put(s, 0, y, ST_KEY,
			       t->mode == TOP_TYPE_FILTER ? "filter: "
			       : t->mode == TOP_TYPE_TIME ? "time: "
							  : "seconds: ");
		x = screen_put(s, x, y, ST_NORMAL, t->input);
		screen_style(s, x, y, 1, ST_SELECTED); /* the cursor */
		screen_put(s, x + 2, y, ST_DIM,
			   t->mode == TOP_TYPE_FILTER ? "!text: rows without it"
			   : t->mode == TOP_TYPE_TIME ? "12:30:05, +90s, -10s"
						      : "");
		return;
	}
	if (t->note[0]) {
		screen_put(s, 0, y, ST_NOTE, t->note);
		return;
	}
	for (size_t i = 0; i < n; i++) {
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
	char lines[WARNINGS][512];
	struct layout l = lay_out(t, 0, warnings(t, lines));

	return l.title + l.graph + l.tabs + l.warnings + l.head + l.rows;
}

void top_draw(struct top *t, struct screen *s)
{
	char lines[WARNINGS][512];
	struct layout l = lay_out(t, s->h, warnings(t, lines));
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
	for (int i = 0; i < l.warnings; i++)
		screen_field(s, 0, y++, s->w, false, ST_ALERT, lines[i]);
	draw_rows(t, s, y, &l);
	if (l.keys)
		draw_keys(t, s, s->h - 1);
}
