// SPDX-License-Identifier: GPL-2.0-or-later
/* iomapctl stats */
#include <inttypes.h>
#include <string.h>

#include "cli/ctl/iomapctl.h"
#include "cli/json.h"

enum {
	B_BACKEND,
	B_KIND,
	B_MAPS,
	B_UNMAPS,
	B_LIVE,
	B_FAILED,
	B_HOLDS,
	B_AVG,
	B_P50,
	B_P99,
	B_MAX
};

static const struct column backend_cols[] = {
	[B_BACKEND] = { .name = "BACKEND" },
	[B_KIND] = { .name = "KIND" },
	[B_MAPS] = { .name = "MAPS", .type = COL_COUNT, .width = 7 },
	[B_UNMAPS] = { .name = "UNMAPS", .type = COL_COUNT, .width = 7 },
	[B_LIVE] = { .name = "LIVE", .type = COL_COUNT, .width = 7 },
	[B_FAILED] = { .name = "FAILED", .type = COL_COUNT, .width = 7 },
	[B_HOLDS] = { .name = "HOLDS", .type = COL_COUNT, .width = 7 },
	[B_AVG] = { .name = "AVG", .type = COL_NS, .width = 7 },
	[B_P50] = { .name = "P50", .type = COL_NS, .width = 7 },
	[B_P99] = { .name = "P99", .type = COL_NS, .width = 7 },
	[B_MAX] = { .name = "MAX", .type = COL_NS, .width = 7 },
};

enum {
	C_MAPS,
	C_FAILED,
	C_KIND,
	C_BACKEND,
	C_MAPPING,
	C_CALLER
};

static const struct column caller_cols[] = {
	[C_MAPS] = { .name = "MAPS", .type = COL_COUNT, .width = 7 },
	[C_FAILED] = { .name = "FAILED", .type = COL_COUNT },
	[C_KIND] = { .name = "KIND", .width = 9 },
	[C_BACKEND] = { .name = "BACKEND" },
	[C_MAPPING] = { .name = "MAPPING", .type = COL_ID },
	[C_CALLER] = { .name = "CALLER", .width = 24, .flags = COL_FLEX },
};

enum {
	P_CPU,
	P_ATOMIC,
	P_LOCAL,
	P_SLEEPABLE,
	P_UNMAPS,
	P_FAILED
};

static const struct column cpu_cols[] = {
	[P_CPU] = { .name = "CPU" },
	[P_ATOMIC] = { .name = "ATOMIC", .type = COL_COUNT, .width = 7 },
	[P_LOCAL] = { .name = "LOCAL", .type = COL_COUNT, .width = 7 },
	[P_SLEEPABLE] = { .name = "SLEEPABLE", .type = COL_COUNT, .width = 7 },
	[P_UNMAPS] = { .name = "UNMAPS", .type = COL_COUNT, .width = 7 },
	[P_FAILED] = { .name = "FAILED", .type = COL_COUNT, .width = 7 },
};

/* Adds a row for each kind of map that the backend has seen, or one row if it has seen none. */
static void add_backend(struct table *t, const json_t *report, const char *name, const json_t *b)
{
	struct kinds maps = rec_kinds(b, "maps"), unmaps = rec_kinds(b, "unmaps");
	struct kinds live = rec_kinds(b, "live"), failed = rec_kinds(b, "failed");
	bool any = false;

	for (int k = 0; k < IOMAP_KIND_MAX; k++) {
		const json_t *hold = json_object_get(json_object_get(b, "hold_ns"), kind_name(k));
		bool idle = !maps.n[k] && !unmaps.n[k] && !failed.n[k];
		uint64_t holds = rec_u64(hold, "count");
		struct cell *c;

		if (idle && (any || k < IOMAP_KIND_MAX - 1))
			continue;
		c = table_row(t, 0, 0);
		if (!c)
			return;
		c[B_BACKEND] = cell_text(any ? "" : name);
		c[B_KIND] = cell_text(idle ? NULL : kind_name(k));
		any = true;
		c[B_MAPS] = cell_num((double)maps.n[k]);
		c[B_FAILED] = cell_num((double)failed.n[k]);
		if (rec_maps_only(report, k))
			continue;
		c[B_UNMAPS] = cell_num((double)unmaps.n[k]);
		c[B_LIVE] = cell_num((double)live.n[k]);
		c[B_HOLDS] = rec_cell(hold, "count");
		if (!holds)
			continue;
		if (rec_has(hold, "sum"))
			c[B_AVG] = cell_num((double)rec_u64(hold, "sum") / (double)holds);
		c[B_P50] = rec_cell(hold, "p50");
		c[B_P99] = rec_cell(hold, "p99");
		c[B_MAX] = rec_cell(hold, "max");
	}
}

