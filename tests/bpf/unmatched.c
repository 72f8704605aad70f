// SPDX-License-Identifier: GPL-2.0-or-later
/* Unmatched unmaps: violations, unless they may end a map that is older than the programs. */
#include "tests/bpf/harness.h"

static void undecided_unmaps(void **state)
{
	struct bench b;

	(void)state;
	bench_open_one(&b, NULL);
	bench_set_old(&b, 1);
	/* This task is older than the test, and the address lies in no known mapping. */
	for (unsigned int kind = 0; kind < IOMAP_KIND_MAX; kind++)
		ev_unmap(&b, 0xe0000000, kind);
	bench_sample(&b);
	assert_int_equal(total_violations(&b), 0);
	for (unsigned int kind = 0; kind < IOMAP_KIND_MAX; kind++)
		assert_int_equal(b.m.undecided[kind], 1);
	/* The CPU has switched tasks, so all older atomic maps have ended. */
	ev_switch(&b, false, TASK(1), TASK(2), SLEEPING);
	for (unsigned int kind = 0; kind < IOMAP_KIND_MAX; kind++)
		ev_unmap(&b, 0xe0000000, kind);
	bench_sample(&b);
	assert_int_equal(b.m.rule_count[IOMAP_UNMAP_UNKNOWN], 1);
	assert_int_equal(get_site(&b, IOMAP_UNMAP_UNKNOWN)->kind, IOMAP_ATOMIC);
	/* No older map can have an address inside a new linear mapping. */
	ev_map(&b, 1, PAGE(1), IOMAP_SLEEPABLE, IOMAP_LINEAR, SITE);
	ev_unmap(&b, PAGE(1), IOMAP_SLEEPABLE);
	ev_unmap(&b, 0xc0000000, IOMAP_SLEEPABLE);
	ev_unmap(&b, 0xc0000000 + REGION, IOMAP_SLEEPABLE);
	bench_sample(&b);
	assert_int_equal(b.m.rule_count[IOMAP_UNMAP_UNKNOWN], 2);
	assert_int_equal(b.m.undecided[IOMAP_SLEEPABLE], 3);
	/* When the last older mapping is freed, no older map is left. */
	bench_set_old(&b, 0);
	ev_unmap(&b, 0xe0000000, IOMAP_SLEEPABLE);
	bench_sample(&b);
	assert_int_equal(b.m.rule_count[IOMAP_UNMAP_UNKNOWN], 3);
	bench_close(&b);
}

/* A task that was created after the programs started has no older maps. */
static void new_tasks_are_known(void **state)
{
	struct worker *w;
	struct bench b;

	(void)state;
	bench_open_one(&b, NULL);
	bench_set_old(&b, 1);
	w = worker_start();
	on_unmap(&b, w, 0, 0xe0000000, IOMAP_LOCAL);
	bench_sample(&b);
	assert_int_equal(b.m.rule_count[IOMAP_UNMAP_UNKNOWN], 1);
	assert_int_equal(b.m.undecided[IOMAP_LOCAL], 0);
	on_unmap(&b, w, 0, 0xe0000000, IOMAP_SLEEPABLE);
	bench_sample(&b);
	assert_int_equal(b.m.undecided[IOMAP_SLEEPABLE], 1);
	worker_stop(w);
	bench_close(&b);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(undecided_unmaps),
		cmocka_unit_test(new_tasks_are_known),
	};

	return cmocka_run_group_tests_name("bpf/unmatched", tests, NULL, NULL);
}
