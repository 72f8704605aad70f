// SPDX-License-Identifier: GPL-2.0-or-later
/* The file of a report: it is complete or unchanged, and no link leads to another one. */
#include <fcntl.h>
#include <signal.h>
#include <string.h>
#include <sys/resource.h>
#include <sys/stat.h>

#include "cli/assert/report.h"
#include "tests/lib/test.h"

static char dir[] = "/tmp/assert.XXXXXX";
static struct errbuf err;

static void check_file(const char *path, const char *want)
{
	char buf[64] = "";
	FILE *f = fopen(path, "r");

	assert_non_null(f);
	assert_int_equal(fread(buf, 1, sizeof(buf) - 1, f), strlen(want));
	assert_string_equal(buf, want);
	fclose(f);
}

static void make_file(const char *path, const char *text, mode_t mode)
{
	int fd = open(path, O_WRONLY | O_CREAT | O_EXCL, 0600);

	assert_true(fd >= 0);
	assert_int_equal(write(fd, text, strlen(text)), strlen(text));
	assert_int_equal(fchmod(fd, mode), 0);
	close(fd);
}

/* Opens, writes and closes the output. Returns the first error. */
static int put(const char *path, const char *text)
{
	struct assert_output o;
	int r = assert_output_open(&o, path, &err);

	if (!r)
		r = assert_output_write(&o, text, strlen(text), &err);
	assert_output_close(&o);
	return r;
}

/* Opens the output, as if the command could not be run after that. */
static int open_only(const char *path)
{
	struct assert_output o;
	int r = assert_output_open(&o, path, &err);

	assert_output_close(&o);
	return r;
}

static void new_file(void **state)
{
	struct stat st;

	(void)state;
	umask(027);
	assert_int_equal(open_only("new"), 0);
	assert_int_equal(access("new", F_OK), -1);
	assert_int_equal(put("new", "one"), 0);
	check_file("new", "one");
	assert_int_equal(stat("new", &st), 0);
	assert_int_equal(st.st_mode & 07777, 0640);
	umask(022);
}

static void existing_file(void **state)
{
	struct stat before, after;

	(void)state;
	make_file("old", "a longer text", 0604);
	if (!geteuid())
		assert_int_equal(chown("old", 65534, 65533), 0);
	assert_int_equal(stat("old", &before), 0);
	assert_int_equal(open_only("old"), 0);
	check_file("old", "a longer text");
	assert_int_equal(put("old", "two"), 0);
	check_file("old", "two");
	assert_int_equal(stat("old", &after), 0);
	assert_int_equal(after.st_ino, before.st_ino);
	assert_int_equal(after.st_mode, before.st_mode);
	assert_int_equal(after.st_uid, before.st_uid);
	assert_int_equal(after.st_gid, before.st_gid);
}

#define NO_LINKS "it is a symbolic link, and links are not followed: name the file itself"

static void links(void **state)
{
	(void)state;
	make_file("secret", "secret", 0600);
	assert_int_equal(symlink("secret", "link"), 0);
	assert_int_equal(open_only("link"), -ELOOP);
	assert_string_equal(err.text, "cannot write link: " NO_LINKS);
	assert_int_equal(symlink("nothing", "dangling"), 0);
	assert_int_equal(open_only("./dangling"), -ELOOP);
	assert_string_equal(err.text, "cannot write ./dangling: " NO_LINKS);
	assert_int_equal(access("nothing", F_OK), -1);
	assert_int_equal(link("secret", "hard"), 0);
	assert_int_equal(open_only("hard"), -EMLINK);
	assert_string_equal(err.text, "cannot write hard: the file has other names (hard links): "
				      "remove this one, or name another file");
	check_file("secret", "secret");
	/* Folders before the last component may be links. */
	assert_int_equal(symlink(".", "folder"), 0);
	assert_int_equal(put("folder/in-folder", "x"), 0);
	check_file("in-folder", "x");
}

/* A link, or anything else, that is put there while the command runs. */
static void planted_later(void **state)
{
	struct assert_output o;

	(void)state;
	make_file("victim", "secret", 0600);
	assert_int_equal(assert_output_open(&o, "later", &err), 0);
	assert_int_equal(symlink("victim", "later"), 0);
	assert_int_equal(assert_output_write(&o, "x", 1, &err), -ELOOP);
	assert_output_close(&o);
	check_file("victim", "secret");
	assert_int_equal(unlink("later"), 0);

	assert_int_equal(assert_output_open(&o, "later", &err), 0);
	assert_int_equal(link("victim", "later"), 0);
	assert_int_equal(assert_output_write(&o, "x", 1, &err), -EMLINK);
	assert_output_close(&o);
	check_file("victim", "secret");
	assert_int_equal(unlink("later"), 0);

	assert_int_equal(assert_output_open(&o, "later", &err), 0);
	assert_int_equal(mkfifo("later", 0600), 0);
	assert_int_equal(assert_output_write(&o, "x", 1, &err), -ENXIO); /* does not wait */
	assert_output_close(&o);

	/* The command may write the file itself. */
	assert_int_equal(assert_output_open(&o, "own", &err), 0);
	make_file("own", "written by the command", 0600);
	assert_int_equal(assert_output_write(&o, "x", 1, &err), 0);
	assert_output_close(&o);
	check_file("own", "x");
}

