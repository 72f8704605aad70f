// SPDX-License-Identifier: GPL-2.0-or-later
/* The metrics over HTTP, in one process with its clients: good, slow, many and hostile ones. */
#include "tests/lib/server-fixture.h"

#include <arpa/inet.h>
#include <dirent.h>
#include <fcntl.h>
#include <time.h>

#include "daemon/http.h"

#define GET "GET /metrics HTTP/1.1\r\nHost: x\r\n"

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

static int visit(const struct web *w)
{
	int fd = socket(AF_INET, SOCK_STREAM | SOCK_CLOEXEC, 0);

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

/* All that comes until the connection ends, NUL-terminated. NULL: it lasts for 20 s. */
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
	int fd = visit(w);

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
	/* Without a host nobody else can reach it. */
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
		{ NULL, false },
		{ "", false },
		{ "*/*", false },
		{ "text/plain", true },
		{ "TEXT/Plain;version=0.0.4", true },
		{ "text/*", true },
		{ "text/html,application/xhtml+xml,*/*;q=0.8", true },
		{ "text/plain;q=0.4, Application/OpenMetrics-Text;version=1.0.0;q=0.5", false },
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
	assert_non_null(strstr(text, "\r\nContent-Type: application/openmetrics-text; "
				     "version=1.0.0; charset=utf-8\r\n"));
	assert_non_null(strstr(text, "\niomap_mappings 3\n"));
	assert_true(ends(text, "\n# EOF\n"));
	text = ask(&w, GET "Accept: text/plain\r\n\r\n", &b);
	assert_true(begins(text, "HTTP/1.1 200 "));
	assert_non_null(strstr(text, "\r\nContent-Type: text/plain; version=0.0.4; "
				     "charset=utf-8\r\n"));
	assert_null(strstr(text, "# EOF"));
	/* Each was a sampling of its own. */
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

/* What it costs to look is not paid once for each of those who look at the same time. */
static void together(void **state)
{
	int fd[HTTP_CONNECTIONS_EACH];
	struct buf b = {};
	struct web w;

	(void)state;
	open_web(&w, 1);
	for (size_t i = 0; i < ARRAY_SIZE(fd); i++) {
		fd[i] = visit(&w);
		put(fd[i], GET "\r\n", strlen(GET "\r\n"));
	}
	for (size_t i = 0; i < ARRAY_SIZE(fd); i++)
		assert_true(ends(rest_of(&w, fd[i], &b), "\n# EOF\n"));
	assert_in_range(w.f.samples, 1, 2);
	buf_free(&b);
	close_web(&w);
}

/* No timer is set: nothing wakes the process up. */
static bool no_timer(void)
{
	DIR *d = opendir("/proc/self/fdinfo");
	char path[300], line[128];
	struct dirent *entry;
	bool found = false, off = true;

	assert_non_null(d);
	while ((entry = readdir(d))) {
		FILE *f;

		snprintf(path, sizeof(path), "/proc/self/fdinfo/%s", entry->d_name);
		f = fopen(path, "re");
		while (f && fgets(line, sizeof(line), f)) {
			if (begins(line, "it_value:")) {
				found = true;
				off = off && !strcmp(line, "it_value: (0, 0)\n");
			}
		}
		if (f)
			fclose(f);
	}
	closedir(d);
	assert_true(found);
	return off;
}

/* Those who say nothing, say it slowly, or do not listen, go; the others do not notice. */
static void slow_clients(void **state)
{
	enum {
		SILENT,
		DRIPPING,
		DEAF,
		EXTRA,
		SLOW_MAX = HTTP_CONNECTIONS_EACH
	};
	uint64_t start = now_ms(), dripped = start, waited, worst = 0;
	int fd[SLOW_MAX], varlink, small = 1;
	struct buf b = {};
	struct web w;

	(void)state;
	open_web(&w, 1);
	assert_true(no_timer());
	for (size_t i = 0; i < ARRAY_SIZE(fd); i++) {
		fd[i] = visit(&w);
		assert_int_equal(loop_once(&w.f.loop, 100), 0);
	}
	assert_false(no_timer());
	setsockopt(fd[DEAF], SOL_SOCKET, SO_RCVBUF, &small, sizeof(small));
	put(fd[DEAF], GET "\r\n", strlen(GET "\r\n"));
	put(fd[DRIPPING], GET, strlen(GET));

	/* No more from this address. */
	assert_string_equal(ask(&w, GET "\r\n", &b), "");
	/* The socket goes on as ever. */
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
	assert_true(no_timer());
	assert_true(ends(ask(&w, GET "\r\n", &b), "\n# EOF\n"));
	pump(&w.f);
	assert_true(no_timer());
	close(varlink);
	buf_free(&b);
	close_web(&w);
}

/* Requests that are too long, or none at all. */
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
		int fd = visit(&w);
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
		int fd = visit(&w);

		r = r * 6364136223846793005ULL + 1442695040888963407ULL;
		for (unsigned int i = 0; i < (r >> 60) % 4; i++)
			text[(r >> (8 * i + 3)) % sizeof(text)] = r >> (i * 9 + 20);
		send(fd, text, (r >> 40) % sizeof(text), MSG_NOSIGNAL);
		for (int i = 0; i < 5; i++)
			assert_int_equal(loop_once(&w.f.loop, 0), 0);
		close(fd);
	}
	assert_true(ends(ask(&w, GET "\r\n", &b), "\n# EOF\n"));
	buf_free(&b);
	close_web(&w);
}

/* The end of the server is that of whoever is still there. */
static void ends_with_clients(void **state)
{
	struct buf b = {};
	struct web w;
	int fd[3];

	(void)state;
	open_web(&w, 1);
	for (size_t i = 0; i < ARRAY_SIZE(fd); i++) {
		fd[i] = visit(&w);
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
		cmocka_unit_test(addresses),	     cmocka_unit_test(formats),
		cmocka_unit_test(answers),	     cmocka_unit_test(together),
		cmocka_unit_test(slow_clients),	     cmocka_unit_test(abuse),
		cmocka_unit_test(ends_with_clients), cmocka_unit_test(address_in_use),
	};

	return cmocka_run_group_tests_name("unit/http", tests, NULL, NULL);
}
