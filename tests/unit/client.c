// SPDX-License-Identifier: GPL-2.0-or-later
/*
 * The client of iomapd and the feed of iomaptop, against a server in the same process:
 * client_step() never waits, so the test steps both sides.
 */
#include <errno.h>
#include <fcntl.h>
#include <poll.h>
#include <string.h>
#include <sys/socket.h>
#include <sys/un.h>

#include "cli/client.h"
#include "cli/feed.h"
#include "tests/lib/figures.h"
#include "tests/lib/test.h"

static char dir[] = "/tmp/iomap-test-XXXXXX";
static char path[64];
static struct errbuf err;

/* One server and one connection to it. */
struct pair {
	int listen, fd;
	struct client *c;
};

static int serve(void)
{
	struct sockaddr_un addr = { .sun_family = AF_UNIX };
	int fd = socket(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC, 0);

	strcpy(addr.sun_path, path);
	unlink(path);
	assert_int_equal(bind(fd, (struct sockaddr *)&addr, sizeof(addr)), 0);
	assert_int_equal(listen(fd, 4), 0);
	return fd;
}

static int setup(void **state)
{
	static struct pair p;

	p.listen = serve();
	p.c = NULL;
	assert_int_equal(client_open(path, &p.c, &err), 0);
	p.fd = accept(p.listen, NULL, NULL);
	assert_true(p.fd >= 0);
	*state = &p;
	return 0;
}

static int teardown(void **state)
{
	struct pair *p = *state;

	p->c = client_close(p->c);
	if (p->fd >= 0)
		close(p->fd);
	close(p->listen);
	return 0;
}

/* Sends bytes as the server. */
static void say(const struct pair *p, const char *bytes, size_t len)
{
	assert_int_equal(send(p->fd, bytes, len, MSG_NOSIGNAL), len);
}

#define SAY(p, text) say(p, text "", sizeof(text)) /* with the NUL */

static int step(struct pair *p, json_t **reply, bool *more)
{
	*reply = NULL;
	return client_step(p->c, reply, more, &err);
}

static void call_and_reply(void **state)
{
	struct pair *p = *state;
	char call[256];
	json_t *reply;
	ssize_t n;
	bool more;

	assert_int_equal(client_send(p->c, "List", json_pack("{s:b}", "freed", 1), false, &err), 0);
	assert_int_equal(client_events(p->c), POLLIN | POLLOUT);
	assert_int_equal(step(p, &reply, &more), 0);
	assert_int_equal(client_events(p->c), POLLIN);
	memset(call, 'x', sizeof(call));
	n = recv(p->fd, call, sizeof(call), 0);
	assert_true(n > 0 && strnlen(call, (size_t)n) + 1 ==
				     (size_t)n); /* ends in a NUL, and holds no other */
	assert_string_equal(
		call, "{\"method\":\"org.iomap.Monitor.List\",\"parameters\":{\"freed\":true}}");

	/* In pieces. */
	say(p, "{\"parame", 8);
	assert_int_equal(step(p, &reply, &more), 0);
	say(p, "ters\":{\"schema\":2}}", 19);
	assert_int_equal(step(p, &reply, &more), 0);
	say(p, "", 1);
	assert_int_equal(step(p, &reply, &more), 1);
	assert_false(more);
	assert_int_equal(json_integer_value(json_object_get(reply, "schema")), 2);
	json_decref(reply);
	assert_int_equal(step(p, &reply, &more), 0);
}

static void stream(void **state)
{
	struct pair *p = *state;
	char call[256] = "";
	json_t *reply;
	bool more;

	assert_int_equal(client_send(p->c, "Events", NULL, true, &err), 0);
	assert_int_equal(step(p, &reply, &more), 0);
	assert_true(recv(p->fd, call, sizeof(call), 0) > 0);
	assert_string_equal(call, "{\"method\":\"org.iomap.Monitor.Events\",\"more\":true}");
	SAY(p, "{\"parameters\":{\"n\":1},\"continues\":true}\0"
	       "{\"parameters\":{\"n\":2},\"continues\":true}\0{}");
	for (int i = 1; i <= 3; i++) {
		assert_int_equal(step(p, &reply, &more), 1);
		assert_int_equal(json_integer_value(json_object_get(reply, "n")), i < 3 ? i : 0);
		assert_int_equal(more, i < 3);
		json_decref(reply);
	}
	assert_int_equal(step(p, &reply, &more), 0);
}

