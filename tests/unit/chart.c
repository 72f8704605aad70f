// SPDX-License-Identifier: GPL-2.0-or-later
/* The pictures of a report: their elements, their places, extreme values, hostile texts. */
#include <math.h>

#include "cli/fmt.h"
#include "cli/report/chart.h"
#include "cli/report/html.h"
#include "tests/lib/test.h"

static char *svg;
static size_t size;
static FILE *f;

static void begin(void)
{
	f = open_memstream(&svg, &size);
	assert_non_null(f);
}

/* Ends the picture and checks what all have: a title, a summary, only numbers in places. */
static void end(void)
{
	assert_int_equal(fclose(f), 0);
	assert_non_null(strstr(svg, "role=\"img\" aria-labelledby=\"id-t id-d\""));
	assert_non_null(strstr(svg, "<title id=\"id-t\">a &lt;title&gt;</title>"));
	assert_non_null(strstr(svg, "<desc id=\"id-d\">a &quot;summary&quot;</desc>"));
	assert_non_null(strstr(svg, "</svg>"));
	assert_null(strstr(svg, "nan"));
	assert_null(strstr(svg, "inf"));
	assert_null(strstr(svg, "<script"));
}

static unsigned int count(const char *text)
{
	unsigned int n = 0;

	for (const char *p = svg; (p = strstr(p, text)); p++)
		n++;
	return n;
}

#define NAMES .id = "id", .title = "a <title>", .summary = "a \"summary\""

static void lines(void **state)
{
	static struct chart_line l[CHART_LINES];
	struct chart_lines c = { NAMES, .seconds = 60, .fmt = fmt_rate, .lines = l, .n = 2 };

	(void)state;
	for (size_t i = 0; i < CHART_LINES; i++) {
		l[i].name = i ? "b" : "<script>&";
		for (size_t k = 0; k < CHART_BINS; k++)
			l[i].values[k] = 100 * i + k % 2;
	}
	begin();
	chart_lines(f, &c);
	end();
	/* Two lines, and a piece of each in the legend. */
	assert_int_equal(count("class=\"line s0\""), 2);
	assert_int_equal(count("class=\"line s1\""), 2);
	assert_int_equal(count("class=\"line s2\""), 0);
	assert_non_null(strstr(svg, "</svg>&lt;script&gt;&amp;</li>"));
	assert_non_null(strstr(svg, ">10s</text>"));
	assert_non_null(strstr(svg, ">1m00s</text>"));
	/* The axis begins at 0 and ends above the highest value. */
	assert_non_null(strstr(svg, ">0</text>"));
	assert_non_null(strstr(svg, ">150</text>"));
	free(svg);
	/* A line is broken where there is no value. */
	c.n = 1;
	for (size_t k = 0; k < CHART_BINS; k++)
		l[0].values[k] = k % 10 ? NAN : 1;
	begin();
	chart_lines(f, &c);
	end();
	assert_int_equal(count("h1"), CHART_BINS / 10);
	free(svg);
	for (size_t k = 0; k < CHART_BINS; k++)
		l[0].values[k] = NAN;
	c.seconds = 0;
	begin();
	chart_lines(f, &c);
	end();
	free(svg);
	l[0].values[0] = 1e18;
	c.seconds = 1e9;
	begin();
	chart_lines(f, &c);
	end();
	assert_true(size < 10000);
	free(svg);
}

static void heat(void **state)
{
	static const double cells[] = { 0, 1, 2, 0, 1000, 0 };
	struct chart_heat c = { NAMES,		.seconds = 0.5, .cols = 3,    .rows = 2,
				.cells = cells, .low = 256,	.fmt = fmt_ns };

	(void)state;
	begin();
	chart_heat(f, &c);
	end();
	assert_int_equal(count("class=\"heat\""), 3);
	assert_int_equal(count("fill-opacity=\"1.00\""), 1);
	assert_non_null(strstr(svg, ">256ns</text>"));
	assert_non_null(strstr(svg, ">1.02us</text>"));
	/* Half a second has marks, too. */
	assert_non_null(strstr(svg, ">0.1s</text>"));
	free(svg);
}

static void bars(void **state)
{
	static const struct chart_bar two[] = { { 100, 200, 5 }, { 400, 800, 20 } };
	static const struct chart_bar one[] = { { 0, 0, 1e15 } };
	struct chart_bars c = { NAMES, .bars = two, .n = 2, .p50 = 150, .p99 = 700, .fmt = fmt_ns };

	(void)state;
	begin();
	chart_bars(f, &c);
	end();
	assert_int_equal(count("class=\"bar\""), 2);
	assert_int_equal(count("class=\"mark\""), 2);
	assert_non_null(strstr(svg, "p50 150ns"));
	assert_non_null(strstr(svg, "p99 700ns"));
	/* The highest bar fills the plot. */
	assert_non_null(strstr(svg, "height=\"140.0\""));
	free(svg);
	c.bars = one;
	c.n = 1;
	c.p50 = c.p99 = 0;
	begin();
	chart_bars(f, &c);
	end();
	free(svg);
}

static void matrix(void **state)
{
	static const uint64_t cpus[64] = { 0, 2 };
	static const double cells[64 * 64] = { 0, 7, 12345, 0 };
	struct chart_matrix c = { NAMES, .cpus = cpus, .n = 2, .cells = cells };

	(void)state;
	begin();
	chart_matrix(f, &c);
	end();
	assert_int_equal(count("class=\"heat cell\""), 4);
	assert_non_null(strstr(svg, ">7</text>"));
	assert_non_null(strstr(svg, ">12.3k</text>"));
	assert_int_equal(count("fill-opacity=\"0.00\""), 2);
	free(svg);
	c.n = 64;
	begin();
	chart_matrix(f, &c);
	end();
	assert_int_equal(count("class=\"heat cell\""), 64 * 64);
	/* The cells are too small for figures. */
	assert_null(strstr(svg, "12.3k"));
	free(svg);
}

static void steps(void **state)
{
	(void)state;
	assert_true(chart_step(100, 4) == 50);
	assert_true(chart_step(7, 4) == 2);
	assert_true(fabs(chart_step(0.01, 4) - 0.005) < 1e-12);
	assert_true(chart_step(0, 4) == 1);
	assert_true(chart_step(NAN, 4) == 1);
	assert_true(chart_step(INFINITY, 4) == 1);
}

static void texts(void **state)
{
	begin();
	html_text(f, "<a href='x'>&\"\xe2\x80\xae\x1b[2J\xff");
	html_textf(f, "%s", "<b>");
	html_text(f, NULL);
	fclose(f);
	(void)state;
	assert_string_equal(svg,
			    "&lt;a href=&#39;x&#39;&gt;&amp;&quot;??[2J\xef\xbf\xbd&lt;b&gt;-");
	free(svg);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(lines),  cmocka_unit_test(heat),  cmocka_unit_test(bars),
		cmocka_unit_test(matrix), cmocka_unit_test(steps), cmocka_unit_test(texts),
	};

	return cmocka_run_group_tests_name("unit/chart", tests, NULL, NULL);
}
