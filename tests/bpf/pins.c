// SPDX-License-Identifier: GPL-2.0-or-later
/*
 * The folder of the pins: another user controls it, or it holds something that is no set. The BPF
 * file system has the kernel's default mode, so every user may make files in it.
 */
#include "tests/bpf/pins-fixture.h"

#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/file.h>
#include <sys/stat.h>
#include <sys/wait.h>
#include <unistd.h>
#include <bpf/bpf.h>

#include "build/bpf/schema.h"
#include "daemon/collector/pins.h"

#define NOBODY 65534

/* A folder with a file, which belong to root. */
static char victim[] = "/tmp/iomap-victim-XXXXXX";
static char victim_file[sizeof(victim) + 16];

static int make_victim(void **state)
{
	int fd;

	if (pins_mount(state) || !mkdtemp(victim))
		return -1;
	snprintf(victim_file, sizeof(victim_file), "%s/file", victim);
	fd = open(victim_file, O_CREAT | O_WRONLY, 0600);
	return fd < 0 || close(fd);
}

static int remove_victim(void **state)
{
	unlink(victim_file);
	return rmdir(victim) || pins_unmount(state);
}

/* Removes what a failed test left. */
static int clear(void **state)
{
	char command[128];

	(void)state;
	snprintf(command, sizeof(command), "rm -rf %s", pins);
	return seteuid(0) || system(command);
}

/* Makes something at the folder's path as the user nobody. */
static void as_nobody(int (*make)(const char *path))
{
	assert_int_equal(seteuid(NOBODY), 0);
	assert_int_equal(make(pins), 0);
	assert_int_equal(seteuid(0), 0);
}

static int link_to_victim(const char *path)
{
	return symlink(victim, path);
}

static int link_to_nothing(const char *path)
{
	return symlink("/tmp/iomap-nothing", path);
}

static int folder(const char *path)
{
	return mkdir(path, 0700);
}

/* A collector works without pins, says why, and leaves all files alone. */
static void expect_refused(const char *words)
{
	const struct collector_options opts = { .timing = IOMAP_TIMING_ALL, .pins = pins };
	struct errbuf e = {};
	const char *note;
	struct stat st;
	struct bench b;
	struct pins p;

	/* A start that hangs ends the test. */
	alarm(30);
	assert_int_equal(pins_open(pins, false, &p, &e), -EPERM);
	assert_non_null(strstr(e.text, words));
	assert_int_equal(pins_open(pins, true, &p, &e), -EPERM);
	assert_non_null(strstr(e.text, words));
	bench_open(&b, &opts);
	note = collector_note(b.collector, 0);
	assert_non_null(note);
	assert_non_null(strstr(note, "will not outlive this iomapd"));
	assert_non_null(strstr(note, words));
	create_mappings(&b, 1, 1);
	bench_close(&b);
	assert_int_equal(access(victim_file, F_OK), 0);
	assert_int_equal(lstat(pins, &st), 0);
}

static void a_link_of_another_user(void **state)
{
	(void)state;
	as_nobody(link_to_victim);
	expect_refused("is a link of user 65534");
	assert_int_equal(unlink(pins), 0);
}

static void a_link_to_nothing(void **state)
{
	(void)state;
	as_nobody(link_to_nothing);
	expect_refused("is a link of user 65534");
	assert_int_equal(unlink(pins), 0);
}

static void a_folder_of_another_user(void **state)
{
	(void)state;
	as_nobody(folder);
	expect_refused("is a folder of user 65534");
	assert_int_equal(rmdir(pins), 0);
}

static void a_folder_that_others_write(void **state)
{
	(void)state;
	assert_int_equal(mkdir(pins, 0700), 0);
	assert_int_equal(chmod(pins, 0770), 0);
	expect_refused("users other than root can write to it (mode 770)");
	assert_int_equal(rmdir(pins), 0);
}

/* Without the sticky bit, other users could replace the folder of root. */
static void a_parent_that_others_write(void **state)
{
	char parent[64];

	(void)state;
	assert_int_equal(mkdir(pins, 0700), 0);
	snprintf(parent, sizeof(parent), "%.*s", (int)(strrchr(pins, '/') - pins), pins);
	assert_int_equal(chmod(parent, 0777), 0);
	expect_refused("users other than root control it");
	assert_int_equal(chmod(parent, 01777), 0);
	assert_int_equal(chown(parent, NOBODY, -1), 0);
	expect_refused("users other than root control it");
	assert_int_equal(chown(parent, 0, -1), 0);
	assert_int_equal(rmdir(pins), 0);
}

/* A folder that others could open could also be locked by them. */
static void others_cannot_lock(void **state)
{
	struct errbuf e = {};
	struct stat st;
	struct pins p;

	(void)state;
	assert_int_equal(mkdir(pins, 0700), 0);
	assert_int_equal(chmod(pins, 0755), 0);
	assert_int_equal(pins_open(pins, true, &p, &e), 0);
	assert_int_equal(stat(pins, &st), 0);
	assert_int_equal(st.st_mode & 07777, 0700);
	pins_close(&p);
	assert_int_equal(rmdir(pins), 0);
}

