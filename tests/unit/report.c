// SPDX-License-Identifier: GPL-2.0-or-later
/* The model's sums, and the shape and the values of each report. */
#include "tests/lib/report-json.h"

static void is_int(json_t *v, const char *path, long long want)
{
	assert_true(json_is_integer(at(v, path)));
	assert_int_equal(json_integer_value(at(v, path)), want);
}

static void is_str(json_t *v, const char *path, const char *want)
{
	assert_string_equal(json_string_value(at(v, path)), want);
}

static void is_null(json_t *v, const char *path)
{
	assert_true(json_is_null(at(v, path)));
}

/* Two mappings on two CPUs; all figures differ. */
static void fill(struct model *m)
{
	struct iomap_counters c[2] = {};
	struct iomap_mapping live = { .base = 0xf4000000, .size = 67108864, .state = IOMAP_LIVE };
	struct iomap_mapping freed = {
		.base = 0x1000, .size = 4096, .state = IOMAP_FREED, .backend = IOMAP_KMAP
	};
	struct iomap_cpu cpu[2] = {};
	struct iomap_caller site = { .caller = 0x1234, .id = 1, .modules = 1 }; /* atomic */
	struct iomap_hist h = { .sum = 300, .max = 170 };
	struct model_mapping *mm;

	m->time_ns = 777;
	m->under_way = 3;
	m->version = "0.1";
	m->started_unix = 1700000000;
	m->pid = 42;
	m->timing = IOMAP_TIMING_SAMPLED;
	strcpy(m->release, "6.12.117");
	strcpy(m->machine, "x86_64");
	m->unlisted_maps = 6;
	m->may_sleep = (struct model_may_sleep){ "msleep mutex_lock", "__cond_resched", true };

	for (int i = 0; i < 2; i++) {
		cpu[i].seen = 1000 + i;
		cpu[i].counted = 990;
		cpu[i].lost[IOMAP_LOST_CALLERS_FULL] = 10 + i;
		cpu[i].created = 2;
		cpu[i].freed = 1;
		cpu[i].unmatched[IOMAP_LOCAL] = 3;
		cpu[i].total[IOMAP_LINEAR][IOMAP_ATOMIC] = (struct iomap_total){ 100, 90, 5 + i };
		cpu[i].total[IOMAP_KMAP][IOMAP_LOCAL] = (struct iomap_total){ 20, 15, 0 };
		assert_int_equal(model_add_cpu(m, i, &cpu[i], true), 0);
		c[i].kind[IOMAP_ATOMIC] = (struct iomap_count){ .maps = 100,
								.unmaps = 90,
								.failed = 5 + i,
								.hold_count = 80,
								.hold_sum = 1000,
								.hold_max = 70 + i };
		site.maps = 50 + i;
		site.failed = i;
		assert_int_equal(model_add_caller(m, &site), 0);
	}
	site.caller = 0x5678;
	site.maps = 900;
	assert_int_equal(model_add_caller(m, &site), 0);
	site.modules = 0;
	assert_int_equal(model_add_caller(m, &site), 0);
	h.bucket[iomap_bucket(65)] = 2;
	h.bucket[iomap_bucket(170)] = 1;
	model_add_hist(m, IOMAP_LINEAR, IOMAP_ATOMIC, &h);
	live.at_create.kind[IOMAP_ATOMIC] = (struct iomap_count){
		.maps = 50, .unmaps = 40, .failed = 1, .hold_count = 30, .hold_sum = 400
	};
	assert_int_equal(model_add_mapping(m, 1, &live, c, 2, sizeof(c[0]), &mm), 0);
	mm->owner = "qxl_device_init+0x1c8";
	mm->module = "qxl";
	mm->bar = 0;
	strcpy(mm->device, "0000:00:02.0");
	assert_int_equal(model_add_mapping(m, 2, &freed, c, 0, sizeof(c[0]), NULL), 0);
	assert_int_equal(model_add_hook(m, "io_mapping_map", NULL), 0);
	assert_int_equal(model_add_hook(m, "io_mapping_free", "a sentence"), 0);
	model_finish(m);
	for (size_t i = 0; i < m->nr_callers; i++)
		m->callers[i].name = m->callers[i].addr == 0x1234 ? "one+0x1" : "two+0x2";
}

