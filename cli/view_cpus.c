// SPDX-License-Identifier: GPL-2.0-or-later
#include "cli/view.h"

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
	[ATOMIC] = { .name = "ATOMIC/S",
		     .type = COL_RATE,
		     .drop = 5,
		     .help = "atomic maps a second" },
	[LOCAL] = { .name = "LOCAL/S", .type = COL_RATE, .drop = 4, .help = "local maps a second" },
	[SLEEPABLE] = { .name = "SLEEP/S",
			.type = COL_RATE,
			.drop = 3,
			.help = "sleepable maps a second" },
	[UNMAPS] = { .name = "UNMAPS/S", .type = COL_RATE, .drop = 6, .help = "unmaps a second" },
	[MAPS] = { .name = "MAPS", .type = COL_COUNT, .help = "maps since iomapd started" },
	[FAILED] = { .name = "FAILED",
		     .type = COL_COUNT,
		     .drop = 1,
		     .flags = COL_ALERT,
		     .help = "maps that failed" },
	[SHARE] = { .name = "SHARE",
		    .type = COL_SHARE,
		    .width = 12,
		    .drop = 2,
		    .flags = COL_FLEX,
		    .help = "its part of all maps in the last interval" },
};

static void rows(const struct model *m, uint32_t mapping, struct table *t)
{
	const struct items *l = &m->now.lists[ITEM_CPU];

	(void)mapping;
	for (size_t i = 0; i < l->n; i++) {
		const struct item *it = &l->items[i];
		struct cell *c = table_row(t, it->key, 0);

		if (!c)
			return;
		c[CPU] = rec_cell(it->rec, "cpu");
		c[RATE] = view_rate(m, it->rates.all_maps);
		c[ATOMIC] = view_rate(m, it->rates.maps[KIND_ATOMIC]);
		c[LOCAL] = view_rate(m, it->rates.maps[KIND_LOCAL]);
		c[SLEEPABLE] = view_rate(m, it->rates.maps[KIND_SLEEPABLE]);
		c[UNMAPS] = view_rate(m, it->rates.all_unmaps);
		c[MAPS] = cell_num((double)kinds_sum(&it->counts.maps));
		c[FAILED] = cell_num((double)it->counts.failed);
		if (m->have_rates && m->maps_rate > 0)
			c[SHARE] = cell_num(it->rates.all_maps / m->maps_rate);
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
