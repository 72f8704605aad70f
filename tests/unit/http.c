// SPDX-License-Identifier: GPL-2.0-or-later
/* The metrics over HTTP, in one process with its clients: good, slow, many and hostile ones. */
#include "tests/lib/server-fixture.h"

#include <arpa/inet.h>
#include <fcntl.h>
#include <sys/resource.h>
#include <time.h>

#include "daemon/http.h"

#define GET	    "GET /metrics HTTP/1.1\r\nHost: x\r\n"
#define OPENMETRICS GET "Accept: application/openmetrics-text\r\n\r\n"

/* The fixture's service with a server of metrics beside that of Varlink. */
struct web {
	struct fixture f;
	struct http *http;
	struct sockaddr_in addr;
};

static void open_web(struct web *w, size_t mappings)
{
	struct errbuf e;
	char url[128];
	int fd;

	set_up(&w->f, mappings);
	fd = http_listen("127.0.0.1:0", &e);
	assert_true(fd >= 0);
	assert_int_equal(http_new(&w->f.loop, &w->f.service, fd, &w->http), 0);
	http_url(w->http, url, sizeof(url));
	w->addr = (struct sockaddr_in){ .sin_family = AF_INET,
					.sin_addr.s_addr = htonl(INADDR_LOOPBACK) };
	w->addr.sin_port = htons(strtoul(url + strlen("http://127.0.0.1:"), NULL, 10));
	assert_int_not_equal(w->addr.sin_port, 0);
}

static void close_web(struct web *w)
{
	http_free(w->http);
	tear_down(&w->f);
}

/* from: the last number of the client's address. */
static int visit_from(const struct web *w, unsigned char from)
{
	int fd = socket(AF_INET, SOCK_STREAM | SOCK_CLOEXEC, 0);
	struct sockaddr_in us = { .sin_family = AF_INET,
				  .sin_addr.s_addr = htonl(0x7f000000 | from) };

	assert_int_equal(bind(fd, (const void *)&us, sizeof(us)), 0);
	assert_int_equal(connect(fd, (const void *)&w->addr, sizeof(w->addr)), 0);
	assert_int_equal(fcntl(fd, F_SETFL, O_NONBLOCK), 0);
	return fd;
}

static uint64_t now_ms(void)
{
	struct timespec ts;

	clock_gettime(CLOCK_MONOTONIC, &ts);
	return ts.tv_sec * 1000ULL + ts.tv_nsec / 1000000;
}

/* Reads until the connection ends. Returns a string, or NULL after 20 s. */
static char *rest_of(struct web *w, int fd, struct buf *b)
{
	uint64_t end = now_ms() + 20000;

	buf_free(b);
	while (now_ms() < end) {
		char *room = buf_reserve(b, 65536);
		ssize_t n;

		assert_int_equal(loop_once(&w->f.loop, 10), 0);
		n = recv(fd, room, 65535, 0);
		if (n > 0)
			b->len += n;
		else if (!n || errno == ECONNRESET)
			break;
	}
	close(fd);
	if (now_ms() >= end)
		return NULL;
	buf_append(b, "", 1);
	return b->data;
}

/* The whole answer to a request. */
static char *ask(struct web *w, const char *request, struct buf *b)
{
	int fd = visit_from(w, 1);

	put(fd, request, strlen(request));
	return rest_of(w, fd, b);
}

static bool begins(const char *text, const char *word)
{
	return text && !strncmp(text, word, strlen(word));
}

static bool ends(const char *text, const char *word)
{
	size_t n = strlen(text), m = strlen(word);

	return n >= m && !strcmp(text + n - m, word);
}

