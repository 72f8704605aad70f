// SPDX-License-Identifier: GPL-2.0-or-later
/*
 * The fast path counts the same as the slow path. Two collectors get the same events, one of them
 * with the fast path switched off. All records of the programs must agree at every check.
 */
#include "tests/bpf/harness.h"

#include <stdlib.h>
#include <string.h>
#include <bpf/bpf.h>
#include <bpf/libbpf.h>

enum {
	IDS = 3, /* the table has no room for one more, which is used as well */
	PAGES = 8,
	DEPTH = 6,
	STEPS = 20000,
	CALLERS = 4,
	BUCKETS = 256, /* 1024 callers in buckets of IOMAP_CALLER_WAYS */
	LIVE = 1024,
};

#define BASE 0x10000000ULL

struct live_record {
	struct iomap_live_key key;
	struct iomap_live map;
};

/* The records of CPU 0. */
struct records {
	struct iomap_cpu cpu;
	struct iomap_mapping mappings[IDS + 1];
	struct iomap_counters counters[IDS + 1];
	struct iomap_hist hists[IOMAP_BACKEND_MAX * IOMAP_KIND_MAX];
	struct iomap_caller_bucket callers[BUCKETS];
	struct live_record live[LIVE];
	size_t nr_live;
	uint64_t slow; /* events that took the slow path */
};

static uint32_t rnd_state;

static uint32_t rnd(uint32_t below)
{
	rnd_state = rnd_state * 1664525 + 1013904223;
	return (rnd_state >> 16) % below;
}

/* Reads an element of an array; of a per-CPU array, that of CPU 0. */
static void read_element(const struct bench *b, const char *map, uint32_t key, void *ret,
			 size_t size)
{
	size_t stride = (size + 7) / 8 * 8;
	char *all = calloc(libbpf_num_possible_cpus(), stride);

	assert_non_null(all);
	assert_int_equal(bpf_map_lookup_elem(collector_map_fd(b->collector, map), &key, all), 0);
	memcpy(ret, all, size);
	free(all);
}

static int by_key(const void *a, const void *b)
{
	const struct iomap_live_key *l = a, *r = b;

	if (l->vaddr != r->vaddr)
		return l->vaddr < r->vaddr ? -1 : 1;
	return l->n < r->n ? -1 : l->n > r->n;
}

/* Reads the open sleepable maps in an order of their own: that of a hash is random. */
static void read_live(const struct bench *b, struct records *r)
{
	int fd = collector_map_fd(b->collector, "live");
	struct iomap_live_key *prev = NULL, key;

	for (; !bpf_map_get_next_key(fd, prev, &key); prev = &r->live[r->nr_live++].key) {
		assert_true(r->nr_live < LIVE);
		r->live[r->nr_live].key = key;
		assert_int_equal(bpf_map_lookup_elem(fd, &key, &r->live[r->nr_live].map), 0);
	}
	qsort(r->live, r->nr_live, sizeof(r->live[0]), by_key);
}

/* Two runs have different times: only whether there is one is compared. */
static void flag(__u64 *time)
{
	*time = *time != 0;
}

static void flag_count(struct iomap_count *c)
{
	flag(&c->hold_sum);
	flag(&c->hold_max);
}

/* Puts all holds into one bucket. */
static void flag_hist(struct iomap_hist *h)
{
	for (int i = 1; i < IOMAP_HIST_BUCKETS; i++) {
		h->bucket[0] += h->bucket[i];
		h->bucket[i] = 0;
	}
	flag(&h->sum);
	flag(&h->max);
}

/* Clears the members that are free memory or a temporary result, and not a count. */
static void clear_unused(struct iomap_cpu *cpu)
{
	struct iomap_stack *s = &cpu->stack;

	cpu->slow = 0;
	cpu->found = 0;
	memset(&cpu->live_key, 0, sizeof(cpu->live_key));
	memset(&cpu->taken, 0, sizeof(cpu->taken));
	memset(&cpu->opened, 0, sizeof(cpu->opened));
	s->hit = s->fit = s->open_above = s->not_last = 0;
	for (uint32_t depth = s->used + 1; depth <= IOMAP_STACK_DEPTH; depth++)
		memset(&s->frames[(s->top - depth) % IOMAP_STACK_DEPTH], 0, sizeof(s->frames[0]));
}

