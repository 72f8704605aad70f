// SPDX-License-Identifier: GPL-2.0-or-later
/*
 * Times the BPF programs on this CPU and prints the rows of a table. All cases run in turn, a tenth
 * of a millisecond each, many times. The results are medians and quartiles.
 */
#include <errno.h>
#include <sched.h>
#include <stdarg.h>
#include <string.h>
#include <bpf/bpf.h>
#include <bpf/btf.h>
#include <bpf/libbpf.h>
#include <jansson.h>

#include "bpf/iomap.h"
#include "tests/bench/timing.h"
#include "build/bpf/timing.skel.h" /* after the headers with its types */
#include "daemon/base/util.h"

#define LOOPS	   2000
#define ROUNDS	   1001
#define MAPPINGS   1025
#define SITE_MASK  255
#define ID	   7
#define VBASE	   0xffffc90000000000
#define OFFSET	   0x3000
#define CALLER	   0xffffffff81000100
#define NR_VARIANT IOMAP_TIMING_MAX

/* The programs as loaded for each mode of hold times. */
struct variant {
	struct timing_bpf *skel;
	uint64_t events; /* given to the programs */
};

struct harness {
	struct variant variant[NR_VARIANT];
	struct bpf_link *link; /* of the empty program, while it is attached */
	bool has_event;
	int cpus;
};

enum {
	LOOP,
	CALLS,
	CALL,
	INCREMENTS,
	CLOCKS,
	CLOCKS_INCREMENTS,
	HASH,
	PAIR_COUNTS,
	PAIR_ALL,
	PAIR_SAMPLED,
	PAIR_SLEEPABLE,
	SWITCH,
	SEND,
	RECEIVED,
	FUNCTION,
	EVENT,
	EVENT_SEEN,
	NR_CASE
};

#define PROG(name) offsetof(struct timing_bpf, progs.timing_##name)

struct subject {
	size_t prog;
	enum iomap_timing timing;
	enum iomap_kind kind;
	int pairs;	   /* of map and unmap in a loop */
	uint64_t other[4]; /* arguments of other programs */
};

static const struct subject subjects[NR_CASE] = {
	[LOOP] = { PROG(loop), IOMAP_TIMING_ALL, 0, 0, {} },
	[CALLS] = { PROG(calls), IOMAP_TIMING_ALL, 0, 0, {} },
	[CALL] = { PROG(call), IOMAP_TIMING_ALL, 0, 0, {} },
	[INCREMENTS] = { PROG(increments), IOMAP_TIMING_ALL, 0, 0, {} },
	[CLOCKS] = { PROG(clocks), IOMAP_TIMING_ALL, 0, 0, {} },
	[CLOCKS_INCREMENTS] = { PROG(clocks_increments), IOMAP_TIMING_ALL, 0, 0, {} },
	[HASH] = { PROG(hash), IOMAP_TIMING_ALL, 0, 0, {} },
	[PAIR_COUNTS] = { PROG(pair), IOMAP_TIMING_OFF, IOMAP_ATOMIC, 1, {} },
	[PAIR_ALL] = { PROG(pair), IOMAP_TIMING_ALL, IOMAP_ATOMIC, 1, {} },
	[PAIR_SAMPLED] = { PROG(pair), IOMAP_TIMING_SAMPLED, IOMAP_ATOMIC, 1, {} },
	[PAIR_SLEEPABLE] = { PROG(pair), IOMAP_TIMING_ALL, IOMAP_SLEEPABLE, 1, {} },
	/* both tasks hold no map */
	[SWITCH] = { PROG(switch), IOMAP_TIMING_ALL, 0, 0, { 0, 0x1000, 0x2000, 1 } },
	/* to CPU 0, without a function call */
	[SEND] = { PROG(send), IOMAP_TIMING_ALL, 0, 0, { 0, 0, 0 } },
	[RECEIVED] = { PROG(received), IOMAP_TIMING_ALL, 0, 0, { 0xfd } },
	[FUNCTION] = { PROG(function), IOMAP_TIMING_ALL, 0, 0, { 1, 0x1000 } },
	[EVENT] = { PROG(event), IOMAP_TIMING_ALL, 0, 0, {} },
	[EVENT_SEEN] = { PROG(event), IOMAP_TIMING_ALL, 0, 0, {} },
};

