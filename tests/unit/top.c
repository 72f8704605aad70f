// SPDX-License-Identifier: GPL-2.0-or-later
/* The screens of iomaptop: sizes, views, alerts, and the description in the man page. */
#include <string.h>

#include "tests/lib/top-fixture.h"

static void sizes(void **state)
{
	(void)state;
	warm_up((struct figures){});
	check_frame("mappings-80x24", 80, 24);
	check_frame("mappings-132x43", 132, 43);
	check_frame("mappings-40x10", 40, 10);
	screen.unicode = false;
	check_frame("mappings-80x24-ascii", 80, 24);
	assert_ascii();
}

static void other_views(void **state)
{
	(void)state;
	warm_up((struct figures){});
	type("2");
	check_frame("callers-80x24", 80, 24);
	type("3");
	check_frame("backends-132x24", 132, 24);
	type("4");
	check_frame("cpus-80x24", 80, 24);
	type("6");
	top_key(&top, TOP_TAB);
	assert_int_equal(top.view, 0);
	top_key(&top, TOP_BACK_TAB);
	assert_int_equal(top.view, VIEWS - 1);
	top_key(&top, TOP_RIGHT);
	top_key(&top, TOP_LEFT);
	assert_int_equal(top.view, VIEWS - 1);
}

/* The interrupts between CPUs; a figure that the kernel cannot count is not shown as zero. */
static void ipis(void **state)
{
	(void)state;
	warm_up((struct figures){});
	type("6");
	draw(80, 24);
	assert_true(on_screen("Not counted: this iomapd is older than this program."));
	feed((struct figures){ .time = 230, .work = 300, .ipi = true });
	feed((struct figures){ .time = 231, .work = 301, .ipi = true });
	check_frame("ipis-80x24", 80, 24);
	check_frame("ipis-132x24", 132, 24);
	feed((struct figures){ .time = 232, .work = 302, .ipi = true, .ipi_missing = true });
	check_frame("ipis-missing-80x24", 80, 24);
}

static void first_sample(void **state)
{
	(void)state;
	check_frame("nothing-yet-80x24", 80, 24);
	feed((struct figures){ .time = 1, .work = 1 });
	check_frame("first-sample-80x24", 80, 24); /* rates are unknown, not zero */
	top_teardown(NULL);
	top_setup(NULL);
	feed((struct figures){ .time = 1, .empty = true });
	feed((struct figures){ .time = 2, .empty = true });
	draw(80, 24);
	assert_true(on_screen("No mapping: no driver of this kernel holds one now."));
	feed((struct figures){ .time = 3, .empty = true, .no_debugfs = true });
	draw(80, 24);
	assert_false(on_screen("no driver of this kernel holds one"));
	assert_true(on_screen("older ones are not known ('iomapctl list')."));
}

static void help(void **state)
{
	(void)state;
	warm_up((struct figures){});
	type("?");
	check_frame("help-80x24", 80, 24);
	for (int i = 0; i < 50; i++)
		top_key(&top, TOP_DOWN);
	draw(80, 24);
	assert_true(on_screen("OWNER") && on_screen("- means not known"));
	for (int i = 0; i < 50; i++)
		top_key(&top, TOP_PAGE_UP);
	draw(80, 24);
	assert_true(on_screen("choose a view"));
	type("x");
	draw(80, 24);
	assert_true(on_screen("[1 Mappings]"));
}

/* A help line fits 80 columns. */
static void help_fits(void **state)
{
	(void)state;
	for (size_t v = 0; v < VIEWS; v++)
		for (size_t c = 0; c < views[v]->n_cols; c++) {
			assert_non_null(views[v]->cols[c].help);
			assert_in_range(strlen(views[v]->cols[c].help), 1, 48);
		}
}

