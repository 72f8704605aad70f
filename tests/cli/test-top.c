// SPDX-License-Identifier: GPL-2.0-or-later
/*
 * iomaptop without a terminal: keys go in, frames come out and are compared with those in
 * tests/cli/frames. UPDATE_FRAMES=1 writes them anew; look at the difference before you commit it.
 */
#include <errno.h>
#include <string.h>

#include "cli/fmt.h"
#include "cli/top.h"
#include "tests/cli/cmocka_tap.h"
#include "tests/cli/snapshots.h"

#define FRAMES "tests/cli/frames/"

static struct top top;
static struct screen screen;
static struct err err;

static void feed(struct play p)
{
	json_t *s = play_snapshot(&p);

	assert_non_null(s);
	assert_int_equal(top_snapshot(&top, s, &err), 0);
	json_decref(s);
}

/* Two minutes of a load that rises and falls; @p is the last sample but for its time and work. */
static void warm_up(struct play p)
{
	double work = 0;

	for (int i = 0; i < 120; i++) {
		struct play q = { .time = 100 + i, .work = work };

		feed(q);
		work += 0.15 + (i % 40 < 20 ? i % 20 : 20 - i % 20) * 0.04;
	}
	p.time = 220;
	p.work = work;
	feed(p);
}

static int setup(void **state)
{
	(void)state;
	top_init(&top, "/run/iomapd/iomapd.sock", 1);
	top.now = 1700000000 + 3723;
	screen = (struct screen){ .unicode = true };
	return 0;
}

static int teardown(void **state)
{
	(void)state;
	top_free(&top);
	screen_free(&screen);
	return 0;
}

static void draw(int w, int h)
{
	assert_int_equal(screen_resize(&screen, w, h), 0);
	top_draw(&top, &screen);
}

static char *screen_text(void)
{
	char *text = NULL;
	size_t size;
	FILE *f = open_memstream(&text, &size);

	assert_non_null(f);
	screen_print(&screen, screen.h, f);
	fclose(f);
	return text;
}

static char *read_file(const char *name)
{
	char *text = calloc(1, 65536);
	FILE *f = fopen(name, "r");

	if (f) {
		assert_true(fread(text, 1, 65535, f) > 0);
		fclose(f);
	}
	return text;
}

/* Draws and compares with the frame of that name. */
static void check_frame(const char *name, int w, int h)
{
	char file[128], *want, *have;
	FILE *f;

	snprintf(file, sizeof(file), FRAMES "%s.frame", name);
	draw(w, h);
	have = screen_text();
	if (getenv("UPDATE_FRAMES")) {
		f = fopen(file, "w");
		assert_non_null(f);
		fputs(have, f);
		fclose(f);
	}
	want = read_file(file);
	if (strcmp(have, want))
		fprintf(stderr, "--- want %s\n%s--- have\n%s---\n", name, want, have);
	assert_string_equal(have, want);
	free(have);
	free(want);
}

/* The row of the screen as text, for what is not worth a frame. */
static const char *line(int y)
{
	static char buf[4096];
	size_t n = 0;

	assert_in_range(y, 0, screen.h - 1);
	for (int x = 0; x < screen.w; x++)
		n += utf8_put(buf + n, screen.cells[y * screen.w + x].ch);
	while (n && buf[n - 1] == ' ')
		n--;
	buf[n] = 0;
	return buf;
}

static bool on_screen(const char *text)
{
	for (int y = 0; y < screen.h; y++)
		if (strstr(line(y), text))
			return true;
	return false;
}

/* Types the characters of a string. */
static void type(const char *keys)
{
	while (*keys)
		top_key(&top, *keys++);
}

static void sizes(void **state)
{
	(void)state;
	warm_up((struct play){});
	check_frame("mappings-80x24", 80, 24);
	check_frame("mappings-132x43", 132, 43);
	check_frame("mappings-40x10", 40, 10);
	screen.unicode = false;
	check_frame("mappings-80x24-ascii", 80, 24);
	for (int y = 0; y < screen.h; y++)
		for (const char *p = line(y); *p; p++)
			assert_in_range(*p, ' ', '~');
}

