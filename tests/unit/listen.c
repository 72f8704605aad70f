// SPDX-License-Identifier: GPL-2.0-or-later
/* The listening socket, and as many clients as there may be. */
#include "tests/lib/test.h"

#include <fcntl.h>
#include <signal.h>
#include <sys/file.h>
#include <sys/resource.h>
#include <sys/socket.h>
#include <sys/stat.h>
#include <sys/un.h>
#include <sys/wait.h>

#include "daemon/server.h"

static char dir[] = "/tmp/iomap-listen-XXXXXX";
static char path[sizeof(dir) + 32];

static int make_dir(void **state)
{
	(void)state;
	if (!mkdtemp(dir))
		return -1;
	snprintf(path, sizeof(path), "%s/run/iomapd.sock", dir);
	return 0;
}

static int remove_dir(void **state)
{
	char run[64];

	(void)state;
	unlink(path);
	snprintf(run, sizeof(run), "%s/run", dir);
	rmdir(run);
	return rmdir(dir);
}

static int connect_to(const char *to)
{
	struct sockaddr_un addr = { .sun_family = AF_UNIX };
	int fd = socket(AF_UNIX, SOCK_STREAM | SOCK_NONBLOCK, 0);

	snprintf(addr.sun_path, sizeof(addr.sun_path), "%s", to);
	if (connect(fd, (void *)&addr, sizeof(addr))) {
		close(fd);
		return -1;
	}
	return fd;
}

static void makes_folder_and_socket(void **state)
{
	struct errbuf e = {};
	struct stat st;
	char run[64];
	int fd;

	(void)state;
	fd = server_listen(path, &e);
	assert_true(fd >= 0);
	assert_int_equal(stat(path, &st), 0);
	assert_true(S_ISSOCK(st.st_mode));
	assert_int_equal(st.st_mode & 07777, 0660);
	snprintf(run, sizeof(run), "%s/run", dir);
	assert_int_equal(stat(run, &st), 0);
	assert_int_equal(st.st_mode & 07777, 0755);
	close(fd);
}

/* A narrow umask does not lock the group out, and a wide one lets nobody else in. */
static void modes_do_not_depend_on_the_umask(void **state)
{
	static const mode_t masks[] = { 0, 0077, 0777 };
	struct errbuf e = {};
	struct stat st;
	char run[64];
	int fd;

	(void)state;
	snprintf(run, sizeof(run), "%s/run", dir);
	for (size_t i = 0; i < ARRAY_SIZE(masks); i++) {
		unlink(path);
		rmdir(run);
		umask(masks[i]);
		fd = server_listen(path, &e);
		umask(0022);
		assert_true(fd >= 0);
		assert_int_equal(stat(run, &st), 0);
		assert_int_equal(st.st_mode & 07777, 0755);
		assert_int_equal(stat(path, &st), 0);
		assert_int_equal(st.st_mode & 07777, 0660);
		close(fd);
	}
	/* A folder that exists keeps its mode. */
	unlink(path);
	assert_int_equal(chmod(run, 0750), 0);
	fd = server_listen(path, &e);
	assert_true(fd >= 0);
	assert_int_equal(stat(run, &st), 0);
	assert_int_equal(st.st_mode & 07777, 0750);
	assert_int_equal(chmod(run, 0755), 0);
	close(fd);
}

static void second_server_is_refused(void **state)
{
	struct errbuf e = {};
	int fd, second, client;

	(void)state;
	fd = server_listen(path, &e);
	assert_true(fd >= 0);
	second = server_listen(path, &e);
	assert_int_equal(second, -EADDRINUSE);
	assert_non_null(strstr(e.text, "another iomapd already serves"));
	assert_int_equal(server_probe(path, &e), -EADDRINUSE);
	/* The first one still serves. */
	client = connect_to(path);
	assert_true(client >= 0);
	close(client);
	close(fd);
}

static void stale_socket_is_replaced(void **state)
{
	struct errbuf e = {};
	int fd, client;

	(void)state;
	fd = server_listen(path, &e);
	assert_true(fd >= 0);
	close(fd);
	assert_int_equal(connect_to(path), -1);
	assert_int_equal(server_probe(path, &e), 0);
	fd = server_listen(path, &e);
	assert_true(fd >= 0);
	client = connect_to(path);
	assert_true(client >= 0);
	close(client);
	close(fd);
}

static void other_files_are_left_alone(void **state)
{
	struct errbuf e = {};
	char file[64];
	int fd;

	(void)state;
	snprintf(file, sizeof(file), "%s/run/file", dir);
	fd = open(file, O_CREAT | O_WRONLY, 0600);
	assert_true(fd >= 0);
	close(fd);
	assert_int_equal(server_listen(file, &e), -EEXIST);
	assert_non_null(strstr(e.text, "is not a socket"));
	memset(&e, 0, sizeof(e));
	assert_int_equal(server_probe(file, &e), -EEXIST);
	assert_non_null(strstr(e.text, "is not a socket"));
	assert_int_equal(unlink(file), 0);
}

static const char *lock_file(void)
{
	static char lock[sizeof(path) + 8];

	snprintf(lock, sizeof(lock), "%s.lock", path);
	return lock;
}