/*
 * A row: the time of a case minus that of another, in ns and as a multiple of the same of two other
 * cases. Call and return of the programs are subtracted: they have a row of their own.
 */
struct row {
	const char *name;
	const char *text;
	int of, less;
	int base, base_less;
	const char *base_name; /* NULL: no multiple */
	double target;	       /* of the multiple; 0: none */
	double target_ns;      /* 0: none */
};

#define MULTIPLE_OF(base, base_less, name, target) base, base_less, name, target, 0
#define AT_MOST_NS(ns)				   0, 0, NULL, 0, ns
#define NO_TARGET				   0, 0, NULL, 0, 0

static const struct row rows[] = {
	{ "increments", "two bare increments of a per-CPU array", INCREMENTS, LOOP, NO_TARGET },
	{ "clocks", "two readings of the clock", CLOCKS, LOOP, NO_TARGET },
	{ "clocks_increments", "two readings of the clock and two bare increments",
	  CLOCKS_INCREMENTS, LOOP, NO_TARGET },
	{ "hash", "bare insert, look-up and delete in a hash", HASH, LOOP, NO_TARGET },
	{ "calls", "call of two programs that do nothing, and return", CALLS, LOOP, NO_TARGET },
	{ "entry", "the kernel's way from a raw tracepoint to a program and back", EVENT_SEEN,
	  EVENT, NO_TARGET },
	{ "pair_counts", "atomic pair: exact counts by mapping, kind and call site", PAIR_COUNTS,
	  CALLS, MULTIPLE_OF(INCREMENTS, LOOP, "increments", 5) },
	{ "pair_sampled", "atomic pair: the same, and a sample of hold times", PAIR_SAMPLED, CALLS,
	  MULTIPLE_OF(PAIR_COUNTS, CALLS, "pair_counts", 2) },
	{ "pair_all", "atomic pair: the same, and every hold time", PAIR_ALL, CALLS,
	  MULTIPLE_OF(CLOCKS_INCREMENTS, LOOP, "clocks_increments", 1.2) },
	{ "sleepable_all", "sleepable pair: the same", PAIR_SLEEPABLE, CALLS,
	  MULTIPLE_OF(HASH, LOOP, "hash", 1.5) },
	{ "switch", "switch of tasks that hold no map", SWITCH, CALL, AT_MOST_NS(10) },
	{ "send", "interrupt sent, no map held", SEND, CALL, AT_MOST_NS(10) },
	{ "received", "interrupt received", RECEIVED, CALL, AT_MOST_NS(10) },
	{ "function", "function run for another CPU: its begin and end", FUNCTION, CALLS,
	  AT_MOST_NS(10) },
};

static double ns[NR_CASE][ROUNDS]; /* of a loop */

static __attribute__((format(printf, 1, 2))) int die(const char *fmt, ...)
{
	va_list args;

	fprintf(stderr, "tests/bench/timing: ");
	va_start(args, fmt);
	vfprintf(stderr, fmt, args);
	va_end(args);
	fputc('\n', stderr);
	exit(1);
}

static bool kernel_has_event(void)
{
	struct btf *btf = btf__load_vmlinux_btf();
	int id = btf__find_by_name_kind(btf, "bpf_modify_return_test_tp", BTF_KIND_FUNC);

	btf__free(btf);
	return id > 0;
}

static struct bpf_program *program(const struct variant *v, size_t offset)
{
	return *(struct bpf_program **)((char *)v->skel + offset);
}

