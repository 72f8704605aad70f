// SPDX-License-Identifier: GPL-2.0-or-later
/* The rules about calls of io_mapping: violations, their facts, and correct use. */
#include "tests/bpf/harness.h"

#include <string.h>
#include <time.h>

#include "daemon/collector/report.h"

#define SITE_B 0xffffffff81000200

/* The name of a call site of mapping 1. */
static const char *name_of(const struct bench *b, uint64_t site, uint32_t kind)
{
	return get_caller(b, site, 1, kind)->name;
}

/* A map with any arguments. */
static void map_at(struct bench *b, uint32_t id, uint64_t vaddr, uint64_t offset, uint64_t size,
		   uint32_t kind)
{
	uint64_t args[] = { id, vaddr, offset, size, kind, IOMAP_LINEAR, SITE };

	ev_raw(b, b->map_fd, args, ARRAY_SIZE(args));
}

static void map_and_unmap(struct bench *b, uint64_t offset, uint64_t size, uint32_t kind)
{
	map_at(b, 1, 0xc0000000 + offset, offset, size, kind);
	ev_unmap(b, 0xc0000000 + offset, kind);
}

static void correct_use_is_silent(void **state)
{
	struct bench b;

	(void)state;
	bench_open_one(&b, NULL);
	for (unsigned int kind = 0; kind < IOMAP_KIND_MAX; kind++) {
		for (unsigned int i = 0; i < REGION / 4096; i++)
			map_and_unmap(&b, i * 4096, 4096, kind);
		/* Nested maps, as when an interrupt maps. */
		ev_map(&b, 1, PAGE(1), kind, IOMAP_LINEAR, SITE);
		ev_map(&b, 1, PAGE(1), IOMAP_ATOMIC, IOMAP_LINEAR, SITE);
		ev_unmap(&b, PAGE(1), IOMAP_ATOMIC);
		ev_unmap(&b, PAGE(1), kind);
	}
	map_and_unmap(&b, 0, REGION, IOMAP_SLEEPABLE);
	/* A task may sleep with local or sleepable maps, and exit with sleepable ones. */
	ev_map(&b, 1, PAGE(1), IOMAP_LOCAL, IOMAP_LINEAR, SITE);
	ev_map(&b, 1, PAGE(2), IOMAP_SLEEPABLE, IOMAP_LINEAR, SITE);
	ev_switch(&b, false, TASK(1), TASK(2), SLEEPING);
	ev_switch(&b, false, TASK(2), TASK(1), SLEEPING);
	ev_unmap(&b, PAGE(1), IOMAP_LOCAL);
	ev_exit(&b);
	ev_unmap(&b, PAGE(2), IOMAP_SLEEPABLE);
	ev_free(&b, 1);
	bench_sample(&b);
	assert_int_equal(total_violations(&b), 0);
	assert_int_equal(b.m.nr_violations, 0);
	for (unsigned int kind = 0; kind < IOMAP_KIND_MAX; kind++)
		assert_int_equal(b.m.undecided[kind], 0);
	bench_close(&b);
}

static void offsets(void **state)
{
	static const struct {
		uint64_t offset, size;
		uint32_t kinds; /* for which this is a violation, as bits */
		unsigned int rule;
	} cases[] = {
		{ REGION, 4096, 7, IOMAP_OFFSET_RANGE },
		{ REGION + 4096, 4096, 7, IOMAP_OFFSET_RANGE },
		{ 0xfffffffffffff000, 4096, 7, IOMAP_OFFSET_RANGE },
		/* The page lies in the region, but the map reaches past its end. */
		{ REGION - 4096, 8192, 4, IOMAP_OFFSET_RANGE },
		{ 4096, 0xfffffffffffff000, 4, IOMAP_OFFSET_RANGE },
		{ 1, 16, 7, IOMAP_OFFSET_ALIGN },
		{ 4096 + 2048, 16, 7, IOMAP_OFFSET_ALIGN },
	};

	(void)state;
	for (size_t i = 0; i < ARRAY_SIZE(cases); i++) {
		const struct model_violation *v;
		struct bench b;

		bench_open_one(&b, NULL);
		for (unsigned int kind = 0; kind < IOMAP_KIND_MAX; kind++)
			map_and_unmap(&b, cases[i].offset, cases[i].size, kind);
		bench_sample(&b);
		assert_int_equal(b.m.rule_count[cases[i].rule], __builtin_popcount(cases[i].kinds));
		assert_int_equal(total_violations(&b), __builtin_popcount(cases[i].kinds));
		assert_int_equal(b.m.nr_violations, __builtin_popcount(cases[i].kinds));
		v = &b.m.violations[0];
		assert_int_equal(v->rule, cases[i].rule);
		assert_int_equal(v->offset, cases[i].offset);
		assert_int_equal(v->map_size, cases[i].size);
		assert_int_equal(v->mapping_id, 1);
		assert_int_equal(v->base, 0x100000);
		assert_int_equal(v->size, REGION);
		assert_string_equal(v->comm, "rules");
		assert_int_equal(v->cpu, 0);
		bench_close(&b);
	}
}

