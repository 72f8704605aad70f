// SPDX-License-Identifier: GPL-2.0-or-later
/* The map that an unmap ends: nesting, wrong order, tasks and CPUs, several holders, PREEMPT_RT. */
#include "tests/bpf/harness.h"

#include <string.h>

static const struct collector_options rt = { .timing = IOMAP_TIMING_ALL, .preempt_rt = 1 };

/* Opens with two mappings, so that a test sees which of them an unmap is counted for. */
static void open_two(struct bench *b, const struct collector_options *opts)
{
	bench_open(b, opts);
	on_cpu(0);
	ev_create(b, 1, 0x100000, 0x100000, IOMAP_KMAP, SITE);
	ev_create(b, 2, 0x200000, 0x100000, IOMAP_KMAP, SITE);
}

static uint64_t unmaps(struct bench *b, uint32_t id, unsigned int kind)
{
	bench_sample(b);
	return get_mapping(b, id)->kind[kind].unmaps;
}

static void nested_in_order(void **state)
{
	struct bench b;

	(void)state;
	open_two(&b, NULL);
	for (unsigned int kind = IOMAP_ATOMIC; kind <= IOMAP_LOCAL; kind++) {
		for (int i = 0; i < 16; i++)
			ev_map(&b, 1 + i % 2, PAGE(i), kind, IOMAP_KMAP, SITE);
		for (int i = 16; i-- > 0;)
			ev_unmap(&b, PAGE(i), kind);
		assert_int_equal(unmaps(&b, 1, kind), 8);
		assert_int_equal(unmaps(&b, 2, kind), 8);
	}
	assert_int_equal(b.m.unmatched_unmaps, 0);
	assert_int_equal(total_lost(&b), 0);
	bench_close(&b);
}

/* An interrupt maps in the middle of a section, even at the same address. */
static void interrupt_nests(void **state)
{
	struct bench b;

	(void)state;
	open_two(&b, NULL);
	ev_map(&b, 1, PAGE(0), IOMAP_ATOMIC, IOMAP_KMAP, SITE);
	ev_map(&b, 2, PAGE(0), IOMAP_ATOMIC, IOMAP_KMAP, SITE);
	ev_unmap(&b, PAGE(0), IOMAP_ATOMIC);
	assert_int_equal(unmaps(&b, 2, IOMAP_ATOMIC), 1);
	assert_int_equal(unmaps(&b, 1, IOMAP_ATOMIC), 0);
	ev_unmap(&b, PAGE(0), IOMAP_ATOMIC);
	assert_int_equal(unmaps(&b, 1, IOMAP_ATOMIC), 1);
	bench_close(&b);
}

static void wrong_order(void **state)
{
	struct bench b;

	(void)state;
	open_two(&b, NULL);
	for (unsigned int kind = IOMAP_ATOMIC; kind <= IOMAP_LOCAL; kind++) {
		ev_map(&b, 1, PAGE(1), kind, IOMAP_KMAP, SITE);
		ev_map(&b, 1, PAGE(2), kind, IOMAP_KMAP, SITE);
		ev_map(&b, 2, PAGE(3), kind, IOMAP_KMAP, SITE);
		ev_unmap(&b, PAGE(1), kind);
		assert_int_equal(unmaps(&b, 1, kind), 1);
		ev_unmap(&b, PAGE(3), kind);
		assert_int_equal(unmaps(&b, 2, kind), 1);
		ev_unmap(&b, PAGE(2), kind);
		assert_int_equal(unmaps(&b, 1, kind), 2);
		/* No map is left: the same unmaps are unmatched. */
		for (int i = 1; i <= 3; i++)
			ev_unmap(&b, PAGE(i), kind);
		assert_int_equal(unmaps(&b, 1, kind), 2);
		assert_int_equal(b.m.unmatched_unmaps, 3 * (kind + 1));
	}
	assert_int_equal(total_lost(&b), 0);
	bench_close(&b);
}