static void other_views(void **state)
{
	(void)state;
	warm_up((struct play){});
	type("2");
	check_frame("callers-80x24", 80, 24);
	type("3");
	check_frame("backends-132x24", 132, 24);
	type("4");
	check_frame("cpus-80x24", 80, 24);
	top_key(&top, TOP_TAB);
	assert_int_equal(top.view, 0);
	top_key(&top, TOP_BACK_TAB);
	assert_int_equal(top.view, 3);
	top_key(&top, TOP_RIGHT);
	top_key(&top, TOP_LEFT);
	assert_int_equal(top.view, 3);
}

static void first_sample(void **state)
{
	(void)state;
	check_frame("nothing-yet-80x24", 80, 24);
	feed((struct play){ .time = 1, .work = 1 });
	check_frame("first-sample-80x24", 80, 24); /* rates are unknown, not zero */
	teardown(NULL);
	setup(NULL);
	feed((struct play){ .time = 1, .empty = true });
	feed((struct play){ .time = 2, .empty = true });
	draw(80, 24);
	assert_true(on_screen("No mapping: no driver of this kernel holds one now."));
}

static void sorting(void **state)
{
	(void)state;
	warm_up((struct play){});
	type("2");
	assert_int_equal(top_sort_by(&top, "caller", &err), 0);
	top_refresh(&top);
	check_frame("callers-by-caller-80x24", 80, 24);
	type("r");
	draw(80, 24);
	assert_true(strstr(line(6), "ttm_bo_kmap_try") && on_screen("by CALLER ▼"));
	type(">"); /* round to the first column */
	draw(80, 24);
	assert_true(strstr(line(6), "qxl_bo_kmap_atomic_page") && on_screen("by MAPS/S ▼"));
	type("r");
	draw(80, 24);
	assert_true(strstr(line(6), "ttm_bo_kmap_try") && on_screen("by MAPS/S ▲"));
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
	warm_up((struct play){});
	type("/QXL"); /* at work while it is typed */
	draw(80, 24);
	assert_true(on_screen("filter: QXL") && on_screen("/QXL: 1 of 2") &&
		    !on_screen("test_map"));
	top_key(&top, TOP_ENTER);
	check_frame("filtered-80x24", 80, 24);
	type("/x");
	top_key(&top, TOP_BACKSPACE);
	top_key(&top, TOP_BACKSPACE);
	assert_string_equal(top.filter, "QX");
	top_key(&top, TOP_ESCAPE); /* back to what it was */
	assert_string_equal(top.filter, "QXL");
	type("/none");
	top_key(&top, TOP_ENTER);
	draw(80, 24);
	assert_true(on_screen("No row has that text: Esc shows them all."));
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
	warm_up((struct play){ .mappings = 40 });
	draw(80, 24);
	top_key(&top, TOP_DOWN); /* the first key shows the cursor */
	draw(80, 24);
	assert_int_equal(screen.cells[6 * 80 + 79].style, ST_SELECTED);
	top_key(&top, TOP_DOWN);
	draw(80, 24);
	assert_int_equal(screen.cells[7 * 80 + 79].style, ST_SELECTED);
	assert_int_not_equal(screen.cells[6 * 80 + 79].style, ST_SELECTED);
	/* The selection follows its row through another order. */
	assert_int_equal(top_selected_mapping(&top), 2);
	type("r");
	assert_int_equal(top_selected_mapping(&top), 2);
	assert_int_equal(top.shown[0].cursor, 38);
	check_frame("scrolled-80x24", 80, 24);
	/* And through a snapshot in which it is gone: the cursor stays where it was. */
	feed((struct play){ .time = 300, .work = 1000, .mappings = 1 });
	draw(80, 24);
	assert_int_equal(top.shown[0].cursor, 0);
	feed((struct play){ .time = 301, .work = 1001, .mappings = 40 });
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
	warm_up((struct play){});
	top_key(&top, TOP_ENTER); /* nothing is selected: nothing happens */
	assert_int_equal(top.view, 0);
	top_key(&top, TOP_DOWN);
	top_key(&top, TOP_DOWN);
	check_frame("selected-80x24", 80, 24); /* its callers below */
	top_key(&top, TOP_ENTER);
	check_frame("callers-of-2-80x24", 80, 24);
	top_key(&top, TOP_ESCAPE);
	assert_int_equal(top.view, 0);
	assert_int_equal(top.mapping, 0);
}

