// SPDX-License-Identifier: GPL-2.0-or-later
/* Running a command, with a collector that only counts its calls. */
#include <errno.h>
#include <fcntl.h>
#include <poll.h>
#include <signal.h>
#include <string.h>
#include <sys/eventfd.h>
#include <sys/wait.h>

#include "cli/assert/report.h"
#include "cli/signals.h"
#include "daemon/collector/collector.h"
#include "tests/lib/test.h"

static int event_fd;
static unsigned int consumed;
static void (*when_consumed)(void), (*always)(void);

int collector_event_fd(const struct collector *c)
{
	(void)c;
	return event_fd;
}

int collector_consume(struct collector *c, struct history *h)
{
	eventfd_t n;

	(void)c;
	assert_non_null(h);
	consumed++;
	if (always)
		always();
	if (!eventfd_read(event_fd, &n) && when_consumed)
		when_consumed();
	return 0;
}

static struct assert_report report;
static struct signals signals;
static struct errbuf err;

static int run(char *const argv[])
{
	report = (struct assert_report){ .argv = (char **)argv, .signals = &signals };
	err.text[0] = 0;
	consumed = 0;
	return assert_run(&report, NULL, &err);
}

static int shell(const char *script)
{
	char *const argv[] = { "sh", "-c", (char *)script, NULL };

	return run(argv);
}

static void ends(void **state)
{
	(void)state;
	assert_int_equal(shell("exit 0"), 0);
	assert_true(WIFEXITED(report.wait_status));
	assert_int_equal(WEXITSTATUS(report.wait_status), 0);
	assert_true(report.start_unix_ns > 1600000000 * NSEC_PER_SEC);
	assert_true(report.start_ns && report.duration_ns);
	/* The last events are consumed even without a wake-up. */
	assert_int_equal(consumed, 1);
	assert_int_equal(shell("exit 3"), 0);
	assert_int_equal(WEXITSTATUS(report.wait_status), 3);
	assert_int_equal(shell("kill -KILL $$"), 0);
	assert_true(WIFSIGNALED(report.wait_status));
	assert_int_equal(WTERMSIG(report.wait_status), SIGKILL);
}

static void cannot_start(void **state)
{
	char *const none[] = { "no-such-command-here", NULL };
	char *const folder[] = { "/", NULL };

	(void)state;
	assert_int_equal(run(none), -ENOENT);
	assert_string_equal(err.text, "cannot run no-such-command-here: No such file or directory");
	assert_int_equal(run(folder), -EACCES);
	assert_string_equal(err.text, "cannot run /: Permission denied");
}

static void end_it(void)
{
	assert_int_equal(kill(getpid(), SIGTERM), 0);
}

/* The event is consumed while the command runs; else the command would run for a minute. */
static void events_are_consumed_meanwhile(void **state)
{
	(void)state;
	assert_int_equal(eventfd_write(event_fd, 1), 0);
	when_consumed = end_it;
	assert_int_equal(shell("exec sleep 60"), 0);
	when_consumed = NULL;
	assert_int_equal(consumed, 2);
	/* The signal went to the command, not to us. */
	assert_true(WIFSIGNALED(report.wait_status));
	assert_int_equal(WTERMSIG(report.wait_status), SIGTERM);
	assert_true(report.duration_ns < 30 * NSEC_PER_SEC);
}

/* Tells whether the command has the signal in that line of its status. A shell may set some. */
static bool command_has(const char *line, int signal)
{
	static const char *const with_bit[] = { "13579bdf", "2367abef", "4567cdef", "89abcdef" };
	char regex[80];
	char *const argv[] = { "grep", "-Eq", regex, "/proc/self/status", NULL };

	snprintf(regex, sizeof(regex), "^%s:.*[%s][0-9a-f]{%d}$", line, with_bit[(signal - 1) % 4],
		 (signal - 1) / 4);
	assert_int_equal(run(argv), 0);
	assert_true(WIFEXITED(report.wait_status));
	return !WEXITSTATUS(report.wait_status);
}

static void (*disposition(int signal))(int)
{
	struct sigaction a;

	assert_int_equal(sigaction(signal, NULL, &a), 0);
	return a.sa_handler;
}

