// SPDX-License-Identifier: GPL-2.0-or-later
/* Formatted figures, and characters that a table cannot show. */
#include <math.h>
#include <stdbool.h>
#include <stdio.h>
#include <string.h>

#include "cli/fmt.h"
#include "daemon/base/utf8.h"
#include "tests/lib/test.h"

typedef const char *fmt_fn(char *buf, double v);

struct want {
	double v;
	const char *text;
};

static void check(fmt_fn *fn, const struct want *w)
{
	char buf[FMT_MAX];

	for (; w->text; w++)
		assert_string_equal(fn(buf, w->v), w->text);
}

static void counts(void **state)
{
	(void)state;
	check(fmt_count, (const struct want[]){ { 0, "0" },
						{ 9999, "9999" },
						{ 10000, "10.0k" },
						{ 12345, "12.3k" },
						{ 99949, "99.9k" },
						{ 99951, "100k" },
						{ 999499, "999k" },
						{ 999500, "1.00M" },
						{ 1234567, "1.23M" },
						{ 1e9, "1.00G" },
						{ 18446744073709551615.0, "18.4E" },
						{ NAN, "0" },
						{ -1, "0" },
						{} });
}

static void rates(void **state)
{
	(void)state;
	check(fmt_rate, (const struct want[]){ { 0, "0" },
					       { 0.01, "<0.1" },
					       { 0.5, "0.5" },
					       { 9.94, "9.9" },
					       { 9.96, "10" },
					       { 6990.4, "6990" },
					       { 12345, "12.3k" },
					       {} });
}

static void times(void **state)
{
	(void)state;
	check(fmt_ns, (const struct want[]){ { 0, "0ns" },
					     { 999, "999ns" },
					     { 999.6, "1.00us" },
					     { 3400, "3.40us" },
					     { 9950, "9.95us" },
					     { 9996, "10.0us" },
					     { 45600, "45.6us" },
					     { 999499, "999us" },
					     { 1230000, "1.23ms" },
					     { 1e9, "1.00s" },
					     { 900e9, "900s" },
					     { 1000e9, "16.7m" },
					     { 9000e9, "2.50h" },
					     { 1.8e19, "99999h" },
					     {} });
}

static void bytes(void **state)
{
	(void)state;
	check(fmt_bytes, (const struct want[]){ { 0, "0" },
						{ 512, "512" },
						{ 4096, "4K" },
						{ 67108864, "64M" },
						{ 1610612736, "1.50G" },
						{ 1023 * 1024, "1023K" },
						{} });
}

static void durations(void **state)
{
	(void)state;
	check(fmt_duration, (const struct want[]){ { 0, "0s" },
						   { 59, "59s" },
						   { 754, "12m34s" },
						   { 11100, "3h05m" },
						   { 352800, "4d02h" },
						   { -5, "0s" },
						   { INFINITY, "0s" },
						   {} });
}

/* No figure is wider than the columns of iomaptop. */
static void widths(void **state)
{
	char buf[FMT_MAX];

	(void)state;
	for (double v = 0.001; v < 1e18; v *= 1.0173) {
		assert_true(strlen(fmt_count(buf, v)) <= 5);
		assert_true(strlen(fmt_rate(buf, v)) <= 5);
		assert_true(strlen(fmt_bytes(buf, floor(v))) <= 5);
		assert_true(strlen(fmt_ns(buf, v)) <= 6);
	}
}

/* Reads all characters of @s as for a table. */
static const char *washed(const char *s)
{
	static char out[256];
	size_t n = 0;
	uint32_t ch;

	while ((ch = fmt_next(&s)))
		n += utf8_put(out + n, ch);
	out[n] = 0;
	return out;
}

static void characters(void **state)
{
	(void)state;
	assert_string_equal(washed("qxl+0x4f é ▁█ ▼"), "qxl+0x4f é ▁█ ▼");
	assert_string_equal(washed("\033[2J\a\177\t"), "?[2J???");
	assert_string_equal(washed("\302\233"
				   "31m"),
			    "?31m");			    /* a one-byte CSI, as UTF-8 */
	assert_string_equal(washed("\377\376"), "??");	    /* no UTF-8 */
	assert_string_equal(washed("\303"), "?");	    /* cut short */
	assert_string_equal(washed("\300\257"), "?");	    /* overlong form of '/' */
	assert_string_equal(washed("漢e\314\201"), "?e?");  /* two columns; none */
	assert_string_equal(washed("\342\200\256x"), "?x"); /* overrides the direction */
	assert_int_equal(fmt_width("é▁漢"), 3);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(counts),     cmocka_unit_test(rates),	   cmocka_unit_test(times),
		cmocka_unit_test(bytes),      cmocka_unit_test(durations), cmocka_unit_test(widths),
		cmocka_unit_test(characters),
	};

	return cmocka_run_group_tests_name("unit/fmt", tests, NULL, NULL);
}
