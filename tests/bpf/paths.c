// SPDX-License-Identifier: GPL-2.0-or-later
/*
 * The fast path counts the same as the slow path: the same events go through both, and all records
 * that the programs leave are compared.
 */
#include "tests/bpf/harness.h"

#include <bpf/bpf.h>
#include <bpf/libbpf.h>

enum {
	IDS = 3,
	PAGES = 8,
	DEPTH = 6,
	STEPS = 4000,
	CALLERS = 4,
	BUCKETS = 256, /* 1024 callers in buckets of IOMAP_CALLER_WAYS */
	LIVE = 64,
};

#define BASE 0x10000000ULL

/* All that the programs leave on CPU 0, without the times, which differ. */
struct records {
	struct iomap_cpu cpu;
	struct iomap_counters counters[IDS + 1];
	struct iomap_hist hists[IOMAP_BACKEND_MAX * IOMAP_KIND_MAX];
	struct iomap_caller_bucket callers[BUCKETS];
	struct iomap_live live[LIVE];
	size_t nr_live;
};

static uint32_t rnd_state;

static uint32_t rnd(uint32_t below)
{
	rnd_state = rnd_state * 1664525 + 1013904223;
	return (rnd_state >> 16) % below;
}

/* The element of CPU 0 of a per-CPU array. */
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

static void read_live(const struct bench *b, struct records *r)
{
	int fd = collector_map_fd(b->collector, "live");

	for (uint32_t id = 1; id <= IDS; id++) {
		for (uint32_t page = 0; page < PAGES; page++) {
			struct iomap_live_key key = { .vaddr = BASE * id + page * 4096 };

			for (; r->nr_live < LIVE; key.n++) {
				if (bpf_map_lookup_elem(fd, &key, &r->live[r->nr_live]))
					break;
				r->live[r->nr_live++].ts = 0;
			}
		}
	}
}

/* Removes the times, and the results that the search loops of the slow path leave in memory. */
static void mask(struct records *r)
{
	r->cpu.hit = r->cpu.stack.hit = 0;
	memset(&r->cpu.taken, 0, sizeof(r->cpu.taken));
	for (int i = 0; i < IOMAP_STACK_DEPTH; i++) {
		/* A frame above the top is as its last section left it. */
		if (i >= (int)r->cpu.stack.top)
			memset(&r->cpu.stack.frames[i], 0, sizeof(struct iomap_frame));
		r->cpu.stack.frames[i].ts = r->cpu.stack.frames[i].ts != 0;
	}
	for (int id = 0; id <= IDS; id++) {
		for (int k = 0; k < IOMAP_KIND_MAX; k++) {
			r->counters[id].kind[k].hold_sum = r->counters[id].kind[k].hold_max = 0;
		}
	}
	for (int i = 0; i < IOMAP_BACKEND_MAX * IOMAP_KIND_MAX; i++) {
		uint64_t n = 0;

		for (int k = 0; k < IOMAP_HIST_BUCKETS; k++)
			n += r->hists[i].bucket[k];
		r->hists[i] = (struct iomap_hist){ .bucket[0] = n };
	}
}

static void read_records(const struct bench *b, struct records *r)
{
	memset(r, 0, sizeof(*r));
	read_element(b, "cpus", 0, &r->cpu, sizeof(r->cpu));
	for (uint32_t i = 0; i <= IDS; i++)
		read_element(b, "counters", i, &r->counters[i], sizeof(r->counters[i]));
	for (uint32_t i = 0; i < IOMAP_BACKEND_MAX * IOMAP_KIND_MAX; i++)
		read_element(b, "hists", i, &r->hists[i], sizeof(r->hists[i]));
	for (uint32_t i = 0; i < BUCKETS; i++)
		read_element(b, "callers", i, &r->callers[i], sizeof(r->callers[i]));
	read_live(b, r);
	mask(r);
}

/* Nested maps of all kinds, now and then one that fails, breaks the order or ends twice. */
static void play(struct bench *b)
{
	uint64_t vaddr[DEPTH];
	uint32_t kind[DEPTH], n = 0;

	rnd_state = 7;
	on_cpu(0);
	for (uint32_t id = 1; id <= IDS; id++)
		ev_create(b, id, BASE * id, PAGES * 4096, IOMAP_LINEAR, 0x1000);
	for (int i = 0; i < STEPS; i++) {
		uint32_t id = 1 + rnd(IDS), page = rnd(PAGES), caller = 0x2000 + rnd(CALLERS) * 64;
		uint32_t what = rnd(100);

		if (n == DEPTH || (n && what < 48)) {
			uint32_t at = what < 2 ? rnd(n) : n - 1;

			ev_unmap(b, vaddr[at], kind[at]);
			if (what == 3)
				ev_unmap(b, vaddr[at], kind[at]);
			for (n--; at < n; at++) {
				vaddr[at] = vaddr[at + 1];
				kind[at] = kind[at + 1];
			}
		} else if (what == 99) {
			ev_map_failed(b, id, page * 4096, rnd(IOMAP_KIND_MAX), IOMAP_LINEAR,
				      caller);
		} else {
			uint64_t offset = page * 4096 + (what == 98 ? 8 : 0);
			uint64_t args[] = { id,	   BASE * id + offset,	offset,
					    4096,  rnd(IOMAP_KIND_MAX), IOMAP_LINEAR,
					    caller };

			vaddr[n] = args[1];
			kind[n++] = args[4];
			ev_raw(b, b->map_fd, args, ARRAY_SIZE(args));
		}
	}
}

static void both_paths(enum iomap_timing timing)
{
	struct records *of[2] = { calloc(1, sizeof(**of)), calloc(1, sizeof(**of)) };

	assert_true(of[0] && of[1]);
	for (int slow = 0; slow < 2; slow++) {
		const struct collector_options opts = { .timing = timing, .slow_only = slow };
		struct bench b;

		bench_open(&b, &opts);
		play(&b);
		read_records(&b, of[slow]);
		if (slow)
			assert_int_equal(b.fast, 0);
		else
			assert_in_range(b.fast, STEPS / 2, STEPS - 1);
		bench_close(&b);
	}
	assert_true(of[0]->cpu.violations[IOMAP_UNMAP_ORDER] > 0);
	assert_true(of[0]->nr_live > 0);
	assert_memory_equal(&of[0]->cpu, &of[1]->cpu, sizeof(of[0]->cpu));
	assert_memory_equal(of[0]->counters, of[1]->counters, sizeof(of[0]->counters));
	assert_memory_equal(of[0]->hists, of[1]->hists, sizeof(of[0]->hists));
	assert_memory_equal(of[0]->callers, of[1]->callers, sizeof(of[0]->callers));
	assert_int_equal(of[0]->nr_live, of[1]->nr_live);
	assert_memory_equal(of[0]->live, of[1]->live, sizeof(of[0]->live));
	free(of[0]);
	free(of[1]);
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
