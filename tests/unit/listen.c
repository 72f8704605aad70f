// SPDX-License-Identifier: GPL-2.0-or-later
/* The listening socket, and as many clients as there may be. */
#include "tests/lib/test.h"

#include <fcntl.h>
#include <sys/resource.h>
#include <sys/socket.h>
#include <sys/stat.h>
#include <sys/un.h>

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
	assert_int_equal(unlink(file), 0);
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
		cmocka_unit_test(second_server_is_refused),
		cmocka_unit_test(stale_socket_is_replaced),
		cmocka_unit_test(other_files_are_left_alone),
		cmocka_unit_test(bad_paths),
		cmocka_unit_test(clients_have_a_limit),
		cmocka_unit_test(out_of_descriptors),
	};

	return cmocka_run_group_tests_name("unit/listen", tests, make_dir, remove_dir);
}
