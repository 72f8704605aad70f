// SPDX-License-Identifier: GPL-2.0-or-later
/*
 * The bytes that a client sends to iomapd's socket, at once and in pieces: both ways the server
 * answers each call up to the first message that is none. Each reply is a JSON object.
 */
#include "tests/lib/fuzz.h"
#include "tests/lib/server-fixture.h"

#include <sys/socket.h>

#include "daemon/base/varlink.h"
#include "tests/lib/figures.h"

/* More turns than any input needs. */
#define TURNS 100000

static int sample(void *ctx, struct model *m)
{
	const struct figures figures = { .time = 5, .work = 5, .sites = 2, .ipi = true };

	(void)ctx;
	return figures_fill(m, &figures);
}

/* Reads what has come. Returns false at the end of the connection. */
static bool take(int fd, struct buf *in)
{
	for (;;) {
		char *room = buf_reserve(in, 65536);
		ssize_t n;

		CHECK(room);
		n = recv(fd, room, 65536, MSG_DONTWAIT);
		if (n < 0 && errno == EAGAIN)
			return true;
		if (n <= 0)
			return false;
		in->len += n;
	}
}

static size_t count_replies(const struct buf *in)
{
	const char *at = in->data, *end = at + in->len;
	size_t n = 0;

	while (at < end) {
		size_t len = strnlen(at, end - at);
		json_t *v = json_loadb(at, len, 0, NULL);

		CHECK(at + len < end); /* a NUL ends each reply */
		CHECK(json_is_object(v));
		json_decref(v);
		at += len + 1;
		n++;
	}
	return n;
}

/* Sends the bytes in pieces of this size. Returns the number of replies. */
static size_t talk(const uint8_t *data, size_t size, size_t piece)
{
	struct buf in = {};
	struct fixture f;
	int fd, turns = 0;
	size_t sent = 0, n;

	set_up(&f, 0);
	f.service.source.sample = sample;
	add_events(&f, 3);
	fd = connect_client(&f);
	while (sent < size) {
		n = size - sent < piece ? size - sent : piece;
		if (send(fd, data + sent, n, MSG_NOSIGNAL | MSG_DONTWAIT) == (ssize_t)n)
			sent += n;
		else if (errno != EAGAIN)
			break; /* the server has closed the connection */
		for (int i = 0; i < 3; i++)
			CHECK(!loop_once(&f.loop, 0));
		take(fd, &in);
		CHECK(++turns < TURNS);
	}
	shutdown(fd, SHUT_WR);
	/* A client that follows the events stays; all others are at the end of their replies. */
	for (turns = 0; turns < 200 && take(fd, &in); turns++)
		CHECK(!loop_once(&f.loop, 0));
	close(fd);
	CHECK(!loop_once(&f.loop, 0) && !loop_once(&f.loop, 0));
	CHECK(!server_clients(f.server));
	tear_down(&f);
	n = count_replies(&in);
	buf_free(&in);
	return n;
}

/*
 * Counts the replies that the bytes deserve. Returns true if there may be more: a stream of events
 * begins.
 */
static bool expect(const char *data, size_t size, size_t *ret_replies)
{
	const char *at = data, *end = data + size, *nul;
	struct varlink_call call;
	bool stream = false;

	*ret_replies = 0;
	while (!stream && (nul = memchr(at, '\0', end - at))) {
		if (nul - at > VARLINK_MESSAGE_MAX || varlink_call_parse(at, nul - at, &call))
			break; /* the server closes the connection */
		stream = !strcmp(call.method, "Events");
		*ret_replies += !call.oneway;
		varlink_call_free(&call);
		at = nul + 1;
	}
	return stream;
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	size_t want, whole, pieces;
	bool stream;

	if (size > 16384)
		return 0;
	stream = expect((const char *)data, size, &want);
	whole = talk(data, size, size ?: 1);
	pieces = talk(data, size, 1 + size / 7);
	CHECK(stream ? whole >= want : whole == want);
	CHECK(pieces == whole);
	return 0;
}