/* A reply larger than any buffer, and many small ones behind it. */
static void large(void **state)
{
	struct pair *p = *state;
	size_t size = 3 << 20, done = 0, replies = 0;
	char *text = malloc(size);
	json_t *reply;
	bool more;

	memset(text, 'x', size);
	memcpy(text, "{\"parameters\":{\"s\":\"", 20);
	memcpy(text + size - 4, "\"}}", 4);
	assert_int_equal(fcntl(p->fd, F_SETFL, O_NONBLOCK), 0);
	while (!replies) {
		ssize_t n = done < size ? send(p->fd, text + done, size - done, MSG_NOSIGNAL) : 0;

		done += n > 0 ? (size_t)n : 0;
		if (step(p, &reply, &more) == 1)
			replies++;
	}
	assert_int_equal(done, size);
	assert_int_equal(strlen(json_string_value(json_object_get(reply, "s"))), size - 24);
	json_decref(reply);
	free(text);
	/* The client falls behind: it reads only when the socket is full. */
	for (int i = 0; i < 5000; i++)
		while (send(p->fd, "{\"parameters\":{}}", 18, MSG_NOSIGNAL) != 18) {
			assert_int_equal(step(p, &reply, &more), 1);
			json_decref(reply);
			replies++;
		}
	while (step(p, &reply, &more) == 1) {
		json_decref(reply);
		replies++;
	}
	assert_int_equal(replies, 5001);
}

/* The client gives up on a reply without end. */
static void endless(void **state)
{
	static char xs[1 << 20];
	struct pair *p = *state;
	size_t sent = 0;
	json_t *reply;
	int r = 0;
	bool more;

	memset(xs, 'x', sizeof(xs));
	assert_int_equal(fcntl(p->fd, F_SETFL, O_NONBLOCK), 0);
	while (!r) {
		ssize_t n = send(p->fd, xs, sizeof(xs), MSG_NOSIGNAL);

		sent += n > 0 ? (size_t)n : 0;
		assert_true(sent <= 52UL << 20);
		r = step(p, &reply, &more);
	}
	assert_int_equal(r, -EPROTO);
	assert_non_null(strstr(err.text, "sent a reply of more than 48 MiB"));
	assert_true(sent > 48UL << 20);
}

/* The errno and the sentence of one reply; @sentence has PATH where the socket's path belongs. */
static void check_error(struct pair *p, const char *text, size_t len, int code,
			const char *sentence)
{
	const char *at = strstr(sentence, "PATH");
	char want[512];
	json_t *reply;
	bool more;

	say(p, text, len);
	assert_int_equal(step(p, &reply, &more), code);
	snprintf(want, sizeof(want), "%.*s%s%s", (int)(at - sentence), sentence, path, at + 4);
	assert_string_equal(err.text, want);
}

#define CHECK_ERROR(p, text, code, sentence) check_error(p, text "", sizeof(text), code, sentence)

#define NOT_VARLINK                                                                               \
	"the program that listens at PATH does not talk Varlink: name the socket of iomapd with " \
	"--socket"

static void errors(void **state)
{
	struct pair *p = *state;

	CHECK_ERROR(p,
		    "{\"error\":\"org.varlink.service.MethodNotFound\","
		    "\"parameters\":{\"method\":\"Ipi\"}}",
		    -EOPNOTSUPP,
		    "iomapd at PATH does not know Ipi: it is older than this program, install both "
		    "from the same version");
	CHECK_ERROR(p,
		    "{\"error\":\"org.varlink.service.InvalidParameter\","
		    "\"parameters\":{\"parameter\":\"kind\"}}",
		    -EINVAL, "iomapd at PATH refused the parameter kind");
	CHECK_ERROR(p, "{\"error\":\"org.iomap.Monitor.TooBusy\"}", -EBUSY,
		    "iomapd at PATH has too many clients: try again");
	CHECK_ERROR(p,
		    "{\"error\":\"org.iomap.Monitor.SampleFailed\","
		    "\"parameters\":{\"message\":\"no map\"}}",
		    -EIO, "iomapd at PATH could not read its counters: no map");
	CHECK_ERROR(p, "{\"error\":\"org.other\\u001b[2J\\u009b\"}", -EPROTO,
		    "iomapd at PATH answered with the error org.other?[2J?");
	CHECK_ERROR(p, "HTTP/1.1 400 Bad Request\r\n", -EPROTO, NOT_VARLINK);
	CHECK_ERROR(p, "", -EPROTO, NOT_VARLINK);
	CHECK_ERROR(p, "[1]", -EPROTO, NOT_VARLINK);
}