/* Every user can lock a folder that is open to all. */
static void a_locked_folder_does_not_matter(void **state)
{
	struct errbuf e = {};
	int run, fd;

	(void)state;
	fd = server_listen(path, &e);
	assert_true(fd >= 0);
	close(fd);
	snprintf(e.text, sizeof(e.text), "%s/run", dir);
	run = open(e.text, O_RDONLY | O_DIRECTORY);
	assert_int_equal(flock(run, LOCK_EX), 0);
	alarm(60);
	fd = server_listen(path, &e);
	assert_true(fd >= 0);
	close(fd);
	close(run);
	/* It leaves no lock file. */
	assert_int_not_equal(access(lock_file(), F_OK), 0);
}

/* While one iomapd makes its socket, another one waits, but not for ever. */
static void the_claim_has_a_deadline(void **state)
{
	struct errbuf e = {};
	uint64_t begin;
	int claim, fd;

	(void)state;
	claim = server_claim(path, &e);
	assert_true(claim >= 0);
	begin = now_ns();
	assert_int_equal(server_claim(path, &e), -EBUSY);
	assert_true(now_ns() - begin >= SERVER_LOCK_MS * (uint64_t)1000000);
	assert_non_null(strstr(e.text, "another process has locked"));
	assert_non_null(strstr(e.text, lock_file()));
	server_unclaim(path, claim);
	fd = server_listen(path, &e);
	assert_true(fd >= 0);
	close(fd);
}

/* The one that waits gets the socket when the first one has died, and finds it when it serves. */
static void the_claim_is_handed_on(void **state)
{
	struct errbuf e = {};
	int claim, fd, ready[2], status;
	char byte;
	pid_t pid;

	(void)state;
	for (int serves = 0; serves < 2; serves++) {
		assert_int_equal(pipe(ready), 0);
		pid = fork();
		if (!pid) {
			claim = server_claim(path, &e);
			if (write(ready[1], "", 1) != 1 || claim < 0)
				_exit(1);
			usleep(300000);
			if (!serves)
				_exit(0);
			fd = server_bind(path, &e);
			server_unclaim(path, claim);
			pause();
		}
		assert_int_equal(read(ready[0], &byte, 1), 1);
		fd = server_listen(path, &e);
		if (serves) {
			assert_int_equal(fd, -EADDRINUSE);
			kill(pid, SIGKILL);
		} else {
			assert_true(fd >= 0);
			close(fd);
		}
		assert_int_equal(waitpid(pid, &status, 0), pid);
		close(ready[0]);
		close(ready[1]);
	}
}

/* A lock file of another user, or one that others can open, is refused, and stays. */
static void lock_files_of_others(void **state)
{
	struct errbuf e = {};
	struct stat st;
	int fd;

	(void)state;
	if (geteuid())
		skip();
	fd = server_listen(path, &e);
	assert_true(fd >= 0);
	close(fd);
	fd = open(lock_file(), O_CREAT | O_RDWR, 0600);
	assert_int_equal(fchown(fd, 65534, -1), 0);
	assert_int_equal(server_claim(path, &e), -EPERM);
	assert_non_null(strstr(e.text, "belongs to user 65534, with mode 600; remove it"));
	assert_int_equal(fchown(fd, 0, -1), 0);
	assert_int_equal(fchmod(fd, 0644), 0);
	assert_int_equal(server_claim(path, &e), -EPERM);
	assert_non_null(strstr(e.text, "belongs to user 0, with mode 644; remove it"));
	close(fd);
	assert_int_equal(unlink(lock_file()), 0);
	assert_int_equal(symlink("/dev/zero", lock_file()), 0);
	assert_int_equal(server_claim(path, &e), -ELOOP);
	assert_int_equal(unlink(lock_file()), 0);
	assert_int_equal(mkfifo(lock_file(), 0600), 0);
	alarm(60);
	assert_int_equal(server_claim(path, &e), -EPERM);
	assert_int_equal(lstat(lock_file(), &st), 0);
	assert_int_equal(unlink(lock_file()), 0);
}

static void bad_paths(void **state)
{
	struct errbuf e = {};
	char longest[300];

	(void)state;
	memset(longest, 'x', sizeof(longest));
	longest[299] = '\0';
	assert_int_equal(server_listen(longest, &e), -ENAMETOOLONG);
	assert_int_equal(server_listen("", &e), -ENAMETOOLONG);
	assert_int_equal(server_probe(longest, &e), 0);
	assert_int_equal(server_listen("/nonexistent/folder/below/sock", &e), -ENOENT);
	assert_non_null(strstr(e.text, "/nonexistent/folder/below"));
}

static int no_sample(void *ctx, struct model *m)
{
	(void)ctx;
	(void)m;
	return -EIO;
}

