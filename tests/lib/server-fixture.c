// SPDX-License-Identifier: GPL-2.0-or-later
#include "tests/lib/server-fixture.h"

#include <sys/socket.h>

#include "daemon/base/buf.h"

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

void set_up(struct fixture *f, size_t mappings)
{
	const struct service_source source = { .ctx = f, .sample = sample };

	*f = (struct fixture){ .mappings = mappings };
	f->history = history_new();
	assert_non_null(f->history);
	assert_int_equal(loop_init(&f->loop), 0);
	service_init(&f->service, &source, f->history);
	assert_int_equal(server_new(&f->loop, &f->service, -1, &f->server), 0);
}

void tear_down(struct fixture *f)
{
	server_free(f->server);
	service_done(&f->service);
	history_free(f->history);
	loop_done(&f->loop);
}

void pump(struct fixture *f)
{
	for (int i = 0; i < 500; i++)
		assert_int_equal(loop_once(&f->loop, 0), 0);
}

int connect_client(struct fixture *f)
{
	return connect_user(f, getuid());
}

int connect_user(struct fixture *f, uid_t uid)
{
	int fd[2];

	assert_int_equal(socketpair(AF_UNIX, SOCK_STREAM | SOCK_NONBLOCK, 0, fd), 0);
	assert_int_equal(server_add_client(f->server, fd[0], uid), 0);
	return fd[1];
}

void put(int fd, const void *data, size_t n)
{
	assert_int_equal(send(fd, data, n, MSG_NOSIGNAL), n);
}

void call(int fd, const char *json)
{
	put(fd, json, strlen(json) + 1);
}

/* Reads byte by byte, so that the next reply stays in the socket. */
json_t *reply(struct fixture *f, int fd)
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

void expect_status(struct fixture *f, int fd)
{
	json_t *v = reply(f, fd);

	assert_non_null(v);
	assert_non_null(json_object_get(json_object_get(v, "parameters"), "accounting"));
	assert_null(json_object_get(v, "error"));
	json_decref(v);
}

void expect_error(struct fixture *f, int fd, const char *error)
{
	json_t *v = reply(f, fd);

	assert_non_null(v);
	assert_string_equal(json_string_value(json_object_get(v, "error")), error);
	json_decref(v);
}

void expect_closed(int fd)
{
	char c;

	assert_true(recv(fd, &c, 1, 0) == 0 || errno == ECONNRESET);
}

long long next_event(struct fixture *f, int fd, long long *ret_missed)
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

void add_events(struct fixture *f, unsigned int n)
{
	struct event e = { .rec.type = IOMAP_EVENT_CREATE };

	for (unsigned int i = 0; i < n; i++) {
		history_add(f->history, &e);
		server_events_added(f->server);
	}
}
