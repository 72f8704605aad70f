// SPDX-License-Identifier: GPL-2.0-or-later
/* The server with slow, silent and hostile clients: it goes on serving the others. */
#include "tests/lib/server-fixture.h"

#include <sys/resource.h>
#include <sys/socket.h>

static void garbage_is_dropped(void **state)
{
	static const char *const bad[] = { "garbage", "{}", "[1]", "{\"method\":5}" };
	struct fixture f;
	int good;

	(void)state;
	set_up(&f, 1);
	good = connect_client(&f);
	for (size_t i = 0; i < ARRAY_SIZE(bad); i++) {
		int fd = connect_client(&f);

		call(fd, bad[i]);
		call(good, STATUS);
		pump(&f);
		expect_closed(fd);
		expect_status(&f, good);
		close(fd);
	}
	assert_int_equal(server_clients(f.server), 1);
	close(good);
	tear_down(&f);
}

static void endless_message_is_dropped(void **state)
{
	char xs[4096];
	struct fixture f;
	ssize_t sent = 0, n;
	int fd;

	(void)state;
	set_up(&f, 1);
	fd = connect_client(&f);
	memset(xs, 'x', sizeof(xs));
	do {
		n = send(fd, xs, sizeof(xs), MSG_NOSIGNAL);
		sent += n > 0 ? n : 0;
		pump(&f);
	} while ((n > 0 || errno == EAGAIN) && sent < 1 << 20);
	assert_true(sent <= VARLINK_MESSAGE_MAX + 2 * (ssize_t)sizeof(xs));
	assert_int_equal(server_clients(f.server), 0);
	close(fd);
	tear_down(&f);
}

/* The server stops reading from a client that never reads replies. Other clients get theirs. */
static void never_reads(void **state)
{
	const char *ask = LIST;
	size_t asked = 0, got = 0;
	struct fixture f;
	int fd, good;
	json_t *v;

	(void)state;
	set_up(&f, 300);
	fd = connect_client(&f);
	good = connect_client(&f);
	for (int i = 0; i < 20000; i++) {
		if (send(fd, ask, strlen(ask) + 1, MSG_NOSIGNAL) < 0)
			break;
		asked++;
		if (i % 100 == 0)
			pump(&f);
	}
	pump(&f);
	assert_true(asked < 20000);
	/* The server stopped answering it, too: the waiting output is bounded. */
	assert_true(f.samples < 20);
	call(good, STATUS);
	pump(&f);
	expect_status(&f, good);
	/* Once the client reads, it gets all replies. */
	while (got < asked) {
		pump(&f);
		v = reply(&f, fd);
		if (!v)
			break;
		json_decref(v);
		got++;
		if (got > 30)
			break;
	}
	assert_true(got > 30);
	close(fd);
	close(good);
	pump(&f);
	assert_int_equal(server_clients(f.server), 0);
	tear_down(&f);
}

/* Replies do not pile up for a client that reads less than it asks for. */
static void reads_slowly(void **state)
{
	char some[4096];
	struct fixture f;
	int fd;

	(void)state;
	set_up(&f, 2000);
	fd = connect_client(&f);
	for (int i = 0; i < 20; i++)
		call(fd, LIST);
	pump(&f);
	for (int i = 0; i < 100; i++) {
		assert_int_equal(recv(fd, some, sizeof(some), 0), sizeof(some));
		pump(&f);
	}
	/* The client has not yet read the first reply. */
	assert_int_equal(f.samples, 1);
	close(fd);
	tear_down(&f);
}

/* Asks for a list. Returns false if the reply is an error. */
static bool gets_list(struct fixture *f, int fd)
{
	static char some[1 << 16];
	bool good = false, end = false;
	ssize_t n, all = 0;

	call(fd, LIST);
	while (!end) {
		n = recv(fd, some, sizeof(some) - 1, 0);
		if (n < 0 && errno == EAGAIN) {
			assert_int_equal(loop_once(&f->loop, 0), 0);
			continue;
		}
		assert_true(n > 0);
		some[n] = '\0';
		if (!all)
			good = !strstr(some, "org.iomap.Monitor.TooBusy");
		end = !some[n - 1];
		all += n;
	}
	return good;
}

