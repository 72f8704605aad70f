// SPDX-License-Identifier: GPL-2.0-or-later
/* At each limit, the loss has a reason, all else goes on, and the accounting is correct. */
#include "tests/bpf/harness.h"

#include <string.h>
#include <time.h>
#include <bpf/bpf.h>
#include <bpf/libbpf.h>

static void mapping_table_full(void **state)
{
	const struct collector_options opts = { .max_mappings = 3, .timing = IOMAP_TIMING_ALL };
	static const uint32_t outside[] = { 0, 4, 5, 0xffffffff };
	struct bench b;

	(void)state;
	bench_open(&b, &opts);
	for (uint32_t id = 1; id <= 3; id++)
		ev_create(&b, id, 0x1000 * id, 0x1000, IOMAP_LINEAR, SITE);
	bench_sample(&b);
	assert_int_equal(total_lost(&b), 0);
	assert_int_equal(b.m.nr_mappings, 3);
	for (size_t i = 0; i < ARRAY_SIZE(outside); i++) {
		ev_create(&b, outside[i], 0x1000, 0x1000, IOMAP_LINEAR, SITE);
		for (unsigned int kind = 0; kind < IOMAP_KIND_MAX; kind++) {
			ev_map(&b, outside[i], PAGE(i), kind, IOMAP_LINEAR, SITE + i);
			ev_unmap(&b, PAGE(i), kind);
		}
		ev_free(&b, outside[i]);
	}
	bench_sample(&b);
	assert_int_equal(b.m.lost[IOMAP_LOST_TABLE_FULL], 8);
	assert_int_equal(total_lost(&b), 8);
	assert_int_equal(b.m.nr_mappings, 3);
	assert_int_equal(b.m.created, 7);
	assert_int_equal(b.m.freed, 4);
	assert_int_equal(b.m.unlisted_maps, 12);
	assert_int_equal(b.m.unmatched_unmaps, 0);
	assert_int_equal(b.m.total[IOMAP_LINEAR][IOMAP_LOCAL].maps, 4);
	assert_int_equal(b.m.total[IOMAP_LINEAR][IOMAP_LOCAL].unmaps, 4);
	assert_int_equal(get_caller(&b, SITE + 1, 4, IOMAP_ATOMIC)->maps, 1);
	bench_close(&b);
}

static void call_sites_full(void **state)
{
	const struct collector_options opts = { .max_callers = 16, .timing = IOMAP_TIMING_ALL };
	const unsigned int n = 200;
	uint64_t at_sites = 0;
	struct bench b;

	(void)state;
	bench_open(&b, &opts);
	on_cpu(0);
	ev_create(&b, 1, 0x1000, 0x100000, IOMAP_LINEAR, SITE);
	/* Two rounds: call sites keep their records, and the maps of the others are lost again. */
	for (unsigned int i = 0; i < 2 * n; i++) {
		ev_map(&b, 1, PAGE(1), IOMAP_ATOMIC, IOMAP_LINEAR, SITE + i % n * 16);
		ev_unmap(&b, PAGE(1), IOMAP_ATOMIC);
	}
	bench_sample(&b);
	for (size_t i = 0; i < b.m.nr_callers; i++) {
		assert_int_equal(b.m.callers[i].maps, 2);
		at_sites += b.m.callers[i].maps;
	}
	assert_int_equal(b.m.nr_callers, 16);
	assert_int_equal(b.m.lost[IOMAP_LOST_CALLERS_FULL], 2 * n - at_sites);
	assert_int_equal(total_lost(&b), 2 * n - at_sites);
	/* The counts by mapping include them. */
	assert_int_equal(get_mapping(&b, 1)->kind[IOMAP_ATOMIC].maps, 2 * n);
	assert_int_equal(get_mapping(&b, 1)->kind[IOMAP_ATOMIC].unmaps, 2 * n);
	bench_close(&b);
}

