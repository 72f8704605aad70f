// SPDX-License-Identifier: GPL-2.0-or-later
#include "cli/top/view.h"

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
	[SHARE] = COLUMN_SHARE(3, 0, 0),
	[MAPS] = COLUMN_MAPS,
	[FAILED] = COLUMN_FAILED(2),
	[KIND] = COLUMN_KIND(0),
	[BACKEND] = COLUMN_BACKEND(8),
	[MAPPING] = COLUMN_ID(1),
	[DEVICE] = { .name = "DEVICE",
		     .width = 12,
		     .drop = 9,
		     .help = "PCI device that the mapping lies in" },
	[CALLER] = COLUMN_CALLER(24),
};

static void rows(const struct trend *m, const struct view_part *part, struct table *t)
{
	const struct items *l = &m->now.lists[ITEM_CALLER];

	for (size_t i = 0; i < l->n; i++) {
		const struct item *it = &l->items[i], *of;
		struct cell *c;

		if (part->mapping_id && it->mapping_id != part->mapping_id)
			continue;
		c = table_row(t, it->key, it->mapping_id);
		if (!c)
			return;
		of = it->mapping_id ? sample_mapping(&m->now, it->mapping_id) : NULL;
		c[RATE] = view_rate(m, it->rates.all_maps);
		c[SHARE] = view_share(m, it);
		c[MAPS] = view_sum(&it->counts.maps);
		c[FAILED] = cell_num((double)it->counts.failed);
		c[KIND] = rec_cell(it->rec, "kind");
		c[BACKEND] = rec_cell(it->rec, "backend");
		c[MAPPING] = it->mapping_id ? cell_num(it->mapping_id) : (struct cell){};
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
