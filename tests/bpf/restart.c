// SPDX-License-Identifier: GPL-2.0-or-later
/*
 * A collector is killed, and the next one goes on: no count and no event is lost or reported twice,
 * whatever the first one was doing.
 */
#include "tests/bpf/pins-fixture.h"

#include <stdlib.h>
#include <sys/mman.h>
#include <unistd.h>
#include <bpf/bpf.h>

#include "build/bpf/schema.h"
#include "daemon/collector/pins.h"

/* Bytes of a record in the ring, with its header. */
#define RING_RECORD (sizeof(struct iomap_event) + 8)

static void counts_and_events_go_on(void **state)
{
	struct history *h = history_new();
	struct bench b;

	(void)state;
	in_killed_process(some_work);
	pins_bench_open(&b);
	assert_null(collector_note(b.collector, 0));
	b.sent = 8;
	bench_sample(&b);
	assert_int_equal(b.m.starts, 2);
	assert_int_equal(get_mapping(&b, 1)->kind[IOMAP_ATOMIC].unmaps, 1);
	assert_int_equal(get_mapping(&b, 2)->kind[IOMAP_SLEEPABLE].maps, 1);
	/* The programs are the same ones and know the open maps. */
	ev_unmap(&b, 0x6000, IOMAP_SLEEPABLE);
	bench_sample(&b);
	assert_int_equal(get_mapping(&b, 2)->kind[IOMAP_SLEEPABLE].unmaps, 1);
	assert_int_equal(b.m.unmatched_unmaps, 0);
	collector_consume(b.collector, h);
	expect_events(h, 1, 1, 5);
	bench_close(&b);
	history_free(h);
	pins_clean();
}

/* Gives the newest records back to the ring, as if they were not consumed yet. */
static void put_back(struct bench *b, size_t records)
{
	unsigned long *pos = mmap(NULL, getpagesize(), PROT_READ | PROT_WRITE, MAP_SHARED,
				  collector_map_fd(b->collector, "events"), 0);

	assert_true(pos != MAP_FAILED);
	assert_true(*pos >= records * RING_RECORD);
	*pos -= records * RING_RECORD;
	munmap(pos, getpagesize());
}

/* The record was saved, but not yet consumed from the ring. */
static void killed_after_saving(struct bench *b, struct history *h)
{
	create_mappings(b, 1, 3);
	collector_consume(b->collector, h);
	put_back(b, 1);
	create_mappings(b, 4, 4);
}

/* The record was being saved: its seq was 0. */
static void killed_while_saving(struct bench *b, struct history *h)
{
	int fd = collector_map_fd(b->collector, "saved_events");
	struct iomap_saved_event t;
	uint32_t key = 3;

	create_mappings(b, 1, 3);
	collector_consume(b->collector, h);
	put_back(b, 1);
	assert_int_equal(bpf_map_lookup_elem(fd, &key, &t), 0);
	assert_int_equal(t.seq, 3);
	t.seq = 0;
	assert_int_equal(bpf_map_update_elem(fd, &key, &t, 0), 0);
	create_mappings(b, 4, 4);
}

static void each_event_once(void **state)
{
	static void (*const killed[])(struct bench * b, struct history * h) = {
		killed_after_saving,
		killed_while_saving,
	};

	(void)state;
	for (size_t i = 0; i < ARRAY_SIZE(killed); i++) {
		struct history *h = history_new();
		struct bench b;

		in_killed_process(killed[i]);
		pins_bench_open(&b);
		collector_consume(b.collector, h);
		expect_events(h, 1, 1, 4);
		b.sent = 4;
		bench_close(&b);
		history_free(h);
		pins_clean();
	}
}

static void offend(struct bench *b, uint64_t site)
{
	uint64_t args[] = { 1, 0x5123, 0x123, 0x1000, IOMAP_ATOMIC, IOMAP_LINEAR, site };

	ev_raw(b, b->map_fd, args, ARRAY_SIZE(args));
	ev_unmap(b, 0x5123, IOMAP_ATOMIC);
}

