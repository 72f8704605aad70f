// SPDX-License-Identifier: GPL-2.0-or-later
/* iomapctl ipi */
#include <inttypes.h>
#include <string.h>

#include "cli/cpu-list.h"
#include "cli/ctl/iomapctl.h"
#include "cli/fmt.h"
#include "cli/json.h"
#include "daemon/base/utf8.h"

/* A figure that may have a fraction. */
#define COL_AMOUNT(title)                                     \
	{                                                     \
		.name = title, .width = 7, .flags = COL_RIGHT \
	}

enum {
	B_WHOSE,
	B_COST,
	B_BROADCASTS,
	B_IPIS,
	B_CALLS,
	B_WAIT,
	B_STOLEN,
	B_PER_1000,
	B_WAIT_MAP,
	B_STOLEN_MAP
};

static const struct column cost_cols[] = {
	[B_WHOSE] = { .name = "WHOSE" },
	[B_COST] = { .name = "COST" },
	[B_BROADCASTS] = COL_AMOUNT("BROADCASTS"),
	[B_IPIS] = COL_AMOUNT("IPIS"),
	[B_CALLS] = COL_AMOUNT("CALLS"),
	[B_WAIT] = { .name = "WAIT", .type = COL_NS, .width = 7 },
	[B_STOLEN] = { .name = "STOLEN", .type = COL_NS, .width = 7 },
	[B_PER_1000] = COL_AMOUNT("IPIS/1000-MAPS"),
	[B_WAIT_MAP] = { .name = "WAIT/MAP", .type = COL_NS, .width = 7 },
	[B_STOLEN_MAP] = { .name = "STOLEN/MAP", .type = COL_NS, .width = 7 },
};

enum {
	O_BACKEND,
	O_MAPS,
	O_MAP_AVG,
	O_MAP_P50,
	O_MAP_P99,
	O_UNMAP_AVG,
	O_UNMAP_P50,
	O_UNMAP_P99,
	O_QUEUED,
	O_PENDING
};

static const struct column op_cols[] = {
	[O_BACKEND] = { .name = "BACKEND" },
	[O_MAPS] = { .name = "MAPS", .type = COL_COUNT, .width = 7 },
	[O_MAP_AVG] = { .name = "MAP-AVG", .type = COL_NS, .width = 7 },
	[O_MAP_P50] = { .name = "P50", .type = COL_NS, .width = 7 },
	[O_MAP_P99] = { .name = "P99", .type = COL_NS, .width = 7 },
	[O_UNMAP_AVG] = { .name = "UNMAP-AVG", .type = COL_NS, .width = 7 },
	[O_UNMAP_P50] = { .name = "P50", .type = COL_NS, .width = 7 },
	[O_UNMAP_P99] = { .name = "P99", .type = COL_NS, .width = 7 },
	[O_QUEUED] = { .name = "QUEUED", .type = COL_COUNT, .width = 7 },
	[O_PENDING] = { .name = "PENDING", .type = COL_COUNT, .width = 7 },
};

enum {
	C_DIRECT,
	C_DEFERRED,
	C_WAIT,
	C_STOLEN,
	C_QUEUED,
	C_KIND,
	C_BACKEND,
	C_MAPPING,
	C_CALLER
};

static const struct column caller_cols[] = {
	[C_DIRECT] = COL_AMOUNT("DIRECT"),
	[C_DEFERRED] = COL_AMOUNT("DEFERRED"),
	[C_WAIT] = { .name = "WAIT", .type = COL_NS, .width = 7 },
	[C_STOLEN] = { .name = "STOLEN", .type = COL_NS, .width = 7 },
	[C_QUEUED] = { .name = "QUEUED", .type = COL_COUNT, .width = 7 },
	[C_KIND] = { .name = "KIND", .width = 9 },
	[C_BACKEND] = { .name = "BACKEND" },
	[C_MAPPING] = { .name = "MAPPING", .type = COL_ID },
	[C_CALLER] = { .name = "CALLER", .width = 24, .flags = COL_FLEX },
};

/* Reads a number, whole or not. Returns false if it is null: not known. */
static bool number(const json_t *obj, const char *name, double *ret)
{
	const json_t *v = json_object_get(obj, name);

	if (!json_is_number(v))
		return false;
	*ret = json_number_value(v);
	return true;
}

static struct cell amount(struct table *t, const json_t *obj, const char *name)
{
	double v;

	if (!number(obj, name, &v))
		return (struct cell){};
	return cell_text(table_text(t, v == (double)(uint64_t)v ? "%.0f" : "%.2f", v));
}

/* The sum is known only if both terms are. */
static struct cell sum_ns(const json_t *a, const json_t *b, const char *name)
{
	double va, vb;

