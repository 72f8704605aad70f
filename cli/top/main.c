// SPDX-License-Identifier: GPL-2.0-or-later
/* iomaptop: terminal or batch output around top.c, with snapshots from iomapd. */
#include <errno.h>
#include <langinfo.h>
#include <locale.h>
#include <poll.h>
#include <pthread.h>
#include <signal.h>
#include <string.h>
#include <sys/ioctl.h>
#include <sys/eventfd.h>

#include "cli/feed.h"
#include "cli/top/iomaptop.h"
#include "cli/top/screen-curses.h"
#include "cli/top/top.h"
#include "daemon/base/output.h"
#include "daemon/base/std_fds.h"

#define BATCH_WIDTH 132 /* if the width of the output is not known */

/* The state of a run. */
struct app {
	struct top top;
	struct feed feed;
	struct player player; /* top.player is this one, or NULL */
	struct screen screen;
	int signals;	/* eventfd: a signal came that ends the program */
	bool connected; /* iomapd has replied once */
};

static int complain(int status, const struct errbuf *err)
{
	fprintf(stderr, "iomaptop: %s\n", err->text);
	return status;
}

/* Returns the exit status of the program, once nothing more is printed. */
static int finish(int status)
{
	struct errbuf err;

	status = output_finish(status, &err);
	return *err.text ? complain(status, &err) : status;
}

static void ending_signals(sigset_t *set)
{
	sigemptyset(set);
	sigaddset(set, SIGINT);
	sigaddset(set, SIGTERM);
	sigaddset(set, SIGHUP);
	sigaddset(set, SIGQUIT);
}

/*
 * A thread: waits for a signal, and lets the main thread end and restore the terminal. If that does
 * not end in time, it waits in a write for a terminal or a pipe that nobody reads.
 */
static void *wait_for_signal(void *arg)
{
	const struct app *a = arg;
	sigset_t set;
	int number;

	ending_signals(&set);
	sigwait(&set, &number);
	eventfd_write(a->signals, 1);
	sleep(1);
	signal(SIGTTOU, SIG_IGN);
	terminal_abandon();
	_exit(EXIT_GOOD);
}

/*
 * Blocks the signals that would end the program: a->signals is readable after one. A thread blocks
 * all others, so that the main thread notices a change of the terminal's size.
 */
static int open_signals(struct app *a, struct errbuf *err)
{
	pthread_t thread;
	sigset_t set, all;
	int e;

	ending_signals(&set);
	sigfillset(&all);
	pthread_sigmask(SIG_SETMASK, &all, NULL);
	a->signals = eventfd(0, EFD_CLOEXEC | EFD_NONBLOCK);
	e = a->signals < 0 ? errno : pthread_create(&thread, NULL, wait_for_signal, a);
	pthread_sigmask(SIG_SETMASK, &set, NULL);
	if (e)
		return set_error(err, -e, "cannot wait for signals: %s", strerror(e));
	pthread_detach(thread);
	return 0;
}

/* Waits for iomapd, a signal or, unless @in is -1, a key, until the feed is due at the latest. */
static int wait_for_any(const struct app *a, int in, bool *ret_signal)
{
	struct pollfd fds[] = {
		{ .fd = a->signals, .events = POLLIN },
		{ .fd = in, .events = POLLIN },
		{ .fd = feed_fd(&a->feed), .events = feed_events(&a->feed) },
	};
	int wait = a->top.player ? player_wait_ms(&a->player) : feed_wait_ms(&a->feed);
	int r = poll(fds, ARRAY_SIZE(fds), wait);

	*ret_signal = r > 0 && (fds[0].revents & POLLIN);
	return r < 0 && errno != EINTR ? -errno : 0;
}

/*
 * Lets the feed do what is due. Returns 1 if the screen changed, a negative errno if iomapd is
 * away.
 */
static int take_feed(struct app *a, struct errbuf *err)
{
	_cleanup_json_ json_t *snapshot = NULL;
	int r;

	r = feed_step(&a->feed, &snapshot, err);
	if (r > 0) {
		r = top_snapshot(&a->top, snapshot, err);
		if (!r) {
			a->connected = true;
			return 1;
		}
	}
	if (r < 0)
		top_lost(&a->top, err);
	return r;
}

