// SPDX-License-Identifier: GPL-2.0-or-later
/* Sets of pins: a collector uses a complete set only, and no other collector may have it open. */
#include "tests/bpf/pins-fixture.h"

#include <errno.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/ptrace.h>
#include <sys/syscall.h>
#include <sys/wait.h>
#include <unistd.h>
#include <bpf/bpf.h>

#include "build/bpf/schema.h"
#include "daemon/collector/pins.h"

static void half_a_set_is_not_used(void **state)
{
	static const char *const parts[] = { "map_mappings", "map_persistent", "prog_iomap_map" };
	char path[128];
	struct bench b;

	(void)state;
	for (size_t i = 0; i < ARRAY_SIZE(parts); i++) {
		in_killed_process(some_work);
		snprintf(path, sizeof(path), "%s/" IOMAP_PIN_SCHEMA "/%s", pins, parts[i]);
		assert_int_equal(unlink(path), 0);
		pins_bench_open(&b);
		assert_non_null(strstr(collector_note(b.collector, 0), "is set aside"));
		bench_sample(&b);
		assert_int_equal(b.m.nr_mappings, 0);
		bench_close(&b);
		pins_clean();
	}
}

/* Makes a set as an iomapd of another schema leaves it. All objects are one small map. */
static void make_set(const char *set)
{
	static const char *const kinds[] = { "map", "prog", "link" };
	struct errbuf e = {};
	struct pins p;
	int fd;

	assert_int_equal(pins_open(pins, true, &p, &e), 0);
	assert_int_equal(pins_make(&p, set), 0);
	fd = bpf_map_create(BPF_MAP_TYPE_ARRAY, "a_map", 4, 8, 1, NULL);
	assert_true(fd >= 0);
	for (size_t i = 0; i < ARRAY_SIZE(kinds); i++)
		assert_int_equal(pins_put(&p, set, kinds[i], "one", fd), 0);
	close(fd);
	pins_close(&p);
}

static bool there(const char *set)
{
	char path[128];

	snprintf(path, sizeof(path), "%s/%s", pins, set);
	return !access(path, F_OK);
}

/* The system call changes the pins. */
static bool is_step(const struct __ptrace_syscall_info *info)
{
	switch (info->entry.nr) {
	case SYS_bpf:
		return info->entry.args[0] == BPF_OBJ_PIN;
	case SYS_mkdirat:
	case SYS_unlinkat:
	case SYS_renameat:
		return true;
	default:
		return false;
	}
}

/*
 * Runs a collector in a child process and kills it before that step; -1: after the last one.
 * Returns the number of steps that it began.
 */
static int killed_before_step(int step)
{
	struct __ptrace_syscall_info info;
	int status, steps = 0;
	struct bench b;
	pid_t pid;

	pid = fork();
	if (!pid) {
		ptrace(PTRACE_TRACEME, 0, 0, 0);
		raise(SIGSTOP);
		pins_bench_open(&b);
		raise(SIGKILL);
	}
	assert_int_equal(waitpid(pid, &status, 0), pid);
	assert_int_equal(
		ptrace(PTRACE_SETOPTIONS, pid, 0, PTRACE_O_TRACESYSGOOD | PTRACE_O_EXITKILL), 0);
	while (WIFSTOPPED(status)) {
		if (WSTOPSIG(status) == (SIGTRAP | 0x80)) {
			assert_true(ptrace(PTRACE_GET_SYSCALL_INFO, pid, sizeof(info), &info) > 0);
			if (info.op == PTRACE_SYSCALL_INFO_ENTRY && is_step(&info) &&
			    steps++ == step)
				kill(pid, SIGKILL);
		}
		ptrace(PTRACE_SYSCALL, pid, 0, 0);
		assert_int_equal(waitpid(pid, &status, 0), pid);
	}
	assert_true(WIFSIGNALED(status) && WTERMSIG(status) == SIGKILL);
	return steps;
}

/* The next collector uses the complete set or makes one, and no partial set is left. */
static void expect_one_set(int step, int steps)
{
	struct history *h = history_new();
	struct bench b;

	pins_bench_open(&b);
	assert_true(there(IOMAP_PIN_SCHEMA));
	assert_true(there(PINS_ASIDE "/other/map_one"));
	assert_false(there(PINS_ASIDE "/other/prog_one"));
	assert_false(there(PINS_NEW));
	assert_false(there("other"));
	bench_sample(&b);
	/* The last step completes the set. */
	assert_int_equal(b.m.starts, step < steps ? 1 : 2);
	create_mappings(&b, 1, 3);
	assert_int_equal(collector_consume(b.collector, h), 3);
	expect_events(h, 1, 1, 3);
	bench_close(&b);
	history_free(h);
}

/*
 * Kills a collector that pins a set and removes two older ones: before some steps all along, and
 * before each of the last 8. With IOMAP_EACH_STEP in the environment, before each step.
 */
static void killed_while_pinning(void **state)
{
	int steps, stride, tried = 0;

	(void)state;
	make_set(PINS_ASIDE);
	make_set("other");
	steps = killed_before_step(-1);
	expect_one_set(steps, steps);
	pins_clean();
	assert_in_range(steps, 30, 200);
	stride = getenv("IOMAP_EACH_STEP") ? 1 : steps / 8;
	for (int step = 0; step < steps; step += step < steps - 8 ? stride : 1) {
		make_set(PINS_ASIDE);
		make_set("other");
		assert_int_equal(killed_before_step(step), step + 1);
		expect_one_set(step, steps);
		pins_clean();
		tried++;
	}
	print_message("# killed at %d of %d steps\n", tried, steps);
}

static void only_one_at_a_time(void **state)
{
	struct collector_options opts = { .pins = pins, .no_attach = true };
	struct collector *c = NULL;
	struct errbuf e = {};
	struct bench b;

	(void)state;
	pins_bench_open(&b);
	assert_int_equal(collector_new(&opts, &c, &e), -EBUSY);
	assert_non_null(strstr(e.text, "another iomapd is at work"));
	bench_close(&b);
	pins_clean();
}

/* Without a BPF file system, and where none can be mounted, the collector works and says so. */
static void without_pins(void **state)
{
	struct collector_options opts = { .pins = "/proc/nowhere/iomap" };
	struct bench b;

	(void)state;
	bench_open(&b, &opts);
	assert_non_null(strstr(collector_note(b.collector, 0), "will not outlive this iomapd"));
	create_mappings(&b, 1, 1);
	bench_close(&b);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(half_a_set_is_not_used),
		cmocka_unit_test(killed_while_pinning),
		cmocka_unit_test(only_one_at_a_time),
		cmocka_unit_test(without_pins),
	};

	return cmocka_run_group_tests_name("bpf/restart-pins", tests, pins_mount, pins_unmount);
}