	if (!number(a, name, &va) || !number(b, name, &vb))
		return (struct cell){};
	return cell_num(va + vb);
}

static struct cell *add_cost(struct table *t, const char *whose, const char *cost, const json_t *v)
{
	struct cell *c = table_row(t, 0, 0);

	if (!c)
		return NULL;
	c[B_WHOSE] = cell_text(whose);
	c[B_COST] = cell_text(cost);
	c[B_BROADCASTS] = amount(t, v, "broadcasts");
	c[B_IPIS] = amount(t, v, "ipis");
	c[B_CALLS] = amount(t, v, "calls");
	c[B_WAIT] = rec_cell(v, "wait_ns");
	c[B_STOLEN] = rec_cell(v, "stolen_ns");
	return c;
}

/* The same for a backend, with the cost for each map. */
static void add_backend_cost(struct table *t, const char *whose, const char *cost,
			     const json_t *backend)
{
	const json_t *v = json_object_get(backend, cost);
	struct cell *c = add_cost(t, whose, cost, v);
	double maps = (double)rec_u64(backend, "maps"), n;

	if (!c || maps < 1)
		return;
	if (number(v, "ipis", &n))
		c[B_PER_1000] = cell_text(table_text(t, n > 0 ? "%.3g" : "%.0f", n * 1000 / maps));
	if (number(v, "wait_ns", &n))
		c[B_WAIT_MAP] = cell_num(n / maps);
	if (number(v, "stolen_ns", &n))
		c[B_STOLEN_MAP] = cell_num(n / maps);
}

static void print_costs(const json_t *reply)
{
	const json_t *backends = json_object_get(reply, "backends"), *v;
	const char *name;
	struct table t;

	table_init(&t, cost_cols, ARRAY_SIZE(cost_cols));
	json_object_foreach((json_t *)backends, name, v) {
		add_backend_cost(&t, name, "direct", v);
		add_backend_cost(&t, "", "deferred", v);
	}
	add_cost(&t, "other", NULL, json_object_get(reply, "other"));
	add_cost(&t, "all", NULL, json_object_get(reply, "total"));
	puts("Interrupts between CPUs, by cause");
	table_print(&t, stdout, ctl_width(), 2);
	table_free(&t);
}

static void add_times(struct cell *avg, const json_t *v)
{
	double n = (double)rec_u64(v, "count");

	if (n < 1)
		return;
	avg[0] = cell_num((double)rec_u64(v, "sum") / n);
	avg[1] = rec_cell(v, "p50");
	avg[2] = rec_cell(v, "p99");
}

static void print_ops(const json_t *reply)
{
	const json_t *backends = json_object_get(reply, "backends"), *v;
	const char *name;
	struct cell *c;
	struct table t;

	table_init(&t, op_cols, ARRAY_SIZE(op_cols));
	json_object_foreach((json_t *)backends, name, v) {
		c = table_row(&t, 0, 0);
		if (!c)
			break;
		c[O_BACKEND] = cell_text(name);
		c[O_MAPS] = rec_cell(v, "maps");
		add_times(&c[O_MAP_AVG], json_object_get(v, "map_ns"));
		add_times(&c[O_UNMAP_AVG], json_object_get(v, "unmap_ns"));
		c[O_QUEUED] = rec_cell(v, "queued");
		c[O_PENDING] = rec_cell(v, "pending");
	}
	puts("\nTime of maps and unmaps, and ranges that wait for a flush");
	if (t.n_rows)
		table_print(&t, stdout, ctl_width(), 2);
	else
		puts("  no backend seen yet");
	table_free(&t);
}

static void print_callers(const json_t *reply)
{
	const json_t *callers = json_object_get(reply, "callers"), *v;
	struct table t;
	struct cell *c;
	size_t i;

	table_init(&t, caller_cols, ARRAY_SIZE(caller_cols));
	json_array_foreach(callers, i, v) {
		const json_t *direct = json_object_get(v, "direct");
		const json_t *deferred = json_object_get(v, "deferred");

		c = table_row(&t, 0, 0);
		if (!c)
			break;
		c[C_DIRECT] = amount(&t, direct, "ipis");
		c[C_DEFERRED] = amount(&t, deferred, "ipis");
		c[C_WAIT] = sum_ns(direct, deferred, "wait_ns");
		c[C_STOLEN] = sum_ns(direct, deferred, "stolen_ns");
		c[C_QUEUED] = rec_cell(v, "queued");
		c[C_KIND] = rec_cell(v, "kind");
		c[C_BACKEND] = rec_cell(v, "backend");
		c[C_MAPPING] = rec_cell(v, "mapping_id");
		c[C_CALLER] =
			rec_symbol(&t, rec_text(v, "caller", NULL), rec_text(v, "module", NULL));
	}
	puts("\nInterrupts by caller");
	if (t.n_rows)
		table_print(&t, stdout, ctl_width(), 2);
	else
		puts("  no map or unmap has caused any");
	table_free(&t);
}