/* Asks for lists until a reply is no error, for at most ten seconds. */
static void list_until_good(struct fixture *f, int fd)
{
	uint64_t end = now_ns() + 10 * NSEC_PER_SEC;

	while (!gets_list(f, fd))
		assert_true(now_ns() < end);
}

enum {
	HOGS = 60
};

/* Clients that ask for long replies and never read. */
static void hogs_come(struct fixture *f, int *fd, uid_t uid)
{
	for (int i = 0; i < HOGS; i++) {
		fd[i] = connect_user(f, uid);
		for (int k = 0; k < 5; k++)
			call(fd[i], LIST_FREED);
	}
	pump(f);
	pump(f);
}

static void hogs_leave(const int *fd)
{
	for (int i = 0; i < HOGS; i++)
		close(fd[i]);
}

/* Short replies need no room that clients which never read can take. Long ones get it from them. */
static void hogs_of_the_same_user(void **state)
{
	int fd[HOGS], good;
	struct fixture f;

	(void)state;
	set_up(&f, 4096);
	good = connect_client(&f);
	hogs_come(&f, fd, getuid());
	call(good, STATUS);
	pump(&f);
	expect_status(&f, good);
	list_until_good(&f, good);
	assert_in_range(server_clients(f.server), 2, HOGS);
	hogs_leave(fd);
	close(good);
	tear_down(&f);
}

/* Another user has less than the clients that never read, and gets a long reply at once. */
static void hogs_of_another_user(void **state)
{
	int fd[HOGS], good;
	struct fixture f;

	(void)state;
	set_up(&f, 4096);
	good = connect_user(&f, 1000);
	hogs_come(&f, fd, 1001);
	assert_true(gets_list(&f, good));
	assert_in_range(server_clients(f.server), 2, HOGS);
	hogs_leave(fd);
	close(good);
	tear_down(&f);
}

/* Connects a client; returns -1 if the server has no room for the user. */
static int try_user(struct fixture *f, uid_t uid)
{
	int fd[2], err;

	assert_int_equal(socketpair(AF_UNIX, SOCK_STREAM | SOCK_NONBLOCK, 0, fd), 0);
	err = server_add_client(f->server, fd[0], uid);
	if (!err)
		return fd[1];
	assert_int_equal(err, -ENOSPC);
	close(fd[0]);
	close(fd[1]);
	return -1;
}

static bool is_closed(int fd)
{
	char c;

	return !recv(fd, &c, 1, MSG_PEEK);
}

/* A user who takes all connections leaves room for root and for other users. */
static void shares_of_connections(void **state)
{
	struct rlimit files = { 4096, 4096 };
	int fd[SERVER_CLIENTS_MAX], others[3];
	struct fixture f;
	uint64_t began = now_ns();

	(void)state;
	setrlimit(RLIMIT_NOFILE, &files);
	set_up(&f, 1);
	for (int i = 0; i < SERVER_CLIENTS_MAX; i++)
		fd[i] = connect_user(&f, 1001);
	/* The first two have asked; the others are useless. */
	call(fd[0], STATUS);
	call(fd[1], STATUS);
	pump(&f);
	assert_true(try_user(&f, 1001) < 0 || now_ns() - began >= SERVER_IDLE_NS);
	others[0] = try_user(&f, 0);
	others[1] = try_user(&f, 1000);
	others[2] = try_user(&f, 1000);
	for (int i = 0; i < 3; i++) {
		assert_true(others[i] >= 0);
		call(others[i], STATUS);
		pump(&f);
		expect_status(&f, others[i]);
	}
	assert_int_equal(server_clients(f.server), SERVER_CLIENTS_MAX);
	assert_false(is_closed(fd[0]));
	assert_false(is_closed(fd[1]));
	assert_true(is_closed(fd[2]));
	/* After a while, own idle clients make room for a new one. */
	while (now_ns() - began < 2 * SERVER_IDLE_NS)
		pump(&f);
	close(fd[2]);
	fd[2] = try_user(&f, 1001);
	assert_true(fd[2] >= 0);
	call(fd[2], STATUS);
	pump(&f);
	expect_status(&f, fd[2]);
	expect_status(&f, fd[0]);
	for (int i = 0; i < SERVER_CLIENTS_MAX; i++)
		close(fd[i]);
	for (int i = 0; i < 3; i++)
		close(others[i]);
	tear_down(&f);
}