/* Half as many call sites as the table has room for: all find room. */
static void call_sites_spread(void **state)
{
	const struct collector_options opts = { .max_callers = 1024, .timing = IOMAP_TIMING_ALL };
	struct bench b;

	(void)state;
	bench_open(&b, &opts);
	on_cpu(0);
	ev_create(&b, 1, 0x1000, 0x100000, IOMAP_LINEAR, SITE);
	for (unsigned int i = 0; i < 512; i++)
		ev_map_failed(&b, 1, 0, IOMAP_ATOMIC, IOMAP_LINEAR, SITE + i * 64);
	bench_sample(&b);
	assert_int_equal(b.m.lost[IOMAP_LOST_CALLERS_FULL], 0);
	assert_int_equal(b.m.nr_callers, 512);
	bench_close(&b);
}

/* One call site maps several mappings in several kinds: each combination has its own record. */
static void call_sites_are_separate(void **state)
{
	const struct collector_options opts = { .max_callers = 16, .timing = IOMAP_TIMING_ALL };
	uint64_t at_sites = 0;
	struct bench b;

	(void)state;
	bench_open(&b, &opts);
	on_cpu(0);
	for (uint32_t id = 1; id <= 8; id++) {
		for (unsigned int kind = 0; kind < IOMAP_KIND_MAX; kind++) {
			for (unsigned int i = 0; i < 10 * id + kind; i++)
				ev_map_failed(&b, id, 0, kind, IOMAP_LINEAR, SITE);
		}
	}
	bench_sample(&b);
	assert_int_equal(b.m.nr_callers, 16);
	for (size_t i = 0; i < b.m.nr_callers; i++) {
		const struct model_caller *c = &b.m.callers[i];

		assert_int_equal(c->failed, 10 * c->mapping_id + c->kind);
		at_sites += c->failed;
	}
	assert_int_equal(b.m.lost[IOMAP_LOST_CALLERS_FULL], 3 * 360 + 8 * 3 - at_sites);
	bench_close(&b);
}

static void live_table_full(void **state)
{
	const struct collector_options opts = { .max_live = 8, .timing = IOMAP_TIMING_ALL };
	struct bench b;

	(void)state;
	bench_open(&b, &opts);
	ev_create(&b, 1, 0x1000, 0x100000, IOMAP_LINEAR, SITE);
	for (int i = 0; i < 11; i++)
		ev_map(&b, 1, PAGE(i), IOMAP_SLEEPABLE, IOMAP_LINEAR, SITE);
	bench_sample(&b);
	assert_int_equal(b.m.lost[IOMAP_LOST_LIVE_FULL], 3);
	assert_int_equal(get_mapping(&b, 1)->kind[IOMAP_SLEEPABLE].maps, 11);
	assert_int_equal(get_caller(&b, SITE, 1, IOMAP_SLEEPABLE)->maps, 11);
	for (int i = 0; i < 11; i++)
		ev_unmap(&b, PAGE(i), IOMAP_SLEEPABLE);
	bench_sample(&b);
	assert_int_equal(get_mapping(&b, 1)->kind[IOMAP_SLEEPABLE].unmaps, 8);
	assert_int_equal(b.m.unmatched_unmaps, 3);
	assert_int_equal(total_lost(&b), 3);
	bench_close(&b);
}

static void one_address_held_too_often(void **state)
{
	struct bench b;

	(void)state;
	bench_open(&b, NULL);
	ev_create(&b, 1, 0x1000, 0x100000, IOMAP_LINEAR, SITE);
	for (int i = 0; i < IOMAP_LIVE_SLOTS + 2; i++)
		ev_map(&b, 1, PAGE(0), IOMAP_SLEEPABLE, IOMAP_LINEAR, SITE);
	bench_sample(&b);
	assert_int_equal(b.m.lost[IOMAP_LOST_LIVE_FULL], 2);
	assert_int_equal(live_entries(&b), IOMAP_LIVE_SLOTS);
	for (int i = 0; i < IOMAP_LIVE_SLOTS + 2; i++)
		ev_unmap(&b, PAGE(0), IOMAP_SLEEPABLE);
	bench_sample(&b);
	assert_int_equal(get_mapping(&b, 1)->kind[IOMAP_SLEEPABLE].unmaps, IOMAP_LIVE_SLOTS);
	assert_int_equal(b.m.unmatched_unmaps, 2);
	assert_int_equal(live_entries(&b), 0);
	bench_close(&b);
}

