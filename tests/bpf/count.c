// SPDX-License-Identifier: GPL-2.0-or-later
/* Exact counts: by mapping, kind, backend, call site and CPU; the life of a mapping; hold times. */
#include "tests/bpf/harness.h"

#include <string.h>
#include <time.h>

#define SITE_A 0xffffffff81000100
#define SITE_B 0xffffffff81000200

static void counts_by_all_keys(void **state)
{
	struct bench b;

	(void)state;
	bench_open(&b, NULL);
	ev_create(&b, 1, 0xf4000000, 64 << 20, IOMAP_LINEAR, SITE_A);
	ev_create(&b, 2, 0xfe000000, 1 << 20, IOMAP_IOREMAP, SITE_B);
	for (unsigned int kind = 0; kind < IOMAP_KIND_MAX; kind++) {
		/* All numbers differ, so that a wrong key shows. */
		for (unsigned int i = 0; i < 10 + kind; i++) {
			ev_map(&b, 1, 0x10000 + i * 4096, kind, IOMAP_LINEAR, SITE_A);
			ev_unmap(&b, 0x10000 + i * 4096, kind);
		}
		for (unsigned int i = 0; i < 20 + kind; i++)
			ev_map(&b, 2, 0x90000 + i * 4096, kind, IOMAP_IOREMAP, SITE_B);
		for (unsigned int i = 20 + kind; i-- > 5;)
			ev_unmap(&b, 0x90000 + i * 4096, kind);
	}
	ev_map_failed(&b, 2, 0x3000, IOMAP_LOCAL, IOMAP_IOREMAP, SITE_B);
	bench_sample(&b);

	for (unsigned int kind = 0; kind < IOMAP_KIND_MAX; kind++) {
		const struct model_count *one = &get_mapping(&b, 1)->kind[kind];
		const struct model_count *two = &get_mapping(&b, 2)->kind[kind];

		assert_int_equal(one->maps, 10 + kind);
		assert_int_equal(one->unmaps, 10 + kind);
		assert_int_equal(one->hold_count, 10 + kind);
		assert_int_equal(model_live(one), 0);
		assert_int_equal(two->maps, 20 + kind);
		assert_int_equal(two->unmaps, 15 + kind);
		assert_int_equal(model_live(two), 5);
		assert_int_equal(two->failed, kind == IOMAP_LOCAL);
		assert_int_equal(b.m.total[IOMAP_LINEAR][kind].maps, 10 + kind);
		assert_int_equal(b.m.total[IOMAP_IOREMAP][kind].unmaps, 15 + kind);
		assert_int_equal(b.m.total[IOMAP_KMAP][kind].maps, 0);
		assert_int_equal(b.m.hist[IOMAP_LINEAR][kind].count, 10 + kind);
		assert_int_equal(get_caller(&b, SITE_A, 1, kind)->maps, 10 + kind);
		assert_int_equal(get_caller(&b, SITE_B, 2, kind)->maps, 20 + kind);
		assert_int_equal(get_caller(&b, SITE_B, 2, kind)->failed, kind == IOMAP_LOCAL);
		assert_int_equal(get_caller(&b, SITE_A, 2, kind)->maps, 0);
	}
	assert_true(b.m.backend_present[IOMAP_LINEAR] && b.m.backend_present[IOMAP_IOREMAP]);
	assert_false(b.m.backend_present[IOMAP_KMAP]);
	assert_int_equal(b.m.created, 2);
	assert_int_equal(total_lost(&b), 0);
	assert_int_equal(b.m.unmatched_unmaps, 0);
	assert_int_equal(b.m.unlisted_maps, 0);
	bench_close(&b);
}

static void counts_by_cpu(void **state)
{
	struct bench b;

	(void)state;
	if (cpus_online() < 2)
		skip();
	bench_open(&b, NULL);
	ev_create(&b, 1, 0x1000, 0x10000, IOMAP_KMAP, SITE_A);
	for (int cpu = 0; cpu < 2; cpu++) {
		on_cpu(cpu);
		for (int i = 0; i < 3 + cpu; i++)
			ev_map(&b, 1, 0x5000, IOMAP_ATOMIC, IOMAP_KMAP, SITE_A);
		for (int i = 0; i < 3 + cpu; i++)
			ev_unmap(&b, 0x5000, IOMAP_ATOMIC);
	}
	bench_sample(&b);
	assert_int_equal(b.m.cpus[0].maps[IOMAP_ATOMIC], 3);
	assert_int_equal(b.m.cpus[1].maps[IOMAP_ATOMIC], 4);
	assert_int_equal(b.m.cpus[1].unmaps[IOMAP_ATOMIC], 4);
	assert_int_equal(get_mapping(&b, 1)->kind[IOMAP_ATOMIC].maps, 7);
	assert_int_equal(get_caller(&b, SITE_A, 1, IOMAP_ATOMIC)->maps, 7);
	assert_int_equal(b.m.nr_callers, 1);
	bench_close(&b);
}

