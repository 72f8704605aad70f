// SPDX-License-Identifier: GPL-2.0-or-later
/* Metrics as text: the format, byte by byte, and that counters never go back. */
#include "tests/lib/test.h"

#include "daemon/metrics.h"
#include "tests/lib/figures.h"

static char *text_of(struct buf *b)
{
	assert_int_equal(b->err, 0);
	buf_append(b, "", 1);
	return b->data;
}

/* One family of each type. */
static char *each_type(bool openmetrics)
{
	struct model_hist h = { .count = 6, .sum = 20000001234, .max = 20000000000 };
	struct buf b = {};
	struct metricw w;

	/* 63 ns belongs to the first bucket, 64 ns to the next; 20 s lies above the last one. */
	h.bucket[iomap_bucket(0)] = 1;
	h.bucket[iomap_bucket(63)] = 2;
	h.bucket[iomap_bucket(64)] = 1;
	h.bucket[iomap_bucket(1024)] = 1;
	h.bucket[iomap_bucket(20000000000)] = 1;
	metricw_init(&w, &b, openmetrics);
	metricw_family(&w, METRIC_COUNTER, "a_things", "Help.");
	metricw_u64(&w, NULL, UINT64_MAX);
	metricw_family(&w, METRIC_COUNTER, "a_cpu_seconds", "Help.");
	metricw_ns(&w, LABELS({ "x", "1" }, { "y", "" }), 1000000001);
	metricw_created(&w, LABELS({ "x", "1" }, { "y", "" }), 1700000000500000000);
	metricw_family(&w, METRIC_GAUGE, "a_memory_bytes", "Help.");
	metricw_u64(&w, LABELS({ "x", "1" }), 0);
	metricw_family(&w, METRIC_GAUGE, "a_share", "Help.");
	metricw_fraction(&w, NULL, (3 << 20) + (1 << 19), 20);
	metricw_family(&w, METRIC_INFO, "a", "Help.");
	metricw_u64(&w, LABELS({ "v", "0.1" }), 1);
	metricw_family(&w, METRIC_SUMMARY, "a_hold_seconds", "Help.");
	metricw_summary(&w, LABELS({ "x", "1" }), 3, 500000000);
	metricw_family(&w, METRIC_HISTOGRAM, "a_time_seconds", "Help.");
	metricw_hist(&w, LABELS({ "x", "1" }), &h);
	metricw_end(&w);
	return text_of(&b);
}

#define BUCKETS                                                 \
	"a_time_seconds_bucket{x=\"1\",le=\"0.000000063\"} 3\n" \
	"a_time_seconds_bucket{x=\"1\",le=\"0.000000127\"} 4\n" \
	"a_time_seconds_bucket{x=\"1\",le=\"0.000000255\"} 4\n" \
	"a_time_seconds_bucket{x=\"1\",le=\"0.000000511\"} 4\n" \
	"a_time_seconds_bucket{x=\"1\",le=\"0.000001023\"} 4\n" \
	"a_time_seconds_bucket{x=\"1\",le=\"0.000002047\"} 5\n"
#define LAST_BUCKETS                                             \
	"a_time_seconds_bucket{x=\"1\",le=\"17.179869183\"} 5\n" \
	"a_time_seconds_bucket{x=\"1\",le=\"+Inf\"} 6\n"         \
	"a_time_seconds_count{x=\"1\"} 6\n"                      \
	"a_time_seconds_sum{x=\"1\"} 20.000001234\n"

static void expect(const char *text, const char *head, const char *tail)
{
	size_t len = strlen(text), n = strlen(head), m = strlen(tail);

	assert_true(len > n + m);
	assert_memory_equal(text, head, n);
	assert_string_equal(text + len - m, tail);
}

