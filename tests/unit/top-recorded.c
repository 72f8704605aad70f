// SPDX-License-Identifier: GPL-2.0-or-later
/* iomaptop over a recording: steps, jumps, violations, speed, the graph with its mark. */
#include <math.h>

#include "cli/recording/write.h"
#include "tests/lib/top-fixture.h"

#define SECOND	NSEC_PER_SEC
#define START	(1700000000 * SECOND)
#define RECORDS 101

static char path[] = "/tmp/iomap-top-XXXXXX";
static struct player player;

static void add(struct recording_writer *w, uint64_t time_ns, const char *type, json_t *reply)
{
	json_t *v = json_pack("{s:s, s:I, s:o}", "type", type, "time_unix_ns", (json_int_t)time_ns,
			      "reply", reply);
	char *text = json_dumps(v, JSON_COMPACT);

	assert_int_equal(recording_add(w, time_ns, text, strlen(text), &err), 0);
	free(text);
	json_decref(v);
}

static void add_violation(struct recording_writer *w, double secs)
{
	uint64_t ns = START + (uint64_t)(secs * 1e9);

	add(w, ns, "event",
	    json_pack("{s:{s:s, s:I}}", "event", "type", "violation", "time_unix_ns",
		      (json_int_t)ns));
}

/* A snapshot a second; the load is high in the second half; the counters are reset at 80 s. */
static int record(void **state)
{
	struct recording_writer *w;
	double work = 1;

	(void)state;
	setenv("TZ", "UTC", 1);
	tzset();
	close(mkstemp(path));
	assert_int_equal(recording_create(path, 0, &w, &err), 0);
	for (unsigned int i = 0; i < RECORDS; i++) {
		struct figures f = { .time = 100 + i,
				     .work = work,
				     .since = i < 80 ? 1 : 2,
				     .sites = FIGURES_SITES,
				     .ipi = true,
				     .full = true };

		add(w, START + i * SECOND, "snapshot", figures_snapshot(&f));
		if (i == 20 || i == 60)
			add_violation(w, i + 0.5);
		work += i < 50 ? 0.1 : 1;
	}
	assert_int_equal(recording_end(w, START + RECORDS * SECOND, NULL, 0, &err), 0);
	recording_writer_free(w);
	return 0;
}

static int remove_file(void **state)
{
	(void)state;
	unlink(path);
	return 0;
}

static void open_it(void)
{
	assert_int_equal(player_open(path, &player, &err), 0);
	top.player = &player;
	player_seek(&player, 1);
	assert_int_equal(top_show_recorded(&top, &err), 0);
}

static void close_it(void)
{
	top.player = NULL;
	player_close(&player);
}

/* Presses a key and shows where the player is then. */
static enum top_action press(int key)
{
	enum top_action a = top_key(&top, key);

	if (a == TOP_MOVED)
		assert_int_equal(top_show_recorded(&top, &err), 0);
	draw(100, 30);
	return a;
}

static void steps(void **state)
{
	(void)state;
	open_it();
	assert_int_equal(player.n, RECORDS);
	draw(100, 30);
	assert_true(on_screen("recorded 2023-11-14 22:13:21  2/101  x1"));
	assert_true(top.trend.have_rates);
	assert_int_equal(press(TOP_RIGHT), TOP_MOVED);
	assert_true(on_screen("22:13:22  3/101"));
	press(TOP_LEFT);
	press(TOP_LEFT);
	assert_true(on_screen("22:13:20  1/101"));
	/* The first snapshot has no rates, and nothing is before it. */
	assert_false(top.trend.have_rates);
	press(TOP_LEFT);
	assert_true(on_screen("22:13:20  1/101"));
	press(']');
	assert_true(on_screen("22:13:26  7/101"));
	press('[');
	assert_true(on_screen("22:13:20  1/101"));
	for (int i = 0; i < 30; i++)
		press(']');
	assert_true(on_screen("22:15:00  101/101"));
	press(TOP_RIGHT);
	assert_int_equal(player.at, 100);
	/* No rate is taken across a reset of the counters. */
	player_seek(&player, 80);
	assert_int_equal(top_show_recorded(&top, &err), 0);
	assert_false(top.trend.have_rates);
	assert_true(isnan(player.rates[80]) && player.rates[79] > player.rates[10]);
	close_it();
}