static void pausing(void **state)
{
	(void)state;
	warm_up((struct play){});
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
	warm_up((struct play){});
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

static void help(void **state)
{
	(void)state;
	warm_up((struct play){});
	type("?");
	check_frame("help-80x24", 80, 24);
	for (int i = 0; i < 50; i++)
		top_key(&top, TOP_DOWN);
	draw(80, 24);
	assert_true(on_screen("OWNER") && on_screen("what is not known is shown as -"));
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
	struct err why = { "nobody listens at /run/iomapd/iomapd.sock, iomapd has ended: start it "
			   "again as root" };

	(void)state;
	warm_up((struct play){});
	top_lost(&top, &why);
	top_lost(&top, &why); /* one gap, however often it is tried */
	check_frame("waiting-80x24", 80, 24);
	feed((struct play){ .time = 400, .work = 7, .pid = 99 });
	draw(80, 24);
	assert_true(!on_screen("waiting") && on_screen("iomapd was restarted"));
	feed((struct play){ .time = 401, .work = 8, .pid = 99 });
	draw(80, 24);
	assert_true(strstr(line(1), "6992"));
}

static void losses(void **state)
{
	(void)state;
	warm_up((struct play){ .lost = 17, .unbalanced = 2, .hook_missing = true });
	check_frame("losses-80x24", 80, 24);
	assert_int_equal(screen.cells[3 * 80 + 19].style, ST_ALERT);
	assert_int_equal(screen.cells[5 * 80].style, ST_ALERT);
	draw(80, 7); /* the figures keep most of a small screen */
	assert_true(on_screen("17 events lost") && on_screen("do not balance") &&
		    !on_screen("missing here"));
}

/* What is zero stands back, what failed stands out. */
static void styles(void **state)
{
	int x;

	(void)state;
	warm_up((struct play){});
	draw(80, 24);
	x = (int)(strstr(line(5), "FAILED") - line(5)) + 5;
	assert_int_equal(screen.cells[6 * 80 + x].style, ST_DIM);
	assert_int_equal(screen.cells[7 * 80 + x].style, ST_ALERT);
	assert_int_equal(screen.cells[5 * 80].style, ST_HEAD);
	x = (int)(strstr(line(5), "MAPS/S") - line(5));
	assert_int_equal(screen.cells[5 * 80 + x].style, ST_HEAD_SORT);
}

static void batch(void **state)
{
	(void)state;
	warm_up((struct play){ .mappings = 30 });
	top.batch = true;
	top_refresh(&top);
	check_frame("batch-100", 100, top_height(&top));
	type("4");
	check_frame("batch-cpus-100", 100, top_height(&top));
}

/* Any key on any size of any state, in any order. */
static void torture(void **state)
{
	static const int keys[] = { TOP_UP,	   TOP_DOWN, TOP_LEFT,	   TOP_RIGHT, TOP_PAGE_UP,
				    TOP_PAGE_DOWN, TOP_HOME, TOP_END,	   TOP_ENTER, TOP_ESCAPE,
				    TOP_BACKSPACE, TOP_TAB,  TOP_BACK_TAB, TOP_HELP,  0x1020,
				    0x7f,	   255 };
	unsigned int seed = 1;
	struct err why = { "gone" };

	(void)state;
	for (int i = 0; i < 20000; i++) {
		unsigned int r = (seed = seed * 1103515245 + 12345) >> 8;

		if (r % 50 == 0)
			feed((struct play){ .time = i + 2,
					    .work = i,
					    .mappings = r / 64 % 60,
					    .cpus = 1 + r / 256 % 300,
					    .lost = r % 3,
					    .hook_missing = r % 2,
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

#define TEST(f) cmocka_unit_test_setup_teardown(f, setup, teardown)

int main(void)
{
	const struct CMUnitTest tests[] = {
		TEST(sizes),	    TEST(other_views), TEST(first_sample), TEST(sorting),
		TEST(filtering),    TEST(selecting),   TEST(drilling),	   TEST(pausing),
		TEST(intervals),    TEST(help),	       TEST(help_fits),	   TEST(waiting),
		TEST(losses),	    TEST(styles),      TEST(batch),	   TEST(torture),
		TEST(option_table), TEST(man_page),
	};

	return RUN_TAP(tests);
}
