// SPDX-License-Identifier: GPL-2.0-or-later
/* Violations in iomaptop: the sites, the stacks below, the header of all views. */
#include <string.h>

#include "tests/lib/top-fixture.h"

static void sites(void **state)
{
	(void)state;
	warm_up((struct figures){ .sites = 4 });
	type("5");
	check_frame("violations-80x24", 80, 24);
	check_frame("violations-132x24", 132, 24);
	check_frame("violations-40x10", 40, 10);
	screen.unicode = false;
	check_frame("violations-80x24-ascii", 80, 24);
	assert_ascii();
}

/* The stack of the row that is selected. */
static void stacks(void **state)
{
	(void)state;
	warm_up((struct figures){ .sites = 5 });
	type("5");
	top_key(&top, TOP_DOWN);
	check_frame("violations-selected-80x24", 80, 24);
	for (int i = 0; i < 3; i++)
		top_key(&top, TOP_DOWN); /* to the site with the stack of its map */
	check_frame("violations-map-stack-132x24", 132, 24);
	draw(80, 24);
	assert_true(on_screen("STACK OF THE MAP") && on_screen("control_write"));
	screen.unicode = false;
	for (int i = 0; i < 4; i++) {
		draw(80, 24);
		assert_ascii();
		top_key(&top, TOP_DOWN);
	}
	/* The last site has no stack. */
	draw(80, 24);
	assert_true(on_screen("kworker/2:1[31] on CPU 2: unmapped, but not mapped: "));
	assert_int_equal(strcmp(line(line_of(" #") + 1), " 0 -"), 0);
	top_key(&top, TOP_ESCAPE);
	draw(80, 24);
	assert_true(!on_screen("STACK OF") && line_of("Rules") > 0);
}

/* A task whose name would clear the screen. */
static void hostile(void **state)
{
	(void)state;
	warm_up((struct figures){ .sites = 4 });
	type("5/leak");
	top_key(&top, TOP_ENTER);
	top_key(&top, TOP_DOWN);
	draw(132, 24);
	assert_true(on_screen("?[2Jevil") && on_screen("?[700] on CPU 0: still"));
	for (int i = 0; i < screen.w * screen.h; i++)
		assert_true(screen.cells[i].ch >= ' ' && screen.cells[i].ch != 0x7f &&
			    (screen.cells[i].ch < 0x80 || screen.cells[i].ch >= 0xa0));
}

/* More sites than rows: the stack keeps its room. */
static void many(void **state)
{
	int from;

	(void)state;
	warm_up((struct figures){ .sites = 60 });
	type("5");
	draw(80, 24);
	assert_true(line_of("Rules") < 0);
	top_key(&top, TOP_DOWN);
	check_frame("violations-many-80x24", 80, 24);
	from = line_of(" # STACK");
	assert_in_range(from, 10, 18);
	top_key(&top, TOP_END);
	draw(80, 24);
	assert_int_equal(line_of(" # STACK"), from);
	assert_int_equal(screen.cells[(from - 3) * 80 + 79].style, ST_SELECTED);
	assert_int_equal(top.shown[VIEW_VIOLATIONS].cursor, 59);
	/* On a small screen the table keeps all of it. */
	draw(80, 12);
	assert_true(line_of(" # STACK") < 0);
}

/* Rates, orders and filters, as in the other views. */
static void as_others(void **state)
{
	uint64_t selected;

	(void)state;
	warm_up((struct figures){ .sites = 4 });
	feed((struct figures){ .time = 222, .work = 1000, .sites = 4 });
	feed((struct figures){ .time = 224, .work = 1008, .sites = 4 });
	type("5");
	draw(80, 24);
	assert_true(on_screen("by COUNT ▼") && strstr(line(HEAD_Y + 2), "sleep-in-atomic"));
	assert_non_null(strstr(line(HEAD_Y + 2), " 2025     8.0 ")); /* 16 more in 2 s */
	assert_non_null(strstr(line(HEAD_Y + 3), "    7       0 "));
	assert_int_equal(screen.cells[(HEAD_Y + 2) * 80 + 20].style, ST_ALERT);
	assert_int_equal(top_sort_by(&top, "rule", &err), 0);
	top_refresh(&top);
	draw(80, 24);
	assert_true(on_screen("by RULE ▲") && strstr(line(HEAD_Y + 2), "leak"));
	type("/UNMAP");
	top_key(&top, TOP_ENTER);
	draw(80, 24);
	assert_true(on_screen("/UNMAP: 1 of 4") && line_of("unmap-kind") == HEAD_Y + 2);
	top_key(&top, TOP_ESCAPE);
	/* The selection stays on its site while its count grows and others come. */
	top_key(&top, TOP_DOWN);
	top_key(&top, TOP_DOWN);
	selected = top_selected(&top)->key;
	feed((struct figures){ .time = 225, .work = 1009, .sites = 9 });
	assert_true(top_selected(&top)->key == selected);
	type("r");
	assert_true(top_selected(&top)->key == selected);
}