static void ring_full(void **state)
{
	const struct collector_options opts = { .ring_bytes = 4096, .timing = IOMAP_TIMING_ALL };
	struct history *h = history_new();
	const unsigned int n = 100;
	struct bench b;
	int got;

	(void)state;
	bench_open(&b, &opts);
	ev_create(&b, 1, 0x1000, 0x100000, IOMAP_IOREMAP, SITE);
	for (unsigned int i = 0; i < n; i++)
		ev_map_failed(&b, 1, i * 4096, IOMAP_ATOMIC, IOMAP_IOREMAP, SITE);
	bench_sample(&b);
	got = collector_consume(b.collector, h);
	/* Some records find room. The others are lost as ring_full, but counted. */
	assert_true(got > 10);
	assert_true(b.m.lost[IOMAP_LOST_RING_FULL] > 0);
	assert_int_equal(b.m.lost[IOMAP_LOST_RING_FULL], n + 1 - got);
	assert_int_equal(total_lost(&b), b.m.lost[IOMAP_LOST_RING_FULL]);
	assert_int_equal(get_mapping(&b, 1)->kind[IOMAP_ATOMIC].failed, n);
	/* The ring has room again. */
	ev_free(&b, 1);
	assert_int_equal(collector_consume(b.collector, h), 1);
	history_free(h);
	bench_close(&b);
}

/* When two things fail for one event, it is lost once. */
static void one_reason_an_event(void **state)
{
	const struct collector_options opts = {
		.max_callers = 4, .max_live = 1, .ring_bytes = 4096, .timing = IOMAP_TIMING_ALL
	};
	struct bench b;

	(void)state;
	bench_open(&b, &opts);
	on_cpu(0);
	ev_create(&b, 1, 0x1000, 0x100000, IOMAP_LINEAR, SITE);
	for (int i = 0; i < 100; i++) {
		ev_map(&b, 1, PAGE(i), IOMAP_SLEEPABLE, IOMAP_LINEAR, SITE + i);
		ev_map_failed(&b, 1, 0, IOMAP_LOCAL, IOMAP_LINEAR, SITE + i);
	}
	bench_sample(&b);
	assert_int_equal(b.m.lost[IOMAP_LOST_LIVE_FULL], 99);
	assert_int_equal(b.m.nr_callers, 4);
	/* The first two failed maps have a call site and room in the ring. */
	assert_int_equal(b.m.counted, 1 + 1 + 2);
	assert_int_equal(b.m.lost[IOMAP_LOST_CALLERS_FULL] + b.m.lost[IOMAP_LOST_RING_FULL] +
				 b.m.lost[IOMAP_LOST_LIVE_FULL],
			 total_lost(&b));
	assert_int_equal(get_mapping(&b, 1)->kind[IOMAP_SLEEPABLE].maps, 100);
	assert_int_equal(get_mapping(&b, 1)->kind[IOMAP_LOCAL].failed, 100);
	bench_close(&b);
}