static void clients_have_a_limit(void **state)
{
	const struct service_source source = { .sample = no_sample };
	struct rlimit limit = { 4096, 4096 };
	int fd[SERVER_CLIENTS_MAX], extra, listener;
	struct history *h = history_new();
	struct service service;
	struct server *server;
	struct errbuf e = {};
	struct loop loop;
	char text[100] = "";

	(void)state;
	if (setrlimit(RLIMIT_NOFILE, &limit))
		skip();
	assert_int_equal(loop_init(&loop), 0);
	service_init(&service, &source, h);
	listener = server_listen(path, &e);
	assert_true(listener >= 0);
	assert_int_equal(server_new(&loop, &service, listener, &server), 0);
	for (size_t i = 0; i < SERVER_CLIENTS_MAX; i++) {
		fd[i] = connect_to(path);
		assert_true(fd[i] >= 0);
		assert_int_equal(loop_once(&loop, 1000), 0);
	}
	assert_int_equal(server_clients(server), SERVER_CLIENTS_MAX);
	/* Root gets in, another user does not while the other clients are new. */
	extra = connect_to(path);
	assert_int_equal(loop_once(&loop, 1000), 0);
	if (getuid()) {
		assert_true(recv(extra, text, sizeof(text) - 1, 0) > 0);
		assert_non_null(strstr(text, "org.iomap.Monitor.TooBusy"));
		assert_int_equal(recv(extra, text, 1, 0), 0);
	} else {
		assert_int_equal(recv(fd[0], text, 1, 0), 0);
		assert_int_equal(recv(extra, text, 1, 0), -1);
	}
	assert_int_equal(server_clients(server), SERVER_CLIENTS_MAX);
	/* One client leaves, another one gets its place. */
	close(fd[7]);
	assert_int_equal(loop_once(&loop, 1000), 0);
	assert_int_equal(server_clients(server), SERVER_CLIENTS_MAX - 1);
	fd[7] = connect_to(path);
	assert_int_equal(loop_once(&loop, 1000), 0);
	assert_int_equal(server_clients(server), SERVER_CLIENTS_MAX);
	close(extra);
	for (size_t i = 0; i < SERVER_CLIENTS_MAX; i++)
		close(fd[i]);
	server_free(server);
	service_done(&service);
	loop_done(&loop);
	history_free(h);
}

/* Without free descriptors, the server pauses and accepts the client later; it does not spin. */
static void out_of_descriptors(void **state)
{
	const struct service_source source = { .sample = no_sample };
	struct history *h = history_new();
	struct rlimit old, tight;
	struct service service;
	struct server *server;
	struct errbuf e = {};
	int listener, first, second;
	struct loop loop;

	(void)state;
	assert_int_equal(getrlimit(RLIMIT_NOFILE, &old), 0);
	assert_int_equal(loop_init(&loop), 0);
	service_init(&service, &source, h);
	listener = server_listen(path, &e);
	assert_true(listener >= 0);
	assert_int_equal(server_new(&loop, &service, listener, &server), 0);
	first = connect_to(path);
	assert_int_equal(loop_once(&loop, 1000), 0);
	second = connect_to(path);
	tight = (struct rlimit){ second, old.rlim_max };
	assert_int_equal(setrlimit(RLIMIT_NOFILE, &tight), 0);
	for (int i = 0; i < 10; i++)
		assert_int_equal(loop_once(&loop, 0), 0);
	assert_int_equal(server_clients(server), 1);
	assert_int_equal(setrlimit(RLIMIT_NOFILE, &old), 0);
	close(first);
	for (int i = 0; i < 10; i++)
		assert_int_equal(loop_once(&loop, 0), 0);
	assert_int_equal(server_clients(server), 1);
	close(second);
	for (int i = 0; i < 10; i++)
		assert_int_equal(loop_once(&loop, 0), 0);
	assert_int_equal(server_clients(server), 0);
	/* No client is connected that could leave. */
	second = connect_to(path);
	tight = (struct rlimit){ second, old.rlim_max };
	assert_int_equal(setrlimit(RLIMIT_NOFILE, &tight), 0);
	assert_int_equal(loop_once(&loop, 0), 0);
	/* It waits. */
	assert_int_equal(loop_once(&loop, 1), 0);
	assert_int_equal(setrlimit(RLIMIT_NOFILE, &old), 0);
	for (int i = 0; i < 20 && !server_clients(server); i++)
		assert_int_equal(loop_once(&loop, 1000), 0);
	assert_int_equal(server_clients(server), 1);
	close(second);
	server_free(server);
	service_done(&service);
	loop_done(&loop);
	history_free(h);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(makes_folder_and_socket),
		cmocka_unit_test(modes_do_not_depend_on_the_umask),
		cmocka_unit_test(second_server_is_refused),
		cmocka_unit_test(stale_socket_is_replaced),
		cmocka_unit_test(other_files_are_left_alone),
		cmocka_unit_test(a_locked_folder_does_not_matter),
		cmocka_unit_test(the_claim_has_a_deadline),
		cmocka_unit_test(the_claim_is_handed_on),
		cmocka_unit_test(lock_files_of_others),
		cmocka_unit_test(bad_paths),
		cmocka_unit_test(clients_have_a_limit),
		cmocka_unit_test(out_of_descriptors),
	};

	return cmocka_run_group_tests_name("unit/listen", tests, make_dir, remove_dir);
}
