// SPDX-License-Identifier: GPL-2.0-or-later
/* Two recordings: the rank test, the series of their intervals, the changes, the limits. */
#include <math.h>

#include "cli/compare/compare.h"
#include "cli/compare/rank.h"
#include "cli/recording/write.h"
#include "tests/lib/figures.h"
#include "tests/lib/test.h"

#define SECOND NSEC_PER_SEC
#define START  (1700000000 * SECOND)

static char path[] = "/tmp/iomap-compare-XXXXXX";
static struct errbuf err;

static int make_file(void **state)
{
	(void)state;
	close(mkstemp(path));
	return 0;
}

static int remove_file(void **state)
{
	(void)state;
	unlink(path);
	return 0;
}

#define RANK(a, b) rank_test(a, ARRAY_SIZE(a), b, ARRAY_SIZE(b))
#define NEAR(x, y) assert_true(fabs((x) - (y)) < 1e-6)

/* The values were computed by other means: by all orders, and by the formula. */
static void rank(void **state)
{
	static const double low[] = { 1, 2, 3, 4, 5 }, high[] = { 10, 9, 8, 7, 6 };
	static const double odd[] = { 1, 3, 5, 7 }, even[] = { 2, 4, 6, 8 };
	static const double five[] = { 1, 3, 5, 7, 9.5 }, six[] = { 2, 4, 6, 8, 10, 12 };
	static const double ties_a[] = { 1, 1, 2, 3, 3, 4 }, ties_b[] = { 2, 3, 4, 4, 5, 5 };
	double many_a[30], many_b[30], same[30];

	(void)state;
	NEAR(RANK(low, high), 2.0 / 252);
	NEAR(RANK(high, low), 2.0 / 252);
	NEAR(RANK(odd, even), 0.6857142857);
	NEAR(RANK(five, six), 0.4285714286);
	NEAR(RANK(ties_a, ties_b), 0.0724480135);
	for (int i = 0; i < 30; i++) {
		many_a[i] = 2 * i;
		many_b[i] = 2 * i + 5.5;
		same[i] = 7;
	}
	NEAR(RANK(many_a, many_b), 0.2904721495);
	NEAR(RANK(same, same), 1);
	NEAR(RANK(many_a, many_a), 1);
	assert_true(isnan(rank_test(low, 0, high, 5)));
}

/* A recording with snapshots at these seconds; the work is a function of the time. */
static struct series record(unsigned int n, double speed, bool ipi, uint64_t reset_at)
{
	struct recording_writer *w;
	struct series s;
	struct replay *r;

	assert_int_equal(recording_create(path, 0, &w, &err), 0);
	for (unsigned int i = 0; i < n; i++) {
		double wobble = i % 3 * 0.01;
		struct figures f = { .time = 100 + i,
				     .work = 10 + speed * (i + wobble),
				     .since = reset_at && i >= reset_at ? 2 : 1,
				     .ipi = true,
				     .full = true };
		json_t *record, *reply = figures_snapshot(&f);
		char *line;

		if (!ipi) {
			json_t *part = json_object_get(reply, "ipi");

			json_object_clear(json_object_get(part, "backends"));
			json_array_clear(json_object_get(part, "callers"));
		}
		record = json_pack("{s:s, s:I, s:o}", "type", "snapshot", "time_unix_ns",
				   (json_int_t)(START + i * SECOND), "reply", reply);
		line = json_dumps(record, JSON_COMPACT);
		assert_int_equal(recording_add(w, START + i * SECOND, line, strlen(line), &err), 0);
		free(line);
		json_decref(record);
	}
	assert_int_equal(recording_end(w, START + n * SECOND, "{\"type\":\"end\"}", 14, &err), 0);
	recording_writer_free(w);
	assert_int_equal(replay_open(path, &r, &err), 0);
	assert_int_equal(series_read(r, &s, &err), 0);
	replay_close(r);
	return s;
}