/* Enter shows the callers of that mapping; Esc goes back. */
static void drilling(void **state)
{
	(void)state;
	warm_up((struct figures){ .sites = 5 });
	type("5");
	top_key(&top, TOP_DOWN);
	top_key(&top, TOP_ENTER);
	draw(80, 24);
	assert_int_equal(top.view, VIEW_CALLERS);
	assert_int_equal(top.mapping_id, 1);
	top_key(&top, TOP_ESCAPE);
	assert_int_equal(top.view, VIEW_VIOLATIONS);
	top_key(&top, TOP_END); /* of no known mapping */
	top_key(&top, TOP_ENTER);
	assert_int_equal(top.view, VIEW_VIOLATIONS);
}

/* No violation: the rules that are checked, and those that are not. */
static void none(void **state)
{
	(void)state;
	warm_up((struct figures){});
	type("5");
	check_frame("violations-none-80x24", 80, 24);
	feed((struct figures){ .time = 300, .work = 999, .rule_missing = true });
	check_frame("violations-missing-80x24", 80, 24);
	draw(80, 12);
	assert_true(on_screen("Rules checked: 8 of 10; missing: may-sleep-in-atomic; off: hold"));
	feed((struct figures){ .time = 301, .work = 999, .no_rules = true });
	draw(80, 24);
	assert_true(on_screen("This iomapd checks no rule: it is older than this program."));
	assert_int_equal(line_of(" violations        - "), 4);
}

/* The header of each view shows violations. */
static void header(void **state)
{
	(void)state;
	warm_up((struct figures){});
	draw(80, 24);
	assert_int_equal(line_of(" violations        0 "), 4);
	assert_false(on_screen("violations: "));
	feed((struct figures){ .time = 221, .work = 1, .sites = 4 });
	check_frame("violations-elsewhere-80x24", 80, 24);
	for (unsigned int v = 0; v < VIEWS; v++) {
		top_key(&top, '1' + (int)v);
		draw(80, 24);
		assert_int_equal(line_of(" violations       21 "), 4);
		assert_int_equal(screen.cells[4 * 80 + 19].style, ST_ALERT);
		assert_int_equal(line_of(v == VIEW_VIOLATIONS
						 ? "21 violations: sleep-in-atomic 11, "
						 : "21 violations (key 5): sleep-in-"),
				 6);
		draw(40, 10);
		assert_int_equal(line_of("21 violations  "), 1);
		assert_int_equal(screen.cells[40].style, ST_ALERT);
	}
	feed((struct figures){ .time = 222, .work = 1, .sites = 1, .lost = 5 });
	draw(40, 10);
	assert_int_equal(line_of("5 lost  11 violations  "), 1);
}

static void batch(void **state)
{
	(void)state;
	warm_up((struct figures){ .sites = 4, .rule_missing = true });
	top.batch = true;
	type("5");
	check_frame("batch-violations-132", 132, top_height(&top));
	type("1");
	draw(132, top_height(&top));
	assert_true(on_screen("151 violations (--view violations): sleep"));
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		TEST(sites), TEST(stacks),   TEST(hostile), TEST(many),	 TEST(as_others),
		TEST(none),  TEST(drilling), TEST(header),  TEST(batch),
	};

	return cmocka_run_group_tests_name("unit/top-violations", tests, NULL, NULL);
}