static void addresses(void **state)
{
	static const char *const bad[] = {
		"",	   ":",
		"9751",	   "1.2.3.4",
		"x:80",	   ":65536",
		":-1",	   ": 80",
		":80 ",	   "1.2.3:80",
		"::1:80",  "[::1]",
		"[::1]80", "[1.2.3.4]:80",
		"[::1:80", "[]:80",
		"[x]:80",  "localhost",
		"*:80",	   "1111:2222:3333:4444:5555:6666:7777:8888:9999:aaaa:80"
	};
	struct sockaddr_storage a;
	struct sockaddr_in6 *in6 = (void *)&a;
	struct sockaddr_in *in = (void *)&a;

	(void)state;
	for (size_t i = 0; i < ARRAY_SIZE(bad); i++)
		assert_int_equal(http_address(bad[i], &a), -EINVAL);
	/* Without a host, only this machine can reach the port. */
	assert_int_equal(http_address(":80", &a), sizeof(*in));
	assert_int_equal(in->sin_family, AF_INET);
	assert_int_equal(in->sin_addr.s_addr, htonl(INADDR_LOOPBACK));
	assert_int_equal(in->sin_port, htons(80));
	assert_int_equal(http_address("localhost:0", &a), sizeof(*in));
	assert_int_equal(in->sin_addr.s_addr, htonl(INADDR_LOOPBACK));
	assert_int_equal(http_address("10.1.2.3:65535", &a), sizeof(*in));
	assert_int_equal(in->sin_addr.s_addr, htonl(0x0a010203));
	assert_int_equal(http_address("[fe80::1]:80", &a), sizeof(*in6));
	assert_int_equal(in6->sin6_family, AF_INET6);
	assert_int_equal(in6->sin6_addr.s6_addr[15], 1);
	assert_int_equal(in6->sin6_port, htons(80));
}

static void formats(void **state)
{
	static const struct {
		const char *accept;
		bool plain;
	} cases[] = {
		{ NULL, true },
		{ "", true },
		{ "*/*", true },
		{ "text/html", true },
		{ "text/plain", true },
		{ "TEXT/Plain;version=0.0.4", true },
		{ "text/*", true },
		{ "text/plain;q=0.4,application/openmetrics-text;q=0.3", true },
		{ "text/plain;q=0.4, application/openmetrics-text; version=1.0.0; q=0.5", false },
		{ "text/plain, */*;q=0.1", true },
		{ "application/*, text/plain;q=0.9", false },
		{ "text/plain;q=0, */*", false },
		{ "application/openmetrics-text", false },
		{ "application/openmetrics-text;q=0", true },
		{ "application/openmetrics-text;q=0, */*", true },
		{ "application/openmetrics-text;q=nan", true },
		{ "application/openmetrics-text;q=2, text/plain;q=0.5", true },
		{ "application/openmetrics-text, */*", false },
		{ "application/openmetrics-text, text/plain", true },
		{ "text/plain;q=", true },
		{ ",,;q=1,text/plain", true },
		{ "text/plain;q=x;;,,=", true },
		/* Prometheus 2.42 */
		{ "application/openmetrics-text;version=1.0.0,application/openmetrics-text;"
		  "version=0.0.1;q=0.75,text/plain;version=0.0.4;q=0.5,*/*;q=0.1",
		  false },
	};

	(void)state;
	for (size_t i = 0; i < ARRAY_SIZE(cases); i++)
		assert_int_equal(http_wants_plain(cases[i].accept), cases[i].plain);
}

