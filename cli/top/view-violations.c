// SPDX-License-Identifier: GPL-2.0-or-later
/* Violations: a row for each site. */
#include <string.h>

#include "cli/top/view.h"

enum {
	RULE,
	COUNT,
	RATE,
	MAPPING,
	KIND,
	BACKEND,
	HELD,
	AGE,
	TASK,
	CALLER
};

static const struct column cols[] = {
	[RULE] = { .name = "RULE",
		   .width = 12,
		   .flags = COL_FLEX,
		   .help = "the rule that is broken" },
	[COUNT] = { .name = "COUNT",
		    .type = COL_COUNT,
		    .flags = COL_ALERT,
		    .help = "violations from this site" },
	[RATE] = { .name = "COUNT/S", .type = COL_RATE, .drop = 2, .help = "violations a second" },
	[MAPPING] = COLUMN_ID(3),
	[KIND] = COLUMN_KIND(7),
	[BACKEND] = COLUMN_BACKEND(9),
	[HELD] = { .name = "HELD",
		   .type = COL_NS,
		   .drop = 5,
		   .help = "the longest hold of the map" },
	[AGE] = { .name = "AGE",
		  .type = COL_NS,
		  .drop = 4,
		  .help = "time since the first violation" },
	[TASK] = { .name = "TASK",
		   .drop = 8,
		   .help = "task of the first violation: name and thread id" },
	[CALLER] = COLUMN_CALLER(16),
};

static void rows(const struct trend *m, const struct view_part *part, struct table *t)
{
	const struct items *l = &m->now.lists[ITEM_VIOLATION];

	(void)part;
	for (size_t i = 0; i < l->n; i++) {
		const struct item *it = &l->items[i];
		uint64_t first = rec_u64(it->rec, "time_ns");
		struct cell *c = table_row(t, it->key, it->mapping_id);

		if (!c)
			return;
		c[RULE] = rec_cell(it->rec, "rule");
		c[COUNT] = cell_num((double)it->counts.violations);
		c[RATE] = view_rate(m, it->rates.violations);
		c[MAPPING] = rec_cell(it->rec, "mapping_id");
		c[KIND] = rec_cell(it->rec, "kind");
		c[BACKEND] = rec_cell(it->rec, "backend");
		c[HELD] = rec_cell(it->rec, "held_ns");
		if (first && m->now.time_ns >= first)
			c[AGE] = cell_num((double)(m->now.time_ns - first));
		if (rec_has(it->rec, "comm"))
			c[TASK] =
				cell_text(table_text(t, "%s[%llu]", rec_text(it->rec, "comm", "?"),
						     (unsigned long long)rec_u64(it->rec, "pid")));
		c[CALLER] = rec_symbol(t, rec_text(it->rec, "caller", NULL),
				       rec_text(it->rec, "module", NULL));
	}
}

/* Appends "; off: a, b" for the rules in that state, if there are any. */
static size_t list_rules(const struct trend *m, const char *state, char *buf, size_t n)
{
	size_t before = n;
	const char *name;
	json_t *r;

	json_object_foreach(json_object_get(m->now.violations, "rules"), name, r)
		if (!strcmp(rec_text(r, "state", "missing"), state) && n < VIEW_TEXT)
			n += (size_t)snprintf(buf + n, VIEW_TEXT - n, "%s%s%s",
					      n > before ? ", " : "; ",
					      n > before	      ? ""
					      : !strcmp(state, "off") ? "off: "
								      : "missing: ",
					      name);
	return n < VIEW_TEXT ? n : VIEW_TEXT - 1;
}

/* Says which rules are not checked: an empty list alone would look clean. */
static const char *say_empty(const struct trend *m, char buf[VIEW_TEXT])
{
	size_t n;

	if (!m->rules.known)
		return "This iomapd checks no rule: it is older than this program.";
	if (m->rules.violations)
		return "Rules were broken, but iomapd knows no site: see its log.";
	n = (size_t)snprintf(buf, VIEW_TEXT, "No violation. Rules checked: %zu of %zu",
			     m->rules.checked, m->rules.rules);
	n = list_rules(m, "missing", buf, n);
	n = list_rules(m, "off", buf, n);
	snprintf(buf + n, VIEW_TEXT - n, ".");
	return buf;
}

const struct view view_violations = {
	.name = "violations",
	.title = "Violations",
	.say_empty = say_empty,
	.cols = cols,
	.n_cols = ARRAY_SIZE(cols),
	.sort = COUNT,
	.below = &view_rules,
	.detail = &view_stack,
	.rows = rows,
};
