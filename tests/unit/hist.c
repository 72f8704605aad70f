// SPDX-License-Identifier: GPL-2.0-or-later
/* The histogram's buckets, and percentiles against a sorted list of all values. */
#include "tests/lib/test.h"

#include "daemon/collector/model.h"

static uint64_t rnd_state = 88172645463325252;

static uint64_t rnd(void)
{
	rnd_state ^= rnd_state << 13;
	rnd_state ^= rnd_state >> 7;
	rnd_state ^= rnd_state << 17;
	return rnd_state;
}

static void log2_is_the_highest_bit(void **state)
{
	(void)state;
	for (int i = 0; i < 64; i++) {
		assert_int_equal(iomap_log2(1ULL << i), i);
		assert_int_equal(iomap_log2((1ULL << i) | (rnd() & ((1ULL << i) - 1))), i);
	}
}

static void buckets_cover_everything_once(void **state)
{
	(void)state;
	assert_int_equal(iomap_bucket_low(0), 0);
	for (uint32_t b = 0; b < IOMAP_HIST_BUCKETS; b++) {
		uint64_t low = iomap_bucket_low(b), end = iomap_bucket_low(b + 1);

		assert_true(low < end);
		assert_int_equal(iomap_bucket(low), b);
		assert_int_equal(iomap_bucket(end - 1), b);
		/* Four buckets per power of two: a width of at most a quarter of the start. */
		assert_true(b < 4 || (end - low) * 4 <= low);
	}
	assert_int_equal(iomap_bucket(iomap_bucket_low(IOMAP_HIST_BUCKETS)),
			 IOMAP_HIST_BUCKETS - 1);
	assert_int_equal(iomap_bucket(UINT64_MAX), IOMAP_HIST_BUCKETS - 1);
}

static int by_value(const void *a, const void *b)
{
	const uint64_t *x = a, *y = b;

	return *x < *y ? -1 : *x > *y;
}

static void check(uint64_t *values, size_t n)
{
	struct iomap_hist h = {};
	struct model m = {};

	for (size_t i = 0; i < n; i++) {
		h.bucket[iomap_bucket(values[i])]++;
		h.sum += values[i];
		if (values[i] > h.max)
			h.max = values[i];
	}
	model_add_hist(&m, IOMAP_KMAP, IOMAP_LOCAL, &h);
	assert_int_equal(m.hist[IOMAP_KMAP][IOMAP_LOCAL].count, n);
	qsort(values, n, sizeof(*values), by_value);
	for (unsigned int p = 1; p <= 100; p++) {
		size_t rank = (n * p + 99) / 100;
		uint64_t truth = values[rank - 1];
		uint64_t got = model_percentile(&m.hist[IOMAP_KMAP][IOMAP_LOCAL], p);

		/* Not below the exact value, and in the same bucket. */
		assert_true(got >= truth);
		assert_int_equal(iomap_bucket(got), iomap_bucket(truth));
		assert_true(got <= values[n - 1]);
	}
	model_free(&m);
}

static void percentiles_agree_with_sorting(void **state)
{
	uint64_t values[3000];

	(void)state;
	for (int round = 0; round < 200; round++) {
		size_t n = 1 + rnd() % (sizeof(values) / sizeof(values[0]));
		unsigned int bits = 1 + rnd() % 60;

		for (size_t i = 0; i < n; i++)
			values[i] = rnd() >> (64 - 1 - rnd() % bits);
		check(values, n);
	}
	values[0] = 0;
	check(values, 1);
	values[0] = UINT64_MAX / 4;
	check(values, 1);
}

static void percentile_of_nothing(void **state)
{
	struct model_hist h = {};

	(void)state;
	assert_int_equal(model_percentile(&h, 50), 0);
	assert_int_equal(model_percentile(&h, 100), 0);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(log2_is_the_highest_bit),
		cmocka_unit_test(buckets_cover_everything_once),
		cmocka_unit_test(percentiles_agree_with_sorting),
		cmocka_unit_test(percentile_of_nothing),
	};

	return cmocka_run_group_tests_name("unit/hist", tests, NULL, NULL);
}
