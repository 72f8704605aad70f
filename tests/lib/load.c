// SPDX-License-Identifier: GPL-2.0-or-later
#include "tests/lib/load.h"

#include <arpa/inet.h>
#include <malloc.h>
#include <poll.h>
#include <sys/resource.h>
#include <sys/socket.h>
#include <time.h>

static void *serve(void *arg)
{
	struct load *c = arg;

	__atomic_store_n(&c->server_id, gettid(), __ATOMIC_RELEASE);
	while (!__atomic_load_n(&c->stop, __ATOMIC_RELAXED)) {
		if (loop_once(&c->f.loop, 10))
			abort();
	}
	return NULL;
}

static void *misbehave(void *arg)
{
	struct load *c = arg;

	while (!__atomic_load_n(&c->stop, __ATOMIC_RELAXED))
		clients_round(&c->clients);
	return NULL;
}

/* Returns the address of the metrics. */
static struct sockaddr_in address(const struct load *c)
{
	struct sockaddr_in in = { .sin_family = AF_INET,
				  .sin_addr.s_addr = htonl(INADDR_LOOPBACK) };
	char url[128];

	http_url(c->http, url, sizeof(url));
	in.sin_port = htons(strtoul(strrchr(url, ':') + 1, NULL, 10));
	assert_int_not_equal(in.sin_port, 0);
	return in;
}

void load_begin(struct load *c, const struct service_source *source)
{
	struct rlimit files = { 4096, 4096 };
	struct errbuf e;
	int fd;

	setrlimit(RLIMIT_NOFILE, &files);
	memset(c, 0, sizeof(*c));
	clients_init(&c->clients);
	set_up(&c->f, 100);
	if (source)
		c->f.service.source = *source;
	add_events(&c->f, 2000);
	fd = http_listen("127.0.0.1:0", &e);
	assert_true(fd >= 0);
	assert_int_equal(http_new(&c->f.loop, &c->f.service, fd, &c->http), 0);
	c->clients.web = address(c);
	for (int i = 0; i < CLIENTS_CLIENTS; i++)
		c->clients.fd[i] = connect_client(&c->f);
	c->fd = connect_client(&c->f);
	assert_int_equal(pthread_create(&c->server, NULL, serve, c), 0);
	while (!__atomic_load_n(&c->server_id, __ATOMIC_ACQUIRE))
		poll(NULL, 0, 1);
	assert_int_equal(pthread_create(&c->people, NULL, misbehave, c), 0);
}

/* The time that the thread was ready to run but did not. */
static uint64_t waited_ns(pid_t thread)
{
	unsigned long long ran, waited;
	char path[64];
	FILE *f;

	snprintf(path, sizeof(path), "/proc/self/task/%d/schedstat", thread);
	f = fopen(path, "re");
	assert_non_null(f);
	assert_int_equal(fscanf(f, "%llu %llu", &ran, &waited), 2);
	fclose(f);
	return waited;
}

static double elapsed_ms(const struct load *c)
{
	struct timespec ts;

	clock_gettime(CLOCK_MONOTONIC, &ts);
	return ts.tv_sec * 1e3 + ts.tv_nsec / 1e6 -
	       (waited_ns(c->server_id) + waited_ns(gettid())) / 1e6;
}

static void ask_status(struct load *c)
{
	struct pollfd p = { .fd = c->fd, .events = POLLIN };
	char some[4096];
	bool end = false;
	ssize_t n;

	call(c->fd, STATUS);
	while (!end) {
		assert_int_equal(poll(&p, 1, 60000), 1);
		n = recv(c->fd, some, sizeof(some), 0);
		assert_true(n > 0);
		end = !some[n - 1];
	}
}