static void not_writable(void **state)
{
	(void)state;
	assert_int_equal(open_only("none/x"), -ENOENT);
	assert_string_equal(err.text, "cannot write none/x: No such file or directory");
	assert_int_equal(open_only("."), -EISDIR);
	assert_int_equal(mkdir("subfolder", 0755), 0);
	assert_int_equal(open_only("subfolder/"), -ENOENT);
	assert_int_equal(open_only("subfolder"), -EISDIR);
	assert_string_equal(err.text, "cannot write subfolder: Is a directory");
	/* Even root cannot make a file there. */
	assert_true(open_only("/proc/self/x") < 0);
	assert_non_null(strstr(err.text, "cannot write /proc/self/x: "));
}

/* A report that does not fit leaves nothing that looks like a report. */
static void full(void **state)
{
	const struct rlimit limit = { 2, RLIM_INFINITY };
	struct rlimit before;
	struct stat st;

	(void)state;
	make_file("large", "old", 0600);
	assert_int_equal(getrlimit(RLIMIT_FSIZE, &before), 0);
	signal(SIGXFSZ, SIG_IGN);
	assert_int_equal(setrlimit(RLIMIT_FSIZE, &limit), 0);
	assert_int_equal(put("large", "three"), -EFBIG);
	assert_int_equal(put("large2", "three"), -EFBIG);
	assert_int_equal(setrlimit(RLIMIT_FSIZE, &before), 0);
	assert_string_equal(err.text, "cannot write large2: File too large");
	assert_int_equal(stat("large", &st), 0);
	assert_int_equal(st.st_size, 0);
	assert_int_equal(access("large2", F_OK), -1);
}

static void not_regular(void **state)
{
	struct stat st;
	char name[32], buf[8];
	int fds[2];

	(void)state;
	assert_int_equal(put("/dev/full", "x"), -ENOSPC);
	assert_string_equal(err.text, "cannot write /dev/full: No space left on device");
	assert_int_equal(stat("/dev/full", &st), 0);
	assert_true(S_ISCHR(st.st_mode));
	/* A descriptor, as the shell makes for >(COMMAND). */
	assert_int_equal(pipe(fds), 0);
	snprintf(name, sizeof(name), "/dev/fd/%d", fds[1]);
	assert_int_equal(put(name, "four"), 0);
	assert_int_equal(read(fds[0], buf, sizeof(buf)), 4);
	close(fds[0]);
	close(fds[1]);
	assert_int_equal(put("/dev/fd/999", "x"), -EBADF);
	assert_string_equal(err.text, "cannot write /dev/fd/999: Bad file descriptor");
}

/* Runs with standard output at the end of a file with that text. */
static void check_at_line(const char *text, int flags, bool want)
{
	int fd, saved;
	bool at;

	unlink("out");
	make_file("out", text, 0600);
	fd = open("out", O_WRONLY | flags);
	if (!(flags & O_APPEND))
		lseek(fd, 0, SEEK_END);
	fflush(stdout);
	saved = dup(STDOUT_FILENO);
	assert_int_equal(dup2(fd, STDOUT_FILENO), STDOUT_FILENO);
	at = assert_output_at_line();
	assert_int_equal(dup2(saved, STDOUT_FILENO), STDOUT_FILENO);
	close(saved);
	close(fd);
	assert_int_equal(at, want);
}

static void at_line(void **state)
{
	(void)state;
	check_at_line("", 0, true);
	check_at_line("x\n", 0, true);
	check_at_line("x\ny", 0, false);
	check_at_line("x\n", O_APPEND, true);
	check_at_line("x", O_APPEND, false);
}

static int enter(void **state)
{
	(void)state;
	umask(022);
	return mkdtemp(dir) && !chdir(dir) ? 0 : -1;
}

static int leave(void **state)
{
	char command[64];

	(void)state;
	snprintf(command, sizeof(command), "rm -rf %s", dir);
	return chdir("/") || system(command);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(new_file),	cmocka_unit_test(existing_file),
		cmocka_unit_test(links),	cmocka_unit_test(planted_later),
		cmocka_unit_test(not_writable), cmocka_unit_test(full),
		cmocka_unit_test(not_regular),	cmocka_unit_test(at_line),
	};

	return cmocka_run_group_tests_name("unit/assert-output", tests, enter, leave);
}
