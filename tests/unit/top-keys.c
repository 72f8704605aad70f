// SPDX-License-Identifier: GPL-2.0-or-later
/* The keys of iomaptop. */
#include <errno.h>
#include <string.h>

#include "tests/lib/top-fixture.h"

static void sorting(void **state)
{
	(void)state;
	warm_up((struct figures){});
	type("2");
	assert_int_equal(top_sort_by(&top, "caller", &err), 0);
	top_refresh(&top);
	check_frame("callers-by-caller-80x24", 80, 24);
	type("r");
	draw(80, 24);
	assert_true(strstr(line(HEAD_Y + 1), "ttm_bo_kmap_try") && on_screen("by CALLER ▼"));
	type(">"); /* round to the first column */
	draw(80, 24);
	assert_true(strstr(line(HEAD_Y + 1), "qxl_bo_kmap_atomic_page") &&
		    on_screen("by MAPS/S ▼"));
	type("r");
	draw(80, 24);
	assert_true(strstr(line(HEAD_Y + 1), "ttm_bo_kmap_try") && on_screen("by MAPS/S ▲"));
	type("<");
	draw(80, 24);
	assert_true(on_screen("by CALLER ▲"));
	/* Each view has its own order. */
	type("1");
	draw(80, 24);
	assert_true(on_screen("by MAPS/S ▼"));
	assert_int_equal(top_sort_by(&top, "nonsense", &err), -EINVAL);
	assert_non_null(
		strstr(err.text, "the view mappings has no column 'nonsense', but ID, DEVICE"));
}

static void filtering(void **state)
{
	(void)state;
	warm_up((struct figures){});
	type("/QXL"); /* takes effect while it is typed */
	draw(80, 24);
	assert_true(on_screen("filter: QXL") && on_screen("/QXL: 1 of 2") &&
		    !on_screen("test_map"));
	top_key(&top, TOP_ENTER);
	check_frame("filtered-80x24", 80, 24);
	type("/x");
	top_key(&top, TOP_BACKSPACE);
	top_key(&top, TOP_BACKSPACE);
	assert_string_equal(top.filter, "QX");
	top_key(&top, TOP_ESCAPE); /* back to the filter before */
	assert_string_equal(top.filter, "QXL");
	type("/none");
	top_key(&top, TOP_ENTER);
	draw(80, 24);
	assert_true(on_screen("No row matches: Esc shows all rows."));
	top_key(&top, TOP_ESCAPE);
	assert_string_equal(top.filter, "");
	type("/!qxl");
	draw(80, 24);
	assert_true(!on_screen("qxl_device_init") && on_screen("test_io_mapping_pr"));
	type("/qqq????1234"); /* these are text now */
	assert_int_equal(top.mode, TOP_TYPE_FILTER);
	for (int i = 0; i < 500; i++)
		type("long");
	assert_int_equal(strlen(top.filter), TOP_INPUT_MAX - 1);
	top_key(&top, 'U' - '@');
	assert_string_equal(top.filter, "");
}

static void selecting(void **state)
{
	(void)state;
	warm_up((struct figures){ .mappings = 40 });
	draw(80, 24);
	top_key(&top, TOP_DOWN); /* the first key shows the cursor */
	draw(80, 24);
	assert_int_equal(screen.cells[(HEAD_Y + 1) * 80 + 79].style, ST_SELECTED);
	top_key(&top, TOP_DOWN);
	draw(80, 24);
	assert_int_equal(screen.cells[(HEAD_Y + 2) * 80 + 79].style, ST_SELECTED);
	assert_int_not_equal(screen.cells[(HEAD_Y + 1) * 80 + 79].style, ST_SELECTED);
	/* The selection follows its row through another order. */
	assert_int_equal(top_selected_mapping(&top), 2);
	type("r");
	assert_int_equal(top_selected_mapping(&top), 2);
	assert_int_equal(top.shown[0].cursor, 38);
	check_frame("scrolled-80x24", 80, 24);
	/* If a snapshot lacks the row, the cursor stays at its position. */
	feed((struct figures){ .time = 300, .work = 1000, .mappings = 1 });
	draw(80, 24);
	assert_int_equal(top.shown[0].cursor, 0);
	feed((struct figures){ .time = 301, .work = 1001, .mappings = 40 });
	top_key(&top, TOP_END);
	assert_int_equal(top.shown[0].cursor, 39);
	top_key(&top, TOP_PAGE_UP);
	assert_in_range(top.shown[0].cursor, 20, 30);
	top_key(&top, TOP_HOME);
	assert_int_equal(top.shown[0].cursor, 0);
	top_key(&top, TOP_UP);
	assert_int_equal(top.shown[0].cursor, 0);
	top_key(&top, TOP_PAGE_DOWN);
	assert_in_range(top.shown[0].cursor, 10, 20);
	top_key(&top, TOP_ESCAPE);
	assert_false(top.shown[0].selecting);
}