static void double_and_unknown_unmap(void **state)
{
	struct bench b;

	(void)state;
	open_two(&b, NULL);
	for (unsigned int kind = 0; kind < IOMAP_KIND_MAX; kind++) {
		ev_map(&b, 1, PAGE(1), kind, IOMAP_KMAP, SITE);
		ev_unmap(&b, PAGE(1), kind);
		ev_unmap(&b, PAGE(1), kind);
		ev_unmap(&b, PAGE(9), kind);
		assert_int_equal(unmaps(&b, 1, kind), 1);
		assert_int_equal(b.m.unmatched_unmaps, 2 * (kind + 1));
	}
	assert_int_equal(total_lost(&b), 0);
	assert_int_equal(b.m.cpus[0].unmaps[IOMAP_ATOMIC], 3);
	bench_close(&b);
}

static void kinds_do_not_mix(void **state)
{
	struct bench b;

	(void)state;
	open_two(&b, NULL);
	for (unsigned int kind = 0; kind < IOMAP_KIND_MAX; kind++) {
		for (unsigned int other = 0; other < IOMAP_KIND_MAX; other++) {
			if (other == kind)
				continue;
			/* The wrong unmap ends the map, so the right one is unmatched. */
			ev_map(&b, 1, PAGE(1), kind, IOMAP_KMAP, SITE);
			ev_unmap(&b, PAGE(1), other);
			ev_unmap(&b, PAGE(1), kind);
		}
	}
	for (unsigned int kind = 0; kind < IOMAP_KIND_MAX; kind++) {
		assert_int_equal(unmaps(&b, 1, kind), 0);
		assert_int_equal(model_live(&get_mapping(&b, 1)->kind[kind]), 0);
	}
	assert_int_equal(b.m.unmatched_unmaps, 12);
	assert_int_equal(b.m.rule_count[IOMAP_UNMAP_KIND], 6);
	assert_int_equal(b.m.rule_count[IOMAP_UNMAP_UNKNOWN], 6);
	assert_int_equal(live_entries(&b), 0);
	bench_close(&b);
}

static void depth_overflow_is_named(void **state)
{
	const unsigned int extra = 5, depth = IOMAP_STACK_DEPTH + extra;
	struct bench b;

	(void)state;
	open_two(&b, NULL);
	for (unsigned int kind = IOMAP_ATOMIC; kind <= IOMAP_LOCAL; kind++) {
		for (unsigned int i = 0; i < depth; i++)
			ev_map(&b, 1, PAGE(i), kind, IOMAP_KMAP, SITE);
		bench_sample(&b);
		assert_int_equal(b.m.lost[IOMAP_LOST_DEPTH_OVERFLOW], extra * (kind + 1));
		assert_int_equal(get_mapping(&b, 1)->kind[kind].maps, depth);
		for (unsigned int i = depth; i-- > 0;)
			ev_unmap(&b, PAGE(i), kind);
		/* The oldest sections were forgotten. */
		assert_int_equal(unmaps(&b, 1, kind), IOMAP_STACK_DEPTH);
		assert_int_equal(b.m.unmatched_unmaps, extra * (kind + 1));
		/* Counting goes on as before. */
		ev_map(&b, 2, PAGE(1), kind, IOMAP_KMAP, SITE);
		ev_unmap(&b, PAGE(1), kind);
		assert_int_equal(unmaps(&b, 2, kind), 1);
	}
	assert_int_equal(total_lost(&b), 2 * extra);
	bench_close(&b);
}

