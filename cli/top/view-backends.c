// SPDX-License-Identifier: GPL-2.0-or-later
#include "cli/top/view.h"

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
	[BACKEND] = COLUMN_BACKEND(0),
	[KIND] = COLUMN_KIND(0),
	[RATE] = { .name = "MAPS/S", .type = COL_RATE, .help = "maps a second" },
	[UNMAPS] = COLUMN_UNMAPS(3),
	[LIVE] = COLUMN_LIVE,
	[MAPS] = COLUMN_MAPS,
	[FAILED] = COLUMN_FAILED(1),
	[HOLD] = COLUMN_HOLD(0),
	[P50] = { .name = "P50",
		  .type = COL_NS,
		  .help = "half of all holds were no longer than this" },
	[P99] = { .name = "P99",
		  .type = COL_NS,
		  .help = "99 of 100 holds were no longer than this" },
	[LONGEST] = COLUMN_LONGEST(2),
	[SHARE] = COLUMN_SHARE(4, 12, COL_FLEX),
};

static void rows(const struct trend *m, const struct view_part *part, struct table *t)
{
	const struct items *l = &m->now.lists[ITEM_BACKEND];

	(void)part;
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
		c[MAPS] = view_sum(&it->counts.maps);
		c[FAILED] = cell_num((double)it->counts.failed);
		c[SHARE] = view_share(m, it);
		if (rec_maps_only(json_object_get(m->now.root, "stats"), it->kind))
			continue;
		c[UNMAPS] = view_rate(m, it->rates.all_unmaps);
		c[LIVE] = view_sum(&it->live);
		c[HOLD] = view_hold(m, it);
		if (it->counts.holds) {
			c[P50] = rec_cell(hold, "p50");
			c[P99] = rec_cell(hold, "p99");
			c[LONGEST] = rec_cell(hold, "max");
		}
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