/* Root replaces even clients of its own that are not idle. */
static void root_gets_in(void **state)
{
	struct rlimit files = { 4096, 4096 };
	int fd[SERVER_CLIENTS_MAX], extra;
	struct fixture f;

	(void)state;
	setrlimit(RLIMIT_NOFILE, &files);
	set_up(&f, 1);
	for (int i = 0; i < SERVER_CLIENTS_MAX; i++)
		fd[i] = connect_user(&f, 0);
	extra = try_user(&f, 0);
	assert_true(extra >= 0);
	call(extra, STATUS);
	pump(&f);
	expect_status(&f, extra);
	assert_true(is_closed(fd[0]));
	for (int i = 0; i < SERVER_CLIENTS_MAX; i++)
		close(fd[i]);
	close(extra);
	tear_down(&f);
}

/* A follower that does not read misses events, gets their number, and continues with the newest. */
static void slow_follower(void **state)
{
	const unsigned int n = 20000;
	long long seq = 0, last = 0, missed, all_missed = 0, got = 0;
	struct fixture f;
	int fd;

	(void)state;
	set_up(&f, 1);
	fd = connect_client(&f);
	call(fd, FOLLOW);
	/* The reply has to wait for the end of the stream, so it never comes. */
	call(fd, STATUS);
	pump(&f);
	add_events(&f, n);
	while (last < n) {
		pump(&f);
		seq = next_event(&f, fd, &missed);
		assert_true(seq > 0);
		assert_int_equal(seq, last + missed + 1);
		all_missed += missed;
		got++;
		last = seq;
	}
	assert_true(all_missed > 0);
	assert_int_equal(got + all_missed, n);
	add_events(&f, 1);
	assert_int_equal(next_event(&f, fd, &missed), n + 1);
	assert_int_equal(missed, 0);
	close(fd);
	tear_down(&f);
}

/* Random bytes, and calls with one byte changed or cut at any place. */
static void fuzz(void **state)
{
	static const char *const seeds[] = {
		STATUS,
		FOLLOW,
		LIST,
		"{\"method\":\"org.iomap.Monitor.Hist\",\"parameters\":{\"kind\":\"atomic\"}}",
		("{\"method\":\"org.varlink.service.GetInterfaceDescription\","
		 "\"parameters\":{\"interface\":\"org.iomap.Monitor\"}}"),
	};
	uint64_t r = 20240229;
	struct fixture f;
	int good;

	(void)state;
	set_up(&f, 5);
	add_events(&f, 5);
	good = connect_client(&f);
	for (int round = 0; round < 3000; round++) {
		int fd = connect_client(&f);
		char text[256];
		size_t len;

		for (int part = 0; part < 3; part++) {
			r = r * 6364136223846793005ULL + 1442695040888963407ULL;
			len = strlen(seeds[(r >> 33) % ARRAY_SIZE(seeds)]) + 1;
			memcpy(text, seeds[(r >> 33) % ARRAY_SIZE(seeds)], len);
			for (unsigned int i = 0; i < (r >> 60) % 4; i++)
				text[(r >> (8 * i + 3)) % len] = r >> (i * 9 + 20);
			if (r >> 63)
				len = (r >> 40) % len;
			send(fd, text, len, MSG_NOSIGNAL);
		}
		for (int i = 0; i < 10; i++)
			assert_int_equal(loop_once(&f.loop, 0), 0);
		close(fd);
	}
	call(good, STATUS);
	pump(&f);
	pump(&f);
	expect_status(&f, good);
	close(good);
	for (int i = 0; i < 100; i++)
		pump(&f);
	assert_int_equal(server_clients(f.server), 0);
	tear_down(&f);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(garbage_is_dropped),
		cmocka_unit_test(endless_message_is_dropped),
		cmocka_unit_test(never_reads),
		cmocka_unit_test(reads_slowly),
		cmocka_unit_test(hogs_of_the_same_user),
		cmocka_unit_test(hogs_of_another_user),
		cmocka_unit_test(shares_of_connections),
		cmocka_unit_test(root_gets_in),
		cmocka_unit_test(slow_follower),
		cmocka_unit_test(fuzz),
	};

	return cmocka_run_group_tests_name("unit/server-abuse", tests, NULL, NULL);
}
