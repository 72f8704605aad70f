// SPDX-License-Identifier: GPL-2.0-or-later
/* The server with slow, silent and hostile clients: it goes on serving the others. */
#include "tests/lib/server-fixture.h"

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

static void too_busy(void **state)
{
	enum {
		CLIENTS = 40
	};
	int fd[CLIENTS], refused = 0;
	struct fixture f;
	char c[100];

	(void)state;
	set_up(&f, 4096);
	for (int i = 0; i < CLIENTS; i++) {
		fd[i] = connect_client(&f);
		call(fd[i], LIST);
		pump(&f);
	}
	assert_true(f.samples < CLIENTS);
	for (int i = 0; i < CLIENTS; i++) {
		memset(c, 0, sizeof(c));
		assert_true(recv(fd[i], c, sizeof(c) - 1, MSG_PEEK) > 0);
		refused += strstr(c, "org.iomap.Monitor.TooBusy") != NULL;
	}
	assert_int_equal(refused, CLIENTS - f.samples);
	/* Clients that never read are dropped, which makes room. */
	for (int i = 0; i < CLIENTS - 1; i++)
		close(fd[i]);
	pump(&f);
	expect_error(&f, fd[CLIENTS - 1], "org.iomap.Monitor.TooBusy");
	call(fd[CLIENTS - 1], STATUS);
	pump(&f);
	expect_status(&f, fd[CLIENTS - 1]);
	close(fd[CLIENTS - 1]);
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
		cmocka_unit_test(too_busy),
		cmocka_unit_test(slow_follower),
		cmocka_unit_test(fuzz),
	};

	return cmocka_run_group_tests_name("unit/server-abuse", tests, NULL, NULL);
}