static void violations(void **state)
{
	(void)state;
	open_it();
	press('n');
	assert_int_equal(player.at, 21);
	press('n');
	assert_int_equal(player.at, 61);
	press('n');
	assert_int_equal(player.at, 61);
	assert_true(on_screen("no violation after this time"));
	press('N');
	assert_int_equal(player.at, 21);
	press('N');
	assert_true(on_screen("no violation before this time"));
	type("5");
	draw(100, 30);
	assert_true(on_screen("sleep-in-atomic"));
	close_it();
}

static void times(void **state)
{
	(void)state;
	open_it();
	press('t');
	assert_true(on_screen("time: "));
	type("+1m");
	assert_int_equal(press(TOP_ENTER), TOP_MOVED);
	assert_int_equal(player.at, 60);
	press('t');
	type("22:14:50");
	press(TOP_ENTER);
	assert_int_equal(player.at, 90);
	press('t');
	type("-1s");
	press(TOP_ENTER);
	assert_int_equal(player.at, 99);
	press('t');
	type("x");
	assert_int_equal(press(TOP_ENTER), TOP_NOTHING);
	assert_true(on_screen("a time is 12:30:05, +90s after the start"));
	press('t');
	press(TOP_ESCAPE);
	assert_int_equal(player.at, 99);
	close_it();
}

static void play(void **state)
{
	(void)state;
	open_it();
	assert_true(player_wait_ms(&player) > 900 && player_wait_ms(&player) <= 1001);
	assert_false(player_tick(&player));
	player.due_ns = 1;
	assert_int_equal(player_wait_ms(&player), 0);
	assert_true(player_tick(&player));
	assert_int_equal(player.at, 2);
	press('+');
	assert_true(on_screen("x2"));
	assert_true(player_wait_ms(&player) <= 501);
	for (int i = 0; i < 20; i++)
		press('+');
	assert_true(player.speed == PLAYER_SPEED_MAX);
	for (int i = 0; i < 20; i++)
		press('-');
	assert_true(player.speed == PLAYER_SPEED_MIN);
	press(' ');
	assert_true(on_screen("PAUSED"));
	assert_int_equal(player_wait_ms(&player), -1);
	player.due_ns = 1;
	assert_false(player_tick(&player));
	press(' ');
	assert_false(on_screen("PAUSED"));
	/* It stops at the end, and begins again. */
	player_seek(&player, 100);
	player.due_ns = 1;
	assert_true(player_tick(&player));
	assert_true(player.paused && player.at == 100);
	press(' ');
	assert_true(!player.paused && player.at == 0);
	/* The keys of a live interval do nothing. */
	assert_int_equal(press('d'), TOP_NOTHING);
	assert_int_equal(top.mode, TOP_BROWSE);
	close_it();
}

static void frames(void **state)
{
	(void)state;
	open_it();
	player_seek(&player, 70);
	player.paused = true;
	assert_int_equal(top_show_recorded(&top, &err), 0);
	check_frame("recorded-80x24", 80, 24);
	check_frame("recorded-132x30", 132, 30);
	screen.unicode = false;
	draw(80, 24);
	assert_ascii();
	press('?');
	assert_true(on_screen("the next violation, the one before"));
	press('q');
	close_it();
}

static void wrong_files(void **state)
{
	(void)state;
	assert_int_equal(player_open("/nonexistent/x", &player, &err), -ENOENT);
	assert_int_equal(player_open("/dev/null", &player, &err), -EBADMSG);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		TEST(steps), TEST(violations), TEST(times),
		TEST(play),  TEST(frames),     TEST(wrong_files),
	};

	return cmocka_run_group_tests_name("unit/top-recorded", tests, record, remove_file);
}
