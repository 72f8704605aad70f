/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * iomaptop without its terminal: state, keys, drawing on a screen. The main program adds ncurses or
 * prints frames; tests use this directly.
 */
#ifndef IOMAP_CLI_TOP_TOP_H
#define IOMAP_CLI_TOP_TOP_H

#include "cli/top/player.h"
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
	TOP_TYPE_TIME,
};

/* The state of one view. */
struct top_view {
	size_t sort; /* column */
	bool reverse;
	bool selecting;	       /* a row is selected */
	uint64_t selected;     /* key of that row */
	size_t cursor, scroll; /* row of the cursor, first row on the screen */
};

struct top {
	struct trend trend;
	unsigned int view; /* index into views[] */
	struct top_view shown[VIEWS];
	uint32_t mapping_id; /* callers of this mapping only, or 0 */
	unsigned int back;   /* the view from which Enter opened them */
	char filter[TOP_INPUT_MAX];
	enum top_mode mode;
	char input[TOP_INPUT_MAX]; /* the text being typed */
	char input_before[TOP_INPUT_MAX];
	char note[96];	 /* answer to the last key, until the next one */
	double interval; /* seconds */
	time_t now;	 /* current time, for the uptime of iomapd */
	bool paused;
	bool batch;	    /* no keys: frames of text */
	bool waiting;	    /* iomapd is away */
	struct errbuf away; /* the reason */
	const char *socket;
	struct player *player; /* of the recording; NULL: live */
	size_t help_scroll;
	int page;		       /* rows of the table on the screen, as drawn last */
	struct table table;	       /* the rows of the view, sorted and filtered */
	size_t all_rows;	       /* number of rows before the filter */
	const struct view *below_view; /* the view under the table; NULL: none */
	struct view_part part;	       /* the part of the model that it shows */
	struct table below;	       /* its rows */
};

enum top_action {
	TOP_NOTHING,
	TOP_QUIT,
	TOP_PAUSE_CHANGED,
	TOP_INTERVAL_CHANGED,
	TOP_MOVED, /* the player shows another snapshot */
};

void top_init(struct top *t, const char *socket, double interval);
void top_free(struct top *t);

/* Sorts the view by the column with this name, ignoring case. -EINVAL: @err lists the columns. */
int top_sort_by(struct top *t, const char *column, struct errbuf *err);

/* Takes a snapshot. On error the last one stays. */
int top_snapshot(struct top *t, json_t *snapshot, struct errbuf *err);
/*
 * Shows the snapshot at which the player is: takes it after the one before it, for the rates. On
 * error, the last one stays.
 */
int top_show_recorded(struct top *t, struct errbuf *err);
/* Notes that iomapd is away, for the reason in @why. */
void top_lost(struct top *t, const struct errbuf *why);

/* Handles a key: a character or an enum top_key. */
enum top_action top_key(struct top *t, int key);

/* Returns the selected row, or NULL; and its mapping, or 0. */
const struct row *top_selected(const struct top *t);
uint32_t top_selected_mapping(const struct top *t);

/* Makes the rows of the view from the model. top_key() and top_snapshot() call it. */
void top_refresh(struct top *t);

/* Draws everything. */
void top_draw(struct top *t, struct screen *s);
/* Rows of a frame in batch mode. */
int top_height(const struct top *t);

/*
 * Parts of the screen (header.c): the title, the figures on @rows rows with their history, the
 * tabs.
 */
void top_draw_title(const struct top *t, struct screen *s);
void top_draw_figures(const struct top *t, struct screen *s, int y, int rows);
void top_draw_tabs(const struct top *t, struct screen *s, int y);

/* Returns the column that the rows of a view are sorted by, or SIZE_MAX. */
size_t top_sort_column(const struct top *t, const struct view *v);
/* Draws a table: its heading, sorted by column @sort, and its rows from @from on (rows.c). */
void top_draw_table(const struct table *t, struct screen *s, int y, bool head, int rows,
		    size_t sort, size_t from, bool stale);
/* Writes the order of the rows of a view, as "by MAPS/S" with an arrow, or nothing. */
const char *top_order(const struct top *t, const struct view *v, bool unicode, char *buf,
		      size_t size);

/* Draws the help of the view (help.c). */
void top_draw_help(struct top *t, struct screen *s);

#endif
