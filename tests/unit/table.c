// SPDX-License-Identifier: GPL-2.0-or-later
/* Tables: sorting, filtering, layout, printing. */
#include <stdlib.h>
#include <string.h>

#include "cli/table.h"
#include "tests/lib/test.h"

enum {
	NAME,
	NUM,
	HOLD,
	EXTRA,
	WHO
};

static const struct column cols[] = {
	[NAME] = { .name = "NAME" },
	[NUM] = { .name = "NUM", .type = COL_COUNT },
	[HOLD] = { .name = "HOLD", .type = COL_NS, .drop = 1 },
	[EXTRA] = { .name = "EXTRA", .type = COL_ID, .drop = DROP_EXTRA },
	[WHO] = { .name = "WHO", .width = 8, .flags = COL_FLEX },
};

static void add(struct table *t, uint64_t key, const char *name, double num, double hold,
		const char *who)
{
	struct cell *c = table_row(t, key, 0);

	assert_non_null(c);
	c[NAME] = cell_text(name);
	c[NUM] = cell_num(num);
	if (hold >= 0)
		c[HOLD] = cell_num(hold);
	c[EXTRA] = cell_num((double)key);
	c[WHO] = cell_text(table_text(t, "%s+0x%x", who, 31));
}

static int setup(void **state)
{
	static struct table t;

	table_init(&t, cols, ARRAY_SIZE(cols));
	add(&t, 1, "map2", 5, 3400, "qxl_bo_kmap");
	add(&t, 2, "map10", 12345, -1, "test_map");
	add(&t, 3, "map1", 5, 120, "ttm_bo");
	*state = &t;
	return 0;
}

static int teardown(void **state)
{
	table_free(*state);
	return 0;
}

/* Returns the keys of the rows in their order as a number, such as 312. */
static int keys(const struct table *t)
{
	int n = 0;

	for (size_t i = 0; i < t->n_rows; i++)
		n = n * 10 + (int)t->rows[i].key;
	return n;
}

static void sorts(void **state)
{
	struct table *t = *state;

	table_sort(t, NUM, false);
	assert_int_equal(keys(t), 213); /* the largest first, equal ones keep their order */
	table_sort(t, NUM, true);
	assert_int_equal(keys(t), 132);
	table_sort(t, NAME, false);
	assert_int_equal(keys(t), 312); /* numbers in names count as numbers */
	table_sort(t, HOLD, false);
	assert_int_equal(keys(t), 132); /* unknown values come last */
	table_sort(t, HOLD, true);
	assert_int_equal(keys(t), 312); /* in both directions */
	table_sort(t, EXTRA, false);
	assert_int_equal(keys(t), 123);
	table_sort(t, 99, false);
	assert_int_equal(keys(t), 123);
}

static void filters(void **state)
{
	struct table *t = *state;

	table_filter(t, "");
	table_filter(t, NULL);
	table_filter(t, "!");
	assert_int_equal(keys(t), 123);
	table_filter(t, "0X1F"); /* ignoring case */
	assert_int_equal(keys(t), 123);
	table_filter(t, "!ttm");
	assert_int_equal(keys(t), 12);
	table_filter(t, "12.3k"); /* as shown */
	assert_int_equal(keys(t), 2);
	table_filter(t, "nothing");
	assert_int_equal(t->n_rows, 0);
	table_sort(t, NUM, false);
}

static void check_layout(const struct table *t, size_t width, int flags, const size_t *want,
			 size_t line)
{
	size_t w[TABLE_MAX_COLS];

	assert_int_equal(table_layout(t, width, flags, w), line);
	for (size_t i = 0; i < ARRAY_SIZE(cols); i++)
		assert_int_equal(w[i], want[i]);
}