static void schemas(void **state)
{
	struct pair *p = *state;
	json_t *two = json_pack("{s:i}", "schema", 3), *none = json_object();

	assert_int_equal(client_check(p->c, "List", two, &err), -EPROTO);
	assert_non_null(strstr(err.text, "talks schema 3 and this program 2"));
	assert_int_equal(client_check(p->c, "List", none, &err), -EPROTO);
	assert_non_null(strstr(err.text, "has no schema number"));
	json_decref(two);
	json_decref(none);
}

/* A reply of 12 MiB would take a gigabyte in memory: it is refused before it is parsed. */
static void bloated(void **state)
{
	static const char head[] = "{\"parameters\":{\"x\":[", tail[] = "[]]}}";
	size_t size = sizeof(head) - 1 + 3 * (4 << 20) + sizeof(tail), done = 0;
	struct pair *p = *state;
	char *text = malloc(size);
	json_t *reply;
	bool more;
	int r = 0;

	memcpy(text, head, sizeof(head) - 1);
	for (size_t i = 0; i < 4 << 20; i++)
		memcpy(text + sizeof(head) - 1 + 3 * i, "[],", 3);
	memcpy(text + size - sizeof(tail), tail, sizeof(tail));
	assert_int_equal(fcntl(p->fd, F_SETFL, O_NONBLOCK), 0);
	while (!r) {
		ssize_t n = done < size ? send(p->fd, text + done, size - done, MSG_NOSIGNAL) : 0;

		done += n > 0 ? (size_t)n : 0;
		r = step(p, &reply, &more);
	}
	free(text);
	assert_int_equal(r, -EPROTO);
	assert_non_null(strstr(err.text, "sent a reply that takes more than 512 MiB of memory"));
}

/* The server sends an error and closes the connection before it reads the call. */
static void error_before_close(void **state)
{
	struct pair *p = *state;
	json_t *reply;
	bool more;

	SAY(p, "{\"error\":\"org.iomap.Monitor.TooBusy\"}");
	close(p->fd);
	p->fd = -1;
	assert_int_equal(client_send(p->c, "List", NULL, false, &err), 0);
	assert_int_equal(step(p, &reply, &more), -EBUSY);
	assert_int_equal(step(p, &reply, &more), -ECONNRESET);
}

static void incomplete_reply(void **state)
{
	struct pair *p = *state;
	json_t *reply = NULL;

	assert_int_equal(client_send(p->c, "List", NULL, false, &err), 0);
	say(p, "{\"parameters\":{", 15);
	shutdown(p->fd, SHUT_RDWR);
	assert_int_equal(client_next(p->c, 5000, -1, &reply, NULL, &err), -ECONNRESET);
	assert_non_null(strstr(err.text, "closed the connection"));
	assert_null(reply);
}

static void no_answer(void **state)
{
	struct pair *p = *state;
	json_t *reply = NULL;

	assert_int_equal(client_send(p->c, "List", NULL, false, &err), 0);
	assert_int_equal(client_next(p->c, 50, -1, &reply, NULL, &err), -ETIMEDOUT);
	assert_non_null(strstr(err.text, "does not answer"));
}

/* The reader of the output closes it while there is nothing to write. */
static void reader_gone(void **state)
{
	struct pair *p = *state;
	json_t *reply = NULL;
	int out[2];

	assert_int_equal(pipe(out), 0);
	close(out[0]);
	assert_int_equal(client_next(p->c, -1, out[1], &reply, NULL, &err), -EPIPE);
	close(out[1]);
}

static void no_server(void **state)
{
	struct client *c = NULL;
	char name[200];
	int fd;

	(void)state;
	memset(name, 'a', sizeof(name) - 1);
	name[sizeof(name) - 1] = 0;
	assert_int_equal(client_open(name, &c, &err), -ENAMETOOLONG);
	assert_int_equal(client_open("/nonexistent/socket", &c, &err), -ENOENT);
	assert_non_null(strstr(err.text, "no iomapd at /nonexistent/socket: start iomapd"));
	assert_int_equal(client_open(dir, &c, &err), -ECONNREFUSED);
	assert_non_null(strstr(err.text, "is not a socket"));
	close(serve());
	assert_int_equal(client_open(path, &c, &err), -ECONNREFUSED);
	assert_non_null(strstr(err.text, "iomapd has ended"));
	fd = open("/dev/null", O_RDONLY); /* nothing was left open */
	close(fd);
	assert_true(fd < 16);
	assert_null(c);
	assert_null(client_close(NULL));
}

static void paths(void **state)
{
	(void)state;
	unsetenv("IOMAPD_SOCKET");
	assert_string_equal(client_path(NULL), "/run/iomapd/iomapd.sock");
	setenv("IOMAPD_SOCKET", "", 1);
	assert_string_equal(client_path(NULL), "/run/iomapd/iomapd.sock");
	setenv("IOMAPD_SOCKET", "/e", 1);
	assert_string_equal(client_path(NULL), "/e");
	assert_string_equal(client_path("/o"), "/o");
	unsetenv("IOMAPD_SOCKET");
}