static void mapping_is_described(void **state)
{
	const struct model_mapping *m;
	struct bench b;

	(void)state;
	bench_open(&b, NULL);
	ev_create(&b, 7, 0x123456789000, 0x2000000, IOMAP_IOREMAP, SITE_A);
	bench_sample(&b);
	m = get_mapping(&b, 7);
	assert_non_null(m);
	assert_int_equal(m->base, 0x123456789000);
	assert_int_equal(m->size, 0x2000000);
	assert_int_equal(m->backend, IOMAP_IOREMAP);
	assert_int_equal(m->owner_addr, SITE_A);
	assert_int_equal(m->state, IOMAP_LIVE);
	assert_non_null(m->owner);
	ev_free(&b, 7);
	bench_sample(&b);
	assert_int_equal(get_mapping(&b, 7)->state, IOMAP_FREED);
	assert_int_equal(b.m.freed, 1);
	bench_close(&b);
}

static void reused_id_starts_at_zero(void **state)
{
	const struct model_count *c;
	struct bench b;

	(void)state;
	bench_open(&b, NULL);
	for (int cpu = 0; cpu < 2 && cpu < cpus_online(); cpu++) {
		on_cpu(cpu);
		ev_create(&b, 3, 0x1000, 0x10000, IOMAP_LINEAR, SITE_A);
		for (int i = 0; i < 5; i++)
			ev_map(&b, 3, 0x5000, IOMAP_ATOMIC, IOMAP_LINEAR, SITE_A);
		ev_map_failed(&b, 3, 0, IOMAP_ATOMIC, IOMAP_LINEAR, SITE_A);
		for (int i = 0; i < 5; i++)
			ev_unmap(&b, 0x5000, IOMAP_ATOMIC);
		ev_free(&b, 3);
	}
	on_cpu(0);
	bench_sample(&b);
	assert_int_equal(get_mapping(&b, 3)->kind[IOMAP_ATOMIC].maps, 5);
	ev_create(&b, 3, 0x2000, 0x20000, IOMAP_LINEAR, SITE_B);
	bench_sample(&b);
	c = &get_mapping(&b, 3)->kind[IOMAP_ATOMIC];
	assert_int_equal(get_mapping(&b, 3)->base, 0x2000);
	assert_int_equal(c->maps + c->unmaps + c->failed + c->hold_count, 0);
	assert_int_equal(c->hold_sum + c->hold_max, 0);
	ev_map(&b, 3, 0x5000, IOMAP_ATOMIC, IOMAP_LINEAR, SITE_A);
	bench_sample(&b);
	c = &get_mapping(&b, 3)->kind[IOMAP_ATOMIC];
	assert_int_equal(c->maps, 1);
	assert_int_equal(model_live(c), 1);
	bench_close(&b);
}

static void create_without_free_is_a_new_mapping(void **state)
{
	struct bench b;

	(void)state;
	bench_open(&b, NULL);
	ev_create(&b, 3, 0x1000, 0x10000, IOMAP_LINEAR, SITE_A);
	ev_map(&b, 3, 0x5000, IOMAP_LOCAL, IOMAP_LINEAR, SITE_A);
	ev_create(&b, 3, 0x9000, 0x10000, IOMAP_LINEAR, SITE_A);
	bench_sample(&b);
	assert_int_equal(get_mapping(&b, 3)->base, 0x9000);
	assert_int_equal(get_mapping(&b, 3)->gen, 2);
	assert_int_equal(get_mapping(&b, 3)->kind[IOMAP_LOCAL].maps, 0);
	bench_close(&b);
}

static void id_without_creation_is_listed(void **state)
{
	struct bench b;

	(void)state;
	bench_open(&b, NULL);
	ev_map(&b, 9, 0x5000, IOMAP_ATOMIC, IOMAP_IOREMAP, SITE_A);
	bench_sample(&b);
	assert_non_null(get_mapping(&b, 9));
	assert_int_equal(get_mapping(&b, 9)->state, IOMAP_EMPTY);
	assert_int_equal(get_mapping(&b, 9)->backend, IOMAP_IOREMAP);
	assert_int_equal(get_mapping(&b, 9)->kind[IOMAP_ATOMIC].maps, 1);
	bench_close(&b);
}

