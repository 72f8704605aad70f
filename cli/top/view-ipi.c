// SPDX-License-Identifier: GPL-2.0-or-later
/* Interrupts between CPUs: on whose behalf, and below that from which CPU to which. */
#include <math.h>
#include <string.h>

#include "cli/cpu-list.h"
#include "cli/top/view.h"

enum {
	WHOSE,
	COST,
	RATE,
	BROADCASTS,
	WAIT,
	STOLEN,
	IPIS,
	PER_MAP,
	PENDING,
	MAP,
	UNMAP
};

static const struct column cols[] = {
	[WHOSE] = COLUMN("WHOSE", COL_TEXT, 7, 0, 0, "backend, or other: not due to io_mapping"),
	[COST] =
		COLUMN("COST", COL_TEXT, 8, 0, 0, "direct: during a map or unmap; deferred: later"),
	[RATE] = COLUMN("IPIS/S", COL_RATE, 0, 0, 0, "interrupts a second, one for each target"),
	[BROADCASTS] = COLUMN("BCASTS/S", COL_RATE, 0, 2, 0, "broadcasts a second"),
	[WAIT] = COLUMN("WAIT/S", COL_NS, 0, 1, 0, "time of the senders of broadcasts a second"),
	[STOLEN] = COLUMN("STOLEN/S", COL_NS, 0, 0, 0, "time of the targets a second"),
	[IPIS] = COLUMN("IPIS", COL_COUNT, 0, 0, 0, "interrupts since iomapd started"),
	[PER_MAP] = COLUMN("PER-1000", COL_RATE, 0, 3, 0, "interrupts for 1000 maps, since then"),
	[PENDING] = COLUMN("PENDING", COL_COUNT, 0, 4, 0, "ranges that wait to be flushed"),
	[MAP] = COLUMN("MAP", COL_NS, 0, 5, 0, "half of all maps took no longer than this"),
	[UNMAP] = COLUMN("UNMAP", COL_NS, 0, 6, 0, "half of all unmaps took no longer than this"),
};

static bool known(const json_t *rec, const char *name)
{
	return json_is_number(json_object_get(rec, name));
}

static void add_row(const struct trend *m, struct table *t, const struct item *it)
{
	const json_t *cost = it->cost, *backend = it->rec;
	struct cell *c = table_row(t, it->key, 0);

	if (!c)
		return;
	t->rows[t->n_rows - 1].dim = it->counts.ipis <= 0;
	c[WHOSE] = cell_text(it->name);
	c[COST] = cell_text(it->part);
	if (known(cost, "ipis")) {
		c[RATE] = view_rate(m, it->rates.ipis);
		c[IPIS] = cell_num(it->counts.ipis);
	}
	if (known(cost, "broadcasts"))
		c[BROADCASTS] = view_rate(m, it->rates.broadcasts);
	if (known(cost, "wait_ns"))
		c[WAIT] = view_rate(m, it->rates.wait);
	if (known(cost, "stolen_ns"))
		c[STOLEN] = view_rate(m, it->rates.stolen);
	if (!backend)
		return;
	if (known(cost, "ipis") && rec_u64(backend, "maps"))
		c[PER_MAP] = cell_num(it->counts.ipis * 1000 / (double)rec_u64(backend, "maps"));
	if (!strcmp(it->part, "deferred")) {
		c[PENDING] = rec_cell(backend, "pending");
		return;
	}
	if (rec_u64(json_object_get(backend, "map_ns"), "count"))
		c[MAP] = rec_cell(json_object_get(backend, "map_ns"), "p50");
	if (rec_u64(json_object_get(backend, "unmap_ns"), "count"))
		c[UNMAP] = rec_cell(json_object_get(backend, "unmap_ns"), "p50");
}

static void rows(const struct trend *m, const struct view_part *part, struct table *t)
{
	const struct items *l = &m->now.lists[ITEM_IPI];

	(void)part;
	for (size_t i = 0; i < l->n; i++)
		add_row(m, t, &l->items[i]);
}

static const char *say_empty(const struct trend *m, char buf[VIEW_TEXT])
{
	(void)buf;
	if (!m->now.ipi)
		return "Not counted: this iomapd is older than this program.";
	return "Not counted: iomapd was started with --without-ipi.";
}

#define PAIR_CPUS_MAX 255 /* more CPUs do not fit a line */

enum {
	FROM,
	SENT,
	OURS,
	HEAT
};

static const struct column pair_cols[] = {
	[FROM] = COLUMN("FROM", COL_ID, 4, 0, 0, "CPU that sends"),
	[SENT] = COLUMN("IPIS/S", COL_RATE, 0, 0, 0, "interrupts that it sends a second"),
	[OURS] = COLUMN("MAPS/S", COL_RATE, 0, 1, 0,
			"of these, in maps, unmaps and their deferred flushes"),
	[HEAT] = COLUMN("TO", COL_TEXT, 8, 0, COL_FLEX, "CPUs of the rows: the darker, the more"),
};

/* From no interrupt to the most that any CPU sends to any other. */
static const char shades[] = " .:-=+*#%@";

static char shade(double v, double most)
{
	size_t n = sizeof(shades) - 2;

	/* Any interrupt is visible. */
	return v > 0 ? shades[1 + (size_t)(v / most * (double)(n - 1))] : shades[0];
}

static double heat(const struct trend *m, const struct item *it)
{
	return m->have_rates ? it->rates.ipis : it->counts.ipis;
}

/* A row and a column for each CPU that occurs: offline CPUs do not. */
static void pair_rows(const struct trend *m, const struct view_part *part, struct table *t)
{
	const struct items *l = &m->now.lists[ITEM_IPI_PAIR];
	uint64_t cpus[PAIR_CPUS_MAX];
	double most = 0;
	size_t n = 0;

	(void)part;
	for (size_t i = 0; i < l->n; i++) {
		const struct item *it = &l->items[i];

		most = fmax(most, heat(m, it));
		if (!cpu_list_add(cpus, &n, PAIR_CPUS_MAX, it->sender) ||
		    !cpu_list_add(cpus, &n, PAIR_CPUS_MAX, it->target))
			return;
	}
	for (size_t row = 0; row < n; row++) {
		struct cell *c = table_row(t, cpus[row] + 1, 0);
		double sent = 0, ours = 0;
		char line[PAIR_CPUS_MAX + 1];

		if (!c)
			return;
		memset(line, ' ', sizeof(line));
		for (size_t i = 0; i < l->n; i++) {
			const struct item *it = &l->items[i];

			if (it->sender != cpus[row])
				continue;
			sent += it->rates.ipis;
			ours += it->rates.broadcasts;
			line[cpu_list_find(cpus, it->target)] = shade(heat(m, it), most);
		}
		line[n] = '\0';
		c[FROM] = cell_num((double)cpus[row]);
		c[SENT] = view_rate(m, sent);
		c[OURS] = view_rate(m, ours);
		c[HEAT] = cell_text(table_text(t, "|%s|", line));
	}
}

static const struct view view_ipi_pairs = {
	.title = "From CPU to CPU",
	.empty = "No CPU has interrupted another one, or there are too many CPUs to show.",
	.cols = pair_cols,
	.n_cols = ARRAY_SIZE(pair_cols),
	.rows = pair_rows,
};

const struct view view_ipi = {
	.name = "ipis",
	.title = "IPIs",
	.say_empty = say_empty,
	.cols = cols,
	.n_cols = ARRAY_SIZE(cols),
	.sort = RATE,
	.below = &view_ipi_pairs,
	.rows = rows,
};
