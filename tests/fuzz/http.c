// SPDX-License-Identifier: GPL-2.0-or-later
/* A request for the metrics: its line and its headers. libmicrohttpd parses it, http.c answers. */
#include "tests/lib/fuzz.h"
#include "tests/lib/server-fixture.h"

#include <sys/socket.h>
#include <sys/un.h>

#include "daemon/http.h"

/* libmicrohttpd takes any listening socket; one without a port costs less. */
static int listen_somewhere(struct sockaddr_un *addr, socklen_t *len)
{
	int fd = socket(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC | SOCK_NONBLOCK, 0);

	*addr = (struct sockaddr_un){ .sun_family = AF_UNIX };
	*len = sizeof(sa_family_t);
	CHECK(fd >= 0);
	CHECK(!bind(fd, (void *)addr, *len)); /* the kernel chooses an abstract name */
	*len = sizeof(*addr);
	CHECK(!getsockname(fd, (void *)addr, len));
	CHECK(!listen(fd, 4));
	return fd;
}

/* Lets the server answer. Returns false at the end of the connection. */
static bool take(struct fixture *f, int fd, struct buf *in)
{
	char *room = buf_reserve(in, 65536);
	ssize_t n;

	CHECK(room);
	CHECK(!loop_once(&f->loop, 0));
	n = recv(fd, room, 65535, MSG_DONTWAIT);
	if (n > 0)
		in->len += n;
	return n > 0 || (n < 0 && errno == EAGAIN);
}

/* The answer is none, or a status line, headers, and for a good request the metrics. */
static void check_answer(const struct buf *in)
{
	static const char good[] = "HTTP/1.1 200 OK\r\n";
	char *text = fuzz_string(in->data, in->len);

	CHECK(!*text || !strncmp(text, "HTTP/1.", 7));
	if (!strncmp(text, good, strlen(good))) {
		CHECK(strstr(text, "\r\n\r\n"));
		CHECK(strstr(text, "\r\nContent-Type: application/openmetrics-text; ") ||
		      strstr(text, "\r\nContent-Type: text/plain; version=0.0.4; "));
	}
	free(text);
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	struct sockaddr_un addr;
	struct buf in = {};
	struct http *http;
	struct fixture f;
	socklen_t len;
	int fd;

	if (size > 2 * HTTP_REQUEST_MAX)
		return 0;
	set_up(&f, 1);
	CHECK(!http_new(&f.loop, &f.service, listen_somewhere(&addr, &len), &http));
	fd = socket(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC, 0);
	CHECK(fd >= 0 && !connect(fd, (void *)&addr, len));
	for (size_t half = size / 2, at = 0; at < size; at += half ?: 1) {
		size_t n = size - at < (half ?: 1) ? size - at : half ?: 1;

		if (send(fd, data + at, n, MSG_NOSIGNAL | MSG_DONTWAIT) < 0)
			break; /* the server has closed the connection */
		take(&f, fd, &in);
	}
	shutdown(fd, SHUT_WR);
	for (int i = 0; i < 50 && take(&f, fd, &in); i++)
		;
	close(fd);
	http_free(http);
	tear_down(&f);
	check_answer(&in);
	buf_free(&in);
	return 0;
}
