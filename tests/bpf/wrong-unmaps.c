// SPDX-License-Identifier: GPL-2.0-or-later
/* One wrong unmap is one violation: nothing that only follows from it is reported. */
#include "tests/bpf/harness.h"

#include <string.h>

#include "daemon/collector/report.h"

static void map(struct bench *b, uint64_t vaddr, uint64_t size, uint32_t kind)
{
	uint64_t args[] = { 1, vaddr, vaddr & 0xfffff, size, kind, IOMAP_LINEAR, SITE };

	ev_raw(b, b->map_fd, args, ARRAY_SIZE(args));
}

/* Sleeps, lets the task exit and frees the mapping: what a broken section would be blamed for. */
static void go_on(struct bench *b)
{
	ev_switch(b, false, TASK(1), TASK(2), SLEEPING);
	ev_switch(b, false, TASK(2), TASK(1), SLEEPING);
	ev_free(b, 1);
	ev_exit(b);
	bench_sample(b);
}

static void expect_one(struct bench *b, unsigned int rule)
{
	go_on(b);
	assert_int_equal(total_violations(b), 1);
	assert_int_equal(b->m.rule_count[rule], 1);
}

/* As kunmap_local() allows. On both paths, in maps of one page and of several. */
static void inside_the_map(void **state)
{
	static const struct {
		uint32_t kind;
		uint64_t size, at;
	} cases[] = {
		{ IOMAP_ATOMIC, 4096, 0x40 },	     { IOMAP_ATOMIC, 4096, 0xfff },
		{ IOMAP_LOCAL, 4096, 0x40 },	     { IOMAP_SLEEPABLE, 4096, 0x40 },
		{ IOMAP_SLEEPABLE, 0x8000, 0x1000 }, { IOMAP_SLEEPABLE, 0x8000, 0x7fff },
	};

	(void)state;
	for (size_t i = 0; i < 2 * ARRAY_SIZE(cases); i++) {
		const struct collector_options opts = { .timing = IOMAP_TIMING_ALL,
							.slow_only = i % 2 };
		uint32_t kind = cases[i / 2].kind;
		const struct model_violation *v;
		char text[VIOLATION_TEXT_MAX];
		struct bench b;

		bench_open_one(&b, &opts);
		/* Those of the fast path follow the first one. */
		for (unsigned int n = 0; n < 2; n++) {
			map(&b, PAGE(1), cases[i / 2].size, kind);
			ev_unmap(&b, PAGE(1) + (n ? cases[i / 2].at : 0), kind);
		}
		expect_one(&b, IOMAP_UNMAP_UNKNOWN);
		v = get_site(&b, IOMAP_UNMAP_UNKNOWN);
		assert_int_equal(v->kind, kind);
		assert_int_equal(v->mapping_id, 1);
		assert_string_equal(v->caller, get_caller(&b, SITE, 1, kind)->name);
		assert_non_null(strstr(violation_text(v, text), "an address inside the map"));
		/* The section has ended, as any other. */
		assert_int_equal(get_mapping(&b, 1)->kind[kind].unmaps, 2);
		assert_int_equal(b.m.unmatched_unmaps, 0);
		assert_int_equal(live_entries(&b), 0);
		bench_close(&b);
	}
}

/* The address behind a sleepable map is not inside it. */
static void behind_the_map(void **state)
{
	struct bench b;

	(void)state;
	bench_open_one(&b, NULL);
	map(&b, PAGE(1), 0x2000, IOMAP_SLEEPABLE);
	ev_unmap(&b, PAGE(3), IOMAP_SLEEPABLE);
	ev_unmap(&b, PAGE(1), IOMAP_SLEEPABLE);
	expect_one(&b, IOMAP_UNMAP_UNKNOWN);
	assert_int_equal(get_mapping(&b, 1)->kind[IOMAP_SLEEPABLE].unmaps, 1);
	bench_close(&b);
}