/* Gives the maps the collector's default sizes. */
static int size_maps(struct timing_bpf *s, int cpus)
{
	return bpf_map__set_max_entries(s->maps.mappings, MAPPINGS) ||
	       bpf_map__set_max_entries(s->maps.counters, MAPPINGS) ||
	       bpf_map__set_max_entries(s->maps.callers, SITE_MASK + 1) ||
	       bpf_map__set_max_entries(s->maps.ipi_matrix, IOMAP_LEVEL_MAX * cpus) ||
	       bpf_map__set_max_entries(s->maps.ipi_stolen, cpus) ||
	       bpf_map__set_max_entries(s->maps.ipi_joins, 16 * cpus) ||
	       bpf_map__set_max_entries(s->maps.ipi_purges, IOMAP_PURGES) ||
	       bpf_map__set_max_entries(s->maps.ipi_callers, IOMAP_IPI_CALLERS);
}

/* Makes a live mapping and the address of the fake preempt count. */
static void set_up(struct harness *h, struct variant *v)
{
	struct iomap_mapping m = {
		.size = 1 << 20, .vbase = VBASE, .created_ns = 1, .gen = 1, .state = IOMAP_LIVE
	};
	struct iomap_ipi_state *st = calloc(h->cpus, sizeof(*st));
	LIBBPF_OPTS(bpf_test_run_opts, opts);
	uint32_t zero = 0, id = ID;

	if (!st)
		die("no memory");
	if (bpf_prog_test_run_opts(bpf_program__fd(v->skel->progs.timing_setup), &opts))
		die("the set-up does not run: %s", strerror(errno));
	for (int i = 0; i < h->cpus; i++)
		st[i].preempt_count = v->skel->bss->level_addr;
	if (bpf_map_update_elem(bpf_map__fd(v->skel->maps.ipi_state), &zero, st, 0) ||
	    bpf_map_update_elem(bpf_map__fd(v->skel->maps.mappings), &id, &m, 0))
		die("a map cannot be written: %s", strerror(errno));
	free(st);
	v->skel->bss->shared.purging.epoch = 1;
	v->skel->bss->shared.ipi_hooks = IOMAP_HAS_UNMAP_DONE | IOMAP_HAS_CSD_QUEUE;
	v->skel->bss->shared.armed = 1;
}

static void open_variant(struct harness *h, enum iomap_timing timing)
{
	struct variant *v = &h->variant[timing];
	struct timing_bpf *s = timing_bpf__open();

	if (!s || size_maps(s, h->cpus))
		die("the BPF object cannot be set up: %s", strerror(errno));
	s->rodata->cfg_max_mappings = MAPPINGS;
	s->rodata->cfg_cpus = h->cpus;
	s->rodata->cfg_timing = timing;
	s->rodata->cfg_caller_mask = SITE_MASK;
	s->rodata->cfg_rules_off = IOMAP_RULE(IOMAP_HOLD_TIME);
	s->rodata->cfg_ipi = 1;
	s->rodata->cfg_preempt_count = 1;
	s->rodata->cfg_page_size = sysconf(_SC_PAGESIZE);
	bpf_program__set_autoload(s->progs.timing_event, h->has_event);
	bpf_program__set_autoload(s->progs.timing_on_event, h->has_event);
	if (timing_bpf__load(s))
		die("the BPF programs do not load (is this root?): %s", strerror(errno));
	v->skel = s;
	set_up(h, v);
}

/* Returns the nanoseconds of one loop. */
static double run(struct harness *h, int which)
{
	const struct subject *c = &subjects[which];
	struct variant *v = &h->variant[c->timing];
	struct timing *t = &v->skel->bss->timing;
	const uint64_t map[] = { ID, VBASE + OFFSET, OFFSET, 4096, c->kind, IOMAP_LINEAR, CALLER };
	const uint64_t unmap[] = { VBASE + OFFSET, c->kind, CALLER + 64 };
	LIBBPF_OPTS(bpf_test_run_opts, opts);
	int err;

	memcpy(t->map, map, sizeof(map));
	memcpy(t->unmap, unmap, sizeof(unmap));
	memcpy(t->other, c->other, sizeof(c->other));
	t->loops = LOOPS;
	err = bpf_prog_test_run_opts(bpf_program__fd(program(v, c->prog)), &opts);
	if (err || opts.retval != 1)
		die("%s did not run to its end: %s", bpf_program__name(program(v, c->prog)),
		    err ? strerror(errno) : "a function failed");
	v->events += (uint64_t)c->pairs * 2 * LOOPS;
	return (double)t->ns / LOOPS;
}