static void answers(void **state)
{
	struct buf b = {};
	struct web w;
	char *text;

	(void)state;
	open_web(&w, 3);
	text = ask(&w, GET "\r\n", &b);
	assert_true(begins(text, "HTTP/1.1 200 "));
	assert_non_null(strstr(text, "\r\nContent-Type: text/plain; version=0.0.4; "
				     "charset=utf-8\r\n"));
	assert_non_null(strstr(text, "\niomap_mappings 3\n"));
	assert_null(strstr(text, "# EOF"));
	text = ask(&w, OPENMETRICS, &b);
	assert_true(begins(text, "HTTP/1.1 200 "));
	assert_non_null(strstr(text, "\r\nContent-Type: application/openmetrics-text; "
				     "version=1.0.0; charset=utf-8\r\n"));
	assert_true(ends(text, "\n# EOF\n"));
	/* Each request took a sampling. */
	assert_int_equal(w.f.samples, 2);

	text = ask(&w, "HEAD /metrics HTTP/1.0\r\n\r\n", &b);
	assert_true(begins(text, "HTTP/1.0 200 ") || begins(text, "HTTP/1.1 200 "));
	assert_true(ends(text, "\r\n\r\n"));
	assert_true(begins(ask(&w, "GET / HTTP/1.1\r\nHost: x\r\n\r\n", &b), "HTTP/1.1 404 "));
	text = ask(&w, "DELETE /metrics HTTP/1.1\r\nHost: x\r\n\r\n", &b);
	assert_true(begins(text, "HTTP/1.1 405 "));
	assert_non_null(strstr(text, "\r\nAllow: GET, HEAD\r\n"));
	w.f.samples = 0;
	w.f.error = -EIO;
	text = ask(&w, GET "\r\n", &b);
	assert_true(begins(text, "HTTP/1.1 500 "));
	assert_null(strstr(text, "iomap_"));
	buf_free(&b);
	close_web(&w);
}

/* Simultaneous requests share one sampling. */
static void together(void **state)
{
	int fd[HTTP_CONNECTIONS_MAX];
	struct buf b = {};
	struct web w;

	(void)state;
	open_web(&w, 1);
	for (size_t i = 0; i < ARRAY_SIZE(fd); i++) {
		fd[i] = visit_from(&w, 1);
		put(fd[i], OPENMETRICS, strlen(OPENMETRICS));
	}
	for (size_t i = 0; i < ARRAY_SIZE(fd); i++)
		assert_true(ends(rest_of(&w, fd[i], &b), "\n# EOF\n"));
	assert_in_range(w.f.samples, 1, 2);
	buf_free(&b);
	close_web(&w);
}

/* Silent clients, slow ones and those that do not read are dropped; others get their answers. */
static void slow_clients(void **state)
{
	enum {
		SILENT,
		DRIPPING,
		DEAF,
		SLOW_MAX = 8
	};
	uint64_t start = now_ms(), dripped = start, waited, worst = 0;
	int fd[SLOW_MAX], varlink, small = 1;
	struct buf b = {};
	struct web w;

	(void)state;
	open_web(&w, 1);
	assert_null(w.f.loop.timers);
	for (size_t i = 0; i < ARRAY_SIZE(fd); i++) {
		fd[i] = visit_from(&w, 1);
		assert_int_equal(loop_once(&w.f.loop, 100), 0);
	}
	assert_non_null(w.f.loop.timers);
	setsockopt(fd[DEAF], SOL_SOCKET, SO_RCVBUF, &small, sizeof(small));
	put(fd[DEAF], GET "\r\n", strlen(GET "\r\n"));
	put(fd[DRIPPING], GET, strlen(GET));

	/* The socket is still served. */
	varlink = connect_client(&w.f);
	for (;;) {
		char c;

		waited = now_ms();
		call(varlink, STATUS);
		do {
			assert_int_equal(loop_once(&w.f.loop, 10), 0);
		} while (recv(varlink, &c, 1, MSG_PEEK) < 0);
		expect_status(&w.f, varlink);
		waited = now_ms() - waited;
		worst = waited > worst ? waited : worst;
		if (now_ms() - dripped >= 50) {
			dripped = now_ms();
			if (send(fd[DRIPPING], "A", 1, MSG_NOSIGNAL) < 0)
				break;
		}
		assert_true(dripped - start < 30000);
		loop_once(&w.f.loop, 20);
	}
	assert_in_range(now_ms() - start, HTTP_LIFE_SECONDS * 1000 - 100, 20000);
	assert_true(worst < 100);
	for (size_t i = 0; i < ARRAY_SIZE(fd); i++)
		assert_non_null(rest_of(&w, fd[i], &b));
	pump(&w.f);
	assert_null(w.f.loop.timers);
	assert_true(ends(ask(&w, OPENMETRICS, &b), "\n# EOF\n"));
	pump(&w.f);
	assert_null(w.f.loop.timers);
	close(varlink);
	buf_free(&b);
	close_web(&w);
}