static void status(void **state)
{
	struct model m = {};
	json_t *v;

	(void)state;
	fill(&m);
	v = write_report(report_status, &m);
	is_int(v, "schema", 2);
	is_int(v, "time_ns", 777);
	is_str(v, "version", "0.1");
	is_str(v, "kernel/release", "6.12.117");
	is_str(v, "kernel/machine", "x86_64");
	is_str(v, "backends/0", "linear");
	is_str(v, "backends/1", "kmap");
	assert_int_equal(json_array_size(at(v, "backends")), 2);
	is_int(v, "mappings/live", 1);
	is_int(v, "mappings/created", 4);
	is_int(v, "mappings/freed", 2);
	is_str(v, "hooks/0/name", "io_mapping_map");
	is_str(v, "hooks/0/state", "attached");
	is_null(v, "hooks/0/reason");
	is_str(v, "hooks/1/state", "missing");
	is_str(v, "hooks/1/reason", "a sentence");
	is_str(v, "may_sleep/might_sleep", "__cond_resched");
	is_str(v, "may_sleep/functions/0", "msleep");
	is_str(v, "may_sleep/functions/1", "mutex_lock");
	assert_int_equal(json_array_size(at(v, "may_sleep/functions")), 2);
	is_int(v, "accounting/seen", 2001);
	is_int(v, "accounting/counted", 1980);
	is_int(v, "accounting/under_way", 3);
	is_int(v, "accounting/lost/callers_full", 21);
	is_int(v, "accounting/lost/ring_full", 0);
	is_int(v, "accounting/lost/live_full", 0);
	is_int(v, "accounting/lost/depth_overflow", 0);
	is_int(v, "accounting/lost/saved_full", 0);
	is_int(v, "accounting/lost/recursion", 0);
	is_int(v, "unattributed/maps", 6);
	is_int(v, "unattributed/unmaps", 6);
	is_str(v, "hold_timing", "sampled");
	is_int(v, "started_unix", 1700000000);
	is_int(v, "pid", 42);
	json_decref(v);
	model_free(&m);
}

static json_t *write_list(const struct model *m, bool freed)
{
	struct buf out = {};
	struct jsonw w;

	jsonw_init(&w, &out);
	report_list(&w, NULL, m, freed);
	return load(&out);
}

static void list(void **state)
{
	struct model m = {};
	json_t *v;

	(void)state;
	fill(&m);
	v = write_list(&m, false);
	assert_int_equal(json_array_size(at(v, "mappings")), 1);
	is_int(v, "schema", 2);
	is_int(v, "mappings/0/mapping_id", 1);
	is_str(v, "mappings/0/base", "0xf4000000");
	is_int(v, "mappings/0/size", 67108864);
	is_str(v, "mappings/0/backend", "linear");
	is_str(v, "mappings/0/owner", "qxl_device_init+0x1c8");
	is_str(v, "mappings/0/module", "qxl");
	is_str(v, "mappings/0/device", "0000:00:02.0");
	is_int(v, "mappings/0/bar", 0);
	is_str(v, "mappings/0/state", "live");
	/* Both CPUs, minus the counters at the creation. */
	is_int(v, "mappings/0/maps/atomic", 150);
	is_int(v, "mappings/0/maps/sleepable", 0);
	is_int(v, "mappings/0/unmaps/atomic", 140);
	is_int(v, "mappings/0/live/atomic", 10);
	is_int(v, "mappings/0/failed", 10);
	is_int(v, "mappings/0/hold_count/atomic", 130);
	is_int(v, "mappings/0/hold_sum_ns/atomic", 1600);
	is_int(v, "mappings/0/hold_max_ns/atomic", 71);
	json_decref(v);
	v = write_list(&m, true);
	assert_int_equal(json_array_size(at(v, "mappings")), 2);
	is_str(v, "mappings/1/state", "freed");
	is_null(v, "mappings/1/owner");
	is_null(v, "mappings/1/module");
	is_null(v, "mappings/1/device");
	is_null(v, "mappings/1/bar");
	json_decref(v);
	model_free(&m);
}