/* The command has the signal mask and the dispositions of the caller. */
static void signals_are_left_alone(void **state)
{
	static const int changed[] = { SIGCHLD, SIGPIPE, SIGXFSZ };
	sigset_t before, after, block;
	struct signals none;

	(void)state;
	for (int ignored = 0; ignored < 2; ignored++) {
		for (size_t i = 0; i < ARRAY_SIZE(changed); i++)
			signal(changed[i], ignored ? SIG_IGN : SIG_DFL);
		signals_init(&signals);
		assert_true(disposition(SIGCHLD) == SIG_DFL);
		assert_true(disposition(SIGPIPE) == SIG_IGN);
		assert_true(disposition(SIGXFSZ) == SIG_IGN);
		for (size_t i = 0; i < ARRAY_SIZE(changed); i++)
			assert_int_equal(command_has("SigIgn", changed[i]), ignored);
		assert_true(disposition(SIGCHLD) == SIG_DFL);
	}
	for (size_t i = 0; i < ARRAY_SIZE(changed); i++)
		signal(changed[i], SIG_DFL);
	signals_init(&none);
	signals_restore(&none);
	signals_init(&signals);
	assert_int_equal(sigprocmask(SIG_BLOCK, NULL, &before), 0);
	assert_false(command_has("SigBlk", SIGTERM));
	assert_false(command_has("SigBlk", SIGUSR2));
	assert_int_equal(sigprocmask(SIG_BLOCK, NULL, &after), 0);
	for (int i = 1; i < SIGRTMIN; i++)
		assert_int_equal(sigismember(&before, i), sigismember(&after, i));
	sigemptyset(&block);
	sigaddset(&block, SIGUSR2);
	sigaddset(&block, SIGCHLD);
	sigprocmask(SIG_BLOCK, &block, NULL);
	assert_true(command_has("SigBlk", SIGUSR2));
	assert_true(command_has("SigBlk", SIGCHLD));
	assert_false(command_has("SigBlk", SIGTERM));
	sigprocmask(SIG_SETMASK, &before, NULL);
}

/* The command's standard output goes to standard error if a program reads the report. */
static void command_output(void **state)
{
	static char out[2][16];
	char *const argv[] = { "echo", "hello", NULL };
	int saved[2] = { dup(1), dup(2) }, fds[2][2];

	(void)state;
	for (int to_stderr = 0; to_stderr < 2; to_stderr++) {
		int e;

		fflush(stdout);
		for (int i = 0; i < 2; i++) {
			assert_int_equal(pipe2(fds[i], O_NONBLOCK), 0);
			dup2(fds[i][1], i + 1);
		}
		report = (struct assert_report){ .argv = (char **)argv,
						 .signals = &signals,
						 .command_to_stderr = to_stderr };
		e = assert_run(&report, NULL, &err);
		for (int i = 0; i < 2; i++) {
			ssize_t n = read(fds[i][0], out[i], sizeof(out[i]) - 1);

			out[i][n > 0 ? n : 0] = 0;
			dup2(saved[i], i + 1);
			close(fds[i][0]);
			close(fds[i][1]);
		}
		assert_int_equal(e, 0);
		assert_string_equal(out[to_stderr], "hello\n");
		assert_string_equal(out[!to_stderr], "");
	}
	close(saved[0]);
	close(saved[1]);
}

/* The kernel kills the command if we are killed. The command's end closes the pipe. */
static void killed(void **state)
{
	struct pollfd p = { .events = POLLIN };
	int fds[2], ready[2];
	pid_t pid;
	char c;

	(void)state;
	assert_int_equal(pipe2(fds, O_CLOEXEC), 0);
	assert_int_equal(pipe2(ready, O_CLOEXEC), 0);
	pid = fork();
	assert_true(pid >= 0);
	if (!pid) {
		dup2(fds[1], 1);
		dup2(ready[1], 2);
		close(fds[1]);
		shell("echo >&2; exec sleep 600 2>/dev/null");
		_exit(1);
	}
	close(fds[1]);
	assert_int_equal(read(ready[0], &c, 1), 1);
	assert_int_equal(kill(pid, SIGKILL), 0);
	assert_int_equal(waitpid(pid, NULL, 0), pid);
	p.fd = fds[0];
	assert_int_equal(poll(&p, 1, 20000), 1);
	assert_int_equal(read(fds[0], &c, 1), 0);
	close(fds[0]);
	close(ready[0]);
	close(ready[1]);
}

static void interrupt(void)
{
	assert_int_equal(kill(getpid(), SIGINT), 0);
}

/* A signal after the end of the command does not end us before the report. */
static void late_signal(void **state)
{
	(void)state;
	always = interrupt;
	assert_int_equal(shell("exit 0"), 0);
	always = NULL;
	assert_int_equal(consumed, 1);
	assert_int_equal(report.wait_status, 0);
}

static unsigned int open_descriptors(void)
{
	unsigned int n = 0;

	for (int fd = 0; fd < 1024; fd++)
		n += fcntl(fd, F_GETFD) >= 0;
	return n;
}

static void descriptors_are_closed(void **state)
{
	const char *count = "exit $(ls /proc/self/fd | wc -l)";
	unsigned int before = open_descriptors();

	(void)state;
	assert_int_equal(shell(count), 0);
	assert_int_equal(report.wait_status, system(count));
	assert_int_equal(open_descriptors(), before);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(ends),
		cmocka_unit_test(cannot_start),
		cmocka_unit_test(events_are_consumed_meanwhile),
		cmocka_unit_test(signals_are_left_alone),
		cmocka_unit_test(command_output),
		cmocka_unit_test(killed),
		cmocka_unit_test(late_signal),
		cmocka_unit_test(descriptors_are_closed),
	};

	signals_init(&signals);
	event_fd = eventfd(0, EFD_CLOEXEC | EFD_NONBLOCK);
	return cmocka_run_group_tests_name("unit/assert-run", tests, NULL, NULL);
}