/* Several system calls read these tables; each must go on where the last one ended. */
static void many_mappings_and_sites(void **state)
{
	const struct collector_options opts = { .max_mappings = 4096,
						.max_callers = 16384,
						.timing = IOMAP_TIMING_ALL };
	const uint32_t n = 4096;
	struct bench b;

	(void)state;
	bench_open(&b, &opts);
	for (uint32_t id = 1; id <= n; id++) {
		ev_create(&b, id, 0x100000ULL * id, 4096, IOMAP_LINEAR, SITE);
		for (uint32_t i = 0; i <= id % 5; i++)
			ev_map_failed(&b, id, 0, IOMAP_LOCAL, IOMAP_LINEAR, SITE + 16 * (id % 7));
	}
	bench_sample(&b);
	assert_int_equal(b.m.nr_mappings, n);
	for (uint32_t id = 1; id <= n; id++) {
		const struct model_mapping *m = &b.m.mappings[id - 1];

		assert_int_equal(m->id, id);
		assert_int_equal(m->base, 0x100000ULL * id);
		assert_int_equal(m->kind[IOMAP_LOCAL].failed, 1 + id % 5);
	}
	for (size_t i = 0; i < b.m.nr_callers; i++) {
		const struct model_caller *c = &b.m.callers[i];

		assert_int_equal(c->addr, SITE + 16 * (c->mapping_id % 7));
		assert_int_equal(c->failed, 1 + c->mapping_id % 5);
	}
	assert_int_equal(b.m.nr_callers, n);
	bench_close(&b);
}

/* A CPU that is halted in the middle of a program delays a sample only briefly. */
static void halted_cpu(void **state)
{
	struct iomap_cpu *cpus = calloc(libbpf_num_possible_cpus(), sizeof(*cpus));
	struct timespec a, z;
	uint32_t zero = 0;
	struct bench b;
	int fd;

	(void)state;
	assert_non_null(cpus);
	bench_open(&b, NULL);
	ev_create(&b, 1, 0x1000, 0x100000, IOMAP_LINEAR, SITE);
	fd = collector_map_fd(b.collector, "cpus");
	assert_int_equal(bpf_map_lookup_elem(fd, &zero, cpus), 0);
	cpus[0].seen++;
	assert_int_equal(bpf_map_update_elem(fd, &zero, cpus, 0), 0);
	model_reset(&b.m);
	clock_gettime(CLOCK_MONOTONIC, &a);
	assert_int_equal(collector_sample(b.collector, &b.m), 0);
	clock_gettime(CLOCK_MONOTONIC, &z);
	assert_int_equal(b.m.seen, 1);
	assert_int_equal(b.m.counted, 1);
	assert_int_equal(b.m.under_way, 1);
	print_message("# %.1f ms\n", (z.tv_sec - a.tv_sec) * 1e3 + (z.tv_nsec - a.tv_nsec) / 1e6);
	/* A client waits for two samples at most, if the first one had begun. */
	assert_true((z.tv_sec - a.tv_sec) * 1e3 + (z.tv_nsec - a.tv_nsec) / 1e6 < 20);
	/* A CPU cannot be in the middle of two events. */
	cpus[0].seen++;
	assert_int_equal(bpf_map_update_elem(fd, &zero, cpus, 0), 0);
	model_reset(&b.m);
	assert_int_equal(collector_sample(b.collector, &b.m), 0);
	assert_int_equal(b.m.seen, 3);
	assert_int_equal(b.m.under_way, 0);
	cpus[0].seen -= 2;
	assert_int_equal(bpf_map_update_elem(fd, &zero, cpus, 0), 0);
	bench_close(&b);
	free(cpus);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(halted_cpu),
		cmocka_unit_test(mapping_table_full),
		cmocka_unit_test(call_sites_full),
		cmocka_unit_test(call_sites_spread),
		cmocka_unit_test(call_sites_are_separate),
		cmocka_unit_test(live_table_full),
		cmocka_unit_test(one_address_held_too_often),
		cmocka_unit_test(ring_full),
		cmocka_unit_test(one_reason_an_event),
		cmocka_unit_test(many_mappings_and_sites),
	};

	return cmocka_run_group_tests_name("bpf/limits", tests, NULL, NULL);
}
