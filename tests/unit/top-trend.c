// SPDX-License-Identifier: GPL-2.0-or-later
/* Rates as differences of snapshots, over time, restarts and reused ids. */
#include <errno.h>
#include <math.h>
#include <string.h>

#include "cli/top/trend.h"
#include "tests/lib/test.h"
#include "tests/lib/figures.h"

static int add(struct trend *m, struct figures p)
{
	json_t *s = figures_snapshot(&p);
	struct errbuf err;
	int r;

	assert_non_null(s);
	r = trend_add(m, s, &err);
	json_decref(s);
	return r;
}

static const struct item *mapping(const struct trend *m, uint32_t id)
{
	return sample_mapping(&m->now, id);
}

static void differences(void **state)
{
	struct trend m = {};
	const struct item *it;

	(void)state;
	assert_int_equal(add(&m, (struct figures){ .time = 10, .work = 10 }), 0);
	assert_true(m.have && !m.have_rates);
	assert_int_equal(m.live, 13);
	assert_int_equal(m.failed, 5);
	assert_true(isnan(trend_history(&m, 0)));
	/* Twice the time, once the work. */
	assert_int_equal(add(&m, (struct figures){ .time = 12, .work = 11 }), 0);
	assert_true(m.have_rates);
	assert_true(m.maps_rate == 6992 / 2.0);
	assert_true(m.unmaps_rate == m.maps_rate);
	assert_true(trend_history(&m, 0) == m.maps_rate);
	it = mapping(&m, 1);
	assert_true(it->rates.maps[IOMAP_ATOMIC] == 5510 / 2.0);
	assert_true(it->rates.maps[IOMAP_LOCAL] == 0);
	assert_true(it->rates.all_maps == 5522 / 2.0);
	assert_true(fabs(it->rates.hold_avg - (5200 * 900.0 + 310 * 2600.0 + 12 * 5e6) / 5522) <
		    1e-6);
	it = mapping(&m, 2);
	assert_true(it->rates.all_maps == 1470 / 2.0 && it->rates.failed == 0);
	assert_int_equal(m.now.lists[ITEM_CALLER].n, 6);
	assert_int_equal(m.now.lists[ITEM_BACKEND].n, 3);
	assert_int_equal(m.now.lists[ITEM_CPU].n, 4);
	/* No work: rates of zero, no average of no holds. */
	assert_int_equal(add(&m, (struct figures){ .time = 13, .work = 11 }), 0);
	assert_true(m.maps_rate == 0 && trend_history(&m, 0) == 0);
	assert_true(isnan(mapping(&m, 1)->rates.hold_avg));
	/* The same sampling again: nothing changes. */
	assert_int_equal(add(&m, (struct figures){ .time = 13, .work = 99 }), 0);
	assert_true(m.maps_rate == 0);
	assert_int_equal(m.history_n, 3);
	trend_free(&m);
}

/* A restarted iomapd that takes over the counters: the rates go on. */
static void restart_without_loss(void **state)
{
	struct trend m = {};

	(void)state;
	add(&m, (struct figures){ .time = 10, .work = 5, .since = 77 });
	add(&m, (struct figures){ .time = 12, .work = 7, .since = 77, .pid = 99 });
	assert_int_equal(m.restarts, 0);
	assert_true(m.have_rates);
	assert_true(m.maps_rate > 0);
	/* A restart with new counters, and the same process id. */
	add(&m, (struct figures){ .time = 13, .work = 1, .since = 78, .pid = 99 });
	assert_int_equal(m.restarts, 1);
	assert_false(m.have_rates);
	trend_free(&m);
}

static void restart(void **state)
{
	struct trend m = {};

	(void)state;
	add(&m, (struct figures){ .time = 10, .work = 10 });
	add(&m, (struct figures){ .time = 11, .work = 11 });
	trend_gap(&m);
	/* Another iomapd with larger counters: a difference would look right and be wrong. */
	assert_int_equal(add(&m, (struct figures){ .time = 20, .work = 500, .pid = 77 }), 0);
	assert_false(m.have_rates);
	assert_int_equal(m.restarts, 1);
	assert_true(isnan(trend_history(&m, 0)) && isnan(trend_history(&m, 1)));
	assert_true(trend_history(&m, 2) == 6992);
	assert_int_equal(add(&m, (struct figures){ .time = 21, .work = 501, .pid = 77 }), 0);
	assert_true(m.have_rates && m.maps_rate == 6992);
	assert_int_equal(m.restarts, 1);
	trend_free(&m);
}

/* Only some holds are timed: the average is theirs. */
static void sampled_holds(void **state)
{
	struct trend m = {};

	(void)state;
	add(&m, (struct figures){ .time = 10, .work = 10, .timed = 10 });
	add(&m, (struct figures){ .time = 11, .work = 20, .timed = 10 });
	assert_true(fabs(mapping(&m, 2)->rates.hold_avg -
			 (900 * 350.0 + 450 * 4000.0 + 120 * 180000.0) / 1470) < 1e-6);
	trend_free(&m);
}

/* A mapping that is freed, and another one that reuses its id. */
static void reused_id(void **state)
{
	struct trend m = {};

	(void)state;
	add(&m, (struct figures){ .time = 10, .work = 1 });
	add(&m, (struct figures){ .time = 11, .work = 3, .owner = "other_init+0x10" });
	/* Its maps since its creation, not the difference to the mapping before. */
	assert_true(mapping(&m, 1)->rates.maps[IOMAP_ATOMIC] == 5510 * 3 + 1);
	assert_true(mapping(&m, 2)->rates.maps[IOMAP_ATOMIC] == 900 * 2);
	trend_free(&m);
}