static void add_caller(struct table *t, const json_t *v)
{
	struct cell *c = table_row(t, 0, 0);

	if (!c)
		return;
	c[C_MAPS] = rec_cell(v, "maps");
	c[C_FAILED] = rec_cell(v, "failed");
	c[C_KIND] = rec_cell(v, "kind");
	c[C_BACKEND] = rec_cell(v, "backend");
	c[C_MAPPING] = rec_cell(v, "mapping_id");
	c[C_CALLER] = rec_symbol(t, rec_text(v, "caller", NULL), rec_text(v, "module", NULL));
}

static void add_cpu(struct table *t, const json_t *v, const char *name)
{
	struct kinds maps = rec_kinds(v, "maps"), unmaps = rec_kinds(v, "unmaps");
	struct cell *c = table_row(t, 0, 0);

	if (!c)
		return;
	c[P_CPU] = cell_text(name);
	c[P_ATOMIC] = cell_num((double)maps.n[IOMAP_ATOMIC]);
	c[P_LOCAL] = cell_num((double)maps.n[IOMAP_LOCAL]);
	c[P_SLEEPABLE] = cell_num((double)maps.n[IOMAP_SLEEPABLE]);
	c[P_UNMAPS] = cell_num((double)kinds_sum(&unmaps));
	c[P_FAILED] = rec_cell(v, "failed");
}

static bool has_counts(const json_t *v)
{
	struct kinds maps = rec_kinds(v, "maps"), unmaps = rec_kinds(v, "unmaps");

	return kinds_sum(&maps) || kinds_sum(&unmaps) || rec_u64(v, "failed");
}

/* Prints the table under a heading, or @empty if it has no rows, and frees it. */
static void print_part(struct table *t, const char *heading, const char *empty)
{
	puts(heading);
	if (t->n_rows)
		table_print(t, stdout, ctl_width(), 2);
	else
		printf("  %s\n", empty);
	table_free(t);
}

int do_stats(void *config)
{
	const struct ctl_config *cfg = config;
	_cleanup_json_ json_t *reply = NULL;
	struct accounting b;
	struct table t;
	const char *name;
	json_t *v;
	size_t i;
	int r;

	r = ctl_call(cfg, "Stats", NULL, &reply, NULL);
	if (r)
		return r;
	if (cfg->json) {
		ctl_print_json(reply, JSON_INDENT(2));
		return EXIT_GOOD;
	}
	table_init(&t, backend_cols, ARRAY_SIZE(backend_cols));
	json_object_foreach(json_object_get(reply, "backends"), name, v)
		add_backend(&t, reply, name, v);
	print_part(&t,
		   !strcmp(rec_text(reply, "hold_timing", ""), "sampled")
			   ? "Backends, and how long a sample of the maps is held"
			   : "Backends, and how long maps are held",
		   "no backend seen yet");

	table_init(&t, caller_cols, ARRAY_SIZE(caller_cols));
	json_array_foreach(json_object_get(reply, "callers"), i, v)
		add_caller(&t, v);
	table_sort(&t, C_MAPS, false);
	print_part(&t, "\nCallers", "no map seen yet");

	table_init(&t, cpu_cols, ARRAY_SIZE(cpu_cols));
	json_array_foreach(json_object_get(reply, "cpus"), i, v)
		add_cpu(&t, v, table_text(&t, "%" PRIu64, rec_u64(v, "cpu")));
	v = json_object_get(reply, "offline_cpus");
	if (has_counts(v))
		add_cpu(&t, v, "offline");
	print_part(&t, "\nCPUs", "no map seen yet");

	b = rec_accounting(reply);
	printf("\n%" PRIu64 " events seen, %" PRIu64 " counted, %" PRIu64 " lost%s\n", b.seen,
	       b.counted, b.lost,
	       accounting_balances(&b)
		       ? ""
		       : ": the accounting does not balance, report this as a bug of iomapd");
	return EXIT_GOOD;
}