/*
 * The page of a map begins at base + offset: a base inside a page makes offsets of whole pages
 * wrong, and others right. On both paths.
 */
static void base_inside_a_page(void **state)
{
	static const struct {
		uint64_t base, offset;
		unsigned int broken;
		const char *text; /* NULL: the rule holds */
	} cases[] = {
		{ 0xff200010, 0, 1,
		  "the mapping's base 0xff200010 is not a multiple of the page size: offset 0x0 "
		  "lies inside a page" },
		{ 0xff200010, 0x10, 1,
		  "base 0xff200010 + offset 0x10 is not a multiple of the page size" },
		{ 0xff200010, 0xff0, 0, NULL },
		{ 0xff200800, 0x3000, 1,
		  "the mapping's base 0xff200800 is not a multiple of the page size: offset "
		  "0x3000 lies inside a page" },
		{ 0xff200800, 0x2800, 0, NULL },
		{ 0xff200000, 0x10, 1, "offset 0x10 is not a multiple of the page size" },
	};

	(void)state;
	for (size_t i = 0; i < 2 * ARRAY_SIZE(cases); i++) {
		const struct collector_options opts = { .timing = IOMAP_TIMING_ALL,
							.slow_only = i % 2 };
		uint64_t base = cases[i / 2].base, offset = cases[i / 2].offset;
		char text[VIOLATION_TEXT_MAX];
		struct bench b;

		bench_open(&b, &opts);
		on_cpu(0);
		ev_create(&b, 1, base, REGION, IOMAP_LINEAR, SITE);
		for (unsigned int n = 0; n < 3; n++) {
			for (unsigned int kind = 0; kind < IOMAP_KIND_MAX; kind++) {
				uint64_t vaddr = 0xc0000000 + base % 4096 + offset;

				map_at(&b, 1, vaddr, offset, 4096, kind);
				ev_unmap(&b, vaddr, kind);
			}
		}
		bench_sample(&b);
		assert_int_equal(b.m.rule_count[IOMAP_OFFSET_ALIGN], 9 * cases[i / 2].broken);
		assert_int_equal(total_violations(&b), 9 * cases[i / 2].broken);
		for (size_t k = 0; k < b.m.nr_violations; k++)
			assert_string_equal(violation_text(&b.m.violations[k], text),
					    cases[i / 2].text);
		bench_close(&b);
	}
}

/* Failed maps break rules too. A map that breaks two rules counts for both. */
static void failed_and_doubly_wrong_maps(void **state)
{
	struct bench b;

	(void)state;
	bench_open_one(&b, NULL);
	ev_map_failed(&b, 1, REGION, IOMAP_ATOMIC, IOMAP_KMAP, SITE);
	map_and_unmap(&b, REGION + 1, 16, IOMAP_LOCAL);
	/* The region of an id that was not created is unknown. */
	map_at(&b, 9, 0xd0000000, REGION * 4, 4096, IOMAP_SLEEPABLE);
	ev_unmap(&b, 0xd0000000, IOMAP_SLEEPABLE);
	bench_sample(&b);
	assert_int_equal(b.m.rule_count[IOMAP_OFFSET_RANGE], 2);
	assert_int_equal(b.m.rule_count[IOMAP_OFFSET_ALIGN], 1);
	assert_int_equal(total_violations(&b), 3);
	bench_close(&b);
}

static void use_after_free(void **state)
{
	struct bench b;

	(void)state;
	bench_open_one(&b, NULL);
	ev_free(&b, 1);
	for (unsigned int kind = 0; kind < IOMAP_KIND_MAX; kind++)
		map_and_unmap(&b, 0, 4096, kind);
	bench_sample(&b);
	assert_int_equal(b.m.rule_count[IOMAP_USE_AFTER_FREE], 3);
	assert_int_equal(total_violations(&b), 3);
	/* A new mapping has the id. */
	ev_create(&b, 1, 0x300000, REGION, IOMAP_LINEAR, SITE);
	map_and_unmap(&b, 0, 4096, IOMAP_ATOMIC);
	bench_sample(&b);
	assert_int_equal(total_violations(&b), 3);
	bench_close(&b);
}

