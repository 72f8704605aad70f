// SPDX-License-Identifier: GPL-2.0-or-later
/*
 * Runs the command. Consumes the collector's events as they come: a symbol must be looked up while
 * its module is loaded, and the command may unload the module.
 */
#include <errno.h>
#include <signal.h>
#include <string.h>
#include <sys/signalfd.h>
#include <sys/syscall.h>
#include <sys/wait.h>

#include "cli/assert/report.h"
#include "cli/command.h"
#include "daemon/base/loop.h"
#include "daemon/collector/collector.h"

struct run {
	struct loop loop;
	struct loop_source child, signals, events;
	struct collector *collector;
	struct history *history;
	sigset_t caught, before;
	pid_t pid;
};

/* Signals that ask us to end are forwarded to the command: when it ends, we report. */
static const int forwarded[] = { SIGINT, SIGQUIT, SIGTERM, SIGHUP, SIGUSR1, SIGUSR2 };

static int on_child(struct loop_source *source, uint32_t events)
{
	struct run *run = container_of(source, struct run, child);

	(void)events;
	run->loop.stop = true;
	return 0;
}

static int on_events(struct loop_source *source, uint32_t events)
{
	struct run *run = container_of(source, struct run, events);
	int n = collector_consume(run->collector, run->history);

	(void)events;
	return n < 0 ? n : 0;
}

static int on_signal(struct loop_source *source, uint32_t events)
{
	struct run *run = container_of(source, struct run, signals);
	struct signalfd_siginfo info;

	(void)events;
	/* The command is in our process group, so it got what the terminal sent. */
	while (read(source->fd, &info, sizeof(info)) == sizeof(info)) {
		if (info.ssi_code <= 0)
			kill(run->pid, (int)info.ssi_signo);
	}
	return 0;
}

static int prepare(struct run *run)
{
	int err = loop_init(&run->loop);

	if (err)
		return err;
	run->history = history_new();
	if (!run->history)
		return -ENOMEM;
	sigemptyset(&run->caught);
	for (size_t i = 0; i < ARRAY_SIZE(forwarded); i++)
		sigaddset(&run->caught, forwarded[i]);
	if (sigprocmask(SIG_BLOCK, &run->caught, &run->before))
		return -errno;
	run->signals.fn = on_signal;
	run->signals.fd = signalfd(-1, &run->caught, SFD_CLOEXEC | SFD_NONBLOCK);
	if (run->signals.fd < 0)
		return -errno;
	run->events.fn = on_events;
	run->events.fd = collector_event_fd(run->collector);
	err = loop_add(&run->loop, &run->signals, EPOLLIN);
	return err ?: loop_add(&run->loop, &run->events, EPOLLIN);
}

/* Waits for the command in any case: it must not be left running. */
static int wait_for_it(struct run *run, int *ret_status)
{
	int err;

	run->child.fn = on_child;
	run->child.fd = (int)syscall(SYS_pidfd_open, run->pid, 0);
	err = run->child.fd < 0 ? -errno : loop_add(&run->loop, &run->child, EPOLLIN);
	if (!err)
		err = loop_run(&run->loop);
	while (waitpid(run->pid, ret_status, 0) < 0) {
		if (errno != EINTR)
			return -errno;
	}
	return err ?: on_events(&run->events, EPOLLIN);
}

static void finish(struct run *run)
{
	struct signalfd_siginfo info;

	if (run->child.fd >= 0)
		close(run->child.fd);
	if (run->signals.fd >= 0) {
		/*
		 * The signal that ended the command was sent to us too: drain it before we unblock
		 * signals.
		 */
		while (read(run->signals.fd, &info, sizeof(info)) == sizeof(info))
			;
		close(run->signals.fd);
		sigprocmask(SIG_SETMASK, &run->before, NULL);
	}
	history_free(run->history);
	loop_done(&run->loop);
}

int assert_run(struct assert_report *r, struct collector *c, struct errbuf *err)
{
	struct run run = {
		.loop.epfd = -1, .child.fd = -1, .signals.fd = -1, .collector = c, .pid = -1
	};
	struct timespec ts;
	int e;

	e = prepare(&run);
	if (e) {
		set_error(err, e, "cannot wait for a command: %s", strerror(-e));
	} else {
		clock_gettime(CLOCK_REALTIME, &ts);
		r->start_unix_ns = (uint64_t)ts.tv_sec * NSEC_PER_SEC + (uint64_t)ts.tv_nsec;
		r->start_ns = now_ns();
		e = command_start(&(struct command){ r->argv, r->signals, &run.before,
						     r->command_to_stderr },
				  &run.pid, err);
	}
	if (!e) {
		e = wait_for_it(&run, &r->wait_status);
		r->duration_ns = now_ns() - r->start_ns;
		if (e)
			set_error(err, e, "cannot follow the command: %s", strerror(-e));
	}
	finish(&run);
	return e;
}
