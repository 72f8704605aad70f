// SPDX-License-Identifier: GPL-2.0-or-later
/* The server with good, slow, half-dead and hostile clients, in one process. */
#include "tests/unit/test.h"

#include <fcntl.h>
#include <poll.h>
#include <jansson.h>
#include <sys/resource.h>
#include <sys/socket.h>
#include <sys/stat.h>
#include <sys/un.h>

#include "daemon/server.h"

struct fixture {
	struct loop loop;
	struct service service;
	struct history *history;
	struct server *server;
	size_t mappings; /* how large the source's figures are */
	int error;	 /* what the source returns */
	unsigned int samples;
};

static int sample(void *ctx, struct model *m)
{
	struct fixture *f = ctx;
	struct iomap_counters c = {};

	f->samples++;
	if (f->error)
		return f->error;
	m->version = "0.1";
	m->time_ns = f->samples;
	for (size_t i = 0; i < f->mappings; i++) {
		struct iomap_mapping rec = { .state = IOMAP_LIVE, .size = 4096 };
		struct model_mapping *mm;

		if (model_add_mapping(m, i + 1, &rec, &c, 1, sizeof(c), &mm))
			return -ENOMEM;
		mm->owner = "a_function_of_a_driver+0x123";
	}
	model_finish(m);
	return 0;
}

static void set_up(struct fixture *f, size_t mappings)
{
	const struct service_source source = { f, sample };

	*f = (struct fixture){ .mappings = mappings };
	f->history = history_new();
	assert_non_null(f->history);
	assert_int_equal(loop_init(&f->loop), 0);
	service_init(&f->service, &source, f->history);
	assert_int_equal(server_new(&f->loop, &f->service, -1, &f->server), 0);
}

static void tear_down(struct fixture *f)
{
	server_free(f->server);
	service_done(&f->service);
	history_free(f->history);
	loop_done(&f->loop);
}

/* Lets the server do what it can do now. */
static void pump(struct fixture *f)
{
	for (int i = 0; i < 500; i++)
		assert_int_equal(loop_once(&f->loop, 0), 0);
}

static int connect_client(struct fixture *f)
{
	int fd[2];

	assert_int_equal(socketpair(AF_UNIX, SOCK_STREAM | SOCK_NONBLOCK, 0, fd), 0);
	assert_int_equal(server_add_client(f->server, fd[0]), 0);
	return fd[1];
}

static void put(int fd, const void *data, size_t n)
{
	assert_int_equal(send(fd, data, n, MSG_NOSIGNAL), n);
}

/* Sends one call. */
static void call(int fd, const char *json)
{
	put(fd, json, strlen(json) + 1);
}

#define STATUS "{\"method\":\"org.iomap.Monitor.Status\"}"
#define LIST   "{\"method\":\"org.iomap.Monitor.List\"}"
#define FOLLOW \
	"{\"method\":\"org.iomap.Monitor.Events\",\"parameters\":{\"follow\":true},\"more\":true}"

/* The next reply, reading byte by byte; NULL when none is there or the connection is closed. */
static json_t *reply(struct fixture *f, int fd)
{
	struct buf in = {};
	json_t *root;
	char c;

	for (;;) {
		ssize_t n = recv(fd, &c, 1, 0);

		if (n < 0 && errno == EAGAIN && in.len) {
			pump(f);
			continue;
		}
		if (n <= 0) {
			assert_int_equal(in.len, 0);
			return NULL;
		}
		if (!c)
			break;
		buf_append(&in, &c, 1);
	}
	root = json_loadb(in.data, in.len, 0, NULL);
	assert_non_null(root);
	buf_free(&in);
	return root;
}

static void expect_status(struct fixture *f, int fd)
{
	json_t *v = reply(f, fd);

	assert_non_null(v);
	assert_non_null(json_object_get(json_object_get(v, "parameters"), "conservation"));
	assert_null(json_object_get(v, "error"));
	json_decref(v);
}

static void expect_error(struct fixture *f, int fd, const char *error)
{
	json_t *v = reply(f, fd);

	assert_non_null(v);
	assert_string_equal(json_string_value(json_object_get(v, "error")), error);
	json_decref(v);
}

static void expect_closed(int fd)
{
	char c;

	assert_true(recv(fd, &c, 1, 0) == 0 || errno == ECONNRESET);
}

/* Sequence number of the event in the next reply; 0 for the last one; -1 for no reply. */
static long long next_event(struct fixture *f, int fd, long long *ret_missed)
{
	json_t *v = reply(f, fd), *p, *e;
	long long seq = 0;

	if (!v)
		return -1;
	p = json_object_get(v, "parameters");
	e = json_object_get(p, "event");
	if (ret_missed)
		*ret_missed = json_integer_value(json_object_get(p, "missed"));
	if (json_is_object(e)) {
		seq = json_integer_value(json_object_get(e, "seq"));
		assert_true(json_is_true(json_object_get(v, "continues")));
	} else {
		assert_true(json_is_null(e));
		assert_null(json_object_get(v, "continues"));
	}
	json_decref(v);
	return seq;
}

