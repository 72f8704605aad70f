// SPDX-License-Identifier: GPL-2.0-or-later
/* Violations by tasks that sleep or exit while they hold a map. */
#include "tests/bpf/harness.h"

#define SITE_B		   0xffffffff81000200
#define WAITS_FOR_SPINLOCK 0x1000 /* TASK_RTLOCK_WAIT */
#define DEAD		   0x80

/* The holder of an atomic map may be preempted on PREEMPT_RT, but not on other kernels. */
static void sleep_in_atomic(void **state)
{
	static const struct {
		int rt;
		bool preempt;
		uint32_t task_state;
		int violations;
	} cases[] = {
		{ 0, false, SLEEPING, 1 },
		{ 0, true, 0, 1 },
		{ 0, false, 0, 1 },
		{ 1, false, SLEEPING, 1 },
		{ 1, true, 0, 0 },
		/* Preempted when it was about to sleep */
		{ 1, true, SLEEPING, 0 },
		{ 1, false, WAITS_FOR_SPINLOCK, 0 },
		{ 1, false, 0, 0 },
	};

	(void)state;
	for (size_t i = 0; i < ARRAY_SIZE(cases); i++) {
		const struct collector_options opts = { .timing = IOMAP_TIMING_ALL,
							.preempt_rt = cases[i].rt };
		const struct model_violation *v;
		struct bench b;

		bench_open_one(&b, &opts);
		ev_map(&b, 1, PAGE(1), IOMAP_ATOMIC, IOMAP_LINEAR, SITE);
		ev_map(&b, 1, PAGE(2), IOMAP_LOCAL, IOMAP_LINEAR, SITE_B);
		ev_switch(&b, cases[i].preempt, TASK(1), TASK(2), cases[i].task_state);
		/* The other tasks break no rule, and the holder gets its maps back. */
		ev_switch(&b, false, TASK(2), TASK(3), SLEEPING);
		ev_switch(&b, false, TASK(3), TASK(1), SLEEPING);
		ev_unmap(&b, PAGE(2), IOMAP_LOCAL);
		ev_unmap(&b, PAGE(1), IOMAP_ATOMIC);
		ev_switch(&b, false, TASK(1), TASK(2), SLEEPING);
		bench_sample(&b);
		assert_int_equal(total_violations(&b), cases[i].violations);
		if (cases[i].violations) {
			v = get_site(&b, IOMAP_SLEEP_IN_ATOMIC);
			assert_int_equal(v->kind, IOMAP_ATOMIC);
			assert_string_equal(v->caller, get_caller(&b, SITE, 1, IOMAP_ATOMIC)->name);
			assert_true(v->nr_stack > 0);
		}
		assert_int_equal(get_mapping(&b, 1)->kind[IOMAP_ATOMIC].unmaps, 1);
		bench_close(&b);
	}
}

/* Each switch of the holder is a violation, on any CPU. */
static void sleeps_again_elsewhere(void **state)
{
	int other = cpus_online() > 1;
	struct bench b;

	(void)state;
	bench_open_one(&b, NULL);
	ev_map(&b, 1, PAGE(1), IOMAP_ATOMIC, IOMAP_LINEAR, SITE);
	for (int i = 0; i < 10; i++) {
		on_cpu(i % 2 ? other : 0);
		ev_switch(&b, false, TASK(1), TASK(2), SLEEPING);
		on_cpu(i % 2 ? 0 : other);
		ev_switch(&b, false, TASK(2), TASK(1), SLEEPING);
	}
	ev_unmap(&b, PAGE(1), IOMAP_ATOMIC);
	bench_sample(&b);
	assert_int_equal(b.m.rule_count[IOMAP_SLEEP_IN_ATOMIC], 10);
	assert_int_equal(total_violations(&b), 10);
	bench_close(&b);
}

/* Switches tasks without sections on CPU 0. */
static void others_run(struct bench *b, int switches)
{
	on_cpu(0);
	for (int i = 0; i < switches; i++)
		ev_switch(b, false, TASK(2 + i % 2), TASK(3 - i % 2), SLEEPING);
}