static void drilling(void **state)
{
	(void)state;
	warm_up((struct figures){});
	top_key(&top, TOP_ENTER); /* nothing is selected: nothing happens */
	assert_int_equal(top.view, 0);
	top_key(&top, TOP_DOWN);
	top_key(&top, TOP_DOWN);
	check_frame("selected-80x24", 80, 24); /* its callers below */
	top_key(&top, TOP_ENTER);
	check_frame("callers-of-2-80x24", 80, 24);
	top_key(&top, TOP_ESCAPE);
	assert_int_equal(top.view, 0);
	assert_int_equal(top.mapping_id, 0);
}

static void pausing(void **state)
{
	(void)state;
	warm_up((struct figures){});
	assert_int_equal(top_key(&top, ' '), TOP_PAUSE_CHANGED);
	check_frame("paused-80x24", 80, 24);
	draw(20, 6);
	assert_true(on_screen("PAUSED"));
	assert_int_equal(top_key(&top, ' '), TOP_PAUSE_CHANGED);
	draw(80, 24);
	assert_false(on_screen("PAUSED"));
}

static void intervals(void **state)
{
	(void)state;
	warm_up((struct figures){});
	assert_int_equal(top_key(&top, '+'), TOP_INTERVAL_CHANGED);
	assert_true(top.interval == 2);
	type("---");
	assert_true(top.interval == 0.2);
	type("----------");
	assert_true(top.interval == 0.1);
	type("d7.5");
	draw(80, 24);
	assert_true(on_screen("seconds: 7.5"));
	assert_int_equal(top_key(&top, TOP_ENTER), TOP_INTERVAL_CHANGED);
	assert_true(top.interval == 7.5);
	type("d0");
	assert_int_equal(top_key(&top, TOP_ENTER), TOP_NOTHING);
	draw(80, 24);
	assert_true(on_screen("an interval is a number of seconds from 0.1 to 3600, not '0'"));
	type("d9");
	top_key(&top, TOP_ESCAPE);
	assert_true(top.interval == 7.5 && top.mode == TOP_BROWSE);
	type("+++++++++++");
	assert_true(top.interval == 60);
	assert_int_equal(top_key(&top, 'q'), TOP_QUIT);
}

/* Any key on any size of any state, in any order. */
static void torture(void **state)
{
	static const int keys[] = { TOP_UP,	   TOP_DOWN, TOP_LEFT,	   TOP_RIGHT, TOP_PAGE_UP,
				    TOP_PAGE_DOWN, TOP_HOME, TOP_END,	   TOP_ENTER, TOP_ESCAPE,
				    TOP_BACKSPACE, TOP_TAB,  TOP_BACK_TAB, TOP_HELP,  0x1020,
				    0x7f,	   255 };
	unsigned int seed = 1;
	struct errbuf why = { "gone" };

	(void)state;
	for (int i = 0; i < 20000; i++) {
		unsigned int r = (seed = seed * 1103515245 + 12345) >> 8;

		if (r % 50 == 0)
			feed((struct figures){ .time = i + 2,
					       .work = i,
					       .mappings = r / 64 % 60,
					       .cpus = 1 + r / 256 % 300,
					       .lost = r % 3,
					       .hook_missing = r % 2,
					       .sites = r / 128 % 9,
					       .no_rules = r % 11 == 0,
					       .empty = r % 7 == 0,
					       .pid = (int)(r % 5) + 1 });
		if (r % 200 == 1)
			top_lost(&top, &why);
		top_key(&top, r % 3 ? keys[r / 8 % ARRAY_SIZE(keys)] : (int)(' ' + r / 8 % 96));
		if (r % 4 == 0)
			draw((int)(r / 16 % 140), (int)(r / 4096 % 50));
	}
	draw(80, 24);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		TEST(sorting), TEST(filtering), TEST(selecting), TEST(drilling),
		TEST(pausing), TEST(intervals), TEST(torture),
	};

	return cmocka_run_group_tests_name("unit/top-keys", tests, NULL, NULL);
}
