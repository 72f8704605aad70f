// SPDX-License-Identifier: GPL-2.0-or-later
/* iomapctl record: writes what iomapd says to a file, alone or while a command runs. */
#include <errno.h>
#include <inttypes.h>
#include <signal.h>
#include <string.h>
#include <sys/signalfd.h>
#include <sys/syscall.h>
#include <sys/wait.h>

#include "cli/command.h"
#include "cli/ctl/iomapctl.h"
#include "cli/fmt.h"
#include "cli/recording/recorder.h"
#include "cli/recording/text.h"
#include "daemon/base/utf8.h"

#define LAST_MS	     5000 /* time for the last snapshot */
#define INTERVAL_MIN (NSEC_PER_SEC / 10)
#define SIZE_MIN     (64 << 10)

struct run {
	const struct ctl_config *cfg;
	struct recorder_options options;
	char name[64]; /* of the file, if none was given */
	struct recorder *recorder;
	sigset_t caught, before;
	int signals, child; /* descriptors */
	pid_t pid;	    /* of the command; -1: none, or it has ended */
	int wait_status;
	const char *reason; /* why the recording ended; NULL: it goes on */
	struct errbuf err;
	int error; /* why the file is not as it should be */
	uint64_t start_ns, shown;
	bool progress; /* there is a terminal to show it on */
};

/* Signals that ask to end. With a command, they are forwarded to it. */
static const int ending[] = { SIGINT, SIGQUIT, SIGTERM, SIGHUP };

static int usage(const char *sentence, const char *word)
{
	utf8_line(stderr, "iomapctl: %s, not '%s': see 'iomapctl record --help'", sentence, word);
	return EXIT_USAGE;
}

static int take_options(struct run *run)
{
	const struct ctl_config *cfg = run->cfg;
	struct recorder_options *o = &run->options;
	time_t now = time(NULL);
	struct tm tm;

	o->socket = client_path(cfg->socket);
	o->command = cfg->words;
	o->interval_ns = NSEC_PER_SEC;
	if (cfg->interval &&
	    (time_from_text(cfg->interval, &o->interval_ns) || o->interval_ns < INTERVAL_MIN))
		return usage("--interval takes a time from 100ms to 1000s, such as 1s or 250ms",
			     cfg->interval);
	if (cfg->max_size &&
	    (size_from_text(cfg->max_size, &o->max_size) || o->max_size < SIZE_MIN))
		return usage("--max-size takes a size from 64K, such as 500K, 20M or 1G",
			     cfg->max_size);
	o->file = cfg->output ?: run->name;
	if (!localtime_r(&now, &tm) ||
	    !strftime(run->name, sizeof(run->name), "iomap-%Y%m%d-%H%M%S.rec", &tm))
		snprintf(run->name, sizeof(run->name), "iomap.rec");
	return 0;
}

static int open_signals(struct run *run)
{
	sigemptyset(&run->caught);
	for (size_t i = 0; i < ARRAY_SIZE(ending); i++)
		sigaddset(&run->caught, ending[i]);
	sigprocmask(SIG_BLOCK, &run->caught, &run->before);
	run->signals = signalfd(-1, &run->caught, SFD_CLOEXEC | SFD_NONBLOCK);
	if (run->signals >= 0)
		return 0;
	return set_error(&run->err, -errno, "cannot wait for signals: %s", strerror(errno));
}

static void take_signals(struct run *run)
{
	struct signalfd_siginfo info;

	while (read(run->signals, &info, sizeof(info)) == sizeof(info)) {
		/* The command is in our process group, so it got what the terminal sent. */
		if (run->pid > 0 && info.ssi_code <= 0)
			kill(run->pid, (int)info.ssi_signo);
		else if (!run->cfg->words)
			run->reason = "signal";
	}
}

/* Shows what is recorded, on one line that is overwritten. */
static void show_progress(struct run *run)
{
	struct recorder_totals t = recorder_totals(run->recorder);
	char time[FMT_MAX], size[FMT_MAX];

	if (!run->progress || t.snapshots == run->shown)
		return;
	run->shown = t.snapshots;
	fmt_duration(time, (double)((now_ns() - run->start_ns) / NSEC_PER_SEC));
	fprintf(stderr, "\r%s, %" PRIu64 " snapshots, %" PRIu64 " events, %s written\033[K", time,
		t.snapshots, t.events, fmt_bytes(size, (double)t.bytes));
}

/* Waits for something to happen, up to that time, and does what is due. */
static void step(struct run *run, uint64_t until_ns)
{
	struct pollfd fds[RECORDER_FDS + 2];
	uint64_t now = now_ns();
	int wait = -1, left, r;

	fds[0] = (struct pollfd){ .fd = -1 };
	fds[1] = fds[0];
	if (!run->error)
		wait = recorder_poll(run->recorder, fds);
	fds[2] = (struct pollfd){ .fd = run->signals, .events = POLLIN };
	fds[3] = (struct pollfd){ .fd = run->child, .events = POLLIN };
	if (until_ns != UINT64_MAX) {
		left = until_ns > now ? (int)((until_ns - now) / 1000000) + 1 : 0;
		wait = wait < 0 || left < wait ? left : wait;
	}
	if (poll(fds, ARRAY_SIZE(fds), wait) < 0 && errno != EINTR)
		return;
	take_signals(run);
	if (!run->error) {
		r = recorder_step(run->recorder, &run->err);
		if (r)
			run->error = r;
	}
	show_progress(run);
}