static void run_round(struct harness *h, int round)
{
	for (int i = 0; i < NR_CASE; i++) {
		if ((i == EVENT || i == EVENT_SEEN) && !h->has_event)
			continue;
		if (i == EVENT_SEEN)
			h->link = bpf_program__attach(
				h->variant[IOMAP_TIMING_ALL].skel->progs.timing_on_event);
		if (i == EVENT_SEEN && !h->link)
			die("cannot attach to bpf_trigger_tp: %s", strerror(errno));
		ns[i][round] = run(h, i);
	}
	bpf_link__destroy(h->link);
	h->link = NULL;
}

/* Checks that the programs counted each event, and that no event broke a rule. */
static void check_accounting(struct harness *h, struct variant *v)
{
	struct iomap_cpu *cpus = calloc(h->cpus, sizeof(*cpus));
	uint64_t seen = 0, counted = 0, broken = 0, unmatched = 0;
	uint32_t zero = 0;

	if (!cpus || bpf_map_lookup_elem(bpf_map__fd(v->skel->maps.cpus), &zero, cpus))
		die("the counts cannot be read");
	for (int i = 0; i < h->cpus; i++) {
		seen += cpus[i].seen;
		counted += cpus[i].counted;
		for (int r = 0; r < IOMAP_RULE_MAX; r++)
			broken += cpus[i].violations[r];
		for (int k = 0; k < IOMAP_KIND_MAX; k++)
			unmatched += cpus[i].unmatched[k];
	}
	free(cpus);
	if (seen != v->events || counted != seen || broken || unmatched)
		die("%llu events: %llu seen, %llu counted, %llu unmatched unmaps, %llu violations",
		    (unsigned long long)v->events, (unsigned long long)seen,
		    (unsigned long long)counted, (unsigned long long)unmatched,
		    (unsigned long long)broken);
}

/* Median and quartiles. */
struct spread {
	double low, median, high;
};

static int compare(const void *a, const void *b)
{
	const double *x = a, *y = b;

	return (*x > *y) - (*x < *y);
}

static struct spread spread_of(const double v[ROUNDS])
{
	double sorted[ROUNDS];

	memcpy(sorted, v, sizeof(sorted));
	qsort(sorted, ROUNDS, sizeof(*sorted), compare);
	return (struct spread){ sorted[ROUNDS / 4], sorted[ROUNDS / 2], sorted[ROUNDS * 3 / 4] };
}

static struct spread cost(const struct row *r)
{
	double v[ROUNDS];

	for (int i = 0; i < ROUNDS; i++)
		v[i] = ns[r->of][i] - ns[r->less][i];
	return spread_of(v);
}

/* Divides within each round, so that a slow round has the same quotient. */
static struct spread multiple(const struct row *r)
{
	double v[ROUNDS];

	for (int i = 0; i < ROUNDS; i++)
		v[i] = (ns[r->of][i] - ns[r->less][i]) / (ns[r->base][i] - ns[r->base_less][i]);
	return spread_of(v);
}

static bool have(const struct harness *h, const struct row *r)
{
	return r->of != EVENT_SEEN || h->has_event;
}