/* A task on that CPU maps a page and is switched out with it. */
static void holder_leaves(struct bench *b, int cpu, uint64_t page, uint64_t site)
{
	on_cpu(cpu);
	ev_map(b, 1, page, IOMAP_LOCAL, IOMAP_LINEAR, site);
	ev_switch(b, false, TASK(1), TASK(9), SLEEPING);
}

/* It comes back on that CPU and unmaps the page. */
static void holder_returns(struct bench *b, int cpu, uint64_t page)
{
	on_cpu(cpu);
	ev_switch(b, false, TASK(9), TASK(1), SLEEPING);
	ev_unmap(b, page, IOMAP_LOCAL);
}

/*
 * The programs stop looking for saved tasks when none is saved. The holder comes back, on each CPU,
 * after each number of switches around the two at which they find out.
 */
static void holder_comes_back(void **state)
{
	int other = cpus_online() > 1;
	struct bench b;

	(void)state;
	bench_open_one(&b, NULL);
	for (int i = 250; i < 262; i++) {
		holder_leaves(&b, other, PAGE(1), SITE);
		assert_true(bench_looks_for_saved(&b));
		others_run(&b, i);
		assert_true(bench_looks_for_saved(&b));
		holder_returns(&b, i % 2 ? other : 0, PAGE(1));
		others_run(&b, 600);
		assert_false(bench_looks_for_saved(&b));
	}
	bench_sample(&b);
	assert_int_equal(b.m.unmatched_unmaps, 0);
	assert_int_equal(get_mapping(&b, 1)->kind[IOMAP_LOCAL].unmaps, 12);
	assert_int_equal(total_violations(&b), 0);
	bench_close(&b);
}

/* A task is saved between the two steps in which the flag is cleared. */
static void saved_meanwhile(void **state)
{
	int other = cpus_online() > 1;
	struct bench b;

	(void)state;
	bench_open_one(&b, NULL);
	for (int i = 250; i < 262; i++) {
		/* One save, so that the programs look, and clear the flag later. */
		holder_leaves(&b, other, PAGE(1), SITE);
		holder_returns(&b, other, PAGE(1));
		others_run(&b, i);
		holder_leaves(&b, other, PAGE(2), SITE_B);
		others_run(&b, 2);
		holder_returns(&b, other, PAGE(2));
		others_run(&b, 600);
		assert_false(bench_looks_for_saved(&b));
	}
	bench_sample(&b);
	assert_int_equal(b.m.unmatched_unmaps, 0);
	assert_int_equal(total_violations(&b), 0);
	bench_close(&b);
}

static void leak_at_exit(void **state)
{
	struct bench b;

	(void)state;
	bench_open_one(&b, NULL);
	ev_map(&b, 1, PAGE(1), IOMAP_ATOMIC, IOMAP_LINEAR, SITE);
	ev_map(&b, 1, PAGE(2), IOMAP_LOCAL, IOMAP_LINEAR, SITE_B);
	ev_map(&b, 1, PAGE(3), IOMAP_LOCAL, IOMAP_LINEAR, SITE_B);
	ev_unmap(&b, PAGE(3), IOMAP_LOCAL);
	ev_exit(&b);
	/* They are counted once: not again at the last switch or at the free. */
	ev_exit(&b);
	ev_switch(&b, false, TASK(1), TASK(2), DEAD);
	ev_free(&b, 1);
	bench_sample(&b);
	assert_int_equal(b.m.rule_count[IOMAP_LEAK], 2);
	assert_int_equal(total_violations(&b), 2);
	assert_int_equal(b.m.nr_violations, 2);
	assert_true(b.m.violations[0].at_exit);
	assert_true(b.m.violations[1].at_exit);
	for (unsigned int kind = 0; kind < IOMAP_KIND_MAX; kind++)
		assert_int_equal(model_live(&get_mapping(&b, 1)->kind[kind]), 0);
	bench_close(&b);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(sleep_in_atomic),   cmocka_unit_test(sleeps_again_elsewhere),
		cmocka_unit_test(holder_comes_back), cmocka_unit_test(saved_meanwhile),
		cmocka_unit_test(leak_at_exit),
	};

	return cmocka_run_group_tests_name("bpf/tasks", tests, NULL, NULL);
}
