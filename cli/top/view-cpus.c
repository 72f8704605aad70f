// SPDX-License-Identifier: GPL-2.0-or-later
#include "cli/top/view.h"

enum {
	CPU,
	RATE,
	ATOMIC,
	LOCAL,
	SLEEPABLE,
	UNMAPS,
	MAPS,
	FAILED,
	SHARE
};

static const struct column cols[] = {
	[CPU] = { .name = "CPU", .type = COL_ID, .width = 3, .help = "number of the CPU" },
	[RATE] = { .name = "MAPS/S", .type = COL_RATE, .help = "maps a second, of all kinds" },
	[ATOMIC] = COLUMN_ATOMIC(5),
	[LOCAL] = COLUMN_LOCAL(4),
	[SLEEPABLE] = COLUMN_SLEEPABLE(3),
	[UNMAPS] = COLUMN_UNMAPS(6),
	[MAPS] = COLUMN_MAPS,
	[FAILED] = COLUMN_FAILED(1),
	[SHARE] = COLUMN_SHARE(2, 12, COL_FLEX),
};

static void rows(const struct trend *m, const struct view_part *part, struct table *t)
{
	const struct items *l = &m->now.lists[ITEM_CPU];

	(void)part;
	for (size_t i = 0; i < l->n; i++) {
		const struct item *it = &l->items[i];
		struct cell *c = table_row(t, it->key, 0);

		if (!c)
			return;
		c[CPU] = rec_cell(it->rec, "cpu");
		c[RATE] = view_rate(m, it->rates.all_maps);
		view_kind_rates(m, it, c + ATOMIC);
		c[UNMAPS] = view_rate(m, it->rates.all_unmaps);
		c[MAPS] = view_sum(&it->counts.maps);
		c[FAILED] = cell_num((double)it->counts.failed);
		c[SHARE] = view_share(m, it);
	}
}

const struct view view_cpus = {
	.name = "cpus",
	.title = "CPUs",
	.empty = "No CPU has mapped anything since iomapd started.",
	.cols = cols,
	.n_cols = ARRAY_SIZE(cols),
	.sort = CPU,
	.rows = rows,
};