/* Widest table of pairs; for more CPUs there is --json. */
#define PAIRS_MAX (TABLE_MAX_COLS - 1)

/* The sum of the interrupts of a pair of CPUs. */
static uint64_t pair_sum(const json_t *v)
{
	return rec_u64(v, "direct") + rec_u64(v, "flushes") + rec_u64(v, "other");
}

/* The CPUs that occur, a row and a column each: numbers of offline CPUs are left out. */
static void print_pairs(const json_t *reply)
{
	const json_t *pairs = json_object_get(reply, "cpus"), *v;
	uint64_t cpus[PAIRS_MAX], offline = pair_sum(json_object_get(reply, "offline_cpus"));
	static char names[PAIRS_MAX][24];
	struct column cols[TABLE_MAX_COLS] = { { .name = "FROM\\TO", .type = COL_ID } };
	struct table t;
	bool room = true;
	size_t i, n = 0;

	json_array_foreach(pairs, i, v)
		room = room && cpu_list_add(cpus, &n, PAIRS_MAX, rec_u64(v, "sender")) &&
		       cpu_list_add(cpus, &n, PAIRS_MAX, rec_u64(v, "target"));
	puts("\nInterrupts from CPU to CPU");
	if (!n || !room) {
		puts(n ? "  too many CPUs for a table: see --json" : "  none, or not known");
		return;
	}
	for (i = 0; i < n; i++) {
		snprintf(names[i], sizeof(names[i]), "%" PRIu64, cpus[i]);
		cols[i + 1] = (struct column){ .name = names[i], .type = COL_COUNT, .width = 5 };
	}
	table_init(&t, cols, n + 1);
	for (i = 0; i < n; i++) {
		struct cell *c = table_row(&t, i, 0);

		if (!c)
			break;
		c[0] = cell_num((double)cpus[i]);
		for (size_t k = 0; k < n; k++)
			c[k + 1] = cell_num(0);
	}
	json_array_foreach(pairs, i, v) {
		struct cell *c = table_cells(&t, cpu_list_find(cpus, rec_u64(v, "sender")));

		if (!t.error)
			c[cpu_list_find(cpus, rec_u64(v, "target")) + 1].num = (double)pair_sum(v);
	}
	table_print(&t, stdout, ctl_width(), 2);
	table_free(&t);
	if (offline)
		printf("  %" PRIu64 " more from or to CPUs that are offline now\n", offline);
}

/* Tells whether the figures are complete; decides the exit status. */
static bool is_whole(const json_t *reply)
{
	const json_t *lost = json_object_get(json_object_get(reply, "accounting"), "lost");
	bool whole = json_is_true(json_object_get(reply, "enabled")) &&
		     !json_object_size(json_object_get(reply, "missing"));
	const char *name;
	json_t *v;

	json_object_foreach((json_t *)lost, name, v)
		whole &= !json_integer_value(v);
	return whole;
}

static void print_missing(const json_t *reply)
{
	const json_t *missing = json_object_get(reply, "missing"), *v;
	const json_t *lost = json_object_get(json_object_get(reply, "accounting"), "lost");
	const char *name;

	if (!is_whole(reply))
		putchar('\n');
	if (!json_is_true(json_object_get(reply, "enabled"))) {
		puts("Not measured: iomapd was started with --without-ipi");
		return;
	}
	json_object_foreach((json_t *)missing, name, v)
		utf8_line(stdout, "%s is missing: %s", name, json_string_value(v) ?: "?");
	json_object_foreach((json_t *)lost, name, v)
		if (json_integer_value(v))
			utf8_line(stdout, "lost, %s: %" PRIu64, name, rec_u64(lost, name));
}

int do_ipi(void *config)
{
	const struct ctl_config *cfg = config;
	_cleanup_json_ json_t *reply = NULL;
	int r;

	r = ctl_call(cfg, "Ipi", NULL, &reply, NULL);
	if (r)
		return r;
	if (cfg->json) {
		ctl_print_json(reply, JSON_INDENT(2));
	} else {
		print_costs(reply);
		print_ops(reply);
		print_callers(reply);
		print_pairs(reply);
		print_missing(reply);
	}
	return is_whole(reply) ? EXIT_GOOD : EXIT_INCONCLUSIVE;
}
