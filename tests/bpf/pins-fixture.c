// SPDX-License-Identifier: GPL-2.0-or-later
#include "tests/bpf/pins-fixture.h"

#include <errno.h>
#include <sched.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <sys/mount.h>
#include <sys/wait.h>
#include <unistd.h>

#include "daemon/collector/pins.h"

static char folder[] = "/tmp/iomap-pins-XXXXXX", path[64];
const char *pins = path;

int pins_mount(void **state)
{
	(void)state;
	if (unshare(CLONE_NEWNS))
		return -1;
	/* In a chroot, / may be no mount point. */
	if (mount(NULL, "/", NULL, MS_REC | MS_PRIVATE, NULL) && errno != EINVAL)
		return -1;
	if (!mkdtemp(folder) || mount("bpf", folder, "bpf", 0, NULL))
		return -1;
	snprintf(path, sizeof(path), "%s/iomap", folder);
	/* An atomic section stays on its CPU. */
	on_cpu(0);
	return 0;
}

int pins_unmount(void **state)
{
	(void)state;
	return umount(folder) || rmdir(folder);
}

void pins_clean(void)
{
	struct errbuf e = {};
	struct pins p;

	if (!pins_open(pins, false, &p, &e)) {
		assert_true(pins_remove_all(&p) > 0);
		pins_close(&p);
	}
}

void pins_bench_open(struct bench *b)
{
	const struct collector_options opts = { .timing = IOMAP_TIMING_ALL, .pins = pins };

	bench_open(b, &opts);
}

void in_killed_process(void (*fn)(struct bench *b, struct history *h))
{
	struct history *h;
	struct bench b;
	int status;
	pid_t pid;

	pid = fork();
	if (!pid) {
		h = history_new();
		pins_bench_open(&b);
		fn(&b, h);
		raise(SIGKILL);
	}
	assert_int_equal(waitpid(pid, &status, 0), pid);
	assert_true(WIFSIGNALED(status) && WTERMSIG(status) == SIGKILL);
}

void expect_events(struct history *h, uint64_t seq, uint32_t first, uint32_t last)
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

void create_mappings(struct bench *b, uint32_t first, uint32_t last)
{
	for (uint32_t id = first; id <= last; id++)
		ev_create(b, id, 0x100000 * id, 0x10000, IOMAP_LINEAR, SITE);
}

void some_work(struct bench *b, struct history *h)
{
	create_mappings(b, 1, 3);
	assert_int_equal(collector_consume(b->collector, h), 3);
	ev_map(b, 1, 0x5000, IOMAP_ATOMIC, IOMAP_LINEAR, SITE + 1);
	ev_unmap(b, 0x5000, IOMAP_ATOMIC);
	ev_map(b, 2, 0x6000, IOMAP_SLEEPABLE, IOMAP_LINEAR, SITE + 2);
	create_mappings(b, 4, 5);
}
