// SPDX-License-Identifier: GPL-2.0-or-later
/*
 * A collector that is killed, and the one after it: counts and events go on, none of them lost or
 * told twice, wherever the first one was. What cannot be used is set aside.
 */
#include "tests/bpf/harness.h"

#include <sched.h>
#include <signal.h>
#include <string.h>
#include <sys/mman.h>
#include <sys/mount.h>
#include <sys/ptrace.h>
#include <sys/stat.h>
#include <sys/syscall.h>
#include <sys/wait.h>
#include <bpf/bpf.h>

#include "build/bpf/schema.h"
#include "daemon/collector/pins.h"

#define SITE 0xffffffff81000100

/* What a record takes in the ring, with its header. */
#define RING_RECORD (sizeof(struct iomap_event) + 8)

static char folder[] = "/tmp/iomap-pins-XXXXXX", pins[64];

/* A BPF file system of our own, which nobody else sees and which goes with us. */
static int mount_pins(void **state)
{
	(void)state;
	if (unshare(CLONE_NEWNS))
		return -1;
	/* In a chroot, / need not be where something is mounted. */
	if (mount(NULL, "/", NULL, MS_REC | MS_PRIVATE, NULL) && errno != EINVAL)
		return -1;
	if (!mkdtemp(folder) || mount("bpf", folder, "bpf", 0, NULL))
		return -1;
	snprintf(pins, sizeof(pins), "%s/iomap", folder);
	/* An atomic section stays on its CPU. */
	on_cpu(0);
	return 0;
}

static int unmount_pins(void **state)
{
	(void)state;
	return umount(folder) || rmdir(folder);
}

static void clean(void)
{
	struct errbuf e = {};
	struct pins p;

	if (!pins_open(pins, false, &p, &e)) {
		assert_true(pins_remove_all(&p) > 0);
		pins_close(&p);
	}
}

static void open_pinned(struct bench *b)
{
	const struct collector_options opts = { .timing = IOMAP_TIMING_ALL, .pins = pins };

	bench_open(b, &opts);
}

/* Runs fn in a process of its own, which then is killed: it cleans up nothing. */
static void in_one_that_is_killed(void (*fn)(struct bench *b, struct history *h))
{
	struct history *h;
	struct bench b;
	int status;
	pid_t pid;

	pid = fork();
	if (!pid) {
		h = history_new();
		open_pinned(&b);
		fn(&b, h);
		raise(SIGKILL);
	}
	assert_int_equal(waitpid(pid, &status, 0), pid);
	assert_true(WIFSIGNALED(status) && WTERMSIG(status) == SIGKILL);
}

/* The events of the history are those of mappings first to last, numbered from seq on. */
static void expect_events(struct history *h, uint64_t seq, uint32_t first, uint32_t last)
{
	uint64_t at = 0, missed = 0;
	const struct event *e;

	for (uint32_t id = first; id <= last; id++) {
		e = history_next(h, &at, &missed);
		assert_non_null(e);
		assert_int_equal(e->rec.id, id);
		assert_int_equal(e->seq, seq++);
	}
	assert_null(history_next(h, &at, &missed));
}

static void create(struct bench *b, uint32_t first, uint32_t last)
{
	for (uint32_t id = first; id <= last; id++)
		ev_create(b, id, 0x100000 * id, 0x10000, IOMAP_LINEAR, SITE);
}

static void some_work(struct bench *b, struct history *h)
{
	create(b, 1, 3);
	assert_int_equal(collector_consume(b->collector, h), 3);
	ev_map(b, 1, 0x5000, IOMAP_ATOMIC, IOMAP_LINEAR, SITE + 1);
	ev_unmap(b, 0x5000, IOMAP_ATOMIC);
	ev_map(b, 2, 0x6000, IOMAP_SLEEPABLE, IOMAP_LINEAR, SITE + 2);
	create(b, 4, 5);
}

static void counts_and_events_go_on(void **state)
{
	struct history *h = history_new();
	struct bench b;

	(void)state;
	in_one_that_is_killed(some_work);
	open_pinned(&b);
	assert_null(collector_note(b.collector, 0));
	b.sent = 8;
	bench_sample(&b);
	assert_int_equal(b.m.starts, 2);
	assert_int_equal(get_mapping(&b, 1)->kind[IOMAP_ATOMIC].unmaps, 1);
	assert_int_equal(get_mapping(&b, 2)->kind[IOMAP_SLEEPABLE].maps, 1);
	/* The programs are the same: they know what is open. */
	ev_unmap(&b, 0x6000, IOMAP_SLEEPABLE);
	bench_sample(&b);
	assert_int_equal(get_mapping(&b, 2)->kind[IOMAP_SLEEPABLE].unmaps, 1);
	assert_int_equal(b.m.unmatched_unmaps, 0);
	collector_consume(b.collector, h);
	expect_events(h, 1, 1, 5);
	bench_close(&b);
	history_free(h);
	clean();
}