/* Uses another source address than the hostile clients, as Prometheus would. */
static void ask_metrics(struct load *c)
{
	static const char request[] = "GET /metrics HTTP/1.0\r\n\r\n";
	struct sockaddr_in us = { .sin_family = AF_INET, .sin_addr.s_addr = htonl(0x7f000002) };
	struct timeval patience = { .tv_sec = 60 };
	size_t got = 0, head = 0, length = 0;
	char some[65536] = "";
	ssize_t n;
	int fd;

	fd = socket(AF_INET, SOCK_STREAM | SOCK_CLOEXEC, 0);
	assert_true(fd >= 0);
	setsockopt(fd, SOL_SOCKET, SO_RCVTIMEO, &patience, sizeof(patience));
	assert_int_equal(bind(fd, (const void *)&us, sizeof(us)), 0);
	assert_int_equal(connect(fd, (const void *)&c->clients.web, sizeof(c->clients.web)), 0);
	put(fd, request, sizeof(request) - 1);
	while ((n = recv(fd, some, sizeof(some) - 1, 0)) > 0) {
		some[n] = '\0';
		if (!got) {
			assert_memory_equal(some, "HTTP/1.1 200 OK\r\n", 17);
			assert_non_null(strstr(some, "\r\n\r\n"));
			head = strstr(some, "\r\n\r\n") + 4 - some;
			assert_non_null(strstr(some, "\r\nContent-Length: "));
			length = strtoul(strstr(some, "\r\nContent-Length: ") + 18, NULL, 10);
		}
		got += n;
	}
	assert_int_equal(n, 0);
	assert_true(length > 1000);
	assert_int_equal(got, head + length);
	close(fd);
}

static double measure(struct load *c, void (*ask)(struct load *c))
{
	double before = elapsed_ms(c);

	ask(c);
	return elapsed_ms(c) - before;
}

static int by_size(const void *a, const void *b)
{
	double da = *(const double *)a, db = *(const double *)b;

	return da < db ? -1 : da > db;
}

void load_ask(struct load *c)
{
	size_t used;

	for (int i = 0; i < LOAD_ASKS; i++) {
		c->answer_ms[i] = measure(c, ask_status);
		used = mallinfo2().uordblks + mallinfo2().hblkhd;
		if (used > c->memory)
			c->memory = used;
		c->metrics_ms[i] = measure(c, ask_metrics);
		poll(NULL, 0, 5);
	}
	qsort(c->answer_ms, LOAD_ASKS, sizeof(double), by_size);
	qsort(c->metrics_ms, LOAD_ASKS, sizeof(double), by_size);
}

/* One of the 60 may be late because the host halted the virtual machine. */
static double p99(const double *ms)
{
	return ms[LOAD_ASKS * 99 / 100 - 1];
}

static void print_times(const char *what, const double *ms)
{
	print_message("# %s after %.1f ms (median), %.1f (p99), %.1f (slowest)\n", what,
		      ms[LOAD_ASKS / 2], p99(ms), ms[LOAD_ASKS - 1]);
}

void load_expect(struct load *c, const char *what)
{
	print_message("# %s: memory %zu KiB, the clients read %llu KiB in %llu visits\n", what,
		      c->memory / 1024, (unsigned long long)c->clients.answered / 1024,
		      (unsigned long long)c->clients.visits);
	print_times("answers", c->answer_ms);
	print_times("metrics", c->metrics_ms);
	assert_true(c->clients.answered > 1 << 20);
	assert_true(c->clients.visits > CLIENTS_VISITORS);
	assert_true(server_clients(c->f.server) > CLIENTS_CLIENTS / 2);
	if (LOAD_SANITIZED)
		return;
	assert_true(p99(c->answer_ms) < LOAD_ANSWER_MS);
	assert_true(p99(c->metrics_ms) < LOAD_ANSWER_MS);
	assert_true(c->memory < LOAD_MEMORY_MAX);
}

void load_end(struct load *c)
{
	__atomic_store_n(&c->stop, true, __ATOMIC_RELAXED);
	pthread_join(c->people, NULL);
	pthread_join(c->server, NULL);
	clients_leave(&c->clients);
	close(c->fd);
	http_free(c->http);
	tear_down(&c->f);
}