static void openmetrics_text(void **state)
{
	char *text = each_type(true);

	(void)state;
	expect(text,
	       "# TYPE a_things counter\n"
	       "# HELP a_things Help.\n"
	       "a_things_total 18446744073709551615\n"
	       "# TYPE a_cpu_seconds counter\n"
	       "# UNIT a_cpu_seconds seconds\n"
	       "# HELP a_cpu_seconds Help.\n"
	       "a_cpu_seconds_total{x=\"1\",y=\"\"} 1.000000001\n"
	       "a_cpu_seconds_created{x=\"1\",y=\"\"} 1700000000.5\n"
	       "# TYPE a_memory_bytes gauge\n"
	       "# UNIT a_memory_bytes bytes\n"
	       "# HELP a_memory_bytes Help.\n"
	       "a_memory_bytes{x=\"1\"} 0\n"
	       "# TYPE a_share gauge\n"
	       "# HELP a_share Help.\n"
	       "a_share 3.5\n"
	       "# TYPE a info\n"
	       "# HELP a Help.\n"
	       "a_info{v=\"0.1\"} 1\n"
	       "# TYPE a_hold_seconds summary\n"
	       "# UNIT a_hold_seconds seconds\n"
	       "# HELP a_hold_seconds Help.\n"
	       "a_hold_seconds_count{x=\"1\"} 3\n"
	       "a_hold_seconds_sum{x=\"1\"} 0.5\n"
	       "# TYPE a_time_seconds histogram\n"
	       "# UNIT a_time_seconds seconds\n"
	       "# HELP a_time_seconds Help.\n" BUCKETS,
	       LAST_BUCKETS "# EOF\n");
	free(text);
}

static void prometheus_text(void **state)
{
	char *text = each_type(false);

	(void)state;
	expect(text,
	       "# TYPE a_things_total counter\n"
	       "# HELP a_things_total Help.\n"
	       "a_things_total 18446744073709551615\n"
	       "# TYPE a_cpu_seconds_total counter\n"
	       "# HELP a_cpu_seconds_total Help.\n"
	       "a_cpu_seconds_total{x=\"1\",y=\"\"} 1.000000001\n"
	       "# TYPE a_memory_bytes gauge\n"
	       "# HELP a_memory_bytes Help.\n"
	       "a_memory_bytes{x=\"1\"} 0\n"
	       "# TYPE a_share gauge\n"
	       "# HELP a_share Help.\n"
	       "a_share 3.5\n"
	       "# TYPE a_info gauge\n"
	       "# HELP a_info Help.\n"
	       "a_info{v=\"0.1\"} 1\n"
	       "# TYPE a_hold_seconds summary\n"
	       "# HELP a_hold_seconds Help.\n"
	       "a_hold_seconds_count{x=\"1\"} 3\n"
	       "a_hold_seconds_sum{x=\"1\"} 0.5\n"
	       "# TYPE a_time_seconds histogram\n"
	       "# HELP a_time_seconds Help.\n" BUCKETS,
	       LAST_BUCKETS);
	free(text);
}

static void label_values(void **state)
{
	char longest[METRIC_VALUE_MAX + 1], longer[1000], quotes[METRIC_VALUE_MAX + 2];
	const struct {
		const char *value;
		const char *text;
	} cases[] = {
		{ "", "g{v=\"\"} 1\n" },
		{ "a b{}=,", "g{v=\"a b{}=,\"} 1\n" },
		{ "a\"b", "g{v=\"a\\\"b\"} 1\n" },
		{ "a\\n", "g{v=\"a\\\\n\"} 1\n" },
		{ "a\nb", "g{v=\"a\\nb\"} 1\n" },
		{ "a\r\tb\x7f", "g{v=\"a??b?\"} 1\n" },
		{ "\xc3\xa9\xff", "g{v=\"???\"} 1\n" },
	};
	struct buf b = {};
	struct metricw w;

	(void)state;
	metricw_init(&w, &b, true);
	metricw_family(&w, METRIC_GAUGE, "g", "Help.");
	for (size_t i = 0; i < ARRAY_SIZE(cases); i++) {
		b.len = 0;
		metricw_u64(&w, LABELS({ "v", cases[i].value }), 1);
		assert_string_equal(text_of(&b), cases[i].text);
	}
	/* A long name is cut. */
	memset(longest, 'x', sizeof(longest));
	longest[METRIC_VALUE_MAX] = '\0';
	memset(longer, 'x', sizeof(longer));
	longer[sizeof(longer) - 1] = '\0';
	memset(quotes, '"', sizeof(quotes));
	quotes[sizeof(quotes) - 1] = '\0';
	b.len = 0;
	metricw_u64(&w, LABELS({ "v", longer }), 1);
	assert_int_equal(strlen(text_of(&b)), strlen("g{v=\"\"} 1\n") + METRIC_VALUE_MAX);
	assert_non_null(strstr(b.data, longest));
	b.len = 0;
	metricw_u64(&w, LABELS({ "v", quotes }), 1);
	assert_int_equal(strlen(text_of(&b)), strlen("g{v=\"\"} 1\n") + 2 * METRIC_VALUE_MAX);
	buf_free(&b);
}