/* Sections that never end drop out of the stack and do not hide later ones. */
static void leaks_do_not_blind(void **state)
{
	struct bench b;

	(void)state;
	open_two(&b, NULL);
	for (unsigned int i = 0; i < 3 * IOMAP_STACK_DEPTH; i++)
		ev_map(&b, 1, PAGE(100 + i), IOMAP_ATOMIC, IOMAP_KMAP, SITE);
	for (unsigned int i = 0; i < 50; i++) {
		ev_map(&b, 2, PAGE(i), IOMAP_ATOMIC, IOMAP_KMAP, SITE);
		ev_unmap(&b, PAGE(i), IOMAP_ATOMIC);
	}
	assert_int_equal(unmaps(&b, 2, IOMAP_ATOMIC), 50);
	bench_close(&b);
}

/* A hole at the bottom is not an open section: overwriting it loses nothing. */
static void holes_are_not_lost(void **state)
{
	struct bench b;

	(void)state;
	open_two(&b, NULL);
	for (unsigned int i = 0; i < IOMAP_STACK_DEPTH; i++)
		ev_map(&b, 1, PAGE(i), IOMAP_ATOMIC, IOMAP_KMAP, SITE);
	ev_unmap(&b, PAGE(0), IOMAP_ATOMIC);
	ev_map(&b, 1, PAGE(50), IOMAP_ATOMIC, IOMAP_KMAP, SITE);
	bench_sample(&b);
	assert_int_equal(total_lost(&b), 0);
	ev_map(&b, 1, PAGE(51), IOMAP_ATOMIC, IOMAP_KMAP, SITE);
	bench_sample(&b);
	assert_int_equal(b.m.lost[IOMAP_LOST_DEPTH_OVERFLOW], 1);
	bench_close(&b);
}

static void atomic_is_per_cpu(void **state)
{
	struct bench b;

	(void)state;
	if (cpus_online() < 2)
		skip();
	open_two(&b, NULL);
	ev_map(&b, 1, PAGE(1), IOMAP_ATOMIC, IOMAP_KMAP, SITE);
	on_cpu(1);
	ev_map(&b, 2, PAGE(1), IOMAP_ATOMIC, IOMAP_KMAP, SITE);
	on_cpu(0);
	ev_unmap(&b, PAGE(1), IOMAP_ATOMIC);
	assert_int_equal(unmaps(&b, 1, IOMAP_ATOMIC), 1);
	assert_int_equal(unmaps(&b, 2, IOMAP_ATOMIC), 0);
	ev_unmap(&b, PAGE(1), IOMAP_ATOMIC);
	assert_int_equal(unmaps(&b, 2, IOMAP_ATOMIC), 0);
	assert_int_equal(b.m.unmatched_unmaps, 1);
	on_cpu(1);
	ev_unmap(&b, PAGE(1), IOMAP_ATOMIC);
	assert_int_equal(unmaps(&b, 2, IOMAP_ATOMIC), 1);
	bench_close(&b);
}

static void local_is_per_task(void **state)
{
	int other = cpus_online() > 1;
	struct worker *w[2];
	struct bench b;

	(void)state;
	open_two(&b, NULL);
	w[0] = worker_start();
	w[1] = worker_start();
	/* Both tasks map the same address on one CPU and unmap it on another one. */
	on_map(&b, w[0], 0, 1, PAGE(1), IOMAP_LOCAL, IOMAP_KMAP, SITE);
	on_map(&b, w[1], 0, 2, PAGE(1), IOMAP_LOCAL, IOMAP_KMAP, SITE);
	on_unmap(&b, w[0], other, PAGE(1), IOMAP_LOCAL);
	assert_int_equal(unmaps(&b, 1, IOMAP_LOCAL), 1);
	assert_int_equal(unmaps(&b, 2, IOMAP_LOCAL), 0);
	on_unmap(&b, w[0], other, PAGE(1), IOMAP_LOCAL);
	assert_int_equal(unmaps(&b, 2, IOMAP_LOCAL), 0);
	assert_int_equal(b.m.unmatched_unmaps, 1);
	on_unmap(&b, w[1], other, PAGE(1), IOMAP_LOCAL);
	assert_int_equal(unmaps(&b, 2, IOMAP_LOCAL), 1);
	worker_stop(w[0]);
	worker_stop(w[1]);
	bench_close(&b);
}

