// SPDX-License-Identifier: GPL-2.0-or-later
/* Sizes and times in the options of recordings. */
#include <time.h>

#include "cli/recording/text.h"
#include "daemon/base/util.h"
#include "tests/lib/test.h"

#define FROM (1700000000 * NSEC_PER_SEC) /* 2023-11-14 22:13:20 UTC */
#define TO   (FROM + 3600 * NSEC_PER_SEC)

static void sizes(void **state)
{
	static const struct {
		const char *text;
		uint64_t size; /* 0: refused */
	} cases[] = {
		{ "1", 1 },
		{ "4096", 4096 },
		{ "500K", 500 << 10 },
		{ "20m", 20 << 20 },
		{ "1.5G", 3ULL << 29 },
		{ "2T", 2ULL << 40 },
		{ "", 0 },
		{ "0", 0 },
		{ "K", 0 },
		{ "-1", 0 },
		{ "1KB", 0 },
		{ "1 K", 0 },
		{ "1e9", 0 },
		{ "0x10", 0 },
		{ "1..2", 0 },
		{ "nan", 0 },
		{ "inf", 0 },
		{ "9999999999T", 0 },
		{ ".5K", 0 },
		{ "1.5", 1 },
	};

	(void)state;
	for (size_t i = 0; i < ARRAY_SIZE(cases); i++) {
		uint64_t size = 0;
		int r = size_from_text(cases[i].text, &size);

		if (r != (cases[i].size ? 0 : -EINVAL) || size != cases[i].size)
			print_error("%s\n", cases[i].text);
		assert_int_equal(r, cases[i].size ? 0 : -EINVAL);
		assert_int_equal(size, cases[i].size);
	}
}

static void times(void **state)
{
	static const struct {
		const char *text;
		double secs; /* after the start */
	} cases[] = {
		{ "+0", 0 },
		{ "+90", 90 },
		{ "+90s", 90 },
		{ "+1m30s", 90 },
		{ "+1h", 3600 },
		{ "+0.5h1.5s", 1801.5 },
		{ "-10s", 3590 },
		{ "-1h", 0 },
		{ "-0", 3600 },
		{ "@1700000012.5", 12.5 },
		{ "@0", -1.7e9 },
		{ "22:13:20", 0 },
		{ "22:13", 86380 }, /* before the start: the next day */
		{ "22:14", 40 },
		{ "22:14:05.25", 45.25 },
		{ "01:02:03", 10123 },
		{ "2023-11-14 22:13:21", 1 },
		{ "2023-11-14T22:13:21.5", 1.5 },
		{ "2023-11-15 00:00", 6400 },
	};
	static const char *const wrong[] = {
		"",
		"+",
		"-",
		"+x",
		"+1x",
		"+1s1m",
		"+1m1m",
		"--1",
		"@",
		"@x",
		"@1x",
		"now",
		"22",
		"22:",
		"25:00",
		"22:60",
		"22:1x",
		"22:13:61",
		"22:13:20.",
		"22:13:20x",
		"2023-11-14",
		"2023-13-01 00:00",
		"2023-11-14 ",
		"2023-11-14x22:00",
		"1-1-1 00:00",
		"-99999999h",
		"+1e9",
		"22:13:20.5.5",
	};
	uint64_t ns;

	(void)state;
	setenv("TZ", "UTC", 1);
	tzset();
	for (size_t i = 0; i < ARRAY_SIZE(cases); i++) {
		int r = when_from_text(cases[i].text, FROM, TO, &ns);

		if (r || (double)ns / 1e9 - 1.7e9 - cases[i].secs > 1e-3 ||
		    (double)ns / 1e9 - 1.7e9 - cases[i].secs < -1e-3)
			print_error("%s: %d, %f\n", cases[i].text, r, (double)ns / 1e9 - 1.7e9);
		assert_int_equal(r, 0);
		assert_true((double)ns / 1e9 - 1.7e9 - cases[i].secs < 1e-3);
		assert_true((double)ns / 1e9 - 1.7e9 - cases[i].secs > -1e-3);
	}
	for (size_t i = 0; i < ARRAY_SIZE(wrong); i++) {
		if (!when_from_text(wrong[i], FROM, TO, &ns))
			print_error("%s\n", wrong[i]);
		assert_int_equal(when_from_text(wrong[i], FROM, TO, &ns), -EINVAL);
	}
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(sizes),
		cmocka_unit_test(times),
	};

	return cmocka_run_group_tests_name("unit/recording-text", tests, NULL, NULL);
}
