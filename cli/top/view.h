/* SPDX-License-Identifier: GPL-2.0-or-later */
/* The views of iomaptop: each is a set of columns and a function that makes rows from the model. */
#ifndef IOMAP_CLI_TOP_VIEW_H
#define IOMAP_CLI_TOP_VIEW_H

#include "cli/top/trend.h"
#include "cli/table.h"

/* The part of the model for a view to show. */
struct view_part {
	uint32_t mapping_id; /* of this mapping only; 0: of all */
	uint64_t row;	     /* key of the selected row in the view above it, or 0 */
};

#define VIEW_TEXT 1024 /* bytes for a sentence about what is shown */

struct view {
	const char *name;  /* for --view, in lower case */
	const char *title; /* on its tab, or above it; NULL: .say_part says it */
	const char *empty; /* sentence for a view without rows */
	/* The same if it depends on the model; NULL: .empty */
	const char *(*say_empty)(const struct trend *m, char buf[VIEW_TEXT]);
	/* Heading of the part; returns NULL if there is none. NULL: names the mapping */
	const char *(*say_part)(const struct trend *m, const struct view_part *part,
				char buf[VIEW_TEXT]);
	const struct column *cols;
	size_t n_cols;
	size_t sort; /* initial column to sort by */
	/* Shown under it if there is room: more of the selected row, or of all rows */
	const struct view *below;
	/* Shown there instead while a row is selected, with more room; NULL: none */
	const struct view *detail;
	void (*rows)(const struct trend *m, const struct view_part *part, struct table *t);
};

extern const struct view view_mappings, view_callers, view_backends, view_cpus, view_violations,
	view_ipi;
/* Views that are only shown under another one. */
extern const struct view view_rules, view_stack;

/* All views, in the order of their keys 1, 2, …; NULL-terminated. */
extern const struct view *const views[];
extern const char *const view_names[];
#define VIEWS		6
#define VIEW_CALLERS	1 /* index of the view that Enter on a mapping opens */
#define VIEW_VIOLATIONS 4

/* Index of a view in views[]; VIEWS for a view that is only shown under another. */
unsigned int view_index(const struct view *v);

/* A rate; unset while there is only one snapshot. */
struct cell view_rate(const struct trend *m, double rate);
/* The average hold in the last interval; unset if no hold ended in it. */
struct cell view_hold(const struct trend *m, const struct item *it);
/* The share of all maps in the last interval; unset if there were none. */
struct cell view_share(const struct trend *m, const struct item *it);
/* Sum of all kinds. */
struct cell view_sum(const struct kinds *k);
/* Fills in maps a second for each kind. */
void view_kind_rates(const struct trend *m, const struct item *it, struct cell *cells);

/* Columns of several views. d: .drop */
#define COLUMN(n, t, w, d, f, h)                                                               \
	{                                                                                      \
		.name = (n), .type = (t), .width = (w), .drop = (d), .flags = (f), .help = (h) \
	}
#define COLUMN_ID(d)	    COLUMN("ID", COL_ID, 3, d, 0, "number of the mapping")
#define COLUMN_KIND(d)	    COLUMN("KIND", COL_TEXT, 9, d, 0, "atomic, local or sleepable")
#define COLUMN_BACKEND(d)   COLUMN("BACKEND", COL_TEXT, 7, d, 0, "how pages are mapped")
#define COLUMN_ATOMIC(d)    COLUMN("ATOMIC/S", COL_RATE, 0, d, 0, "atomic maps a second")
#define COLUMN_LOCAL(d)	    COLUMN("LOCAL/S", COL_RATE, 0, d, 0, "local maps a second")
#define COLUMN_SLEEPABLE(d) COLUMN("SLEEP/S", COL_RATE, 0, d, 0, "sleepable maps a second")
#define COLUMN_UNMAPS(d)    COLUMN("UNMAPS/S", COL_RATE, 0, d, 0, "unmaps a second")
#define COLUMN_LIVE	    COLUMN("LIVE", COL_COUNT, 0, 0, 0, "maps held now")
#define COLUMN_MAPS	    COLUMN("MAPS", COL_COUNT, 0, 0, 0, "maps since iomapd started")
#define COLUMN_FAILED(d)    COLUMN("FAILED", COL_COUNT, 0, d, COL_ALERT, "maps that failed")
#define COLUMN_HOLD(d)	    COLUMN("HOLD", COL_NS, 0, d, 0, "average hold of the last interval")
#define COLUMN_LONGEST(d)   COLUMN("LONGEST", COL_NS, 0, d, 0, "the longest hold of all")
#define COLUMN_SHARE(d, w, f) \
	COLUMN("SHARE", COL_SHARE, w, d, f, "share of all maps in the last interval")
#define COLUMN_CALLER(w) \
	COLUMN("CALLER", COL_TEXT, w, 0, COL_FLEX, "call site of the map in the driver")

#endif