static void local_ends_with_its_task(void **state)
{
	struct worker *w;
	struct bench b;

	(void)state;
	open_two(&b, NULL);
	w = worker_start();
	on_map(&b, w, 0, 1, PAGE(1), IOMAP_LOCAL, IOMAP_KMAP, SITE);
	ev_exit(&b);
	worker_stop(w);
	w = worker_start();
	b.running[0] = NULL;
	on_unmap(&b, w, 0, PAGE(1), IOMAP_LOCAL);
	worker_stop(w);
	assert_int_equal(unmaps(&b, 1, IOMAP_LOCAL), 0);
	assert_int_equal(b.m.unmatched_unmaps, 1);
	bench_close(&b);
}

static void rt_atomic_is_per_task(void **state)
{
	int other = cpus_online() > 1;
	struct worker *w[2];
	struct bench b;

	(void)state;
	open_two(&b, &rt);
	w[0] = worker_start();
	w[1] = worker_start();
	on_map(&b, w[0], 0, 1, PAGE(1), IOMAP_ATOMIC, IOMAP_KMAP, SITE);
	on_map(&b, w[0], 0, 1, PAGE(2), IOMAP_LOCAL, IOMAP_KMAP, SITE);
	/* Another task preempts it and maps the same address. */
	on_map(&b, w[1], 0, 2, PAGE(1), IOMAP_ATOMIC, IOMAP_KMAP, SITE);
	on_unmap(&b, w[0], other, PAGE(2), IOMAP_LOCAL);
	on_unmap(&b, w[0], other, PAGE(1), IOMAP_ATOMIC);
	assert_int_equal(unmaps(&b, 1, IOMAP_ATOMIC), 1);
	assert_int_equal(unmaps(&b, 1, IOMAP_LOCAL), 1);
	assert_int_equal(unmaps(&b, 2, IOMAP_ATOMIC), 0);
	on_unmap(&b, w[1], 0, PAGE(1), IOMAP_ATOMIC);
	assert_int_equal(unmaps(&b, 2, IOMAP_ATOMIC), 1);
	assert_int_equal(b.m.unmatched_unmaps, 0);
	worker_stop(w[0]);
	worker_stop(w[1]);
	bench_close(&b);
}

static void sleepable_prefers_its_task(void **state)
{
	struct worker *w[3];
	struct bench b;

	(void)state;
	open_two(&b, NULL);
	for (int i = 0; i < 3; i++)
		w[i] = worker_start();
	on_map(&b, w[0], 0, 1, PAGE(1), IOMAP_SLEEPABLE, IOMAP_KMAP, SITE);
	on_map(&b, w[1], 0, 2, PAGE(1), IOMAP_SLEEPABLE, IOMAP_KMAP, SITE);
	assert_int_equal(live_entries(&b), 2);
	on_unmap(&b, w[1], 0, PAGE(1), IOMAP_SLEEPABLE);
	assert_int_equal(unmaps(&b, 2, IOMAP_SLEEPABLE), 1);
	assert_int_equal(unmaps(&b, 1, IOMAP_SLEEPABLE), 0);
	/* Another task may end it too. */
	on_unmap(&b, w[2], 0, PAGE(1), IOMAP_SLEEPABLE);
	assert_int_equal(unmaps(&b, 1, IOMAP_SLEEPABLE), 1);
	assert_int_equal(live_entries(&b), 0);
	/* The lowest n is free while a higher one is in use. */
	on_map(&b, w[0], 0, 1, PAGE(1), IOMAP_SLEEPABLE, IOMAP_KMAP, SITE);
	on_map(&b, w[1], 0, 2, PAGE(1), IOMAP_SLEEPABLE, IOMAP_KMAP, SITE);
	on_unmap(&b, w[0], 0, PAGE(1), IOMAP_SLEEPABLE);
	on_unmap(&b, w[2], 0, PAGE(1), IOMAP_SLEEPABLE);
	assert_int_equal(unmaps(&b, 1, IOMAP_SLEEPABLE), 2);
	assert_int_equal(unmaps(&b, 2, IOMAP_SLEEPABLE), 2);
	assert_int_equal(b.m.unmatched_unmaps, 0);
	for (int i = 0; i < 3; i++)
		worker_stop(w[i]);
	bench_close(&b);
}

