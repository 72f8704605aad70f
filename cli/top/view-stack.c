// SPDX-License-Identifier: GPL-2.0-or-later
/* Under the violations: the sentence and the stacks of the selected site. */
#include "cli/top/view.h"

enum {
	FRAME,
	OFFENCE,
	MAP
};

static const struct column cols[] = {
	[FRAME] = { .name = "#", .type = COL_ID, .width = 2 },
	[OFFENCE] = { .name = "STACK OF THE OFFENCE", .width = 20, .flags = COL_FLEX },
	[MAP] = { .name = "STACK OF THE MAP", .width = 20, .flags = COL_FLEX },
};

/* The shorter stack ends in blanks; an unknown stack is a dash. */
static struct cell frame_cell(const json_t *frames, size_t i)
{
	if (i >= json_array_size(frames))
		return i ? cell_text("") : (struct cell){};
	return cell_text(json_string_value(json_array_get(frames, i)));
}

static void rows(const struct trend *m, const struct view_part *part, struct table *t)
{
	const struct item *it = sample_find(&m->now, ITEM_VIOLATION, part->row);
	const json_t *offence = json_object_get(it ? it->rec : NULL, "stack");
	const json_t *map = json_object_get(it ? it->rec : NULL, "map_stack");
	size_t n = json_array_size(offence), n_map = json_array_size(map);

	if (!it)
		return;
	if (!n_map)
		t->n_cols = MAP; /* no empty column */
	n = n > n_map ? n : n_map;
	for (size_t i = 0; i < (n ?: 1); i++) {
		struct cell *c = table_row(t, 0, 0);

		if (!c)
			return;
		c[FRAME] = cell_num((double)i);
		c[OFFENCE] = frame_cell(offence, i);
		if (n_map)
			c[MAP] = frame_cell(map, i);
	}
}

static const char *say_part(const struct trend *m, const struct view_part *part,
			    char buf[VIEW_TEXT])
{
	const struct item *it = sample_find(&m->now, ITEM_VIOLATION, part->row);

	if (!it)
		return NULL;
	snprintf(buf, VIEW_TEXT, "%s[%llu] on CPU %llu: %s", rec_text(it->rec, "comm", "?"),
		 (unsigned long long)rec_u64(it->rec, "pid"),
		 (unsigned long long)rec_u64(it->rec, "cpu"), rec_text(it->rec, "text", "?"));
	return buf;
}

const struct view view_stack = {
	.say_part = say_part,
	.cols = cols,
	.n_cols = ARRAY_SIZE(cols),
	.rows = rows,
};
