// SPDX-License-Identifier: GPL-2.0-or-later
/* Under the violations: the rules and their states. */
#include <string.h>

#include "cli/top/view.h"

enum {
	RULE,
	STATE,
	COUNT,
	REASON
};

static const struct column cols[] = {
	[RULE] = { .name = "RULE" },
	[STATE] = { .name = "STATE", .width = 7 },
	[COUNT] = { .name = "COUNT", .type = COL_COUNT, .flags = COL_ALERT },
	[REASON] = { .name = "REASON", .width = 16, .drop = 1, .flags = COL_FLEX },
};

/* The most important rows first, for small screens. */
enum rank {
	BROKEN,
	MISSING,
	OFF,
	CLEAN,
	RANKS
};

static enum rank rank_of(const json_t *rule)
{
	const char *state = rec_text(rule, "state", "missing");

	if (rec_u64(rule, "count"))
		return BROKEN;
	return !strcmp(state, "checked") ? CLEAN : !strcmp(state, "off") ? OFF : MISSING;
}

static void add_row(struct table *t, const char *name, const json_t *rule, enum rank rank)
{
	struct cell *c = table_row(t, 0, 0);

	if (!c)
		return;
	t->rows[t->n_rows - 1].dim = rank == OFF;
	c[RULE] = cell_text(name);
	c[STATE] = rec_cell(rule, "state");
	/* A rule that is not checked has no count. */
	if (rank == BROKEN || rank == CLEAN)
		c[COUNT] = rec_cell(rule, "count");
	c[REASON] = cell_text(rule_why(name, rule) ?: "");
}

static void rows(const struct trend *m, const struct view_part *part, struct table *t)
{
	json_t *rules = json_object_get(m->now.violations, "rules"), *rule;
	const char *name;

	(void)part;
	for (int rank = 0; rank < RANKS; rank++)
		json_object_foreach(rules, name, rule)
			if ((int)rank_of(rule) == rank)
				add_row(t, name, rule, rank);
}

const struct view view_rules = {
	.title = "Rules",
	.cols = cols,
	.n_cols = ARRAY_SIZE(cols),
	.rows = rows,
};