static void check_stats(json_t *v)
{
	is_int(v, "schema", 2);
	is_str(v, "hold_timing", "sampled");
	is_int(v, "backends/linear/maps/atomic", 200);
	is_int(v, "backends/linear/unmaps/atomic", 180);
	is_int(v, "backends/linear/live/atomic", 20);
	is_int(v, "backends/linear/failed/atomic", 11);
	is_int(v, "backends/linear/hold_ns/atomic/count", 3);
	is_int(v, "backends/linear/hold_ns/atomic/sum", 300);
	is_int(v, "backends/linear/hold_ns/atomic/p50", 79);
	is_int(v, "backends/linear/hold_ns/atomic/p99", 170);
	is_int(v, "backends/linear/hold_ns/atomic/max", 170);
	is_int(v, "backends/linear/hold_ns/sleepable/count", 0);
	is_int(v, "backends/kmap/maps/local", 40);
	assert_null(json_object_get(at(v, "backends"), "ioremap"));
	/* The busiest caller first; the records of both CPUs are merged. */
	assert_int_equal(json_array_size(at(v, "callers")), 2);
	is_str(v, "callers/0/caller", "two+0x2");
	is_int(v, "callers/0/maps", 900);
	is_str(v, "callers/1/caller", "one+0x1");
	is_null(v, "callers/1/module");
	is_str(v, "callers/1/kind", "atomic");
	is_int(v, "callers/1/mapping_id", 1);
	is_str(v, "callers/1/backend", "linear");
	is_int(v, "callers/1/maps", 101);
	is_int(v, "callers/1/failed", 1);
	is_int(v, "cpus/1/cpu", 1);
	is_int(v, "cpus/1/maps/atomic", 100);
	is_int(v, "cpus/1/maps/local", 20);
	is_int(v, "cpus/1/unmaps/local", 18);
	is_int(v, "cpus/1/failed", 6);
	is_int(v, "accounting/seen", 2001);
}

static void stats(void **state)
{
	struct model m = {};
	json_t *v;

	(void)state;
	fill(&m);
	v = write_report(report_stats, &m);
	check_stats(v);
	json_decref(v);
	model_free(&m);
}

static json_t *write_snapshot(const struct model *m, bool full)
{
	struct buf out = {};
	struct jsonw w;

	jsonw_init(&w, &out);
	report_snapshot(&w, NULL, m, full);
	return load(&out);
}

static void snapshot(void **state)
{
	struct model m = {};
	json_t *v;

	(void)state;
	fill(&m);
	v = write_snapshot(&m, false);
	is_int(v, "schema", 2);
	is_int(v, "time_ns", 777);
	is_int(v, "status/pid", 42);
	is_int(v, "list/mappings/0/mapping_id", 1);
	check_stats(at(v, "stats"));
	assert_null(json_object_get(v, "hist"));
	json_decref(v);
	v = write_snapshot(&m, true);
	check_stats(at(v, "stats"));
	is_str(v, "list/mappings/1/state", "freed");
	is_int(v, "hist/hists/0/count", 3);
	json_decref(v);
	model_free(&m);
}

static json_t *write_hist(const struct model *m, int kind)
{
	struct buf out = {};
	struct jsonw w;

	jsonw_init(&w, &out);
	report_hist(&w, NULL, m, kind);
	return load(&out);
}

static void hist(void **state)
{
	struct iomap_hist huge = { .sum = 1, .max = UINT64_MAX / 4 };
	struct model m = {};
	json_t *v;

	(void)state;
	fill(&m);
	v = write_hist(&m, -1);
	assert_int_equal(json_array_size(at(v, "hists")), 1);
	is_str(v, "hists/0/backend", "linear");
	is_str(v, "hists/0/kind", "atomic");
	is_int(v, "hists/0/count", 3);
	is_int(v, "hists/0/sum_ns", 300);
	is_int(v, "hists/0/p50_ns", 79);
	is_int(v, "hists/0/p99_ns", 170);
	is_int(v, "hists/0/max_ns", 170);
	assert_true(json_is_true(at(v, "hists/0/sampled")));
	assert_int_equal(json_array_size(at(v, "hists/0/buckets")), 2);
	is_int(v, "hists/0/buckets/0/ge_ns", 64);
	is_int(v, "hists/0/buckets/0/lt_ns", 80);
	is_int(v, "hists/0/buckets/0/count", 2);
	json_decref(v);
	v = write_hist(&m, IOMAP_LOCAL);
	assert_int_equal(json_array_size(at(v, "hists")), 0);
	json_decref(v);
	/* The last bucket ends at the longest time. */
	huge.bucket[IOMAP_HIST_BUCKETS - 1] = 1;
	model_add_hist(&m, IOMAP_IOREMAP, IOMAP_LOCAL, &huge);
	v = write_hist(&m, IOMAP_LOCAL);
	is_int(v, "hists/0/buckets/0/lt_ns", UINT64_MAX / 4 + 1);
	json_decref(v);
	model_free(&m);
}

static json_t *write_event(const struct event *e, uint64_t missed)
{
	struct buf out = {};
	struct jsonw w;

	jsonw_init(&w, &out);
	report_event(&w, NULL, e, missed);
	return load(&out);
}