static void print_row(const struct harness *h, const struct row *r)
{
	struct spread s = cost(r);

	printf("| %s | ", r->text);
	if (!have(h, r)) {
		printf("this kernel has no tracepoint to be fired | | | | |\n");
		return;
	}
	printf("%.1f | %.1f to %.1f | ", s.median, s.low, s.high);
	if (r->base_name) {
		s = multiple(r);
		printf("%.2f | %.2f to %.2f | %g of %s |\n", s.median, s.low, s.high, r->target,
		       r->base_name);
	} else if (r->target_ns) {
		printf("| | %g ns |\n", r->target_ns);
	} else {
		printf("| | |\n");
	}
}

static void print_table(const struct harness *h)
{
	printf("| on this CPU | ns | quartiles | multiple | quartiles | at most |\n"
	       "|---|---:|---:|---:|---:|---:|\n");
	for (size_t i = 0; i < ARRAY_SIZE(rows); i++)
		print_row(h, &rows[i]);
}

static json_t *row_json(const struct row *r)
{
	struct spread s = cost(r);
	json_t *o = json_pack("{s:s, s:s, s:f, s:f, s:f}", "name", r->name, "text", r->text,
			      "median_ns", s.median, "low_ns", s.low, "high_ns", s.high);

	if (r->base_name) {
		s = multiple(r);
		json_object_update_new(o, json_pack("{s:s, s:f, s:f, s:f, s:f}", "multiple_of",
						    r->base_name, "median_multiple", s.median,
						    "low_multiple", s.low, "high_multiple", s.high,
						    "target_multiple", r->target));
	}
	if (r->target_ns)
		json_object_set_new(o, "target_ns", json_real(r->target_ns));
	return o;
}

static void print_json(const struct harness *h)
{
	json_t *list = json_array();
	json_auto_t *top = json_pack("{s:i, s:i, s:i, s:o}", "schema", 1, "rounds", ROUNDS, "loops",
				     LOOPS, "rows", list);

	for (size_t i = 0; i < ARRAY_SIZE(rows); i++) {
		if (have(h, &rows[i]))
			json_array_append_new(list, row_json(&rows[i]));
	}
	json_dumpf(top, stdout, JSON_INDENT(2) | JSON_REAL_PRECISION(6));
	putchar('\n');
}

static int quiet(enum libbpf_print_level level, const char *fmt, va_list args)
{
	(void)level;
	(void)fmt;
	(void)args;
	return 0;
}

static const char usage[] =
	"Usage: tests/bench/timing [--json]\n"
	"Times the BPF programs on this CPU, as root: half a minute. Prints a table of medians\n"
	"and quartiles; with --json, the same as JSON.\n";

int main(int argc, char **argv)
{
	bool json = argc == 2 && !strcmp(argv[1], "--json");
	static const enum iomap_timing modes[] = { IOMAP_TIMING_OFF, IOMAP_TIMING_ALL,
						   IOMAP_TIMING_SAMPLED };
	struct harness h = { .cpus = libbpf_num_possible_cpus() };
	cpu_set_t set;

	if (argc == 2 && !strcmp(argv[1], "--help")) {
		fputs(usage, stdout);
		return 0;
	}
	if (argc > 1 && !json) {
		fputs(usage, stderr);
		return 2;
	}
	/* Stay on the last CPU: the counters are per CPU. */
	CPU_ZERO(&set);
	CPU_SET(sysconf(_SC_NPROCESSORS_ONLN) - 1, &set);
	sched_setaffinity(0, sizeof(set), &set);
	libbpf_set_print(quiet);
	h.has_event = kernel_has_event();
	for (size_t i = 0; i < ARRAY_SIZE(modes); i++)
		open_variant(&h, modes[i]);
	run_round(&h, 0);
	for (int i = 0; i < ROUNDS; i++)
		run_round(&h, i);
	for (size_t i = 0; i < ARRAY_SIZE(modes); i++)
		check_accounting(&h, &h.variant[modes[i]]);
	if (json)
		print_json(&h);
	else
		print_table(&h);
	for (size_t i = 0; i < ARRAY_SIZE(modes); i++)
		timing_bpf__destroy(h.variant[modes[i]].skel);
	return 0;
}