static void make_in(const char *set, const char *name, bool is_link)
{
	char path[512];

	snprintf(path, sizeof(path), "%s/%s/%s", pins, set, name);
	if (is_link)
		assert_int_equal(symlink("/tmp", path), 0);
	else
		assert_int_equal(mkdir(path, 0700), 0);
}

static bool there(const char *set, const char *name)
{
	struct stat st;
	char path[512];

	snprintf(path, sizeof(path), "%s/%s/%s", pins, set, name);
	return !lstat(path, &st);
}

static void pin_map(const char *set, const char *name)
{
	int fd = bpf_map_create(BPF_MAP_TYPE_ARRAY, "a_map", 4, 8, 1, NULL);
	char path[512];

	assert_true(fd >= 0);
	snprintf(path, sizeof(path), "%s/%s/%s", pins, set, name);
	assert_int_equal(bpf_obj_pin(fd, path), 0);
	close(fd);
}

/* Counts the notes with these words. */
static int noted(const struct bench *b, const char *words)
{
	const char *note;
	int n = 0;

	for (size_t i = 0; (note = collector_note(b->collector, i)); i++)
		n += strstr(note, words) != NULL;
	return n;
}

/* Folders, links and long names in a set do not keep it from being set aside. */
static void sets_with_other_files(void **state)
{
	char long_name[201], words[300];
	struct bench b;

	(void)state;
	memset(long_name, 'x', sizeof(long_name) - 1);
	long_name[sizeof(long_name) - 1] = '\0';
	assert_int_equal(mkdir(pins, 0700), 0);
	make_in(".", "old", false);
	make_in("old", "folder", false);
	make_in("old/folder", "inner", false);
	pin_map("old/folder/inner", "map_deep");
	make_in("old", "link", true);
	make_in("old", long_name, false);
	pin_map("old", "map_one");
	make_in(".", long_name, false);
	pin_map(long_name, "map_two");
	pin_map(long_name, "prog_two");
	make_in(".", "lonely_link", true);
	pins_bench_open(&b);
	assert_int_equal(noted(&b, "will not outlive"), 0);
	assert_int_equal(noted(&b, "set aside in"), 2);
	assert_int_equal(noted(&b, "/aside/old"), 1);
	snprintf(words, sizeof(words), "/aside/%s", long_name);
	assert_int_equal(noted(&b, words), 1);
	assert_int_equal(noted(&b, "/lonely_link, which is no set of pins"), 1);
	assert_true(there(IOMAP_PIN_SCHEMA, "map_mappings"));
	assert_true(there("aside/old", "map_one"));
	assert_false(there("aside/old", "folder"));
	assert_false(there("aside/old", "link"));
	assert_false(there("aside/old", long_name));
	snprintf(words, sizeof(words), "aside/%s", long_name);
	assert_true(there(words, "map_two"));
	assert_false(there(words, "prog_two"));
	assert_false(there(".", "lonely_link"));
	bench_close(&b);
	pins_clean();
	assert_int_not_equal(access(pins, F_OK), 0);
	/* The links were not followed. */
	assert_int_equal(access("/tmp", F_OK), 0);
}

/*
 * Two unusable sets are both kept, until there are unusable sets the next time: then these are
 * kept.
 */
static void two_sets_and_the_next_time(void **state)
{
	const struct collector_options other = { .timing = IOMAP_TIMING_OFF, .pins = pins };
	struct bench b;

	(void)state;
	assert_int_equal(mkdir(pins, 0700), 0);
	make_in(".", "first", false);
	pin_map("first", "map_one");
	pins_bench_open(&b);
	bench_close(&b);
	assert_true(there("aside/first", "map_one"));
	pins_bench_open(&b);
	bench_close(&b);
	assert_true(there("aside/first", "map_one"));
	make_in(".", "second", false);
	pin_map("second", "map_one");
	bench_open(&b, &other);
	assert_int_equal(noted(&b, "set aside in"), 2);
	assert_int_equal(noted(&b, "/aside/second"), 1);
	assert_int_equal(noted(&b, "/aside/" IOMAP_PIN_SCHEMA ", as it was made with other"), 1);
	assert_true(there("aside/second", "map_one"));
	assert_true(there("aside/" IOMAP_PIN_SCHEMA, "map_mappings"));
	assert_true(there(IOMAP_PIN_SCHEMA, "map_mappings"));
	assert_false(there("aside", "first"));
	bench_close(&b);
	pins_clean();
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test_teardown(a_link_of_another_user, clear),
		cmocka_unit_test_teardown(a_link_to_nothing, clear),
		cmocka_unit_test_teardown(a_folder_of_another_user, clear),
		cmocka_unit_test_teardown(a_folder_that_others_write, clear),
		cmocka_unit_test_teardown(a_parent_that_others_write, clear),
		cmocka_unit_test_teardown(others_cannot_lock, clear),
		cmocka_unit_test_teardown(sets_with_other_files, clear),
		cmocka_unit_test_teardown(two_sets_and_the_next_time, clear),
	};

	return cmocka_run_group_tests_name("bpf/pins", tests, make_victim, remove_victim);
}