/* Slow clients of several addresses that come back at once do not delay a quick one. */
static void many_slow_clients(void **state)
{
	enum {
		SLOW = 90
	};
	int fd[SLOW], quick;
	struct buf b = {};
	uint64_t began;
	struct web w;
	char c;

	(void)state;
	open_web(&w, 1);
	for (int i = 0; i < SLOW; i++)
		fd[i] = visit_from(&w, 1 + i % 3);
	for (int round = 0; round < 3; round++) {
		quick = visit_from(&w, 9);
		put(quick, OPENMETRICS, strlen(OPENMETRICS));
		began = now_ms();
		while (recv(quick, &c, 1, MSG_PEEK) < 0) {
			assert_true(now_ms() - began < 20000);
			assert_int_equal(loop_once(&w.f.loop, 10), 0);
			for (int i = 0; i < SLOW; i++) {
				if (recv(fd[i], &c, 1, MSG_PEEK | MSG_DONTWAIT) < 0 &&
				    errno == EAGAIN)
					continue;
				close(fd[i]);
				fd[i] = visit_from(&w, 1 + i % 3);
				put(fd[i], GET, strlen(GET));
			}
		}
		assert_true(now_ms() - began < 2000);
		assert_true(ends(rest_of(&w, quick, &b), "\n# EOF\n"));
	}
	for (int i = 0; i < SLOW; i++)
		close(fd[i]);
	buf_free(&b);
	close_web(&w);
}

/* Without descriptors the server waits, and goes on. */
static void out_of_descriptors(void **state)
{
	struct rlimit old, tight;
	struct epoll_event ev;
	struct buf b = {};
	struct web w;
	int fd;

	(void)state;
	open_web(&w, 1);
	fd = visit_from(&w, 1);
	put(fd, OPENMETRICS, strlen(OPENMETRICS));
	assert_int_equal(getrlimit(RLIMIT_NOFILE, &old), 0);
	tight = (struct rlimit){ fd, old.rlim_max };
	assert_int_equal(setrlimit(RLIMIT_NOFILE, &tight), 0);
	assert_int_equal(loop_once(&w.f.loop, 1000), 0);
	/* It does not spin: nothing is ready. */
	assert_int_equal(epoll_wait(w.f.loop.epfd, &ev, 1, 0), 0);
	assert_int_equal(setrlimit(RLIMIT_NOFILE, &old), 0);
	assert_true(ends(rest_of(&w, fd, &b), "\n# EOF\n"));
	buf_free(&b);
	close_web(&w);
}

/* The metrics can be served at an address that the machine does not have yet. */
static void absent_address(void **state)
{
	struct model_metrics m;
	struct errbuf e = {};
	struct http *http;
	struct web w;
	int fd;

	(void)state;
	open_web(&w, 1);
	http_describe(w.http, "127.0.0.1:0", NULL, &m);
	assert_string_equal(m.address, "127.0.0.1:0");
	assert_true(begins(m.url, "http://127.0.0.1:"));
	assert_null(m.reason);
	fd = http_listen("192.0.2.1:0", &e);
	assert_true(fd >= 0);
	assert_int_equal(http_new(&w.f.loop, &w.f.service, fd, &http), 0);
	http_describe(http, "192.0.2.1:0", NULL, &m);
	assert_true(begins(m.url, "http://192.0.2.1:"));
	assert_string_equal(m.reason, "this machine does not have the address yet");
	http_free(http);
	fd = http_listen("[2001:db8::1]:0", &e);
	assert_true(fd >= 0);
	close(fd);
	http_describe(NULL, ":80", "an error", &m);
	assert_string_equal(m.url, "");
	assert_string_equal(m.reason, "an error");
	close_web(&w);
}