static void make_comparable(struct records *r)
{
	clear_unused(&r->cpu);
	for (int i = 0; i < IOMAP_STACK_DEPTH; i++)
		flag(&r->cpu.stack.frames[i].ts);
	for (int id = 0; id <= IDS; id++) {
		flag(&r->mappings[id].created_ns);
		flag(&r->mappings[id].freed_ns);
		for (int k = 0; k < IOMAP_KIND_MAX; k++) {
			flag_count(&r->mappings[id].at_create.kind[k]);
			flag_count(&r->counters[id].kind[k]);
		}
	}
	for (int i = 0; i < IOMAP_BACKEND_MAX * IOMAP_KIND_MAX; i++)
		flag_hist(&r->hists[i]);
	for (size_t i = 0; i < r->nr_live; i++)
		flag(&r->live[i].map.ts);
}

static void read_records(const struct bench *b, struct records *r)
{
	read_element(b, "cpus", 0, &r->cpu, sizeof(r->cpu));
	for (uint32_t i = 0; i <= IDS; i++) {
		read_element(b, "mappings", i, &r->mappings[i], sizeof(r->mappings[i]));
		read_element(b, "counters", i, &r->counters[i], sizeof(r->counters[i]));
	}
	for (uint32_t i = 0; i < IOMAP_BACKEND_MAX * IOMAP_KIND_MAX; i++)
		read_element(b, "hists", i, &r->hists[i], sizeof(r->hists[i]));
	for (uint32_t i = 0; i < BUCKETS; i++)
		read_element(b, "callers", i, &r->callers[i], sizeof(r->callers[i]));
	read_live(b, r);
	r->slow = r->cpu.slow;
	make_comparable(r);
}

/* Two collectors that get the same events; the second one has no fast path. */
struct pair {
	struct bench b[2];
	struct records r[2];
	struct worker *other; /* a second task */
	uint64_t events;      /* maps and unmaps */
};

static void compare(struct pair *p)
{
	struct records *r = p->r;

	for (int i = 0; i < 2; i++) {
		memset(&r[i], 0, sizeof(r[i]));
		read_records(&p->b[i], &r[i]);
	}
	assert_memory_equal(&r[0].cpu, &r[1].cpu, sizeof(r[0].cpu));
	assert_memory_equal(r[0].mappings, r[1].mappings, sizeof(r[0].mappings));
	assert_memory_equal(r[0].counters, r[1].counters, sizeof(r[0].counters));
	assert_memory_equal(r[0].hists, r[1].hists, sizeof(r[0].hists));
	assert_memory_equal(r[0].callers, r[1].callers, sizeof(r[0].callers));
	assert_int_equal(r[0].nr_live, r[1].nr_live);
	assert_memory_equal(r[0].live, r[1].live, sizeof(r[0].live));
}

/* A map, or an unmap. */
struct call {
	struct pair *p;
	bool unmap;
	uint64_t args[7];
};

static void do_call(void *arg)
{
	struct call *c = arg;

	on_cpu(0);
	for (struct bench *b = c->p->b; b < c->p->b + 2; b++)
		ev_raw(b, c->unmap ? b->unmap_fd : b->map_fd, c->args, c->unmap ? 3 : 7);
}

/* One call in 16 is made by the second task. */
static void make(struct call *c)
{
	if (rnd(16))
		do_call(c);
	else
		worker_run(c->p->other, do_call, c);
	c->p->events++;
}

static void unmap(struct pair *p, uint64_t vaddr, uint32_t kind)
{
	struct call c = { p, true, { vaddr, kind, 0x1234 } };

	make(&c);
}

static uint32_t backend_of(uint32_t id)
{
	return id == IDS ? IOMAP_IOREMAP : IOMAP_LINEAR;
}

