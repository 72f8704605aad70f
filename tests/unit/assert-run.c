// SPDX-License-Identifier: GPL-2.0-or-later
/* Running a command, with a collector that only counts its calls. */
#include <errno.h>
#include <fcntl.h>
#include <signal.h>
#include <string.h>
#include <sys/eventfd.h>
#include <sys/wait.h>

#include "cli/assert/report.h"
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
static struct errbuf err;

static int run(char *const argv[])
{
	report = (struct assert_report){ .argv = (char **)argv };
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

/* The command has the caller's signal mask and actions, which we restore afterwards. */
static void signals_are_left_alone(void **state)
{
	sigset_t before, after;

	(void)state;
	signal(SIGPIPE, SIG_IGN);
	assert_int_equal(sigprocmask(SIG_BLOCK, NULL, &before), 0);
	/* Signal 13 is SIGPIPE; others may be ignored already. */
	assert_int_equal(shell("grep -q '^SigBlk:[[:space:]]*0*$' /proc/self/status && "
			       "grep -q '^SigIgn:.*[02468ace]...$' /proc/self/status"),
			 0);
	assert_int_equal(report.wait_status, 0);
	assert_int_equal(sigprocmask(SIG_BLOCK, NULL, &after), 0);
	for (int i = 1; i < SIGRTMIN; i++)
		assert_int_equal(sigismember(&before, i), sigismember(&after, i));
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
		cmocka_unit_test(late_signal),
		cmocka_unit_test(descriptors_are_closed),
	};

	event_fd = eventfd(0, EFD_CLOEXEC | EFD_NONBLOCK);
	return cmocka_run_group_tests_name("unit/assert-run", tests, NULL, NULL);
}