static void add_events(struct fixture *f, unsigned int n)
{
	struct event e = { .rec.type = IOMAP_EVENT_CREATE };

	for (unsigned int i = 0; i < n; i++) {
		history_add(f->history, &e);
		server_events_added(f->server);
	}
}

static void answers(void **state)
{
	struct fixture f;
	int fd;

	(void)state;
	set_up(&f, 1);
	fd = connect_client(&f);
	for (int i = 0; i < 3; i++) {
		call(fd, STATUS);
		pump(&f);
		expect_status(&f, fd);
	}
	assert_null(reply(&f, fd));
	close(fd);
	pump(&f);
	assert_int_equal(server_clients(f.server), 0);
	tear_down(&f);
}

static void answers_in_order(void **state)
{
	struct fixture f;
	long long last = 0;
	int fd;

	(void)state;
	set_up(&f, 3);
	fd = connect_client(&f);
	for (int i = 0; i < 50; i++) {
		call(fd, STATUS);
		call(fd, "{\"method\":\"org.varlink.service.GetInfo\"}");
	}
	for (int i = 0; i < 100; i++) {
		json_t *v, *p;

		pump(&f);
		v = reply(&f, fd);
		assert_non_null(v);
		p = json_object_get(v, "parameters");
		if (i % 2) {
			assert_non_null(json_object_get(p, "interfaces"));
		} else {
			assert_true(json_integer_value(json_object_get(p, "time_ns")) > last);
			last = json_integer_value(json_object_get(p, "time_ns"));
		}
		json_decref(v);
	}
	close(fd);
	tear_down(&f);
}

/* A client that says all it has to say and then closes its side still gets its replies. */
static void half_closed(void **state)
{
	struct fixture f;
	int fd;

	(void)state;
	set_up(&f, 1);
	fd = connect_client(&f);
	call(fd, STATUS);
	call(fd, STATUS);
	put(fd, "{\"meth", 6);
	shutdown(fd, SHUT_WR);
	pump(&f);
	expect_status(&f, fd);
	expect_status(&f, fd);
	expect_closed(fd);
	assert_int_equal(server_clients(f.server), 0);
	close(fd);
	tear_down(&f);
}

static void errors_by_name(void **state)
{
	static const struct {
		const char *call;
		const char *error;
	} cases[] = {
		{ "{\"method\":\"org.iomap.Monitor.Nope\"}", "org.varlink.service.MethodNotFound" },
		{ "{\"method\":\"org.nope.Status\"}", "org.varlink.service.InterfaceNotFound" },
		{ "{\"method\":\"org.iomap.Monitor.Status\",\"parameters\":{\"x\":1}}",
		  "org.varlink.service.InvalidParameter" },
		{ "{\"method\":\"org.iomap.Monitor.List\",\"parameters\":{\"freed\":1}}",
		  "org.varlink.service.InvalidParameter" },
		{ "{\"method\":\"org.iomap.Monitor.Hist\",\"parameters\":{\"kind\":\"x\"}}",
		  "org.varlink.service.InvalidParameter" },
		{ "{\"method\":\"org.iomap.Monitor.Hist\",\"parameters\":{\"kind\":7}}",
		  "org.varlink.service.InvalidParameter" },
		{ "{\"method\":\"org.iomap.Monitor.Events\"}", "org.varlink.service.ExpectedMore" },
		{ "{\"method\":\"org.varlink.service.GetInterfaceDescription\"}",
		  "org.varlink.service.InvalidParameter" },
		{ "{\"method\":\"org.varlink.service.GetInterfaceDescription\","
		  "\"parameters\":{\"interface\":\"org.nope\"}}",
		  "org.varlink.service.InterfaceNotFound" },
	};
	struct fixture f;
	int fd;

	(void)state;
	set_up(&f, 1);
	fd = connect_client(&f);
	for (size_t i = 0; i < ARRAY_SIZE(cases); i++) {
		call(fd, cases[i].call);
		pump(&f);
		expect_error(&f, fd, cases[i].error);
	}
	f.error = -EIO;
	call(fd, STATUS);
	pump(&f);
	expect_error(&f, fd, "org.iomap.Monitor.SampleFailed");
	f.error = 0;
	/* The connection is as good as new. */
	call(fd, STATUS);
	pump(&f);
	expect_status(&f, fd);
	close(fd);
	tear_down(&f);
}