/* Requests that are too long, and bytes that are no request. */
static void abuse(void **state)
{
	static char large[1 << 20];
	uint64_t r = 20240229;
	struct buf b = {};
	struct web w;

	(void)state;
	open_web(&w, 1);
	memset(large, 'a', sizeof(large));
	for (int i = 0; i < 3; i++) {
		static const char *const heads[] = { "GET /", "GET /metrics HTTP/1.1\r\nA: ",
						     ("POST /metrics HTTP/1.1\r\nHost: x\r\n"
						      "Content-Length: 1000000000\r\n\r\n") };
		int fd = visit_from(&w, 1);
		size_t sent = 0;
		ssize_t n;

		put(fd, heads[i], strlen(heads[i]));
		do {
			n = send(fd, large, sizeof(large), MSG_NOSIGNAL);
			sent += n > 0 ? n : 0;
			loop_once(&w.f.loop, 1);
		} while ((n > 0 || errno == EAGAIN) && sent < 100 << 20);
		assert_true(sent < 20 << 20);
		rest_of(&w, fd, &b);
	}
	for (int round = 0; round < 2000; round++) {
		char text[] = GET "Accept: text/plain;q=0.5, */*\r\nContent-Length: 3\r\n\r\nabc";
		int fd = visit_from(&w, 1);

		r = r * 6364136223846793005ULL + 1442695040888963407ULL;
		for (unsigned int i = 0; i < (r >> 60) % 4; i++)
			text[(r >> (8 * i + 3)) % sizeof(text)] = r >> (i * 9 + 20);
		send(fd, text, (r >> 40) % sizeof(text), MSG_NOSIGNAL);
		for (int i = 0; i < 5; i++)
			assert_int_equal(loop_once(&w.f.loop, 0), 0);
		close(fd);
	}
	assert_true(ends(ask(&w, OPENMETRICS, &b), "\n# EOF\n"));
	buf_free(&b);
	close_web(&w);
}

/* The server closes its connections when it ends. */
static void ends_with_clients(void **state)
{
	struct buf b = {};
	struct web w;
	int fd[3];

	(void)state;
	open_web(&w, 1);
	for (size_t i = 0; i < ARRAY_SIZE(fd); i++) {
		fd[i] = visit_from(&w, 1);
		put(fd[i], GET, strlen(GET));
		assert_int_equal(loop_once(&w.f.loop, 100), 0);
	}
	w.http = http_free(w.http);
	for (size_t i = 0; i < ARRAY_SIZE(fd); i++)
		assert_string_equal(rest_of(&w, fd[i], &b), "");
	buf_free(&b);
	close_web(&w);
}

static void address_in_use(void **state)
{
	struct errbuf e = {};
	char text[64];
	struct web w;

	(void)state;
	open_web(&w, 1);
	snprintf(text, sizeof(text), ":%u", ntohs(w.addr.sin_port));
	assert_int_equal(http_listen(text, &e), -EADDRINUSE);
	assert_non_null(strstr(e.text, text));
	assert_non_null(strstr(e.text, "--metrics"));
	close_web(&w);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(addresses),
		cmocka_unit_test(formats),
		cmocka_unit_test(answers),
		cmocka_unit_test(together),
		cmocka_unit_test(slow_clients),
		cmocka_unit_test(many_slow_clients),
		cmocka_unit_test(abuse),
		cmocka_unit_test(out_of_descriptors),
		cmocka_unit_test(ends_with_clients),
		cmocka_unit_test(address_in_use),
		cmocka_unit_test(absent_address),
	};

	return cmocka_run_group_tests_name("unit/http", tests, NULL, NULL);
}