/* Sends a snapshot as the server. */
static void say_snapshot(const struct pair *p)
{
	const struct figures figures = { .time = 1, .work = 1, .ipi = true };
	json_t *reply = json_pack("{s:o}", "parameters", figures_snapshot(&figures));
	char *text = json_dumps(reply, JSON_COMPACT);

	say(p, text, strlen(text) + 1);
	free(text);
	json_decref(reply);
}

/* Steps the feed once and drops the reply. */
static int feed_once(struct feed *f)
{
	json_t *reply = NULL;
	int r = feed_step(f, &reply, &err);

	json_decref(reply);
	return r;
}

static void feeds(void **state)
{
	struct pair p = { .listen = serve() };
	struct feed f;
	char call[256];

	(void)state;
	feed_init(&f, path, 3600);
	assert_int_equal(feed_fd(&f), -1);
	assert_int_equal(feed_wait_ms(&f), 0);
	assert_int_equal(feed_once(&f), 0); /* calls at once */
	p.fd = accept(p.listen, NULL, NULL);
	assert_true(recv(p.fd, call, sizeof(call), 0) > 0);
	assert_non_null(strstr(call, "org.iomap.Monitor.Snapshot"));
	assert_int_equal(feed_once(&f), 0);
	say_snapshot(&p);
	assert_int_equal(feed_once(&f), 1);
	/* No further call before the interval is over. */
	assert_true(feed_wait_ms(&f) > 3590000);
	assert_int_equal(feed_once(&f), 0);
	assert_int_equal(recv(p.fd, call, sizeof(call), MSG_DONTWAIT), -1);
	/* Paused: no call after the interval. */
	f.paused = true;
	feed_hurry(&f);
	assert_int_equal(feed_wait_ms(&f), -1);
	assert_int_equal(feed_once(&f), 0);
	assert_int_equal(recv(p.fd, call, sizeof(call), MSG_DONTWAIT), -1);
	f.paused = false;
	assert_int_equal(feed_wait_ms(&f), 0);
	assert_int_equal(feed_once(&f), 0);
	assert_true(recv(p.fd, call, sizeof(call), MSG_DONTWAIT) > 0);
	/* No reply: the feed gives up and tries again later. */
	f.due_ns = 1;
	assert_int_equal(feed_once(&f), -ETIMEDOUT);
	assert_int_equal(feed_fd(&f), -1);
	assert_in_range(feed_wait_ms(&f), 1, 2001);
	close(p.fd);
	/* iomapd ends while no reply is due. */
	feed_hurry(&f);
	assert_int_equal(feed_once(&f), 0);
	p.fd = accept(p.listen, NULL, NULL);
	say_snapshot(&p);
	assert_int_equal(feed_once(&f), 1);
	close(p.fd);
	assert_int_equal(feed_once(&f), -ECONNRESET);
	close(p.listen);
	feed_hurry(&f);
	assert_int_equal(feed_once(&f), -ECONNREFUSED);
	/* iomapd restarts. */
	p.listen = serve();
	feed_hurry(&f);
	assert_int_equal(feed_once(&f), 0);
	p.fd = accept(p.listen, NULL, NULL);
	SAY(&p, "{\"parameters\":{\"schema\":9}}");
	assert_int_equal(feed_once(&f), -EPROTO);
	close(p.fd);
	close(p.listen);
	feed_free(&f);
}

static int make_dir(void **state)
{
	(void)state;
	if (!mkdtemp(dir))
		return -1;
	snprintf(path, sizeof(path), "%s/sock", dir);
	return 0;
}

static int remove_dir(void **state)
{
	(void)state;
	unlink(path);
	return rmdir(dir);
}

#define TEST(f) cmocka_unit_test_setup_teardown(f, setup, teardown)

int main(void)
{
	const struct CMUnitTest tests[] = {
		TEST(call_and_reply),
		TEST(stream),
		TEST(large),
		TEST(endless),
		TEST(errors),
		TEST(schemas),
		TEST(bloated),
		TEST(error_before_close),
		TEST(incomplete_reply),
		TEST(no_answer),
		TEST(reader_gone),
		cmocka_unit_test(no_server),
		cmocka_unit_test(paths),
		cmocka_unit_test(feeds),
	};

	cmocka_set_message_output(CM_OUTPUT_TAP);
	return cmocka_run_group_tests(tests, make_dir, remove_dir);
}