static void events(void **state)
{
	struct event e = {
		.seq = 9,
		.time_unix_ns = 1700000000123456789,
		.rec = { .time_ns = 5,
			 .type = IOMAP_EVENT_MAP_FAILED,
			 .id = 3,
			 .pid = 77,
			 .cpu = 2,
			 .backend = IOMAP_IOREMAP,
			 .kind = IOMAP_SLEEPABLE,
			 .base = 0xf000,
			 .size = 8192,
			 .offset = 4096 },
		.caller = "one+0x1",
	};
	json_t *v;

	(void)state;
	/* Sixteen bytes without a NUL, one of them not UTF-8. */
	memcpy(e.rec.comm, "kworker/0:1-\xff\"xy", 16);
	v = write_event(&e, 3);
	is_int(v, "schema", 2);
	is_int(v, "missed", 3);
	is_int(v, "event/seq", 9);
	is_int(v, "event/time_ns", 5);
	is_int(v, "event/time_unix_ns", 1700000000123456789);
	is_str(v, "event/type", "map_failed");
	is_int(v, "event/mapping_id", 3);
	is_int(v, "event/pid", 77);
	is_str(v, "event/comm", "kworker/0:1-\xef\xbf\xbd\"xy");
	is_int(v, "event/cpu", 2);
	is_str(v, "event/backend", "ioremap");
	is_str(v, "event/kind", "sleepable");
	is_str(v, "event/base", "0xf000");
	is_int(v, "event/size", 8192);
	is_int(v, "event/offset", 4096);
	is_str(v, "event/caller", "one+0x1");
	is_null(v, "event/module");
	json_decref(v);
	e.rec.type = IOMAP_EVENT_FREE;
	v = write_event(&e, 0);
	is_str(v, "event/type", "free");
	is_null(v, "event/kind");
	is_null(v, "event/offset");
	json_decref(v);
	v = write_event(NULL, 0);
	is_null(v, "event");
	json_decref(v);
}

/* CPUs are read one after the other: an unmap may be seen before its map. */
static void live_is_never_negative(void **state)
{
	struct model_count c = { .maps = 5, .unmaps = 7 };

	(void)state;
	assert_int_equal(model_live(&c), 0);
}

static void callers_of_many_cpus(void **state)
{
	struct model m = {};

	(void)state;
	for (int cpu = 0; cpu < 255; cpu++) {
		for (unsigned int i = 0; i < 100; i++) {
			struct iomap_caller s = {
				.caller = 16 * i, .id = i % 3, .modules = 1, .maps = i
			};

			assert_int_equal(model_add_caller(&m, &s), 0);
		}
	}
	model_finish(&m);
	assert_int_equal(m.nr_callers, 100);
	/* Near the number of callers, not of records. */
	assert_in_range(m.cap_callers, 100, 512);
	for (unsigned int i = 0; i < 100; i++)
		assert_int_equal(m.callers[i].maps, 255 * (99 - i));
	model_free(&m);
}

/* On a stock kernel, only maps of some kinds are seen. */
static void sites(void **state)
{
	struct model m = {};
	json_t *v;

	(void)state;
	fill(&m);
	v = write_report(report_status, &m);
	is_null(v, "source");
	json_decref(v);
	m.source = IOMAP_SOURCE_TRACEPOINTS;
	v = write_report(report_stats, &m);
	is_null(v, "maps_only");
	json_decref(v);
	m.source = IOMAP_SOURCE_SITES;
	v = write_report(report_status, &m);
	is_str(v, "source", "sites");
	json_decref(v);
	v = write_report(report_stats, &m);
	is_str(v, "maps_only/0", "local");
	is_str(v, "maps_only/1", "sleepable");
	assert_int_equal(json_array_size(at(v, "maps_only")), 2);
	json_decref(v);
	v = write_list(&m, false);
	is_str(v, "maps_only/0", "local");
	assert_true(json_is_string(at(v, "missing")));
	json_decref(v);
	model_free(&m);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(status),
		cmocka_unit_test(list),
		cmocka_unit_test(stats),
		cmocka_unit_test(snapshot),
		cmocka_unit_test(hist),
		cmocka_unit_test(events),
		cmocka_unit_test(live_is_never_negative),
		cmocka_unit_test(callers_of_many_cpus),
		cmocka_unit_test(sites),
	};

	return cmocka_run_group_tests_name("unit/report", tests, NULL, NULL);
}