static void series(void **state)
{
	struct series s = record(11, 1, true, 0);
	const struct metric *all, *m;
	double sum = 0;

	(void)state;
	assert_int_equal(s.snapshots, 11);
	assert_int_equal(s.intervals, 10);
	NEAR(s.seconds, 10);
	assert_int_equal(s.lost, 0);
	assert_false(s.incomplete);
	all = series_find(&s, "maps");
	assert_int_equal(all->n, 10);
	assert_true(metric_total(all) > 1000);
	for (size_t i = 0; i < all->n; i++)
		sum += all->values[i];
	assert_true(fabs(sum / 10 - metric_total(all)) < 1);
	/* The call sites of a function are one, without offset. */
	m = series_find(&s, "maps:qxl_bo_kmap_atomic_page [qxl]");
	assert_non_null(m);
	assert_true(metric_total(m) > 100 && metric_total(m) < metric_total(all));
	m = series_find(&s, "hold:linear atomic");
	assert_true(metric_total(m) > 100 && metric_total(m) < 1e5);
	m = series_find(&s, "hold-p99:linear atomic");
	assert_int_equal(m->n, 10);
	assert_true(metric_total(m) > metric_total(series_find(&s, "hold-p50:linear atomic")));
	assert_true(m->at[0] == 0 && m->at[9] == 9);
	m = series_find(&s, "live:linear sleepable");
	assert_true(m->n == 10 && metric_total(m) >= 1);
	assert_int_equal(s.times[3].from_ns, START + 3 * SECOND);
	assert_int_equal(s.times[3].to_ns, START + 4 * SECOND);
	NEAR(s.times[3].seconds, 1);
	m = series_find(&s, "ipis");
	assert_true(metric_total(m) > 0);
	assert_null(series_find(&s, "nothing"));
	series_free(&s);
	/* No interval lies across a reset of the counters. */
	s = record(11, 1, true, 5);
	assert_int_equal(s.intervals, 9);
	series_free(&s);
	/* Without interrupts, there is no metric of them. */
	s = record(11, 1, false, 0);
	assert_null(series_find(&s, "ipis"));
	assert_null(series_find(&s, "ipis:qxl_bo_kmap_atomic_page [qxl]"));
	series_free(&s);
	s = record(1, 1, true, 0);
	assert_int_equal(s.intervals, 0);
	assert_true(isnan(metric_total(series_find(&s, "maps"))));
	series_free(&s);
}

static const struct change *find(const struct comparison *c, const char *name)
{
	for (size_t i = 0; i < c->n; i++) {
		if (!strcmp(c->changes[i].name, name))
			return &c->changes[i];
	}
	return NULL;
}

static enum limit_verdict verdict(const struct comparison *c, const char *text)
{
	struct limit l;

	assert_int_equal(limit_parse(text, &l, &err), 0);
	limit_judge(&l, c);
	return l.verdict;
}

static void changes(void **state)
{
	struct series a = record(21, 1, true, 0), b = record(21, 1.5, true, 0);
	struct series c = record(21, 1, false, 0), few = record(4, 1.5, true, 0);
	struct comparison same, faster, less, short_one;
	const struct change *ch;

	(void)state;
	assert_int_equal(compare(&a, &a, &same), 0);
	for (size_t i = 0; i < same.n; i++) {
		assert_false(same.changes[i].beyond);
		assert_true(same.changes[i].a == same.changes[i].b || isnan(same.changes[i].a));
	}
	assert_string_equal(same.changes[0].name, "maps");
	assert_int_equal(compare(&a, &b, &faster), 0);
	ch = find(&faster, "maps");
	assert_true(ch->beyond && ch->p < 1e-6);
	assert_true(fabs(change_share(ch) - 0.5) < 0.02);
	assert_int_equal(ch->na, 20);
	assert_int_equal(verdict(&faster, "maps>+10%"), LIMIT_EXCEEDED);
	assert_int_equal(verdict(&faster, "maps>+60%"), LIMIT_KEPT);
	assert_int_equal(verdict(&faster, "maps<-10%"), LIMIT_KEPT);
	assert_int_equal(verdict(&faster, "maps<+60%"), LIMIT_EXCEEDED);
	assert_int_equal(verdict(&faster, "maps>+100"), LIMIT_EXCEEDED);
	assert_int_equal(verdict(&faster, "maps:*>+10%"), LIMIT_EXCEEDED);
	assert_int_equal(verdict(&faster, "maps:qxl*>+10%"), LIMIT_EXCEEDED);
	assert_int_equal(verdict(&faster, "hold>+10%"), LIMIT_KEPT);
	assert_int_equal(verdict(&faster, "nothing>+10%"), LIMIT_UNKNOWN);
	assert_int_equal(verdict(&same, "maps>-1%"), LIMIT_NOISE);
	/* Metrics that only one recording has. */
	assert_int_equal(compare(&a, &c, &less), 0);
	ch = find(&less, "ipis");
	assert_true(isnan(ch->b) && !isnan(ch->a) && !ch->beyond);
	assert_int_equal(verdict(&less, "ipis>+1"), LIMIT_KEPT);
	assert_int_equal(verdict(&less, "ipis<-1"), LIMIT_UNKNOWN);
	comparison_free(&less);
	assert_int_equal(compare(&c, &a, &less), 0);
	assert_int_equal(verdict(&less, "ipis>+1"), LIMIT_UNKNOWN);
	/* Three intervals cannot tell. */
	assert_int_equal(compare(&a, &few, &short_one), 0);
	assert_true(isnan(find(&short_one, "maps")->p));
	assert_int_equal(verdict(&short_one, "maps>+10%"), LIMIT_UNKNOWN);
	assert_int_equal(verdict(&short_one, "maps>+80%"), LIMIT_KEPT);
	comparison_free(&same);
	comparison_free(&faster);
	comparison_free(&less);
	comparison_free(&short_one);
	series_free(&a);
	series_free(&b);
	series_free(&c);
	series_free(&few);
}

