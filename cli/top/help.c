// SPDX-License-Identifier: GPL-2.0-or-later
/* The help screen of iomaptop: the keys, and the columns of the view. */
#include <string.h>

#include "cli/top/top.h"

/* The keys of a recording, in addition. */
static const char *const player_keys[][2] = {
	{ "left, right", "the snapshot before or after" },
	{ "[ ]", "a twentieth of the recording back or on" },
	{ "t", "go to a time: 12:30:05, +90s after the start, -10s before the end" },
	{ "n N", "the next violation, the one before" },
	{ "space", "pause, play" },
	{ "+ -", "faster, slower" },
};

static const char *const keys[][2] = {
	{ "1 - 6, Tab", "choose a view" },
	{ "< >", "sort by the column at the left or the right" },
	{ "r", "reverse the order" },
	{ "/", "only rows with a text; !text: rows without it" },
	{ "arrows, PgUp, PgDn, Home, End", "select a row" },
	{ "Enter", "show the callers of the selected mapping" },
	{ "Esc", "drop the filter, the mapping, the selection" },
	{ "space", "pause, continue" },
	{ "+ - d", "longer interval, shorter interval, type one" },
	{ "q", "quit" },
};

/* Draws one line of the help text if it is on the screen. */
static void line(struct screen *s, int y, int last, const char *left, int left_w, const char *right,
		 enum style style)
{
	if (y < 0 || y > last)
		return;
	screen_field(s, 1, y, *right ? left_w : s->w - 1, false, style, left);
	screen_put(s, left_w + 2, y, ST_NORMAL, right);
}

void top_draw_help(struct top *t, struct screen *s)
{
	const struct view *v = views[t->view];
	size_t more = t->player ? ARRAY_SIZE(player_keys) : 0;
	int total = (int)(ARRAY_SIZE(keys) + more + v->n_cols) + 5, last = s->h - 2, y;
	int left_w = s->w >= 72 ? 30 : 14;

	if (s->h < 2)
		last = 0;
	if ((int)t->help_scroll > total - last - 1)
		t->help_scroll = total > last + 1 ? (size_t)(total - last - 1) : 0;
	y = -(int)t->help_scroll;
	line(s, y++, last, "Keys", left_w, "", ST_NAME);
	for (size_t i = 0; i < more; i++)
		line(s, y++, last, player_keys[i][0], left_w, player_keys[i][1], ST_KEY);
	for (size_t i = 0; i < ARRAY_SIZE(keys); i++)
		line(s, y++, last, keys[i][0], left_w, keys[i][1], ST_KEY);
	y++;
	line(s, y++, last, "Columns", left_w, "", ST_NAME);
	for (size_t c = 0; c < v->n_cols; c++)
		line(s, y++, last, v->cols[c].name, left_w, v->cols[c].help, ST_KEY);
	y++;
	line(s, y++, last, "Rates are of the last interval; - means not known.", left_w, "",
	     ST_LABEL);
	screen_put(s, 0, s->h - 1, ST_NOTE,
		   total > last + 1 ? "up, down: scroll   any other key: back" : "any key: back");
}
