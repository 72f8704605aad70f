// SPDX-License-Identifier: GPL-2.0-or-later
#include "cli/view.h"

enum {
	RATE,
	SHARE,
	MAPS,
	FAILED,
	KIND,
	BACKEND,
	MAPPING,
	DEVICE,
	CALLER
};

static const struct column cols[] = {
	[RATE] = { .name = "MAPS/S", .type = COL_RATE, .help = "maps a second" },
	[SHARE] = { .name = "SHARE",
		    .type = COL_SHARE,
		    .drop = 3,
		    .help = "its part of all maps in the last interval" },
	[MAPS] = { .name = "MAPS", .type = COL_COUNT, .help = "maps since iomapd started" },
	[FAILED] = { .name = "FAILED",
		     .type = COL_COUNT,
		     .drop = 2,
		     .flags = COL_ALERT,
		     .help = "maps that failed" },
	[KIND] = { .name = "KIND", .width = 9, .help = "atomic, local or sleepable" },
	[BACKEND] = { .name = "BACKEND", .width = 7, .drop = 8, .help = "how pages are mapped" },
	[MAPPING] = { .name = "ID",
		      .type = COL_ID,
		      .width = 3,
		      .drop = 1,
		      .help = "number of the mapping" },
	[DEVICE] = { .name = "DEVICE",
		     .width = 12,
		     .drop = 9,
		     .help = "PCI device that the mapping lies in" },
	[CALLER] = { .name = "CALLER",
		     .width = 24,
		     .flags = COL_FLEX,
		     .help = "the place in the driver that maps" },
};

static void rows(const struct model *m, uint32_t mapping, struct table *t)
{
	const struct items *l = &m->now.lists[ITEM_CALLER];

	for (size_t i = 0; i < l->n; i++) {
		const struct item *it = &l->items[i], *of;
		struct cell *c;

		if (mapping && it->mapping != mapping)
			continue;
		c = table_row(t, it->key, it->mapping);
		if (!c)
			return;
		of = it->mapping ? sample_mapping(&m->now, it->mapping) : NULL;
		c[RATE] = view_rate(m, it->rates.all_maps);
		if (m->have_rates && m->maps_rate > 0)
			c[SHARE] = cell_num(it->rates.all_maps / m->maps_rate);
		c[MAPS] = cell_num((double)kinds_sum(&it->counts.maps));
		c[FAILED] = cell_num((double)it->counts.failed);
		c[KIND] = rec_cell(it->rec, "kind");
		c[BACKEND] = rec_cell(it->rec, "backend");
		c[MAPPING] = it->mapping ? cell_num(it->mapping) : (struct cell){};
		if (of)
			c[DEVICE] = rec_cell(of->rec, "device");
		c[CALLER] = rec_symbol(t, rec_text(it->rec, "caller", NULL),
				       rec_text(it->rec, "module", NULL));
	}
}

const struct view view_callers = {
	.name = "callers",
	.title = "Callers",
	.empty = "No caller: nothing has been mapped since iomapd started.",
	.cols = cols,
	.n_cols = ARRAY_SIZE(cols),
	.sort = RATE,
	.rows = rows,
};