/* The width of batch output: COLUMNS, else the terminal's, else BATCH_WIDTH. */
static int batch_width(void)
{
	const char *env = getenv("COLUMNS");
	struct winsize ws;
	int w = env ? atoi(env) : 0;

	if (w > 0)
		return w;
	if (!ioctl(STDOUT_FILENO, TIOCGWINSZ, &ws) && ws.ws_col)
		return ws.ws_col;
	return BATCH_WIDTH;
}

/* Plays on if that is due. Returns 1 if the screen changed, or a negative errno. */
static int take_recorded(struct app *a, struct errbuf *err)
{
	int r;

	if (!player_tick(&a->player))
		return 0;
	r = top_show_recorded(&a->top, err);
	return r ? r : 1;
}

/* Prints a frame. Returns 0 or the exit status, after a message. */
static int print_frame(struct app *a, bool first)
{
	struct errbuf err;
	int r;

	if (screen_resize(&a->screen, batch_width(), top_height(&a->top)))
		return complain(EXIT_CANNOT, &(struct errbuf){ "out of memory" });
	top_draw(&a->top, &a->screen);
	if (!first)
		putchar('\n');
	screen_print(&a->screen, a->screen.h, stdout);
	r = output_flush(&err);
	/* A reader that has closed the output knows that. */
	if (r == -EPIPE)
		return EXIT_CANNOT;
	return r ? complain(EXIT_CANNOT, &err) : 0;
}

/* Prints a frame for each snapshot that has rates, or for the only one, without waiting. */
static int print_recording(struct app *a, unsigned long frames)
{
	unsigned long n = 0;
	struct errbuf err = {};
	int r;

	for (size_t i = 0; i < a->player.n; i++) {
		player_seek(&a->player, i);
		if (top_show_recorded(&a->top, &err))
			return complain(EXIT_CANNOT, &err);
		if (!a->top.trend.have_rates && a->player.n > 1)
			continue;
		r = print_frame(a, !n);
		if (r)
			return r;
		if (++n == frames)
			break;
	}
	return EXIT_GOOD;
}

/* Prints frames, one for each interval. */
static int run_batch(struct app *a, unsigned long frames)
{
	unsigned long n = 0;
	struct errbuf err = {};
	bool ended;
	int r;

	for (;;) {
		r = take_feed(a, &err);
		if (r < 0)
			return complain(EXIT_CANNOT, &err);
		if (r && a->top.trend.have_rates) {
			a->top.now = time(NULL);
			r = print_frame(a, !n);
			if (r)
				return r;
			if (++n == frames)
				return EXIT_GOOD;
		}
		r = wait_for_any(a, -1, &ended);
		if (r || ended)
			return r ? EXIT_CANNOT : EXIT_GOOD;
	}
}

/* Handles all keys that were pressed. Returns true to quit. */
static bool take_keys(struct app *a, bool *ret_changed)
{
	struct errbuf err;
	int key;

	*ret_changed = false;
	while ((key = terminal_key())) {
		*ret_changed = true;
		if (key < 0)
			return true;
		switch (top_key(&a->top, key)) {
		case TOP_QUIT:
			return true;
		case TOP_PAUSE_CHANGED:
			a->feed.paused = a->top.paused;
			feed_hurry(&a->feed);
			break;
		case TOP_INTERVAL_CHANGED:
			a->feed.interval = a->top.interval;
			feed_hurry(&a->feed);
			break;
		case TOP_MOVED:
			if (top_show_recorded(&a->top, &err))
				snprintf(a->top.note, sizeof(a->top.note), "%.90s", err.text);
			break;
		case TOP_NOTHING:
			break;
		}
	}
	return false;
}