/* Open maps of a freed mapping do not match unmaps of the new mapping with its id. */
static void sleepable_of_an_old_mapping(void **state)
{
	struct history *h = history_new();
	struct worker *w;
	struct bench b;

	(void)state;
	open_two(&b, NULL);
	w = worker_start();
	on_map(&b, w, 0, 1, PAGE(1), IOMAP_SLEEPABLE, IOMAP_KMAP, SITE);
	on_map(&b, w, 0, 1, PAGE(2), IOMAP_SLEEPABLE, IOMAP_KMAP, SITE);
	on_map(&b, w, 0, 2, PAGE(2), IOMAP_SLEEPABLE, IOMAP_KMAP, SITE);
	ev_free(&b, 1);
	/* The mapping is freed, but not replaced: a late unmap still matches. */
	on_unmap(&b, w, 0, PAGE(1), IOMAP_SLEEPABLE);
	assert_int_equal(unmaps(&b, 1, IOMAP_SLEEPABLE), 1);
	ev_create(&b, 1, 0x500000, 0x100000, IOMAP_KMAP, SITE);
	on_map(&b, w, 0, 1, PAGE(2), IOMAP_SLEEPABLE, IOMAP_KMAP, SITE);
	assert_int_equal(live_entries(&b), 3);
	for (int i = 0; i < 2; i++)
		on_unmap(&b, w, 0, PAGE(2), IOMAP_SLEEPABLE);
	assert_int_equal(unmaps(&b, 1, IOMAP_SLEEPABLE), 1);
	assert_int_equal(unmaps(&b, 2, IOMAP_SLEEPABLE), 1);
	on_unmap(&b, w, 0, PAGE(2), IOMAP_SLEEPABLE);
	bench_sample(&b);
	assert_int_equal(b.m.unmatched_unmaps, 1);
	assert_int_equal(live_entries(&b), 0);

	/* The daemon removes stale entries when it consumes the create event. */
	on_map(&b, w, 0, 1, PAGE(7), IOMAP_SLEEPABLE, IOMAP_KMAP, SITE);
	on_map(&b, w, 0, 2, PAGE(8), IOMAP_SLEEPABLE, IOMAP_KMAP, SITE);
	ev_free(&b, 1);
	ev_create(&b, 1, 0x500000, 0x100000, IOMAP_KMAP, SITE);
	assert_true(collector_consume(b.collector, h) > 0);
	assert_int_equal(live_entries(&b), 1);
	worker_stop(w);
	history_free(h);
	bench_close(&b);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(nested_in_order),
		cmocka_unit_test(interrupt_nests),
		cmocka_unit_test(wrong_order),
		cmocka_unit_test(double_and_unknown_unmap),
		cmocka_unit_test(kinds_do_not_mix),
		cmocka_unit_test(depth_overflow_is_named),
		cmocka_unit_test(leaks_do_not_blind),
		cmocka_unit_test(holes_are_not_lost),
		cmocka_unit_test(atomic_is_per_cpu),
		cmocka_unit_test(local_is_per_task),
		cmocka_unit_test(local_ends_with_its_task),
		cmocka_unit_test(rt_atomic_is_per_task),
		cmocka_unit_test(sleepable_prefers_its_task),
		cmocka_unit_test(sleepable_of_an_old_mapping),
	};

	return cmocka_run_group_tests_name("bpf/sections", tests, NULL, NULL);
}
