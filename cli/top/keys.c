// SPDX-License-Identifier: GPL-2.0-or-later
/* The keys of iomaptop. */
#include <math.h>
#include <string.h>

#include "cli/top/top.h"

/* The intervals of + and -, in seconds. */
static const double steps[] = { 0.1, 0.2, 0.5, 1, 2, 5, 10, 30, 60 };

static enum top_action set_interval(struct top *t, double secs)
{
	t->interval = fmin(fmax(secs, TOP_INTERVAL_MIN), TOP_INTERVAL_MAX);
	snprintf(t->note, sizeof(t->note), "interval: %gs", t->interval);
	return TOP_INTERVAL_CHANGED;
}

static enum top_action step_interval(struct top *t, bool longer)
{
	if (longer) {
		for (size_t i = 0; i < ARRAY_SIZE(steps); i++)
			if (steps[i] > t->interval + 1e-6)
				return set_interval(t, steps[i]);
	} else {
		for (size_t i = ARRAY_SIZE(steps); i; i--)
			if (steps[i - 1] < t->interval - 1e-6)
				return set_interval(t, steps[i - 1]);
	}
	return TOP_NOTHING;
}

static void show_view(struct top *t, unsigned int view)
{
	t->view = view % VIEWS;
	top_refresh(t);
}

/* Moves the cursor by @by rows and selects that row. */
static void move(struct top *t, long by)
{
	struct top_view *tv = &t->shown[t->view];
	size_t n = t->table.n_rows;
	long to;

	if (!n)
		return;
	/* The first key only shows the cursor. */
	to = tv->selecting || by < -1 || by > 1 ? (long)tv->cursor + by : (long)tv->cursor;
	to = to < 0 ? 0 : to >= (long)n ? (long)n - 1 : to;
	tv->cursor = (size_t)to;
	tv->selecting = true;
	tv->selected = t->table.rows[tv->cursor].key;
	top_refresh(t);
}

static void sort_next(struct top *t, bool right)
{
	struct top_view *tv = &t->shown[t->view];
	size_t n = views[t->view]->n_cols;

	tv->sort = (tv->sort + (right ? 1 : n - 1)) % n;
	tv->reverse = false;
	top_refresh(t);
}

/* Enter on a mapping: shows its callers. */
static void open_row(struct top *t)
{
	uint32_t mapping = top_selected_mapping(t);

	if (!mapping)
		return;
	t->mapping_id = mapping;
	t->back = t->view;
	t->filter[0] = 0;
	show_view(t, VIEW_CALLERS);
}

/* Undoes the last restriction: the filter, the mapping, the selection. */
static void step_back(struct top *t)
{
	if (t->filter[0])
		t->filter[0] = 0;
	else if (t->mapping_id && t->view == VIEW_CALLERS) {
		t->mapping_id = 0;
		t->view = t->back;
	} else {
		t->shown[t->view] = (struct top_view){ .sort = t->shown[t->view].sort,
						       .reverse = t->shown[t->view].reverse };
	}
	top_refresh(t);
}

static void start_typing(struct top *t, enum top_mode mode)
{
	t->mode = mode;
	snprintf(t->input_before, sizeof(t->input_before), "%s",
		 mode == TOP_TYPE_FILTER ? t->filter : "");
	snprintf(t->input, sizeof(t->input), "%s", t->input_before);
}

/* The filter takes effect while it is typed. */
static void apply_filter(struct top *t, const char *text)
{
	snprintf(t->filter, sizeof(t->filter), "%s", text);
	top_refresh(t);
}

/* Moves the player to the time that was typed. */
static enum top_action jump(struct top *t)
{
	if (!player_jump(t->player, t->input))
		return TOP_MOVED;
	snprintf(t->note, sizeof(t->note),
		 "a time is 12:30:05, +90s after the start or -10s before the end, not '%.20s'",
		 t->input);
	return TOP_NOTHING;
}

static enum top_action end_typing(struct top *t)
{
	enum top_mode mode = t->mode;
	char *end;
	double v;

	t->mode = TOP_BROWSE;
	if (mode == TOP_TYPE_FILTER || !t->input[0])
		return TOP_NOTHING;
	if (mode == TOP_TYPE_TIME)
		return jump(t);
	v = strtod(t->input, &end);
	if (*end || !isfinite(v) || v < TOP_INTERVAL_MIN || v > TOP_INTERVAL_MAX) {
		snprintf(t->note, sizeof(t->note),
			 "an interval is a number of seconds from %g to %g, not '%.20s'",
			 TOP_INTERVAL_MIN, TOP_INTERVAL_MAX, t->input);
		return TOP_NOTHING;
	}
	return set_interval(t, v);
}

static enum top_action type_key(struct top *t, int key)
{
	size_t n = strlen(t->input);

	switch (key) {
	case TOP_ENTER:
		return end_typing(t);
	case TOP_ESCAPE:
		if (t->mode == TOP_TYPE_FILTER)
			apply_filter(t, t->input_before);
		t->mode = TOP_BROWSE;
		return TOP_NOTHING;
	case TOP_BACKSPACE:
		if (n)
			t->input[n - 1] = 0;
		break;
	case 'U' - '@': /* Control-U */
		t->input[0] = 0;
		break;
	default:
		if (key < ' ' || key > '~' || n + 1 >= sizeof(t->input))
			return TOP_NOTHING;
		t->input[n] = (char)key;
		t->input[n + 1] = 0;
	}
	if (t->mode == TOP_TYPE_FILTER)
		apply_filter(t, t->input);
	return TOP_NOTHING;
}