/* Atomic and local maps share one order. */
static void unmap_order(void **state)
{
	struct bench b;

	(void)state;
	for (unsigned int first = 0; first <= IOMAP_LOCAL; first++) {
		for (unsigned int second = 0; second <= IOMAP_LOCAL; second++) {
			const struct model_violation *v;

			bench_open_one(&b, NULL);
			ev_map(&b, 1, PAGE(1), first, IOMAP_LINEAR, SITE);
			ev_map(&b, 1, PAGE(2), second, IOMAP_LINEAR, SITE_B);
			ev_unmap(&b, PAGE(1), first);
			ev_unmap(&b, PAGE(2), second);
			bench_sample(&b);
			assert_int_equal(total_violations(&b), 1);
			v = get_site(&b, IOMAP_UNMAP_ORDER);
			assert_int_equal(v->kind, first);
			assert_string_equal(v->caller, name_of(&b, SITE, first));
			assert_non_null(strstr(v->offender, "1234"));
			assert_true(v->held_ns > 0);
			bench_close(&b);
		}
	}
}

/* Sleepable maps have no order, and any task may unmap them. */
static void sleepable_has_no_order(void **state)
{
	struct worker *w[2] = { worker_start(), worker_start() };
	struct bench b;

	(void)state;
	bench_open_one(&b, NULL);
	on_map(&b, w[0], 0, 1, PAGE(1), IOMAP_SLEEPABLE, IOMAP_LINEAR, SITE);
	on_map(&b, w[0], 0, 1, PAGE(2), IOMAP_SLEEPABLE, IOMAP_LINEAR, SITE);
	on_map(&b, w[1], 0, 1, PAGE(1), IOMAP_SLEEPABLE, IOMAP_LINEAR, SITE);
	on_unmap(&b, w[1], 0, PAGE(1), IOMAP_SLEEPABLE);
	on_unmap(&b, w[1], 0, PAGE(1), IOMAP_SLEEPABLE);
	on_unmap(&b, w[0], 0, PAGE(2), IOMAP_SLEEPABLE);
	bench_sample(&b);
	assert_int_equal(total_violations(&b), 0);
	/* An unmap of the wrong kind does not end the sleepable map of another task. */
	on_map(&b, w[0], 0, 1, PAGE(3), IOMAP_SLEEPABLE, IOMAP_LINEAR, SITE);
	on_unmap(&b, w[1], 0, PAGE(3), IOMAP_LOCAL);
	on_unmap(&b, w[0], 0, PAGE(3), IOMAP_SLEEPABLE);
	bench_sample(&b);
	assert_int_equal(b.m.rule_count[IOMAP_UNMAP_UNKNOWN], 1);
	assert_int_equal(total_violations(&b), 1);
	worker_stop(w[0]);
	worker_stop(w[1]);
	bench_close(&b);
}

static void leak_at_free(void **state)
{
	const struct model_violation *v;
	struct bench b;

	(void)state;
	bench_open_one(&b, NULL);
	ev_map(&b, 1, PAGE(1), IOMAP_SLEEPABLE, IOMAP_LINEAR, SITE);
	ev_map(&b, 1, PAGE(2), IOMAP_SLEEPABLE, IOMAP_LINEAR, SITE_B);
	ev_unmap(&b, PAGE(1), IOMAP_SLEEPABLE);
	ev_free(&b, 1);
	bench_sample(&b);
	v = get_site(&b, IOMAP_LEAK);
	assert_int_equal(v->count, 1);
	assert_int_equal(v->kind, IOMAP_SLEEPABLE);
	assert_false(v->at_exit);
	assert_string_equal(v->caller, name_of(&b, SITE_B, IOMAP_SLEEPABLE));
	/* The next mapping with this id starts at zero, and a late unmap is no second violation. */
	ev_create(&b, 1, 0x300000, REGION, IOMAP_LINEAR, SITE);
	ev_unmap(&b, PAGE(2), IOMAP_SLEEPABLE);
	ev_free(&b, 1);
	bench_sample(&b);
	assert_int_equal(total_violations(&b), 1);
	bench_close(&b);
}