static int run_terminal(struct app *a, unsigned long frames)
{
	unsigned long n = 0;
	bool ended = false, changed = true;
	struct errbuf err = {};
	int w, h, r;

	/*
	 * Without an iomapd at the start, report that and end. If it goes away later, wait for it.
	 */
	while (!a->connected && !a->top.player) {
		r = take_feed(a, &err);
		if (r < 0)
			return complain(EXIT_CANNOT, &err);
		if (!r && (wait_for_any(a, -1, &ended) || ended))
			return EXIT_GOOD;
	}
	r = terminal_open(&err);
	if (r)
		return complain(EXIT_USAGE, &err);
	for (;;) {
		terminal_size(&w, &h);
		if (w != a->screen.w || h != a->screen.h) {
			if (screen_resize(&a->screen, w, h))
				break;
			changed = true;
		}
		if (changed) {
			if (!a->top.player)
				a->top.now = time(NULL);
			top_draw(&a->top, &a->screen);
			terminal_show(&a->screen);
		}
		if (wait_for_any(a, STDIN_FILENO, &ended) || ended || take_keys(a, &changed))
			break;
		r = a->top.player ? take_recorded(a, &err) : take_feed(a, &err);
		if (a->top.player && r < 0)
			snprintf(a->top.note, sizeof(a->top.note), "%.90s", err.text);
		changed |= r != 0;
		if (r > 0 && a->top.trend.have_rates && ++n == frames)
			break;
	}
	terminal_close();
	return EXIT_GOOD;
}

/* Opens the recording and shows its first snapshot. */
static int open_recording(struct app *a, const char *path, struct errbuf *err)
{
	int r = player_open(path, &a->player, err);

	if (r)
		return r;
	a->top.player = &a->player;
	a->top.socket = path;
	/* The second snapshot has rates. */
	player_seek(&a->player, 1);
	return top_show_recorded(&a->top, err);
}

/* Applies the command line. Returns -EINVAL with a sentence. */
static int apply_config(struct app *a, const struct top_config *cfg, struct errbuf *err)
{
	for (unsigned int i = 0; cfg->view && i < VIEWS; i++)
		if (!strcmp(view_names[i], cfg->view))
			a->top.view = i;
	if (cfg->recording && cfg->socket)
		return set_error(err, -EINVAL, "--recording does not go with --socket");
	if (cfg->filter)
		snprintf(a->top.filter, sizeof(a->top.filter), "%s", cfg->filter);
	a->top.batch = cfg->batch;
	if (cfg->sort && top_sort_by(&a->top, cfg->sort, err))
		return -EINVAL;
	if (!cfg->batch && (!isatty(STDIN_FILENO) || !isatty(STDOUT_FILENO)))
		return set_error(err, -EINVAL,
				 "standard input and output are not a terminal: use -b to print "
				 "frames as text");
	return 0;
}

int main(int argc, char **argv)
{
	struct top_config cfg = { .interval = 1 };
	struct app app = {};
	const struct cmd *none;
	struct errbuf err = {};
	int r, status = EXIT_GOOD;

	std_fds_open();
	setlocale(LC_CTYPE, "");
	signal(SIGPIPE, SIG_IGN);
	r = opts_parse(&iomaptop_prog, argc, argv, &cfg, &none, &err);
	if (r < 0)
		return complain(EXIT_USAGE, &err);
	if (r != OPTS_RUN) {
		if (r == OPTS_HELP)
			opts_help(&iomaptop_prog, NULL, stdout);
		else
			printf("iomaptop %s\n", IOMAP_VERSION);
		return finish(EXIT_GOOD);
	}
	top_init(&app.top, client_path(cfg.socket), cfg.interval);
	feed_init(&app.feed, app.top.socket, cfg.interval);
	app.screen.unicode = !strcmp(nl_langinfo(CODESET), "UTF-8");
	if (apply_config(&app, &cfg, &err))
		status = complain(EXIT_USAGE, &err);
	else if ((cfg.recording && open_recording(&app, cfg.recording, &err)) ||
		 open_signals(&app, &err))
		status = complain(EXIT_CANNOT, &err);
	else if (cfg.recording && cfg.batch)
		status = print_recording(&app, cfg.frames);
	else
		status = cfg.batch ? run_batch(&app, cfg.frames) : run_terminal(&app, cfg.frames);
	if (app.player.replay && replay_losses(app.player.replay, &err))
		complain(EXIT_GOOD, &err);
	feed_free(&app.feed);
	player_close(&app.player);
	top_free(&app.top);
	screen_free(&app.screen);
	return finish(status);
}