/* Gives the newest record back to the ring, as if it had not been taken out. */
static void put_back(struct bench *b, size_t records)
{
	unsigned long *pos = mmap(NULL, getpagesize(), PROT_READ | PROT_WRITE, MAP_SHARED,
				  collector_map_fd(b->collector, "events"), 0);

	assert_true(pos != MAP_FAILED);
	assert_true(*pos >= records * RING_RECORD);
	*pos -= records * RING_RECORD;
	munmap(pos, getpagesize());
}

/* It was kept, but the ring was not told. */
static void killed_after_keeping(struct bench *b, struct history *h)
{
	create(b, 1, 3);
	collector_consume(b->collector, h);
	put_back(b, 1);
	create(b, 4, 4);
}

/* It was being kept: its place was cleared. */
static void killed_while_keeping(struct bench *b, struct history *h)
{
	int fd = collector_map_fd(b->collector, "saved_events");
	struct iomap_saved_event t;
	uint32_t key = 3;

	create(b, 1, 3);
	collector_consume(b->collector, h);
	put_back(b, 1);
	assert_int_equal(bpf_map_lookup_elem(fd, &key, &t), 0);
	assert_int_equal(t.seq, 3);
	t.seq = 0;
	assert_int_equal(bpf_map_update_elem(fd, &key, &t, 0), 0);
	create(b, 4, 4);
}

static void each_event_once(void **state)
{
	static void (*const killed[])(struct bench * b, struct history * h) = {
		killed_after_keeping,
		killed_while_keeping,
	};

	(void)state;
	for (size_t i = 0; i < ARRAY_SIZE(killed); i++) {
		struct history *h = history_new();
		struct bench b;

		in_one_that_is_killed(killed[i]);
		open_pinned(&b);
		collector_consume(b.collector, h);
		expect_events(h, 1, 1, 4);
		b.sent = 4;
		bench_close(&b);
		history_free(h);
		clean();
	}
}

static void offend(struct bench *b, uint64_t site)
{
	uint64_t args[] = { 1, 0x5000, 0x123, 0x1000, IOMAP_ATOMIC, IOMAP_LINEAR, site };

	ev_raw(b, b->map_fd, args, ARRAY_SIZE(args));
	ev_unmap(b, 0x5000, IOMAP_ATOMIC);
}

/* A violation, and then so many other events that only the last ones of these are kept. */
static void more_than_are_kept(struct bench *b, struct history *h)
{
	create(b, 1, 1);
	offend(b, SITE);
	collector_consume(b->collector, h);
	for (int i = 0; i < 3; i++) {
		create(b, 2, 501);
		collector_consume(b->collector, h);
	}
	offend(b, SITE + 0x40);
	offend(b, SITE);
}

static void the_last_ones_are_kept(void **state)
{
	struct history *h = history_new();
	uint64_t seq = 0, missed = 0;
	const struct event *e;
	struct bench b;
	size_t n = 0;

	(void)state;
	in_one_that_is_killed(more_than_are_kept);
	open_pinned(&b);
	collector_consume(b.collector, h);
	while ((e = history_next(h, &seq, &missed))) {
		assert_int_equal(seq - 1, e->seq);
		/* The first place was told of before all others that are kept, the second now. */
		assert_int_equal(e->rec.type == IOMAP_EVENT_VIOLATION,
				 e->seq == 2 || e->seq == 1503);
		assert_int_equal(e->violation != NULL, e->rec.type == IOMAP_EVENT_VIOLATION);
		n++;
	}
	assert_int_equal(seq, 1504);
	assert_int_equal(n, 1 + HISTORY_SIZE);
	b.sent = 1501 + 6;
	bench_sample(&b);
	assert_int_equal(b.m.nr_violations, 2);
	assert_int_equal(b.m.violations[0].count, 2);
	bench_close(&b);
	history_free(h);
	clean();
}

static void reported_and_unreported_sites(struct bench *b, struct history *h)
{
	create(b, 1, 1);
	offend(b, SITE);
	collector_consume(b->collector, h);
	offend(b, SITE + 0x40);
}

static void sites_are_reported_once(void **state)
{
	struct history *h = history_new();
	uint64_t seq = 0, missed = 0, told = 0;
	const struct event *e;
	struct bench b;

	(void)state;
	in_one_that_is_killed(reported_and_unreported_sites);
	open_pinned(&b);
	assert_int_equal(collector_consume(b.collector, h), 3);
	assert_int_equal(collector_consume(b.collector, h), 0);
	while ((e = history_next(h, &seq, &missed))) {
		assert_int_equal(e->violation != NULL, e->rec.type == IOMAP_EVENT_VIOLATION);
		told += e->violation != NULL;
	}
	assert_int_equal(told, 2);
	b.sent = 5;
	bench_close(&b);
	history_free(h);
	clean();
}