/* When several maps leak at once, their call site is reported only if they have it in common. */
static void leaks_of_one_site_and_of_two(void **state)
{
	const struct model_violation *v;
	struct bench b;

	(void)state;
	for (int two = 0; two < 2; two++) {
		bench_open_one(&b, NULL);
		for (int i = 0; i < 6; i++)
			ev_map(&b, 1, PAGE(i), IOMAP_SLEEPABLE, IOMAP_LINEAR,
			       two && i == 3 ? SITE_B : SITE);
		ev_free(&b, 1);
		bench_sample(&b);
		v = get_site(&b, IOMAP_LEAK);
		assert_int_equal(v->count, 6);
		assert_int_equal(b.m.rule_count[IOMAP_LEAK], 6);
		if (two)
			assert_null(v->caller);
		else
			assert_string_equal(v->caller, name_of(&b, SITE, IOMAP_SLEEPABLE));
		bench_close(&b);
	}
}

static void spin(unsigned int us)
{
	struct timespec start, now;

	clock_gettime(CLOCK_MONOTONIC, &start);
	do
		clock_gettime(CLOCK_MONOTONIC, &now);
	while ((now.tv_sec - start.tv_sec) * 1000000 + (now.tv_nsec - start.tv_nsec) / 1000 < us);
}

static void hold_time(void **state)
{
	const struct collector_options opts = { .timing = IOMAP_TIMING_OFF,
						.max_hold_ns = 20 * 1000 * 1000 };
	const struct model_violation *v;
	struct bench b;

	(void)state;
	bench_open_one(&b, &opts);
	assert_false(b.m.rule_off[IOMAP_HOLD_TIME]);
	for (unsigned int kind = 0; kind < IOMAP_KIND_MAX; kind++) {
		ev_map(&b, 1, PAGE(1), kind, IOMAP_LINEAR, SITE);
		spin(21000);
		ev_unmap(&b, PAGE(1), kind);
		map_and_unmap(&b, 0, 4096, kind);
	}
	bench_sample(&b);
	v = get_site(&b, IOMAP_HOLD_TIME);
	assert_int_equal(v->kind, IOMAP_ATOMIC);
	assert_true(v->held_ns > 21000000 && v->held_ns < 2000000000);
	assert_int_equal(total_violations(&b), 1);
	bench_close(&b);

	/* Without a budget the rule is off and reported as off. */
	bench_open_one(&b, NULL);
	ev_map(&b, 1, PAGE(1), IOMAP_ATOMIC, IOMAP_LINEAR, SITE);
	spin(21000);
	ev_unmap(&b, PAGE(1), IOMAP_ATOMIC);
	bench_sample(&b);
	assert_true(b.m.rule_off[IOMAP_HOLD_TIME]);
	assert_int_equal(total_violations(&b), 0);
	bench_close(&b);
}

static void rules_off(void **state)
{
	const struct collector_options opts = { .timing = IOMAP_TIMING_ALL,
						.rules_off = IOMAP_RULE(IOMAP_OFFSET_ALIGN) |
							     IOMAP_RULE(IOMAP_UNMAP_UNKNOWN) };
	struct bench b;

	(void)state;
	bench_open_one(&b, &opts);
	map_and_unmap(&b, 1, 16, IOMAP_ATOMIC);
	ev_unmap(&b, PAGE(1), IOMAP_ATOMIC);
	map_and_unmap(&b, REGION, 16, IOMAP_ATOMIC);
	bench_sample(&b);
	assert_true(b.m.rule_off[IOMAP_OFFSET_ALIGN]);
	assert_false(b.m.rule_off[IOMAP_OFFSET_RANGE]);
	assert_int_equal(total_violations(&b), 1);
	assert_int_equal(b.m.rule_count[IOMAP_OFFSET_RANGE], 1);
	bench_close(&b);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(correct_use_is_silent),
		cmocka_unit_test(offsets),
		cmocka_unit_test(base_inside_a_page),
		cmocka_unit_test(failed_and_doubly_wrong_maps),
		cmocka_unit_test(use_after_free),
		cmocka_unit_test(unmap_order),
		cmocka_unit_test(sleepable_has_no_order),
		cmocka_unit_test(leak_at_free),
		cmocka_unit_test(leaks_of_one_site_and_of_two),
		cmocka_unit_test(hold_time),
		cmocka_unit_test(rules_off),
	};

	return cmocka_run_group_tests_name("bpf/rules", tests, NULL, NULL);
}
