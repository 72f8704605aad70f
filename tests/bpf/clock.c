// SPDX-License-Identifier: GPL-2.0-or-later
/*
 * The time of day of an event is the one at which it happened, also when the machine was suspended
 * or its clock was set since. Neither can be tried on this machine: the tests change the saved
 * records to what they would be then. tests/abuse/guest-clock.sh sets a clock.
 */
#include "tests/bpf/pins-fixture.h"

#include <string.h>
#include <time.h>
#include <bpf/bpf.h>

#include "daemon/collector/pins.h"

#define HOUR (3600 * NSEC_PER_SEC)

/* A creation, and then a violation: the map's offset is not aligned. */
static void create_and_offend(struct bench *b)
{
	uint64_t args[] = { 1, 0x5000, 0x123, 0x1000, IOMAP_ATOMIC, IOMAP_LINEAR, SITE };

	create_mappings(b, 1, 1);
	ev_raw(b, b->map_fd, args, ARRAY_SIZE(args));
	ev_unmap(b, 0x5000, IOMAP_ATOMIC);
}

/*
 * Checks that the events, and the violations of a sampling, happened between from and to. Returns
 * the number of events.
 */
static int expect_times(struct bench *b, struct history *h, uint64_t from, uint64_t to)
{
	uint64_t seq = 0, missed = 0;
	const struct event *e;
	int n = 0;

	while ((e = history_next(h, &seq, &missed))) {
		assert_in_range(e->time_unix_ns, from, to);
		if (e->violation)
			assert_in_range(e->violation->time_unix_ns, from, to);
		n++;
	}
	bench_sample(b);
	assert_int_equal(b->m.nr_violations, 1);
	assert_in_range(b->m.violations[0].time_unix_ns, from, to);
	return n;
}

static void time_of_day(void **state)
{
	struct history *h = history_new();
	uint64_t from, to;
	struct bench b;

	(void)state;
	bench_open(&b, NULL);
	from = clock_ns(CLOCK_REALTIME);
	create_and_offend(&b);
	to = clock_ns(CLOCK_REALTIME);
	assert_int_equal(collector_consume(b.collector, h), 2);
	assert_int_equal(expect_times(&b, h, from, to), 2);
	bench_close(&b);
	history_free(h);
}

/* Changes CLOCK_MONOTONIC of all saved records, as if the machine was suspended for ns since. */
static void suspend(struct bench *b, uint64_t ns)
{
	int events = collector_map_fd(b->collector, "saved_events");
	int sites = collector_map_fd(b->collector, "violations");
	struct iomap_saved_event t;
	struct iomap_violation v;
	uint64_t site;

	for (uint32_t i = 0; i < IOMAP_SAVED_ALL; i++) {
		assert_int_equal(bpf_map_lookup_elem(events, &i, &t), 0);
		if (!t.seq)
			continue;
		t.rec.time_ns += ns;
		assert_int_equal(bpf_map_update_elem(events, &i, &t, 0), 0);
	}
	assert_int_equal(bpf_map_get_next_key(sites, NULL, &site), 0);
	assert_int_equal(bpf_map_lookup_elem(sites, &site, &v), 0);
	v.time_ns += ns;
	assert_int_equal(bpf_map_update_elem(sites, &site, &v, 0), 0);
}

static void killed_before_a_suspend(struct bench *b, struct history *h)
{
	create_and_offend(b);
	assert_int_equal(collector_consume(b->collector, h), 2);
	suspend(b, HOUR);
}

static void suspended_since(void **state)
{
	struct history *h = history_new();
	uint64_t from, to;
	struct bench b;

	(void)state;
	from = clock_ns(CLOCK_REALTIME);
	in_killed_process(killed_before_a_suspend);
	to = clock_ns(CLOCK_REALTIME);
	pins_bench_open(&b);
	assert_int_equal(collector_consume(b.collector, h), 2);
	b.sent = 3;
	assert_int_equal(expect_times(&b, h, from, to), 2);
	bench_close(&b);
	history_free(h);
	pins_clean();
}

/* A suspend before the event, with no iomapd to see it: CLOCK_TAI is an hour earlier. */
static void happened_an_hour_ago(struct bench *b, struct history *h)
{
	int sites = collector_map_fd(b->collector, "violations");
	struct iomap_violation v;
	uint64_t site;

	(void)h;
	create_and_offend(b);
	assert_int_equal(bpf_map_get_next_key(sites, NULL, &site), 0);
	assert_int_equal(bpf_map_lookup_elem(sites, &site, &v), 0);
	v.tai_ns -= HOUR;
	assert_int_equal(bpf_map_update_elem(sites, &site, &v, 0), 0);
}

static void violation_an_hour_ago(void **state)
{
	uint64_t from, to;
	struct bench b;

	(void)state;
	from = clock_ns(CLOCK_REALTIME) - HOUR;
	in_killed_process(happened_an_hour_ago);
	to = clock_ns(CLOCK_REALTIME) - HOUR;
	pins_bench_open(&b);
	b.sent = 3;
	bench_sample(&b);
	assert_in_range(b.m.violations[0].time_unix_ns, from, to);
	bench_close(&b);
	pins_clean();
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(time_of_day),
		cmocka_unit_test(suspended_since),
		cmocka_unit_test(violation_an_hour_ago),
	};

	return cmocka_run_group_tests_name("bpf/clock", tests, pins_mount, pins_unmount);
}