/* Maps a page, or by chance a wrong offset or an unknown mapping. Returns its address. */
static uint64_t map(struct pair *p, uint32_t kind)
{
	uint32_t id = rnd(100) ? 1 + rnd(IDS) : IDS + 1;
	uint64_t offset = rnd(rnd(50) ? PAGES : PAGES + 2) * 4096 + (rnd(50) ? 0 : 8);
	uint64_t vaddr = rnd(50) ? BASE * id + offset : 0, caller = 0x2000 + rnd(CALLERS) * 64;
	struct call c = { p, false, { id, vaddr, offset, 4096, kind, backend_of(id), caller } };

	make(&c);
	return vaddr;
}

static void create(struct pair *p, uint32_t id)
{
	for (struct bench *b = p->b; b < p->b + 2; b++)
		ev_create(b, id, BASE * id, PAGES * 4096, backend_of(id), 0x1000);
}

static void free_one(struct pair *p, uint32_t id)
{
	for (struct bench *b = p->b; b < p->b + 2; b++)
		ev_free(b, id);
}

/* Nested maps of all kinds. Some events break a rule, and some mappings are replaced. */
static void play(struct pair *p)
{
	uint64_t vaddr[DEPTH];
	uint32_t kind[DEPTH], n = 0;

	for (int i = 0; i < STEPS; i++) {
		/* Between its free and its creation, a mapping is used for 20 steps. */
		if (i % 200 == 0)
			create(p, 1 + i / 200 % IDS);
		if (i % 200 == 180)
			free_one(p, 1 + (i / 200 + 1) % IDS);
		if (i % 50 == 49)
			compare(p);
		if (n == DEPTH || (n && rnd(2))) {
			uint32_t at = rnd(25) ? n - 1 : rnd(n);

			unmap(p, vaddr[at], rnd(100) ? kind[at] : rnd(IOMAP_KIND_MAX));
			if (!rnd(50))
				unmap(p, vaddr[at], kind[at]);
			for (n--; at < n; at++) {
				vaddr[at] = vaddr[at + 1];
				kind[at] = kind[at + 1];
			}
		} else {
			kind[n] = rnd(IOMAP_KIND_MAX);
			vaddr[n] = map(p, kind[n]);
			n += vaddr[n] != 0;
		}
	}
}

static void both_paths(enum iomap_timing timing)
{
	struct pair *p = calloc(1, sizeof(*p));
	const struct records *r;

	assert_non_null(p);
	rnd_state = 7;
	on_cpu(0);
	p->other = worker_start();
	for (int i = 0; i < 2; i++) {
		const struct collector_options opts = {
			.timing = timing, .max_mappings = IDS, .ring_bytes = 1 << 20, .slow_only = i
		};

		bench_open(&p->b[i], &opts);
	}
	play(p);
	compare(p);
	r = p->r;
	print_message("# %llu of %llu events took the slow path\n", (unsigned long long)r[0].slow,
		      (unsigned long long)p->events);
	assert_in_range(r[0].slow, p->events / 10, p->events / 2);
	assert_int_equal(r[1].slow, p->events);
	/* The events were not all harmless. */
	assert_true(r[0].cpu.violations[IOMAP_UNMAP_ORDER] && r[0].cpu.violations[IOMAP_LEAK]);
	assert_true(r[0].cpu.violations[IOMAP_UNMAP_KIND] && r[0].nr_live);
	for (int i = 0; i < 2; i++)
		bench_close(&p->b[i]);
	worker_stop(p->other);
	free(p);
}

static void untimed(void **state)
{
	(void)state;
	both_paths(IOMAP_TIMING_OFF);
}

static void all_timed(void **state)
{
	(void)state;
	both_paths(IOMAP_TIMING_ALL);
}

static void sampled(void **state)
{
	(void)state;
	both_paths(IOMAP_TIMING_SAMPLED);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(untimed),
		cmocka_unit_test(all_timed),
		cmocka_unit_test(sampled),
	};

	return cmocka_run_group_tests_name("bpf/paths", tests, NULL, NULL);
}