static void other_options_begin_anew(void **state)
{
	struct collector_options opts = { .timing = IOMAP_TIMING_OFF, .pins = pins };
	char aside[128];
	struct bench b;

	(void)state;
	in_one_that_is_killed(some_work);
	bench_open(&b, &opts);
	assert_non_null(strstr(collector_note(b.collector, 0), "other options (hold-times)"));
	assert_null(collector_note(b.collector, 1));
	bench_sample(&b);
	assert_int_equal(b.m.starts, 1);
	assert_int_equal(b.m.nr_mappings, 0);
	snprintf(aside, sizeof(aside), "%s/" PINS_ASIDE "/map_counters", pins);
	assert_int_equal(access(aside, F_OK), 0);
	snprintf(aside, sizeof(aside), "%s/" PINS_ASIDE "/prog_iomap_map", pins);
	assert_int_not_equal(access(aside, F_OK), 0);
	bench_close(&b);
	clean();
}

static void half_a_set_is_not_used(void **state)
{
	static const char *const parts[] = { "map_mappings", "map_persistent", "prog_iomap_map" };
	char path[128];
	struct bench b;

	(void)state;
	for (size_t i = 0; i < ARRAY_SIZE(parts); i++) {
		in_one_that_is_killed(some_work);
		snprintf(path, sizeof(path), "%s/" IOMAP_PIN_SCHEMA "/%s", pins, parts[i]);
		assert_int_equal(unlink(path), 0);
		open_pinned(&b);
		assert_non_null(strstr(collector_note(b.collector, 0), "is set aside"));
		bench_sample(&b);
		assert_int_equal(b.m.nr_mappings, 0);
		bench_close(&b);
		clean();
	}
}

/* A set as an iomapd of another schema would have left it, but for what its objects are. */
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

/* The call changes something among the pins. */
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
 * Runs a collector that takes so many steps and then is killed, if it comes so far. Returns how
 * many it took.
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
		open_pinned(&b);
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

/* The one after it goes on with a whole set or makes its own; nothing half is left. */
static void expect_one_set(int step, int steps)
{
	struct history *h = history_new();
	struct bench b;

	open_pinned(&b);
	assert_true(there(IOMAP_PIN_SCHEMA));
	assert_true(there(PINS_ASIDE));
	assert_false(there(PINS_NEW));
	assert_false(there("other"));
	bench_sample(&b);
	/* The last step is the one that makes a set. */
	assert_int_equal(b.m.starts, step < steps ? 1 : 2);
	create(&b, 1, 3);
	assert_int_equal(collector_consume(b.collector, h), 3);
	expect_events(h, 1, 1, 3);
	bench_close(&b);
	history_free(h);
}

/*
 * Killed at some of the steps in which a set is pinned and two others make room for it, all the
 * last ones included. IOMAP_EACH_STEP in the environment: at each of them.
 */
static void killed_while_pinning(void **state)
{
	int steps, stride, tried = 0;

	(void)state;
	make_set(PINS_ASIDE);
	make_set("other");
	steps = killed_before_step(-1);
	expect_one_set(steps, steps);
	clean();
	assert_in_range(steps, 30, 200);
	stride = getenv("IOMAP_EACH_STEP") ? 1 : steps / 8;
	for (int step = 0; step < steps; step += step < steps - 8 ? stride : 1) {
		make_set(PINS_ASIDE);
		make_set("other");
		assert_int_equal(killed_before_step(step), step + 1);
		expect_one_set(step, steps);
		clean();
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
	open_pinned(&b);
	assert_int_equal(collector_new(&opts, &c, &e), -EBUSY);
	assert_non_null(strstr(e.text, "another iomapd is at work"));
	bench_close(&b);
	clean();
}

/* No BPF file system, and none can be mounted there: it works, and says what that means. */
static void without_pins(void **state)
{
	struct collector_options opts = { .pins = "/proc/nowhere/iomap" };
	struct bench b;

	(void)state;
	bench_open(&b, &opts);
	assert_non_null(strstr(collector_note(b.collector, 0), "will not outlive this iomapd"));
	create(&b, 1, 1);
	bench_close(&b);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(counts_and_events_go_on),
		cmocka_unit_test(each_event_once),
		cmocka_unit_test(the_last_ones_are_kept),
		cmocka_unit_test(sites_are_reported_once),
		cmocka_unit_test(other_options_begin_anew),
		cmocka_unit_test(half_a_set_is_not_used),
		cmocka_unit_test(killed_while_pinning),
		cmocka_unit_test(only_one_at_a_time),
		cmocka_unit_test(without_pins),
	};

	return cmocka_run_group_tests_name("bpf/restart", tests, mount_pins, unmount_pins);
}