/* A violation, and then more other events than are saved. */
static void more_than_are_saved(struct bench *b, struct history *h)
{
	create_mappings(b, 1, 1);
	offend(b, SITE);
	collector_consume(b->collector, h);
	for (int i = 0; i < 3; i++) {
		create_mappings(b, 2, 501);
		collector_consume(b->collector, h);
	}
	offend(b, SITE + 0x40);
	offend(b, SITE);
}

static void the_last_ones_are_saved(void **state)
{
	struct history *h = history_new();
	uint64_t seq = 0, missed = 0;
	const struct event *e;
	struct bench b;
	size_t n = 0;

	(void)state;
	in_killed_process(more_than_are_saved);
	pins_bench_open(&b);
	collector_consume(b.collector, h);
	while ((e = history_next(h, &seq, &missed))) {
		assert_int_equal(seq - 1, e->seq);
		/* The first site is older than all other saved events, the second one is new. */
		assert_int_equal(e->rec.type == IOMAP_EVENT_VIOLATION,
				 e->seq == 2 || e->seq == 1503);
		assert_int_equal(e->violation != NULL, e->rec.type == IOMAP_EVENT_VIOLATION);
		n++;
	}
	assert_int_equal(seq, 1504);
	assert_int_equal(n, 1 + HISTORY_SIZE);
	b.sent = 1501 + 6;
	bench_sample(&b);
	assert_int_equal(b.m.nr_violations, 2);
	assert_int_equal(b.m.violations[0].count, 2);
	bench_close(&b);
	history_free(h);
	pins_clean();
}

static void reported_and_unreported_sites(struct bench *b, struct history *h)
{
	create_mappings(b, 1, 1);
	offend(b, SITE);
	collector_consume(b->collector, h);
	offend(b, SITE + 0x40);
}

static void sites_are_reported_once(void **state)
{
	struct history *h = history_new();
	uint64_t seq = 0, missed = 0, reported = 0;
	const struct event *e;
	struct bench b;

	(void)state;
	in_killed_process(reported_and_unreported_sites);
	pins_bench_open(&b);
	assert_int_equal(collector_consume(b.collector, h), 3);
	assert_int_equal(collector_consume(b.collector, h), 0);
	while ((e = history_next(h, &seq, &missed))) {
		assert_int_equal(e->violation != NULL, e->rec.type == IOMAP_EVENT_VIOLATION);
		reported += e->violation != NULL;
	}
	assert_int_equal(reported, 2);
	b.sent = 5;
	bench_close(&b);
	history_free(h);
	pins_clean();
}

static void other_options_start_at_zero(void **state)
{
	struct collector_options opts = { .timing = IOMAP_TIMING_OFF, .pins = pins };
	char aside[128];
	struct bench b;

	(void)state;
	in_killed_process(some_work);
	bench_open(&b, &opts);
	assert_non_null(strstr(collector_note(b.collector, 0), "other options (hold-times)"));
	assert_null(collector_note(b.collector, 1));
	bench_sample(&b);
	assert_int_equal(b.m.starts, 1);
	assert_int_equal(b.m.nr_mappings, 0);
	snprintf(aside, sizeof(aside), "%s/" PINS_ASIDE "/" IOMAP_PIN_SCHEMA "/map_counters", pins);
	assert_int_equal(access(aside, F_OK), 0);
	snprintf(aside, sizeof(aside), "%s/" PINS_ASIDE "/" IOMAP_PIN_SCHEMA "/prog_iomap_map",
		 pins);
	assert_int_not_equal(access(aside, F_OK), 0);
	bench_close(&b);
	pins_clean();
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(counts_and_events_go_on),
		cmocka_unit_test(each_event_once),
		cmocka_unit_test(the_last_ones_are_saved),
		cmocka_unit_test(sites_are_reported_once),
		cmocka_unit_test(other_options_start_at_zero),
	};

	return cmocka_run_group_tests_name("bpf/restart", tests, pins_mount, pins_unmount);
}