/* Waits for one more snapshot, and for all events up to it. */
static void take_last(struct run *run)
{
	uint64_t before = recorder_totals(run->recorder).snapshots;
	uint64_t until = now_ns() + (uint64_t)LAST_MS * 1000000;

	while (!run->error && now_ns() < until && recorder_hurry(run->recorder) &&
	       recorder_totals(run->recorder).snapshots == before)
		step(run, until);
	if (!run->error)
		run->error = recorder_last_events(run->recorder, &run->err);
}

static int start_command(struct run *run)
{
	const struct command c = { .argv = run->cfg->words,
				   .signals = &run->cfg->signals,
				   .mask = &run->before };
	int r = command_start(&c, &run->pid, &run->err);

	if (r)
		return r;
	run->child = (int)syscall(SYS_pidfd_open, run->pid, 0);
	return run->child < 0 ? set_error(&run->err, -errno, "cannot wait for a command: %s",
					  strerror(errno))
			      : 0;
}

/* Tells whether the command has ended. */
static bool has_ended(struct run *run)
{
	if (run->pid <= 0 || waitpid(run->pid, &run->wait_status, WNOHANG) != run->pid)
		return false;
	run->pid = -1;
	return true;
}

/* Records until something ends the recording, or the command. */
static int record(struct run *run)
{
	int r = 0;

	/* The first snapshot precedes the command. */
	while (!run->error && !run->reason && !recorder_totals(run->recorder).snapshots)
		step(run, UINT64_MAX);
	if (run->error)
		return run->error;
	if (run->cfg->words && !run->reason)
		r = start_command(run);
	while (!r && !run->reason) {
		step(run, UINT64_MAX);
		if (run->error && !run->cfg->words)
			break;
		if (has_ended(run))
			run->reason = "command";
	}
	/* A command must not be left running. */
	while (run->pid > 0 && waitpid(run->pid, &run->wait_status, 0) < 0 && errno == EINTR)
		;
	if (!r)
		take_last(run);
	return r;
}

/* The exit status of the command as a shell shows it; -1: there was none. */
static int command_status(const struct run *run)
{
	if (!run->cfg->words)
		return -1;
	return WIFSIGNALED(run->wait_status) ? 128 + WTERMSIG(run->wait_status)
					     : WEXITSTATUS(run->wait_status);
}

static void print_done(const struct run *run)
{
	struct recorder_totals t = recorder_totals(run->recorder);
	char time[FMT_MAX], size[FMT_MAX];

	fmt_duration(time, (double)((now_ns() - run->start_ns) / NSEC_PER_SEC));
	utf8_line(stderr,
		  "iomapctl: recorded %s, %" PRIu64 " snapshots and %" PRIu64
		  " events into %s (%s)%s",
		  time, t.snapshots, t.events, run->options.file, fmt_bytes(size, (double)t.bytes),
		  t.away ? ": iomapd was away meanwhile" : "");
}

/* Ends the file and says what it has. Returns the exit status. */
static int finish(struct run *run)
{
	bool limit = run->error == -EOVERFLOW;
	int status = command_status(run), r;
	struct errbuf err = {};

	if (run->progress && run->shown)
		fputs("\r\033[K", stderr);
	r = recorder_end(run->recorder,
			 limit	      ? "limit"
			 : run->error ? "error"
				      : run->reason,
			 status, &err);
	print_done(run);
	if (run->error)
		utf8_line(stderr, "iomapctl: %s", run->err.text);
	else if (r)
		utf8_line(stderr, "iomapctl: %s", err.text);
	if (limit || r == -EOVERFLOW || (!run->error && !r))
		return status < 0 ? EXIT_GOOD : status;
	return status > 0 ? status : EXIT_CANNOT;
}

int do_record(void *config)
{
	struct run run = { .cfg = config, .signals = -1, .child = -1, .pid = -1 };
	int r = take_options(&run);

	if (r)
		return r;
	run.start_ns = now_ns();
	run.progress = isatty(STDERR_FILENO) && !run.cfg->words;
	r = open_signals(&run);
	if (!r)
		r = recorder_new(&run.options, &run.recorder, &run.err);
	if (!r)
		r = record(&run);
	if (r && run.recorder)
		recorder_end(run.recorder, "error", -1, NULL);
	r = r ? ctl_fail(r, &run.err) : finish(&run);
	recorder_free(run.recorder);
	if (run.signals >= 0)
		close(run.signals);
	if (run.child >= 0)
		close(run.child);
	return r;
}