static void describes_itself(void **state)
{
	static const char *const interfaces[] = { "org.iomap.Monitor", "org.varlink.service" };
	char text[200];
	struct fixture f;
	int fd;

	(void)state;
	set_up(&f, 1);
	fd = connect_client(&f);
	for (int i = 0; i < 2; i++) {
		const char *d;
		json_t *v;

		snprintf(text, sizeof(text),
			 "{\"method\":\"org.varlink.service.GetInterfaceDescription\","
			 "\"parameters\":{\"interface\":\"%s\"}}",
			 interfaces[i]);
		call(fd, text);
		pump(&f);
		v = reply(&f, fd);
		d = json_string_value(
			json_object_get(json_object_get(v, "parameters"), "description"));
		snprintf(text, sizeof(text), "\ninterface %s\n", interfaces[i]);
		assert_non_null(strstr(d, text));
		json_decref(v);
	}
	close(fd);
	tear_down(&f);
}

static void oneway_has_no_reply(void **state)
{
	struct fixture f;
	int fd;

	(void)state;
	set_up(&f, 1);
	fd = connect_client(&f);
	call(fd, "{\"method\":\"org.iomap.Monitor.Status\",\"oneway\":true}");
	call(fd, "{\"method\":\"org.iomap.Monitor.Events\",\"more\":true,\"oneway\":true}");
	call(fd, "{\"method\":\"no.Such\",\"oneway\":true}");
	pump(&f);
	assert_null(reply(&f, fd));
	call(fd, STATUS);
	pump(&f);
	expect_status(&f, fd);
	close(fd);
	tear_down(&f);
}

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

/* A client that asks and asks and never reads is not read from; the others do not notice. */
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
	/* It stopped answering as well: what waits is bounded. */
	assert_true(f.samples < 20);
	call(good, STATUS);
	pump(&f);
	expect_status(&f, good);
	/* When it reads after all, it gets everything. */
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

/* Replies longer than what it reads between them do not pile up. */
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
	/* It has not yet read the first one. */
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
	/* Those that never read go, and there is room again. */
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

static void history_then_end(void **state)
{
	struct fixture f;
	int fd;

	(void)state;
	set_up(&f, 1);
	add_events(&f, 3);
	fd = connect_client(&f);
	call(fd, "{\"method\":\"org.iomap.Monitor.Events\",\"more\":true}");
	call(fd, STATUS);
	pump(&f);
	for (int i = 1; i <= 3; i++)
		assert_int_equal(next_event(&f, fd, NULL), i);
	assert_int_equal(next_event(&f, fd, NULL), 0);
	/* The call that waited meanwhile is answered then. */
	expect_status(&f, fd);
	close(fd);
	tear_down(&f);
}

static void follows(void **state)
{
	struct fixture f;
	int fd[2];

	(void)state;
	set_up(&f, 1);
	add_events(&f, 2);
	for (int i = 0; i < 2; i++) {
		fd[i] = connect_client(&f);
		call(fd[i], FOLLOW);
		pump(&f);
		assert_int_equal(next_event(&f, fd[i], NULL), 1);
		assert_int_equal(next_event(&f, fd[i], NULL), 2);
		assert_int_equal(next_event(&f, fd[i], NULL), -1);
	}
	for (int i = 3; i < 10; i++) {
		add_events(&f, 1);
		assert_int_equal(next_event(&f, fd[0], NULL), i);
		assert_int_equal(next_event(&f, fd[1], NULL), i);
	}
	close(fd[0]);
	add_events(&f, 1);
	pump(&f);
	assert_int_equal(server_clients(f.server), 1);
	assert_int_equal(next_event(&f, fd[1], NULL), 10);
	close(fd[1]);
	pump(&f);
	assert_int_equal(server_clients(f.server), 0);
	tear_down(&f);
}

/* A follower that does not read misses events, is told how many, and goes on with the newest. */
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
	/* This has to wait until the stream ends, which is never. */
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

/* Bytes of all sorts, whole calls with a byte changed, cut anywhere. */
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
		cmocka_unit_test(answers),
		cmocka_unit_test(answers_in_order),
		cmocka_unit_test(half_closed),
		cmocka_unit_test(errors_by_name),
		cmocka_unit_test(describes_itself),
		cmocka_unit_test(oneway_has_no_reply),
		cmocka_unit_test(garbage_is_dropped),
		cmocka_unit_test(endless_message_is_dropped),
		cmocka_unit_test(never_reads),
		cmocka_unit_test(reads_slowly),
		cmocka_unit_test(too_busy),
		cmocka_unit_test(history_then_end),
		cmocka_unit_test(follows),
		cmocka_unit_test(slow_follower),
		cmocka_unit_test(fuzz),
	};

	return cmocka_run_group_tests_name("unit/server", tests, NULL, NULL);
}
