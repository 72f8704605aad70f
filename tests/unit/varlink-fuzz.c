// SPDX-License-Identifier: GPL-2.0-or-later
/*
 * Random and mutated messages for some seconds: the parser and all methods take any bytes, and each
 * complete call gets one JSON reply or the end of the connection. IOMAP_SEED repeats a run,
 * IOMAP_SECONDS makes it longer.
 */
#include "tests/lib/server-fixture.h"

#include <sys/socket.h>
#include <time.h>

#include "daemon/base/varlink.h"

#define SECONDS 3

static const char *const seeds[] = {
	STATUS,
	LIST,
	FOLLOW,
	"{\"method\":\"org.iomap.Monitor.List\",\"parameters\":{\"freed\":true}}",
	"{\"method\":\"org.iomap.Monitor.Hist\",\"parameters\":{\"kind\":\"atomic\"}}",
	"{\"method\":\"org.iomap.Monitor.Events\",\"parameters\":{\"follow\":false},\"more\":true}",
	"{\"method\":\"org.iomap.Monitor.Snapshot\",\"oneway\":true}",
	"{\"method\":\"org.iomap.Monitor.Violations\",\"parameters\":null,\"upgrade\":false}",
	"{\"method\":\"org.varlink.service.GetInfo\",\"parameters\":{}}",
	("{\"method\":\"org.varlink.service.GetInterfaceDescription\","
	 "\"parameters\":{\"interface\":\"org.iomap.Monitor\"}}"),
};

/* Tokens of JSON, Varlink and UTF-8. */
static const char *const words[] = {
	"{",
	"}",
	"[",
	"]",
	"\"",
	":",
	",",
	"null",
	"true",
	"-0",
	"1e999",
	"18446744073709551616",
	"\\u0000",
	"\\ud800",
	"\xc3\x28",
	"\xed\xa0\x80",
	"\xf4\x90\x80\x80",
	"\x01",
	".",
	"..",
	"\"method\":",
	"\"parameters\":{",
	"\"more\":true,",
	"org.",
	"[[[[[[[[[[[[[[[[",
};

static uint64_t state = 1;

static uint32_t rnd(uint32_t below)
{
	state = state * 6364136223846793005ULL + 1442695040888963407ULL;
	return (state >> 33) % below;
}

/* Replaces `gone` bytes of the text at `at` by n bytes. The text is cut at its maximum length. */
static size_t splice(char *text, size_t len, size_t max, size_t at, size_t gone, const char *in,
		     size_t n)
{
	if (at > len)
		at = len;
	if (gone > len - at)
		gone = len - at;
	if (n > max - (len - gone))
		return len;
	memmove(text + at + n, text + at + gone, len - at - gone);
	memmove(text + at, in, n); /* `in` may be a part of the text */
	return len - gone + n;
}

static size_t mutate(char *text, size_t len, size_t max)
{
	const char *word = words[rnd(ARRAY_SIZE(words))];
	char byte = rnd(256);

	switch (rnd(6)) {
	case 0:
		return splice(text, len, max, rnd(len + 1), 1, &byte, 1);
	case 1:
		return splice(text, len, max, rnd(len + 1), 0, word, strlen(word));
	case 2:
		return splice(text, len, max, rnd(len + 1), rnd(20), word, strlen(word));
	case 3:
		return splice(text, len, max, rnd(len + 1), rnd(len + 1), "", 0);
	case 4: /* repeats a part */
		return splice(text, len, max, rnd(len + 1), 0, text, rnd(len + 1));
	default: /* repeats one byte */
		for (uint32_t n = rnd(2000); n; n--)
			len = splice(text, len, max, len / 2, 0, word, strlen(word));
		return len;
	}
}

/* Makes a message without its NUL. */
static size_t make(char *text, size_t max)
{
	const char *seed = seeds[rnd(ARRAY_SIZE(seeds))];
	size_t len = strlen(seed);

	if (!rnd(20)) {
		len = rnd(300);
		for (size_t i = 0; i < len; i++)
			text[i] = rnd(256);
		return len;
	}
	memcpy(text, seed, len);
	for (uint32_t n = rnd(5); n; n--)
		len = mutate(text, len, max);
	return len;
}

/* Each complete reply has to be valid. */
static void check_replies(const struct buf *out)
{
	const char *at = out->data, *end = out->data + out->len;

	while (at < end) {
		size_t len = strnlen(at, end - at);
		json_t *v = json_loadb(at, len, 0, NULL);

		assert_non_null(v);
		assert_true(json_is_object(v));
		json_decref(v);
		at += len + 1;
	}
}

/* The methods answer each call that parses. */
static void parser_and_methods(void **unused)
{
	const char *text = getenv("IOMAP_SEED"), *secs = getenv("IOMAP_SECONDS");
	time_t end = time(NULL) + (secs ? atoi(secs) : SECONDS);
	static char message[VARLINK_MESSAGE_MAX];
	unsigned long calls = 0, others = 0;
	struct varlink_call call;
	struct fixture f;

	(void)unused;
	state = text ? strtoull(text, NULL, 10) : (uint64_t)time(NULL);
	print_message("# seed %llu\n", (unsigned long long)state);
	set_up(&f, 3);
	add_events(&f, 3);
	while (time(NULL) < end) {
		struct service_session session = {};
		size_t len = make(message, sizeof(message));
		const struct buf *reply;
		struct buf out = {};
		char *exact = malloc(len + 1); /* the sanitizer knows its end */

		assert_non_null(exact);
		memcpy(exact, message, len);
		if (varlink_call_parse(exact, len, &call)) {
			others++;
			free(exact);
			continue;
		}
		calls++;
		assert_int_equal(service_call(&f.service, &session, &call, &reply), 0);
		if (reply->len)
			buf_append(&out, reply->data, reply->len);
		assert_true(out.len || session.streaming || call.oneway);
		assert_int_equal(service_stream(&f.service, &session, &out, 1 << 16), 0);
		check_replies(&out);
		varlink_call_free(&call);
		buf_free(&out);
		free(exact);
	}
	print_message("# %lu calls, %lu that are none\n", calls, others);
	assert_true(calls > 100 && others > 100);
	tear_down(&f);
}

/* The same over a connection, in pieces: the server lives, and answers another client. */
static void server(void **unused)
{
	static char message[VARLINK_MESSAGE_MAX];
	struct fixture f;
	int good;

	(void)unused;
	set_up(&f, 3);
	add_events(&f, 3);
	good = connect_client(&f);
	for (int round = 0; round < 300; round++) {
		int fd = connect_client(&f);

		for (uint32_t n = rnd(5); n; n--) {
			size_t len = make(message, sizeof(message) - 1), cut;

			message[len++] = '\0';
			cut = rnd(len + 1);
			send(fd, message, cut, MSG_NOSIGNAL);
			for (int i = 0; i < 4; i++)
				assert_int_equal(loop_once(&f.loop, 0), 0);
			if (rnd(4))
				send(fd, message + cut, len - cut, MSG_NOSIGNAL);
		}
		for (int i = 0; i < 10; i++)
			assert_int_equal(loop_once(&f.loop, 0), 0);
		close(fd);
	}
	call(good, STATUS);
	pump(&f);
	expect_status(&f, good);
	close(good);
	pump(&f);
	assert_int_equal(server_clients(f.server), 0);
	tear_down(&f);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(parser_and_methods),
		cmocka_unit_test(server),
	};

	return cmocka_run_group_tests_name("unit/varlink-fuzz", tests, NULL, NULL);
}
