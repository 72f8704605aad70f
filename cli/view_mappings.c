// SPDX-License-Identifier: GPL-2.0-or-later
#include "cli/view.h"

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
	[BAR] = { .name = "BAR", .type = COL_ID, .drop = 3, .help = "and the BAR of that device" },
	[BASE] = { .name = "BASE", .flags = COL_RIGHT, .drop = 10, .help = "bus address" },
	[SIZE] = { .name = "SIZE",
		   .type = COL_BYTES,
		   .drop = 5,
		   .help = "bytes, in powers of 1024" },
	[BACKEND] = { .name = "BACKEND", .width = 7, .drop = 8, .help = "how pages are mapped" },
	[RATE] = { .name = "MAPS/S", .type = COL_RATE, .help = "maps a second, of all kinds" },
	[ATOMIC] = { .name = "ATOMIC/S",
		     .type = COL_RATE,
		     .drop = 9,
		     .help = "atomic maps a second" },
	[LOCAL] = { .name = "LOCAL/S", .type = COL_RATE, .drop = 9, .help = "local maps a second" },
	[SLEEPABLE] = { .name = "SLEEP/S",
			.type = COL_RATE,
			.drop = 9,
			.help = "sleepable maps a second" },
	[LIVE] = { .name = "LIVE", .type = COL_COUNT, .help = "maps held now" },
	[MAPS] = { .name = "MAPS",
		   .type = COL_COUNT,
		   .help = "maps since it was created, or iomapd started" },
	[FAILED] = { .name = "FAILED",
		     .type = COL_COUNT,
		     .drop = 2,
		     .flags = COL_ALERT,
		     .help = "maps that failed" },
	[HOLD] = { .name = "HOLD",
		   .type = COL_NS,
		   .drop = 6,
		   .help = "average hold of the last interval" },
	[LONGEST] = { .name = "LONGEST",
		      .type = COL_NS,
		      .drop = 7,
		      .help = "the longest hold of all" },
	[OWNER] = { .name = "OWNER", .width = 18, .flags = COL_FLEX, .help = "who created it" },
};

static void rows(const struct model *m, uint32_t mapping, struct table *t)
{
	const struct items *l = &m->now.lists[ITEM_MAPPING];

	for (size_t i = 0; i < l->n; i++) {
		const struct item *it = &l->items[i];
		struct cell *c;

		if (mapping && it->mapping != mapping)
			continue;
		c = table_row(t, it->key, it->mapping);
		if (!c)
			return;
		t->rows[t->n_rows - 1].dim = it->freed;
		c[ID] = rec_cell(it->rec, "id");
		c[DEVICE] = rec_cell(it->rec, "device");
		c[BAR] = rec_cell(it->rec, "bar");
		c[BASE] = rec_cell(it->rec, "base");
		c[SIZE] = rec_cell(it->rec, "size");
		c[BACKEND] = rec_cell(it->rec, "backend");
		c[RATE] = view_rate(m, it->rates.all_maps);
		c[ATOMIC] = view_rate(m, it->rates.maps[KIND_ATOMIC]);
		c[LOCAL] = view_rate(m, it->rates.maps[KIND_LOCAL]);
		c[SLEEPABLE] = view_rate(m, it->rates.maps[KIND_SLEEPABLE]);
		c[LIVE] = cell_num((double)kinds_sum(&it->live));
		c[MAPS] = cell_num((double)kinds_sum(&it->counts.maps));
		c[FAILED] = cell_num((double)it->counts.failed);
		c[HOLD] = view_hold(m, it);
		c[LONGEST] = it->hold_max ? cell_num((double)it->hold_max) : (struct cell){};
		c[OWNER] = rec_symbol(t, rec_text(it->rec, "owner", NULL),
				      rec_text(it->rec, "module", NULL));
	}
}

const struct view view_mappings = {
	.name = "mappings",
	.title = "Mappings",
	.empty = "No mapping: no driver of this kernel holds one now.",
	.cols = cols,
	.n_cols = ARRAY_SIZE(cols),
	.sort = RATE,
	.below = &view_callers,
	.rows = rows,
};