static void waiting(void **state)
{
	struct errbuf why = {
		"nobody listens at /run/iomapd/iomapd.sock, iomapd has ended: start it "
		"again as root"
	};

	(void)state;
	warm_up((struct figures){});
	top_lost(&top, &why);
	top_lost(&top, &why); /* the history has one gap for any number of attempts */
	check_frame("waiting-80x24", 80, 24);
	feed((struct figures){ .time = 400, .work = 7, .pid = 99 });
	draw(80, 24);
	assert_true(!on_screen("waiting") && on_screen("iomapd was restarted"));
	feed((struct figures){ .time = 401, .work = 8, .pid = 99 });
	draw(80, 24);
	assert_true(strstr(line(1), "6992"));
}

static void losses(void **state)
{
	(void)state;
	warm_up((struct figures){ .lost = 17, .unbalanced = 2, .hook_missing = true });
	check_frame("losses-80x24", 80, 24);
	assert_int_equal(screen.cells[3 * 80 + 19].style, ST_ALERT);
	assert_int_equal(screen.cells[HEAD_Y * 80].style, ST_ALERT);
	draw(80, 7); /* the figures keep most of a small screen */
	assert_true(on_screen("17 events lost") && on_screen("does not balance") &&
		    !on_screen("missing hooks"));
}

/* Zeros are dim, failures stand out. */
static void styles(void **state)
{
	int x;

	(void)state;
	warm_up((struct figures){});
	draw(80, 24);
	x = (int)(strstr(line(HEAD_Y), "FAILED") - line(HEAD_Y)) + 5;
	assert_int_equal(screen.cells[(HEAD_Y + 1) * 80 + x].style, ST_DIM);
	assert_int_equal(screen.cells[(HEAD_Y + 2) * 80 + x].style, ST_ALERT);
	assert_int_equal(screen.cells[HEAD_Y * 80].style, ST_HEAD);
	x = (int)(strstr(line(HEAD_Y), "MAPS/S") - line(HEAD_Y));
	assert_int_equal(screen.cells[HEAD_Y * 80 + x].style, ST_HEAD_SORT);
}

static void batch(void **state)
{
	(void)state;
	warm_up((struct figures){ .mappings = 30 });
	top.batch = true;
	top_refresh(&top);
	check_frame("batch-100", 100, top_height(&top));
	type("4");
	check_frame("batch-cpus-100", 100, top_height(&top));
}

/* The option table names each view. */
static void option_table(void **state)
{
	(void)state;
	for (size_t i = 0; i < VIEWS; i++)
		assert_string_equal(view_names[i], views[i]->name);
	assert_null(views[VIEWS]);
	assert_null(view_names[VIEWS]);
	assert_ptr_equal(views[VIEW_CALLERS], &view_callers);
}

/* The man page explains each column as the help screen does. */
static void man_page(void **state)
{
	char *man = read_file("docs/man/iomaptop.1");
	char want[8192];

	(void)state;
	for (size_t v = 0; v < VIEWS; v++) {
		size_t n = (size_t)snprintf(want, sizeof(want),
					    ".Cm %s :\n.Bl -tag -width ATOMIC/S -compact\n",
					    views[v]->name);

		for (size_t c = 0; c < views[v]->n_cols; c++)
			n += (size_t)snprintf(want + n, sizeof(want) - n, ".It %s\n%s\n",
					      views[v]->cols[c].name, views[v]->cols[c].help);
		snprintf(want + n, sizeof(want) - n, ".El\n");
		if (!strstr(man, want))
			fprintf(stderr, "docs/man/iomaptop.1 lacks:\n%s", want);
		assert_non_null(strstr(man, want));
	}
	free(man);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		TEST(sizes),  TEST(other_views), TEST(ipis),	     TEST(first_sample),
		TEST(help),   TEST(help_fits),	 TEST(waiting),	     TEST(losses),
		TEST(styles), TEST(batch),	 TEST(option_table), TEST(man_page),
	};

	return cmocka_run_group_tests_name("unit/top", tests, NULL, NULL);
}
