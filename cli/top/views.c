// SPDX-License-Identifier: GPL-2.0-or-later
#include <math.h>

#include "cli/top/view.h"

const struct view *const views[] = {
	&view_mappings, &view_callers, &view_backends, &view_cpus, &view_violations, &view_ipi, NULL
};
const char *const view_names[] = { "mappings",	 "callers", "backends", "cpus",
				   "violations", "ipis",    NULL };

_Static_assert(ARRAY_SIZE(views) == VIEWS + 1 && ARRAY_SIZE(view_names) == VIEWS + 1, "VIEWS");

unsigned int view_index(const struct view *v)
{
	unsigned int i = 0;

	while (views[i] && views[i] != v)
		i++;
	return i;
}

struct cell view_rate(const struct trend *m, double rate)
{
	return m->have_rates ? cell_num(rate) : (struct cell){};
}

struct cell view_hold(const struct trend *m, const struct item *it)
{
	return m->have_rates && !isnan(it->rates.hold_avg) ? cell_num(it->rates.hold_avg)
							   : (struct cell){};
}

struct cell view_share(const struct trend *m, const struct item *it)
{
	return m->have_rates && m->maps_rate > 0 ? cell_num(it->rates.all_maps / m->maps_rate)
						 : (struct cell){};
}

struct cell view_sum(const struct kinds *k)
{
	return cell_num((double)kinds_sum(k));
}

void view_kind_rates(const struct trend *m, const struct item *it, struct cell *cells)
{
	for (int k = 0; k < IOMAP_KIND_MAX; k++)
		cells[k] = view_rate(m, it->rates.maps[k]);
}
