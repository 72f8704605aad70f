// SPDX-License-Identifier: GPL-2.0-or-later
#include "cli/top/view.h"

enum {
	ID,
	DEVICE,
	BAR,
	BASE,
	SIZE,
	BACKEND,
	RATE,
	ATOMIC,
	LOCAL,
	SLEEPABLE,
	LIVE,
	MAPS,
	FAILED,
	HOLD,
	LONGEST,
	OWNER
};

static const struct column cols[] = {
	[ID] = { .name = "ID",
		 .type = COL_ID,
		 .width = 3,
		 .help = "number of the mapping, as in the tracepoints" },
	[DEVICE] = { .name = "DEVICE",
		     .width = 12,
		     .drop = 4,
		     .help = "PCI device that it lies in" },
	[BAR] = { .name = "BAR", .type = COL_ID, .drop = 3, .help = "BAR of that device" },
	[BASE] = { .name = "BASE", .flags = COL_RIGHT, .drop = 10, .help = "bus address" },
	[SIZE] = { .name = "SIZE",
		   .type = COL_BYTES,
		   .drop = 5,
		   .help = "bytes, in powers of 1024" },
	[BACKEND] = COLUMN_BACKEND(8),
	[RATE] = { .name = "MAPS/S", .type = COL_RATE, .help = "maps a second, of all kinds" },
	[ATOMIC] = COLUMN_ATOMIC(9),
	[LOCAL] = COLUMN_LOCAL(9),
	[SLEEPABLE] = COLUMN_SLEEPABLE(9),
	[LIVE] = COLUMN_LIVE,
	[MAPS] = { .name = "MAPS",
		   .type = COL_COUNT,
		   .help = "maps since it was created, or iomapd started" },
	[FAILED] = COLUMN_FAILED(2),
	[HOLD] = COLUMN_HOLD(6),
	[LONGEST] = COLUMN_LONGEST(7),
	[OWNER] = { .name = "OWNER",
		    .width = 18,
		    .flags = COL_FLEX,
		    .help = "call site of its creation in the driver" },
};

static void rows(const struct trend *m, const struct view_part *part, struct table *t)
{
	const struct items *l = &m->now.lists[ITEM_MAPPING];

	for (size_t i = 0; i < l->n; i++) {
		const struct item *it = &l->items[i];
		struct cell *c;

		if (part->mapping_id && it->mapping_id != part->mapping_id)
			continue;
		c = table_row(t, it->key, it->mapping_id);
		if (!c)
			return;
		t->rows[t->n_rows - 1].dim = it->freed;
		c[ID] = rec_cell(it->rec, "mapping_id");
		c[DEVICE] = rec_cell(it->rec, "device");
		c[BAR] = rec_cell(it->rec, "bar");
		c[BASE] = rec_cell(it->rec, "base");
		c[SIZE] = rec_cell(it->rec, "size");
		c[BACKEND] = rec_cell(it->rec, "backend");
		c[RATE] = view_rate(m, it->rates.all_maps);
		view_kind_rates(m, it, c + ATOMIC);
		c[LIVE] = view_sum(&it->live);
		c[MAPS] = view_sum(&it->counts.maps);
		c[FAILED] = cell_num((double)it->counts.failed);
		c[HOLD] = view_hold(m, it);
		c[LONGEST] = it->hold_max ? cell_num((double)it->hold_max) : (struct cell){};
		c[OWNER] = rec_symbol(t, rec_text(it->rec, "owner", NULL),
				      rec_text(it->rec, "module", NULL));
	}
}

static const char *say_empty(const struct trend *m, char buf[VIEW_TEXT])
{
	(void)buf;
	if (rec_text(json_object_get(m->now.root, "list"), "missing", NULL))
		return "No mapping since iomapd started; older ones are not known "
		       "('iomapctl list').";
	return "No mapping: no driver of this kernel holds one now.";
}

const struct view view_mappings = {
	.name = "mappings",
	.title = "Mappings",
	.say_empty = say_empty,
	.cols = cols,
	.n_cols = ARRAY_SIZE(cols),
	.sort = RATE,
	.below = &view_callers,
	.rows = rows,
};
