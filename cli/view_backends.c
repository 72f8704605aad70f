// SPDX-License-Identifier: GPL-2.0-or-later
#include "cli/view.h"

enum {
	BACKEND,
	KIND,
	RATE,
	UNMAPS,
	LIVE,
	MAPS,
	FAILED,
	HOLD,
	P50,
	P99,
	LONGEST,
	SHARE
};

static const struct column cols[] = {
	[BACKEND] = { .name = "BACKEND", .width = 7, .help = "how pages are mapped" },
	[KIND] = { .name = "KIND", .width = 9, .help = "atomic, local or sleepable" },
	[RATE] = { .name = "MAPS/S", .type = COL_RATE, .help = "maps a second" },
	[UNMAPS] = { .name = "UNMAPS/S", .type = COL_RATE, .drop = 3, .help = "unmaps a second" },
	[LIVE] = { .name = "LIVE", .type = COL_COUNT, .help = "maps held now" },
	[MAPS] = { .name = "MAPS", .type = COL_COUNT, .help = "maps since iomapd started" },
	[FAILED] = { .name = "FAILED",
		     .type = COL_COUNT,
		     .drop = 1,
		     .flags = COL_ALERT,
		     .help = "maps that failed" },
	[HOLD] = { .name = "HOLD", .type = COL_NS, .help = "average hold of the last interval" },
	[P50] = { .name = "P50",
		  .type = COL_NS,
		  .help = "half of all holds were no longer than this" },
	[P99] = { .name = "P99",
		  .type = COL_NS,
		  .help = "99 of 100 holds were no longer than this" },
	[LONGEST] = { .name = "LONGEST",
		      .type = COL_NS,
		      .drop = 2,
		      .help = "the longest hold of all" },
	[SHARE] = { .name = "SHARE",
		    .type = COL_SHARE,
		    .width = 12,
		    .drop = 4,
		    .flags = COL_FLEX,
		    .help = "its part of all maps in the last interval" },
};

static void rows(const struct model *m, uint32_t mapping, struct table *t)
{
	const struct items *l = &m->now.lists[ITEM_BACKEND];

	(void)mapping;
	for (size_t i = 0; i < l->n; i++) {
		const struct item *it = &l->items[i];
		const json_t *hold =
			json_object_get(json_object_get(it->rec, "hold_ns"), kind_name(it->kind));
		bool idle = !kinds_sum(&it->counts.maps) && !kinds_sum(&it->counts.unmaps) &&
			    !it->counts.failed;
		struct cell *c = table_row(t, it->key, 0);

		if (!c)
			return;
		t->rows[t->n_rows - 1].dim = idle;
		c[BACKEND] = cell_text(it->name);
		c[KIND] = cell_text(idle ? NULL : kind_name(it->kind));
		c[RATE] = view_rate(m, it->rates.all_maps);
		c[UNMAPS] = view_rate(m, it->rates.all_unmaps);
		c[LIVE] = cell_num((double)kinds_sum(&it->live));
		c[MAPS] = cell_num((double)kinds_sum(&it->counts.maps));
		c[FAILED] = cell_num((double)it->counts.failed);
		c[HOLD] = view_hold(m, it);
		if (it->counts.holds) {
			c[P50] = rec_cell(hold, "p50");
			c[P99] = rec_cell(hold, "p99");
			c[LONGEST] = rec_cell(hold, "max");
		}
		if (m->have_rates && m->maps_rate > 0)
			c[SHARE] = cell_num(it->rates.all_maps / m->maps_rate);
	}
}

const struct view view_backends = {
	.name = "backends",
	.title = "Backends",
	.empty = "No backend: nothing has been mapped since iomapd started.",
	.cols = cols,
	.n_cols = ARRAY_SIZE(cols),
	.sort = RATE,
	.below = &view_cpus,
	.rows = rows,
};