/* Returns the metrics of a model as a string, which the caller frees. */
static char *metrics_of(const struct model *m)
{
	struct buf b = {};

	metrics_write(&b, m, NULL, 0, true);
	return text_of(&b);
}

static size_t count(const char *text, const char *word)
{
	size_t n = 0;

	while ((text = strstr(text, word))) {
		text += strlen(word);
		n++;
	}
	return n;
}

static void add_mapping(struct model *m, uint32_t id, const struct iomap_mapping *map,
			uint64_t maps)
{
	struct iomap_counters c = { .kind[IOMAP_ATOMIC] = {
					    .maps = maps,
					    .unmaps = maps,
					    .failed = maps / 10,
					    .hold_count = maps,
					    .hold_sum = 1000 * maps,
				    } };

	assert_int_equal(model_add_mapping(m, id, map, &c, 1, sizeof(c), NULL), 0);
}

/* Mappings beyond the bound are one series, with maps of ids that the table lacks. */
static void many_mappings(void **state)
{
	struct iomap_mapping live = { .state = IOMAP_LIVE };
	struct iomap_counters stray = { .kind[IOMAP_ATOMIC].maps = 7 };
	struct model m = {};
	char *few, *many;

	(void)state;
	for (uint32_t id = 1; id <= METRICS_MAPPINGS; id++)
		add_mapping(&m, id, &live, 10);
	few = metrics_of(&m);
	assert_non_null(strstr(few, "\niomap_mapping_maps_total{mapping=\"128\",kind=\"atomic\"} "
				    "10\n"));
	assert_non_null(strstr(few, "\niomap_mapping_maps_total{mapping=\"other\",kind=\"atomic\"} "
				    "0\n"));
	for (uint32_t id = METRICS_MAPPINGS + 1; id <= 5000; id++)
		add_mapping(&m, id, &live, 10);
	model_add_unattributed(&m, &stray, 1, sizeof(stray));
	many = metrics_of(&m);
	assert_null(strstr(many, "\"129\""));
	assert_non_null(strstr(many,
			       "\niomap_mapping_maps_total{mapping=\"other\",kind=\"atomic\"} "
			       "48727\n"));
	/* The number of series stays the same. */
	assert_int_equal(count(few, "\n"), count(many, "\n"));
	free(few);
	free(many);
	model_free(&m);
}

/* A figure that the kernel cannot give has no series; it is not shown as zero. */
static void gaps_by_absence(void **state)
{
	static const char *const words[] = {
		"iomap_ipi_stolen_seconds_total{class=\"direct\"}",
		"iomap_ipis_total{class=\"direct\"}",
		"iomap_ipis_total{class=\"other\"}",
		"iomap_deferred_ipis_total",
		"iomap_violations_total{rule=\"leak\"}",
		"iomap_hold_seconds_count",
	};
	struct model m = { .backend_present[IOMAP_LINEAR] = true, .timing = IOMAP_TIMING_ALL };
	char *text;

	(void)state;
	assert_int_equal(figures_add_ipi(&m, 10, false), 0);
	text = metrics_of(&m);
	for (size_t i = 0; i < ARRAY_SIZE(words); i++)
		assert_int_not_equal(count(text, words[i]), 0);
	free(text);

	m.ipi.missing[IPI_STOLEN] = m.ipi.missing[IPI_DIRECT] = m.ipi.missing[IPI_DEFERRED] =
		"a sentence";
	m.rule_missing[IOMAP_LEAK] = "a sentence";
	m.timing = IOMAP_TIMING_OFF;
	text = metrics_of(&m);
	for (size_t i = 0; i < ARRAY_SIZE(words); i++)
		assert_int_equal(count(text, words[i]), 0);
	assert_non_null(strstr(text, "\niomap_rule_checked{rule=\"leak\"} 0\n"));
	assert_non_null(strstr(text, "\niomap_interrupts_sent_total{vector=\"call\"} 860\n"));
	free(text);
	m.ipi.on = false;
	text = metrics_of(&m);
	assert_int_equal(count(text, "ipi"), 0);
	free(text);
	model_free(&m);
}

/* ---- counters never go back ---- */

#define IDS (METRICS_MAPPINGS + 10)

/* The state of the kernel: the counters of each id, which only grow, and its mapping. */
struct kernel {
	struct iomap_cpu cpu;
	struct iomap_counters counters[IDS];
	struct iomap_mapping mappings[IDS];
	struct iomap_hist hist;
};