/* A counter that fell started again at zero. */
static void counter_fell(void **state)
{
	struct trend m = {};

	(void)state;
	add(&m, (struct figures){ .time = 10, .work = 10 });
	add(&m, (struct figures){ .time = 11, .work = 1 });
	assert_true(m.have_rates);
	assert_true(mapping(&m, 2)->rates.maps[IOMAP_ATOMIC] == 900);
	trend_free(&m);
}

static void history_wraps(void **state)
{
	struct trend m = {};

	(void)state;
	for (int i = 0; i < HISTORY_MAX + 50; i++)
		add(&m,
		    (struct figures){ .time = 10 + i, .work = i * (i + 1) / 2.0, .mappings = 1 });
	assert_true(trend_history(&m, 0) > trend_history(&m, 1));
	assert_false(isnan(trend_history(&m, HISTORY_MAX - 1)));
	assert_true(isnan(trend_history(&m, HISTORY_MAX)));
	trend_free(&m);
}

static void check_bad(const char *text, const char *part)
{
	struct trend m = {};
	json_t *s = json_loads(text, 0, NULL);
	struct errbuf err;

	assert_non_null(s);
	add(&m, (struct figures){ .time = 10, .work = 10 });
	assert_int_equal(trend_add(&m, s, &err), -EPROTO);
	assert_non_null(strstr(err.text, part));
	assert_int_equal(m.now.lists[ITEM_MAPPING].n, 2); /* as it was */
	json_decref(s);
	trend_free(&m);
}

static void bad_snapshots(void **state)
{
	struct trend m = {};
	json_t *s;
	struct errbuf err;

	(void)state;
	check_bad("{}", "lacks a part");
	check_bad("{\"time_ns\":1,\"list\":{},\"stats\":{}}", "lacks a part");
	check_bad("{\"list\":{},\"stats\":{},\"status\":{}}", "lacks a part");
	check_bad("{\"time_ns\":1,\"list\":[],\"stats\":{},\"status\":{}}", "lacks a part");
	/* Members of the wrong type count as absent. */
	s = json_loads(
		"{\"time_ns\":1,\"list\":{\"mappings\":[7,{\"id\":\"x\",\"maps\":[]},null]},"
		"\"stats\":{\"backends\":{\"linear\":3},\"callers\":[{\"kind\":5}],\"cpus\":{}},"
		"\"status\":{\"hooks\":{},\"accounting\":\"?\"}}",
		0, NULL);
	assert_non_null(s);
	assert_int_equal(trend_add(&m, s, &err), 0);
	assert_int_equal(m.now.lists[ITEM_MAPPING].n, 3);
	json_decref(s);
	trend_free(&m);
	trend_free(&m);
}

static void empty(void **state)
{
	struct trend m = {};

	(void)state;
	add(&m, (struct figures){ .time = 1, .empty = true });
	add(&m, (struct figures){ .time = 2, .empty = true });
	assert_true(m.have_rates && m.maps_rate == 0 && m.live == 0);
	assert_int_equal(m.now.lists[ITEM_BACKEND].n, 1); /* the one in force */
	trend_free(&m);
}

/* A snapshot with these records of violations, as JSON. */
static void add_sites(struct trend *m, double time, const char *list)
{
	json_t *s = figures_snapshot(&(struct figures){ .time = time }),
	       *places = json_loads(list, 0, NULL);
	struct errbuf err;

	assert_non_null(places);
	json_object_set_new(json_object_get(s, "violations"), "violations", places);
	assert_int_equal(trend_add(m, s, &err), 0);
	json_decref(s);
}

/* A site stays the same while its count grows; it is another one if any part of it differs. */
static void places(void **state)
{
	static const char first[] = "[{\"rule\":\"leak\",\"count\":5,\"time_ns\":7},"
				    "{\"rule\":\"leak\",\"count\":5,\"time_ns\":8}]";
	static const char later[] =
		"[{\"rule\":\"leak\",\"count\":9,\"time_ns\":7,\"held_ns\":3},"
		"{\"rule\":\"unmap-kind\",\"count\":9,\"time_ns\":7},"
		"{\"rule\":\"leak\",\"count\":9,\"time_ns\":7,\"kind\":\"local\"},"
		"{\"rule\":\"leak\",\"count\":9,\"time_ns\":7,\"caller\":\"a\"},"
		"{\"rule\":\"leak\",\"count\":9,\"time_ns\":7,\"offender\":\"a\"},"
		"{\"rule\":\"leak\",\"count\":9,\"time_ns\":7,\"stack\":[\"a\"]},7]";
	struct trend m = {};
	const struct items *l = &m.now.lists[ITEM_VIOLATION];

	(void)state;
	add_sites(&m, 10, first);
	assert_int_equal(l->n, 2);
	add_sites(&m, 12, later);
	assert_int_equal(l->n, 7);
	assert_true(l->items[0].rates.violations == 4 / 2.0);
	for (size_t i = 1; i < 6; i++)
		assert_true(l->items[i].rates.violations == 9 / 2.0);
	add_sites(&m, 13, "{}");
	assert_int_equal(l->n, 0);
	trend_free(&m);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(differences),		cmocka_unit_test(restart),
		cmocka_unit_test(restart_without_loss), cmocka_unit_test(reused_id),
		cmocka_unit_test(counter_fell),		cmocka_unit_test(history_wraps),
		cmocka_unit_test(bad_snapshots),	cmocka_unit_test(empty),
		cmocka_unit_test(sampled_holds),	cmocka_unit_test(places),
	};

	return cmocka_run_group_tests_name("unit/top-trend", tests, NULL, NULL);
}