static void layouts(void **state)
{
	struct table *t = *state;

	/* As wide as the contents. */
	check_layout(t, 0, 0, (size_t[]){ 5, 5, 6, 5, 16 }, 41);
	check_layout(t, 100, LAYOUT_DROP, (size_t[]){ 5, 5, 6, 5, 16 }, 41);
	check_layout(t, 41, LAYOUT_DROP, (size_t[]){ 5, 5, 6, 5, 16 }, 41);
	/* One column too narrow: the extra column is dropped. */
	check_layout(t, 40, LAYOUT_DROP, (size_t[]){ 5, 5, 6, 0, 16 }, 35);
	/* Then the flexible column shrinks to its minimum. */
	check_layout(t, 30, LAYOUT_DROP, (size_t[]){ 5, 5, 6, 0, 11 }, 30);
	check_layout(t, 27, LAYOUT_DROP, (size_t[]){ 5, 5, 6, 0, 8 }, 27);
	/* Then other columns are dropped, and the flexible one takes their room. */
	check_layout(t, 26, LAYOUT_DROP, (size_t[]){ 5, 5, 0, 0, 14 }, 26);
	check_layout(t, 1, LAYOUT_DROP, (size_t[]){ 5, 5, 0, 0, 8 }, 20);
	/* All columns stay without LAYOUT_DROP. */
	check_layout(t, 26, 0, (size_t[]){ 5, 5, 6, 5, 8 }, 33);
	/* LAYOUT_STEADY: numbers keep their room when they are small. */
	table_filter(t, "qxl");
	check_layout(t, 0, 0, (size_t[]){ 4, 3, 6, 5, 16 }, 38);
	check_layout(t, 0, LAYOUT_STEADY, (size_t[]){ 4, 5, 6, 5, 16 }, 40);
}

/* The least important column is dropped first; of equal ones, the last. */
static void drop_order(void **state)
{
	static const struct column four[] = {
		{ .name = "AAAA", .drop = 2 },
		{ .name = "BBBB", .drop = 9 },
		{ .name = "CCCC", .drop = 2 },
		{ .name = "DDDD" },
	};
	static const size_t want[][4] = {
		{ 4, 4, 4, 4 }, { 4, 0, 4, 4 }, { 4, 0, 0, 4 }, { 0, 0, 0, 4 }
	};
	static const size_t widths[] = { 19, 18, 13, 8 };
	size_t w[TABLE_MAX_COLS];
	struct table t;

	(void)state;
	table_init(&t, four, ARRAY_SIZE(four));
	for (size_t i = 0; i < ARRAY_SIZE(widths); i++) {
		table_layout(&t, widths[i], LAYOUT_DROP, w);
		for (size_t c = 0; c < ARRAY_SIZE(four); c++)
			assert_int_equal(w[c], want[i][c]);
	}
	table_free(&t);
}

static void prints(void **state)
{
	struct table *t = *state;
	char *text = NULL;
	size_t size;
	FILE *f = open_memstream(&text, &size);

	assert_non_null(f);
	table_sort(t, NUM, false);
	table_print(t, f, 0, 2);
	table_print(t, f, 36, 0);
	fclose(f);
	assert_string_equal(text, "  NAME    NUM   HOLD EXTRA WHO\n"
				  "  map10 12.3k      -     2 test_map+0x1f\n"
				  "  map2      5 3.40us     1 qxl_bo_kmap+0x1f\n"
				  "  map1      5  120ns     3 ttm_bo+0x1f\n"
				  "NAME    NUM   HOLD EXTRA WHO\n"
				  "map10 12.3k      -     2 test_map+..\n"
				  "map2      5 3.40us     1 qxl_bo_km..\n"
				  "map1      5  120ns     3 ttm_bo+0x1f\n");
	free(text);
}

static void hostile_text(void **state)
{
	struct table *t = *state;
	char *text = NULL;
	size_t size;
	FILE *f = open_memstream(&text, &size);

	assert_non_null(f);
	add(t, 4, "\033[2J", 1, 1, "x");
	table_print(t, f, 0, 0);
	fclose(f);
	assert_null(strchr(text, '\033'));
	free(text);
}

#define TEST(f) cmocka_unit_test_setup_teardown(f, setup, teardown)

int main(void)
{
	const struct CMUnitTest tests[] = { TEST(sorts),	TEST(filters),
					    TEST(layouts),	TEST(prints),
					    TEST(hostile_text), cmocka_unit_test(drop_order) };

	return cmocka_run_group_tests_name("unit/table", tests, NULL, NULL);
}