static void step(struct kernel *k)
{
	uint32_t id = 1 + rand() % (IDS - 1);
	struct iomap_mapping *map = &k->mappings[id];
	struct iomap_count *c = &k->counters[id].kind[rand() % IOMAP_KIND_MAX];

	switch (rand() % 3) {
	case 0: /* the id is given to another mapping */
		map->state = IOMAP_LIVE;
		map->gen++;
		map->backend = rand() % IOMAP_BACKEND_MAX;
		map->at_create = k->counters[id];
		k->cpu.created++;
		break;
	case 1:
		if (map->state == IOMAP_LIVE)
			map->state = IOMAP_FREED;
		k->cpu.freed++;
		break;
	default:
		c->maps += 1 + rand() % 100;
		c->unmaps = c->maps;
		c->failed += rand() % 2;
		c->hold_count = c->maps;
		c->hold_sum += rand() % 5000;
		k->hist.bucket[iomap_bucket(rand() % 100000)]++;
		k->cpu.total[map->backend][rand() % IOMAP_KIND_MAX].maps++;
		k->cpu.violations[rand() % IOMAP_RULE_MAX]++;
		k->cpu.seen++;
		break;
	}
}

static char *look(const struct kernel *k)
{
	struct model m = {};
	char *text;

	for (int b = 0; b < IOMAP_BACKEND_MAX; b++)
		m.backend_present[b] = true;
	m.timing = IOMAP_TIMING_ALL;
	assert_int_equal(model_add_cpu(&m, 0, &k->cpu, true), 0);
	model_add_unattributed(&m, &k->counters[0], 1, sizeof(k->counters[0]));
	for (uint32_t id = 1; id < IDS; id++) {
		if (k->mappings[id].state != IOMAP_EMPTY || k->counters[id].kind[0].maps)
			assert_int_equal(model_add_mapping(&m, id, &k->mappings[id],
							   &k->counters[id], 1,
							   sizeof(k->counters[id]), NULL),
					 0);
	}
	model_add_hist(&m, IOMAP_LINEAR, IOMAP_ATOMIC, &k->hist);
	assert_int_equal(figures_add_ipi(&m, k->cpu.seen, false), 0);
	model_finish(&m);
	text = metrics_of(&m);
	model_free(&m);
	return text;
}

/* Tells whether the line is a sample of a counter. */
static bool grows(const char *line, size_t name)
{
	static const char *const ends[] = { "_total", "_bucket", "_count", "_sum" };
	size_t bare = strcspn(line, "{ ");

	for (size_t i = 0; i < ARRAY_SIZE(ends) && name; i++) {
		size_t n = strlen(ends[i]);

		if (bare > n && !memcmp(line + bare - n, ends[i], n))
			return true;
	}
	return false;
}

/* Checks that each counter of `before` is in `after` and not smaller. Returns their number. */
static size_t compare(const char *before, const char *after)
{
	const char *at = after;
	size_t n = 0;

	for (const char *line = before; *line; line = strchr(line, '\n') + 1) {
		size_t len = strcspn(line, "\n"), name = len;
		char sample[300];
		const char *found;

		while (name && line[name - 1] != ' ')
			name--;
		if (*line == '#' || !grows(line, name))
			continue;
		snprintf(sample, sizeof(sample), "\n%.*s", (int)name, line);
		/* Both texts have the same order. */
		found = strstr(at, sample);
		if (!found)
			fail_msg("gone: %.*s", (int)len, line);
		if (strtod(found + strlen(sample), NULL) < strtod(line + name, NULL))
			fail_msg("went back: %.*s, then %.*s", (int)len, line,
				 (int)strcspn(found + 1, "\n"), found + 1);
		at = found;
		n++;
	}
	return n;
}

static void never_back(void **state)
{
	struct kernel *k = calloc(1, sizeof(*k));
	char *before, *after;
	size_t n = 0;

	(void)state;
	assert_non_null(k);
	srand(5);
	before = look(k);
	for (int i = 0; i < 300; i++) {
		for (int j = 0; j < 20; j++)
			step(k);
		after = look(k);
		n = compare(before, after);
		free(before);
		before = after;
	}
	free(before);
	free(k);
	/* All ids were in use in the end. */
	assert_true(n > 10 * METRICS_MAPPINGS);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(openmetrics_text), cmocka_unit_test(prometheus_text),
		cmocka_unit_test(label_values),	    cmocka_unit_test(many_mappings),
		cmocka_unit_test(gaps_by_absence),  cmocka_unit_test(never_back),
	};

	return cmocka_run_group_tests_name("unit/metrics", tests, NULL, NULL);
}