static void failed_map_opens_nothing(void **state)
{
	struct history *h = history_new();
	const struct event *e;
	uint64_t seq = 1, missed;
	struct bench b;

	(void)state;
	bench_open(&b, NULL);
	ev_create(&b, 1, 0xf0000000, 0x10000, IOMAP_IOREMAP, SITE_A);
	for (unsigned int kind = 0; kind < IOMAP_KIND_MAX; kind++) {
		ev_map_failed(&b, 1, 0x7000, kind, IOMAP_IOREMAP, SITE_B);
		ev_unmap(&b, 0, kind);
	}
	bench_sample(&b);
	for (unsigned int kind = 0; kind < IOMAP_KIND_MAX; kind++) {
		assert_int_equal(get_mapping(&b, 1)->kind[kind].maps, 0);
		assert_int_equal(get_mapping(&b, 1)->kind[kind].failed, 1);
		assert_int_equal(get_caller(&b, SITE_B, 1, kind)->failed, 1);
		assert_int_equal(get_caller(&b, SITE_B, 1, kind)->maps, 0);
	}
	assert_int_equal(b.m.unmatched_unmaps, 3);
	assert_int_equal(live_entries(&b), 0);

	/* The unmatched unmaps are violations. */
	assert_int_equal(collector_consume(b.collector, h), 4 + IOMAP_KIND_MAX);
	e = history_next(h, &seq, &missed);
	assert_int_equal(e->rec.type, IOMAP_EVENT_CREATE);
	assert_int_equal(e->rec.base, 0xf0000000);
	assert_int_equal(e->rec.pid, getpid());
	e = history_next(h, &seq, &missed);
	assert_int_equal(e->rec.type, IOMAP_EVENT_MAP_FAILED);
	assert_int_equal(e->rec.kind, IOMAP_ATOMIC);
	assert_int_equal(e->rec.offset, 0x7000);
	assert_int_equal(e->rec.size, 4096);
	assert_int_equal(e->rec.base, 0xf0000000);
	assert_int_equal(e->rec.caller, SITE_B);
	history_free(h);
	bench_close(&b);
}

static uint64_t now(void)
{
	struct timespec ts;

	clock_gettime(CLOCK_MONOTONIC, &ts);
	return ts.tv_sec * 1000000000ULL + ts.tv_nsec;
}

static void hold_times_are_true(void **state)
{
	const struct model_count *c;
	uint64_t least, most, before;
	struct bench b;

	(void)state;
	bench_open(&b, NULL);
	ev_create(&b, 1, 0x1000, 0x10000, IOMAP_LINEAR, SITE_A);
	for (unsigned int kind = 0; kind < IOMAP_KIND_MAX; kind++) {
		before = now();
		ev_map(&b, 1, 0x5000, kind, IOMAP_LINEAR, SITE_A);
		least = now();
		while (now() - least < 2000000)
			;
		least = now() - least;
		ev_unmap(&b, 0x5000, kind);
		most = now() - before;
		bench_sample(&b);
		c = &get_mapping(&b, 1)->kind[kind];
		assert_int_equal(c->hold_count, 1);
		assert_in_range(c->hold_sum, least, most);
		assert_int_equal(c->hold_max, c->hold_sum);
		assert_int_equal(b.m.hist[IOMAP_LINEAR][kind].max, c->hold_sum);
		assert_int_equal(b.m.hist[IOMAP_LINEAR][kind].bucket[iomap_bucket(c->hold_sum)], 1);
	}
	bench_close(&b);
}

static void hold_times_off(void **state)
{
	const struct collector_options opts = { .timing = IOMAP_TIMING_OFF };
	struct bench b;

	(void)state;
	bench_open(&b, &opts);
	ev_create(&b, 1, 0x1000, 0x10000, IOMAP_LINEAR, SITE_A);
	for (unsigned int kind = 0; kind < IOMAP_KIND_MAX; kind++) {
		ev_map(&b, 1, 0x5000, kind, IOMAP_LINEAR, SITE_A);
		ev_unmap(&b, 0x5000, kind);
		bench_sample(&b);
		assert_int_equal(get_mapping(&b, 1)->kind[kind].unmaps, 1);
		assert_int_equal(get_mapping(&b, 1)->kind[kind].hold_count, 0);
		assert_int_equal(b.m.hist[IOMAP_LINEAR][kind].count, 0);
	}
	bench_close(&b);
}

/* Maps, holds for at least held_ns, and unmaps. */
static void pair(struct bench *b, unsigned int kind, uint64_t site, uint64_t held_ns)
{
	uint64_t start;

	ev_map(b, 1, 0x5000, kind, IOMAP_LINEAR, site);
	for (start = now(); held_ns && now() - start < held_ns;)
		;
	ev_unmap(b, 0x5000, kind);
}

