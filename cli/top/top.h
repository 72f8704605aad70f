/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * iomaptop without its terminal: what is shown, what keys do, and how it is drawn on a screen. The
 * main program adds ncurses or prints frames; tests drive this directly.
 */
#ifndef IOMAP_CLI_TOP_TOP_H
#define IOMAP_CLI_TOP_TOP_H

#include "cli/top/trend.h"
#include "cli/top/screen.h"
#include "cli/top/view.h"

#define TOP_INTERVAL_MIN 0.1 /* seconds */
#define TOP_INTERVAL_MAX 3600.0
#define TOP_INPUT_MAX	 64

/* Keys that are not characters. */
enum top_key {
	TOP_UP = 0x200,
	TOP_DOWN,
	TOP_LEFT,
	TOP_RIGHT,
	TOP_PAGE_UP,
	TOP_PAGE_DOWN,
	TOP_HOME,
	TOP_END,
	TOP_ENTER,
	TOP_ESCAPE,
	TOP_BACKSPACE,
	TOP_TAB,
	TOP_BACK_TAB,
	TOP_HELP,
};

enum top_mode {
	TOP_BROWSE,
	TOP_READ_HELP,
	TOP_TYPE_FILTER,
	TOP_TYPE_INTERVAL,
};

/* How one view is shown. */
struct top_view {
	size_t sort; /* column */
	bool reverse;
	bool selecting;	       /* a row is selected */
	uint64_t selected;     /* its key */
	size_t cursor, scroll; /* row the cursor is on, first row shown */
};

struct top {
	struct trend trend;
	unsigned int view; /* index into views[] */
	struct top_view shown[VIEWS];
	uint32_t mapping_id; /* callers of this mapping only, or 0 */
	unsigned int back;   /* the view that they were opened from */
	char filter[TOP_INPUT_MAX];
	enum top_mode mode;
	char input[TOP_INPUT_MAX]; /* being typed */
	char input_before[TOP_INPUT_MAX];
	char note[96];	 /* answer to the last key, until the next one */
	double interval; /* seconds */
	time_t now;	 /* the time of day, for how long iomapd has been up */
	bool paused;
	bool batch;	    /* no keys: frames of text */
	bool waiting;	    /* iomapd is away */
	struct errbuf away; /* and why */
	const char *socket;
	size_t help_scroll;
	int page;		       /* rows of the table on the screen, as last drawn */
	struct table table;	       /* rows of the view, sorted and filtered */
	size_t all_rows;	       /* before the filter */
	const struct view *below_view; /* what is shown under it; NULL: nothing */
	struct view_part part;	       /* of what */
	struct table below;	       /* its rows, of the mappings that are shown */
};

enum top_action {
	TOP_NOTHING,
	TOP_QUIT,
	TOP_PAUSE_CHANGED,
	TOP_INTERVAL_CHANGED,
};

void top_init(struct top *t, const char *socket, double interval);
void top_free(struct top *t);

/*
 * Chooses the column to sort the view by, by its name in any letter case; -EINVAL names the columns
 * in @err.
 */
int top_sort_by(struct top *t, const char *column, struct errbuf *err);

/* A snapshot came. On error the screen keeps the last one. */
int top_snapshot(struct top *t, json_t *snapshot, struct errbuf *err);
/* iomapd is away, for the reason in @why. */
void top_lost(struct top *t, const struct errbuf *why);

/* A key was pressed: a character or an enum top_key. */
enum top_action top_key(struct top *t, int key);

/* The row that is selected, or NULL; and its mapping, or 0. */
const struct row *top_selected(const struct top *t);
uint32_t top_selected_mapping(const struct top *t);

/* Makes the rows of the view anew; top_key() and top_snapshot() do so themselves. */
void top_refresh(struct top *t);

/* Draws everything. */
void top_draw(struct top *t, struct screen *s);
/* Rows that a frame of batch mode needs. */
int top_height(const struct top *t);

/*
 * Parts of the picture (top_header.c): the title, the figures on @rows rows with their history, the
 * tabs.
 */
void top_draw_title(const struct top *t, struct screen *s);
void top_draw_figures(const struct top *t, struct screen *s, int y, int rows);
void top_draw_tabs(const struct top *t, struct screen *s, int y);

/* The column that the rows of a view are sorted by; SIZE_MAX: they are not. */
size_t top_sort_column(const struct top *t, const struct view *v);
/* Draws a table's heading, sorted by column @sort, and its rows from @from on (top_table.c). */
void top_draw_table(const struct table *t, struct screen *s, int y, bool head, int rows,
		    size_t sort, size_t from, bool stale);
/* The order of a view's rows, as "by MAPS/S" with an arrow, or nothing; at most @size bytes. */
const char *top_order(const struct top *t, const struct view *v, bool unicode, char *buf,
		      size_t size);

/* Draws the help of the view (top_help.c). */
void top_draw_help(struct top *t, struct screen *s);

#endif
