// SPDX-License-Identifier: GPL-2.0-or-later
/* Violations by site: reported once, counted exactly, never lost. */
#include "tests/bpf/harness.h"

#include <string.h>

/* An unaligned map, from that call site. */
static void offend(struct bench *b, uint64_t caller)
{
	uint64_t args[] = { 1, 0x5010, 0x10, 16, IOMAP_ATOMIC, IOMAP_LINEAR, caller };

	ev_raw(b, b->map_fd, args, ARRAY_SIZE(args));
	ev_unmap(b, 0x5010, IOMAP_ATOMIC);
}

static unsigned int violations_reported(struct history *h)
{
	uint64_t seq = history_first(h), missed;
	const struct event *e;
	unsigned int n = 0;

	while ((e = history_next(h, &seq, &missed))) {
		n += e->rec.type == IOMAP_EVENT_VIOLATION;
		assert_true(!e->violation == (e->rec.type != IOMAP_EVENT_VIOLATION));
	}
	return n;
}

static void same_site_is_reported_once(void **state)
{
	int other = cpus_online() > 1;
	struct history *h = history_new();
	const unsigned int n = 5000;
	struct bench b;

	(void)state;
	bench_open_one(&b, NULL);
	for (unsigned int i = 0; i < n; i++) {
		on_cpu(i % 2 ? other : 0);
		offend(&b, SITE);
	}
	assert_true(collector_consume(b.collector, h) > 0);
	assert_int_equal(violations_reported(h), 1);
	bench_sample(&b);
	assert_int_equal(b.m.rule_count[IOMAP_OFFSET_ALIGN], n);
	assert_int_equal(get_site(&b, IOMAP_OFFSET_ALIGN)->count, n);
	history_free(h);
	bench_close(&b);
}

static void other_sites_are_separate(void **state)
{
	struct history *h = history_new();
	struct bench b;

	(void)state;
	bench_open_one(&b, NULL);
	for (unsigned int i = 0; i < 30; i++)
		offend(&b, SITE + i % 10);
	collector_consume(b.collector, h);
	assert_int_equal(violations_reported(h), 10);
	bench_sample(&b);
	assert_int_equal(b.m.nr_violations, 10);
	for (size_t i = 0; i < b.m.nr_violations; i++)
		assert_int_equal(b.m.violations[i].count, 3);
	/* They are in order of time. */
	for (size_t i = 1; i < b.m.nr_violations; i++)
		assert_true(b.m.violations[i - 1].time_ns <= b.m.violations[i].time_ns);
	history_free(h);
	bench_close(&b);
}

/* More sites than the table takes: the violations of the others are counted by rule only. */
static void too_many_sites(void **state)
{
	const unsigned int more = 20;
	struct history *h = history_new();
	struct bench b;

	(void)state;
	bench_open_one(&b, NULL);
	for (unsigned int i = 0; i < IOMAP_SITES + more; i++) {
		offend(&b, SITE + i);
		if (i % 100 == 0)
			collector_consume(b.collector, h);
	}
	offend(&b, SITE);
	bench_sample(&b);
	assert_int_equal(b.m.nr_violations, IOMAP_SITES);
	assert_int_equal(b.m.rule_count[IOMAP_OFFSET_ALIGN], IOMAP_SITES + more + 1);
	assert_int_equal(b.m.unlisted, more);
	assert_int_equal(b.m.violations[0].count, 2);
	history_free(h);
	bench_close(&b);
}

/* Sites without room in the ring are reported from the table. */
static void ring_full(void **state)
{
	const struct collector_options opts = { .ring_bytes = 4096, .timing = IOMAP_TIMING_ALL };
	struct history *h = history_new();
	const unsigned int n = 200;
	struct bench b;

	(void)state;
	bench_open_one(&b, &opts);
	for (unsigned int i = 0; i < n; i++)
		offend(&b, SITE + i);
	collector_consume(b.collector, h);
	assert_int_equal(violations_reported(h), n);
	bench_sample(&b);
	assert_int_equal(b.m.nr_violations, n);
	assert_int_equal(b.m.unlisted, 0);
	/* They are not reported again. */
	offend(&b, SITE + n);
	collector_consume(b.collector, h);
	assert_int_equal(violations_reported(h), n + 1);
	history_free(h);
	bench_close(&b);
}

static void stacks_of_maps(void **state)
{
	const struct collector_options opts = { .map_stacks = true };
	const struct model_violation *v;
	struct bench b;

	(void)state;
	bench_open_one(&b, &opts);
	ev_map(&b, 1, 0x5000, IOMAP_ATOMIC, IOMAP_LINEAR, SITE);
	ev_unmap(&b, 0x5000, IOMAP_SLEEPABLE);
	bench_sample(&b);
	v = get_site(&b, IOMAP_UNMAP_KIND);
	assert_true(v->nr_stack > 0);
	assert_true(v->nr_map_stack > 0);
	/* Frames of tracing are left out: the stack begins at the caller of the program. */
	assert_non_null(strstr(v->map_stack[v->nr_map_stack - 1], "+0x"));
	assert_null(strstr(v->map_stack[0], "bpf_prog_"));
	bench_close(&b);

	bench_open_one(&b, NULL);
	ev_map(&b, 1, 0x5000, IOMAP_ATOMIC, IOMAP_LINEAR, SITE);
	ev_unmap(&b, 0x5000, IOMAP_SLEEPABLE);
	bench_sample(&b);
	assert_int_equal(get_site(&b, IOMAP_UNMAP_KIND)->nr_map_stack, 0);
	bench_close(&b);
}

/* More tasks are switched out with maps than can be saved: no false violation is reported. */
static void too_many_holders(void **state)
{
	const unsigned int n = 600, room = 512;
	struct bench b;

	(void)state;
	bench_open_one(&b, NULL);
	for (unsigned int i = 0; i < n; i++) {
		ev_map(&b, 1, 0x5000, IOMAP_LOCAL, IOMAP_LINEAR, SITE);
		ev_switch(&b, false, 0x1000 + i, 0x1000 + i + 1, 2);
	}
	bench_sample(&b);
	assert_int_equal(b.m.lost[IOMAP_LOST_SAVED_FULL], n - room);
	assert_int_equal(model_live(&get_mapping(&b, 1)->kind[IOMAP_LOCAL]), room);
	for (unsigned int i = 0; i < n; i++) {
		ev_switch(&b, false, 1, 0x1000 + i, 2);
		ev_unmap(&b, 0x5000, IOMAP_LOCAL);
		ev_switch(&b, false, 0x1000 + i, 1, 2);
	}
	bench_sample(&b);
	assert_int_equal(get_mapping(&b, 1)->kind[IOMAP_LOCAL].unmaps, room);
	assert_int_equal(b.m.undecided[IOMAP_LOCAL], n - room);
	assert_int_equal(total_violations(&b), 0);
	bench_close(&b);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(same_site_is_reported_once),
		cmocka_unit_test(other_sites_are_separate),
		cmocka_unit_test(too_many_sites),
		cmocka_unit_test(ring_full),
		cmocka_unit_test(stacks_of_maps),
		cmocka_unit_test(too_many_holders),
	};

	return cmocka_run_group_tests_name("bpf/sites", tests, NULL, NULL);
}