static void hold_times_sampled(void **state)
{
	const struct collector_options opts = { .timing = IOMAP_TIMING_SAMPLED };
	const struct model_count *c;
	struct bench b;

	(void)state;
	bench_open(&b, &opts);
	on_cpu(0);
	ev_create(&b, 1, 0x1000, 0x10000, IOMAP_LINEAR, SITE_A);
	/* The first maps of each call site on each CPU are timed. */
	for (int i = 0; i < IOMAP_SAMPLE_FIRST; i++) {
		pair(&b, IOMAP_ATOMIC, SITE_A, 0);
		pair(&b, IOMAP_LOCAL, SITE_B, 0);
		pair(&b, IOMAP_SLEEPABLE, SITE_A, 0);
	}
	bench_sample(&b);
	for (unsigned int kind = 0; kind < IOMAP_KIND_MAX; kind++)
		assert_int_equal(get_mapping(&b, 1)->kind[kind].hold_count, IOMAP_SAMPLE_FIRST);
	for (int i = 0; i < 6400; i++) {
		pair(&b, IOMAP_ATOMIC, SITE_A, 0);
		pair(&b, IOMAP_SLEEPABLE, SITE_A, 0);
	}
	bench_sample(&b);
	c = &get_mapping(&b, 1)->kind[IOMAP_ATOMIC];
	assert_int_equal(c->maps, IOMAP_SAMPLE_FIRST + 6400);
	assert_int_equal(c->unmaps, IOMAP_SAMPLE_FIRST + 6400);
	/* About one of 64 is timed: the distance is uniform over 1 to 128. */
	assert_in_range(c->hold_count, IOMAP_SAMPLE_FIRST + 70, IOMAP_SAMPLE_FIRST + 140);
	assert_int_equal(b.m.hist[IOMAP_LINEAR][IOMAP_ATOMIC].count, c->hold_count);
	/* Each sleepable map is timed. */
	c = &get_mapping(&b, 1)->kind[IOMAP_SLEEPABLE];
	assert_int_equal(c->hold_count, IOMAP_SAMPLE_FIRST + 6400);
	bench_close(&b);
}

/* 5 of 100 maps are held for at least 0.1 ms, so p99 is at least 0.1 ms and p50 is less. */
static void samples_give_percentiles(void **state)
{
	const struct collector_options opts = { .timing = IOMAP_TIMING_SAMPLED };
	const uint64_t held_ns = 100000;
	const struct model_hist *h;
	struct bench b;

	(void)state;
	bench_open(&b, &opts);
	on_cpu(0);
	ev_create(&b, 1, 0x1000, 0x10000, IOMAP_LINEAR, SITE_A);
	for (int i = 0; i < 20000; i++)
		pair(&b, IOMAP_ATOMIC, SITE_A, i % 20 == 7 ? held_ns : 0);
	bench_sample(&b);
	h = &b.m.hist[IOMAP_LINEAR][IOMAP_ATOMIC];
	assert_in_range(h->count, 300, 450);
	assert_in_range(model_percentile(h, 50), 1, held_ns - 1);
	assert_in_range(model_percentile(h, 99), held_ns, UINT64_MAX);
	bench_close(&b);
}

static void bad_arguments_are_named(void **state)
{
	const uint64_t bad_kind[] = { 1, 0x5000, 0, 4096, 3, 0, SITE_A };
	const uint64_t bad_backend[] = { 1, 0x5000, 0, 4096, 0, 77, SITE_A };
	const uint64_t bad_unmap[] = { 0x5000, 3, SITE_A };
	const uint64_t bad_create[] = { 1, 0x5000, 4096, 9, SITE_A };
	struct bench b;

	(void)state;
	bench_open(&b, NULL);
	ev_raw(&b, b.map_fd, bad_kind, 7);
	ev_raw(&b, b.map_fd, bad_backend, 7);
	ev_raw(&b, b.unmap_fd, bad_unmap, 3);
	ev_raw(&b, b.create_fd, bad_create, 5);
	bench_sample(&b);
	assert_int_equal(b.m.lost[IOMAP_LOST_BAD_ARGS], 4);
	assert_int_equal(b.m.counted, 0);
	assert_int_equal(b.m.nr_mappings, 0);
	bench_close(&b);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(counts_by_all_keys),
		cmocka_unit_test(counts_by_cpu),
		cmocka_unit_test(mapping_is_described),
		cmocka_unit_test(reused_id_starts_at_zero),
		cmocka_unit_test(create_without_free_is_a_new_mapping),
		cmocka_unit_test(id_without_creation_is_listed),
		cmocka_unit_test(failed_map_opens_nothing),
		cmocka_unit_test(hold_times_are_true),
		cmocka_unit_test(hold_times_off),
		cmocka_unit_test(hold_times_sampled),
		cmocka_unit_test(samples_give_percentiles),
		cmocka_unit_test(bad_arguments_are_named),
	};

	return cmocka_run_group_tests_name("bpf/count", tests, NULL, NULL);
}