/* A rule that is worse than the wrong address is the one that is reported. */
static void inside_and_more(void **state)
{
	struct bench b;

	(void)state;
	bench_open_one(&b, NULL);
	map(&b, PAGE(1), 4096, IOMAP_ATOMIC);
	map(&b, PAGE(2), 4096, IOMAP_ATOMIC);
	ev_unmap(&b, PAGE(1) + 8, IOMAP_ATOMIC);
	ev_unmap(&b, PAGE(2), IOMAP_ATOMIC);
	expect_one(&b, IOMAP_UNMAP_ORDER);
	bench_close(&b);
	for (unsigned int kind = 0; kind < IOMAP_KIND_MAX; kind++) {
		for (unsigned int other = 0; other < IOMAP_KIND_MAX; other++) {
			if (other == kind)
				continue;
			for (unsigned int inside = 0; inside < 2; inside++) {
				bench_open_one(&b, NULL);
				map(&b, PAGE(1), 4096, kind);
				ev_unmap(&b, PAGE(1) + 8 * inside, other);
				expect_one(&b, IOMAP_UNMAP_KIND);
				bench_close(&b);
			}
		}
	}
}

/* NULL, or a stray pointer: the section may have ended. */
static void wrong_pointer(void **state)
{
	static const uint64_t wrong[] = { 0, 0x40, 0xdead0000, PAGE(9), -12ULL };

	(void)state;
	for (unsigned int kind = 0; kind <= IOMAP_LOCAL; kind++) {
		for (size_t i = 0; i < ARRAY_SIZE(wrong); i++) {
			struct bench b;

			bench_open_one(&b, NULL);
			map(&b, PAGE(1), 4096, kind);
			ev_unmap(&b, wrong[i], kind);
			/* Later maps are judged as before. */
			map(&b, PAGE(2), 4096, kind);
			ev_unmap(&b, PAGE(2), kind);
			expect_one(&b, IOMAP_UNMAP_UNKNOWN);
			assert_int_equal(model_live(&get_mapping(&b, 1)->kind[kind]), 0);
			bench_close(&b);
		}
	}
}

/* An unmap too many: the maps around it are unmapped as they should be. */
static void one_too_many(void **state)
{
	(void)state;
	for (unsigned int kind = 0; kind < IOMAP_KIND_MAX; kind++) {
		struct bench b;

		bench_open_one(&b, NULL);
		map(&b, PAGE(1), 4096, kind);
		map(&b, PAGE(2), 4096, kind);
		ev_unmap(&b, PAGE(2), kind);
		ev_unmap(&b, PAGE(2), kind);
		ev_unmap(&b, PAGE(1), kind);
		expect_one(&b, IOMAP_UNMAP_UNKNOWN);
		assert_int_equal(get_mapping(&b, 1)->kind[kind].unmaps, 2);
		assert_int_equal(get_mapping(&b, 1)->kind[kind].hold_count, 2);
		assert_int_equal(b.m.unmatched_unmaps, 1);
		bench_close(&b);
	}
}

/* Where the rule is not checked, the consequences are all that there is to report. */
static void without_the_rule(void **state)
{
	const struct collector_options opts = { .timing = IOMAP_TIMING_ALL,
						.rules_off = IOMAP_RULE(IOMAP_UNMAP_UNKNOWN) };
	struct bench b;

	(void)state;
	bench_open_one(&b, &opts);
	map(&b, PAGE(1), 4096, IOMAP_ATOMIC);
	ev_unmap(&b, 0, IOMAP_ATOMIC);
	go_on(&b);
	assert_int_equal(b.m.rule_count[IOMAP_SLEEP_IN_ATOMIC], 1);
	bench_close(&b);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(inside_the_map),  cmocka_unit_test(behind_the_map),
		cmocka_unit_test(inside_and_more), cmocka_unit_test(wrong_pointer),
		cmocka_unit_test(one_too_many),	   cmocka_unit_test(without_the_rule),
	};

	return cmocka_run_group_tests_name("bpf/wrong-unmaps", tests, NULL, NULL);
}
