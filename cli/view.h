/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * The views of iomaptop: each one is a set of columns and a function that makes rows from the
 * model.
 */
#ifndef CLI_VIEW_H
#define CLI_VIEW_H

#include "cli/model.h"
#include "cli/table.h"

struct view {
	const char *name;  /* what --view takes, in lower case */
	const char *title; /* on its tab */
	const char *empty; /* the sentence shown where there are no rows */
	const struct column *cols;
	size_t n_cols;
	size_t sort; /* column to sort by at first */
	const struct view
		*below; /* shown under it where there is room: more of the row that is selected */
	/* Adds the rows; of one mapping only, if @mapping is not 0. */
	void (*rows)(const struct model *m, uint32_t mapping, struct table *t);
};

extern const struct view view_mappings, view_callers, view_backends, view_cpus;

/* All views in the order of their keys 1, 2, …; NULL-terminated. */
extern const struct view *const views[];
extern const char *const view_names[];
#define VIEWS	     4
#define VIEW_CALLERS 1 /* index of the view that Enter on a mapping opens */

/* Index of a view in views[]. */
unsigned int view_index(const struct view *v);

/* A rate, or an unset cell while there is only one snapshot. */
struct cell view_rate(const struct model *m, double rate);
/* The average hold in the last interval; unset where no hold ended in it. */
struct cell view_hold(const struct model *m, const struct item *it);

#endif