static enum top_action help_key(struct top *t, int key)
{
	switch (key) {
	case TOP_UP:
	case 'k':
		t->help_scroll -= t->help_scroll > 0;
		break;
	case TOP_DOWN:
	case 'j':
		t->help_scroll++;
		break;
	case TOP_PAGE_UP:
		t->help_scroll -= t->help_scroll > 10 ? 10 : t->help_scroll;
		break;
	case TOP_PAGE_DOWN:
	case ' ':
		t->help_scroll += 10;
		break;
	default:
		t->mode = TOP_BROWSE;
	}
	return TOP_NOTHING;
}

/* Handles the keys that move the cursor. Returns false for all others. */
static bool move_key(struct top *t, int key)
{
	long page = t->page > 1 ? t->page - 1 : 1;

	switch (key) {
	case TOP_UP:
	case 'k':
		move(t, -1);
		return true;
	case TOP_DOWN:
	case 'j':
		move(t, 1);
		return true;
	case TOP_PAGE_UP:
		move(t, page > 1 ? -page : -2);
		return true;
	case TOP_PAGE_DOWN:
		move(t, page > 1 ? page : 2);
		return true;
	case TOP_HOME:
	case 'g':
		move(t, -1000000000);
		return true;
	case TOP_END:
	case 'G':
		move(t, 1000000000);
		return true;
	default:
		return false;
	}
}

static enum top_action set_speed(struct top *t, double speed)
{
	struct player *p = t->player;

	p->speed = fmin(fmax(speed, PLAYER_SPEED_MIN), PLAYER_SPEED_MAX);
	player_seek(p, p->at);
	snprintf(t->note, sizeof(t->note), "speed: %g", p->speed);
	return TOP_NOTHING;
}

/* Handles the keys of a recording. Returns false for all others. */
static bool player_key(struct top *t, int key, enum top_action *ret)
{
	struct player *p = t->player;
	long part = (long)(p->n / 20) + 1;

	*ret = TOP_MOVED;
	switch (key) {
	case TOP_LEFT:
	case TOP_RIGHT:
		player_step(p, key == TOP_RIGHT ? 1 : -1);
		return true;
	case '[':
	case ']':
		player_step(p, key == ']' ? part : -part);
		return true;
	case 'n':
	case 'N':
		if (player_violation(p, key == 'n'))
			return true;
		snprintf(t->note, sizeof(t->note), "no violation %s this time",
			 key == 'n' ? "after" : "before");
		*ret = TOP_NOTHING;
		return true;
	case 't':
		start_typing(t, TOP_TYPE_TIME);
		*ret = TOP_NOTHING;
		return true;
	case '+':
	case '=':
	case '-':
		*ret = set_speed(t, key == '-' ? p->speed / 2 : p->speed * 2);
		return true;
	case ' ':
	case 'p':
		p->paused = !p->paused;
		/* Play begins again at the end. */
		player_seek(p, !p->paused && p->at + 1 >= p->n ? 0 : p->at);
		return true;
	case 'd':
	case 's':
		*ret = TOP_NOTHING;
		return true;
	default:
		return false;
	}
}

enum top_action top_key(struct top *t, int key)
{
	enum top_action action;

	t->note[0] = 0;
	if (t->mode == TOP_READ_HELP)
		return help_key(t, key);
	if (t->mode != TOP_BROWSE)
		return type_key(t, key);
	if (move_key(t, key))
		return TOP_NOTHING;
	if (t->player && player_key(t, key, &action))
		return action;
	if (key >= '1' && key < '1' + VIEWS) {
		show_view(t, (unsigned int)(key - '1'));
		return TOP_NOTHING;
	}
	switch (key) {
	case 'q':
	case 'Q':
		return TOP_QUIT;
	case TOP_TAB:
	case TOP_RIGHT:
		show_view(t, t->view + 1);
		return TOP_NOTHING;
	case TOP_BACK_TAB:
	case TOP_LEFT:
		show_view(t, t->view + VIEWS - 1);
		return TOP_NOTHING;
	case '<':
	case '>':
		sort_next(t, key == '>');
		return TOP_NOTHING;
	case 'r':
	case 'R':
		t->shown[t->view].reverse = !t->shown[t->view].reverse;
		top_refresh(t);
		return TOP_NOTHING;
	case '/':
		start_typing(t, TOP_TYPE_FILTER);
		return TOP_NOTHING;
	case 'd':
	case 's':
		start_typing(t, TOP_TYPE_INTERVAL);
		return TOP_NOTHING;
	case '+':
	case '=':
		return step_interval(t, true);
	case '-':
		return step_interval(t, false);
	case ' ':
	case 'p':
		t->paused = !t->paused;
		return TOP_PAUSE_CHANGED;
	case TOP_ENTER:
		open_row(t);
		return TOP_NOTHING;
	case TOP_ESCAPE:
	case TOP_BACKSPACE:
		step_back(t);
		return TOP_NOTHING;
	case '?':
	case 'h':
	case TOP_HELP:
		t->mode = TOP_READ_HELP;
		t->help_scroll = 0;
		return TOP_NOTHING;
	default:
		return TOP_NOTHING;
	}
}