static void limits(void **state)
{
	static const char *const wrong[] = { "",	 "maps",    ">+1",	 "maps>",
					     "maps>1",	 "maps>+",  "maps>+x",	 "maps>+1%%",
					     "maps>+1x", "maps=+1", "maps>+1%1", "maps>+%",
					     "maps>+1e3" };
	struct limit l;

	(void)state;
	assert_int_equal(limit_parse("hold-p99:linear atomic>+12.5%", &l, &err), 0);
	assert_string_equal(l.pattern, "hold-p99:linear atomic");
	assert_true(l.above && l.relative);
	NEAR(l.change, 12.5);
	assert_int_equal(limit_parse("ipis<-3", &l, &err), 0);
	assert_false(l.above || l.relative);
	NEAR(l.change, -3);
	for (size_t i = 0; i < ARRAY_SIZE(wrong); i++) {
		if (!limit_parse(wrong[i], &l, &err))
			print_error("%s\n", wrong[i]);
		assert_int_equal(limit_parse(wrong[i], &l, &err), -EINVAL);
	}
	assert_non_null(strstr(err.text, "such as 'maps<-5%'"));
}

static void holds(void **state)
{
	json_t *before = json_pack("{s:[{s:i,s:i,s:i},{s:i,s:i,s:i}]}", "buckets", "ge_ns", 10,
				   "lt_ns", 20, "count", 5, "ge_ns", 40, "lt_ns", 50, "count", 1);
	json_t *now = json_pack("{s:[{s:i,s:i,s:i},{s:i,s:i,s:i},{s:i,s:i,s:i}]}", "buckets",
				"ge_ns", 10, "lt_ns", 20, "count", 6, "ge_ns", 20, "lt_ns", 30,
				"count", 98, "ge_ns", 40, "lt_ns", 60, "count", 2);
	struct holds h = {}, sum = {};

	(void)state;
	assert_int_equal(holds_growth(&h, before, now), 0);
	assert_int_equal(holds_count(&h), 100);
	assert_int_equal(holds_percentile(&h, 1), 20);
	assert_int_equal(holds_percentile(&h, 50), 30);
	assert_int_equal(holds_percentile(&h, 99), 30);
	assert_int_equal(holds_percentile(&h, 100), 60);
	assert_int_equal(holds_add(&sum, &h), 0);
	assert_int_equal(holds_growth(&h, NULL, before), 0);
	assert_int_equal(holds_count(&h), 6);
	assert_int_equal(holds_add(&sum, &h), 0);
	assert_int_equal(holds_count(&sum), 106);
	assert_int_equal(sum.n, 3);
	assert_int_equal(holds_percentile(&sum, 100), 60);
	assert_int_equal(holds_growth(&h, now, now), 0);
	assert_int_equal(holds_percentile(&h, 50), 0);
	holds_free(&h);
	holds_free(&sum);
	json_decref(before);
	json_decref(now);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(rank),	  cmocka_unit_test(series), cmocka_unit_test(changes),
		cmocka_unit_test(limits), cmocka_unit_test(holds),
	};

	return cmocka_run_group_tests_name("unit/compare", tests, make_file, remove_file);
}
