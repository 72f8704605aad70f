// SPDX-License-Identifier: GPL-2.0-or-later
/* Framing and parsing of calls, and the JSON writer. */
#include "tests/lib/test.h"

#include "daemon/base/varlink.h"

/* Adds bytes as a read would. */
static size_t feed(struct varlink_input *in, const char *data, size_t n)
{
	size_t room;
	void *p = varlink_input_room(in, &room);

	if (n > room)
		n = room;
	if (n)
		memcpy(p, data, n);
	varlink_input_add(in, n);
	return n;
}

static void expect(struct varlink_input *in, const char *want)
{
	const char *text;
	size_t len;
	int r = varlink_input_next(in, &text, &len);

	if (!want) {
		assert_int_equal(r, 0);
		return;
	}
	assert_int_equal(r, 1);
	assert_int_equal(len, strlen(want));
	assert_string_equal(text, want);
}

static void split_anywhere(void **state)
{
	static const char data[] = "first\0second message\0\0last";

	(void)state;
	for (size_t cut = 0; cut <= sizeof(data); cut++) {
		struct varlink_input in = {};

		feed(&in, data, cut);
		if (cut > 5)
			expect(&in, "first");
		else
			expect(&in, NULL);
		feed(&in, data + cut, sizeof(data) - cut);
		if (cut <= 5)
			expect(&in, "first");
		assert_true(varlink_input_ready(&in));
		expect(&in, "second message");
		expect(&in, "");
		expect(&in, "last");
		assert_false(varlink_input_ready(&in));
		expect(&in, NULL);
		varlink_input_free(&in);
	}
}

static void byte_by_byte(void **state)
{
	struct varlink_input in = {};

	(void)state;
	for (int i = 0; i < 1000; i++) {
		feed(&in, "x", 1);
		expect(&in, NULL);
	}
	feed(&in, "", 1);
	assert_true(varlink_input_ready(&in));
	varlink_input_free(&in);
}

static void many_in_one_read(void **state)
{
	struct varlink_input in = {};
	char data[4000];

	(void)state;
	for (size_t i = 0; i < sizeof(data); i += 4)
		memcpy(data + i, "abc", 4);
	assert_int_equal(feed(&in, data, sizeof(data)), sizeof(data));
	for (size_t i = 0; i < sizeof(data); i += 4)
		expect(&in, "abc");
	expect(&in, NULL);
	varlink_input_free(&in);
}

static void longest_and_longer(void **state)
{
	struct varlink_input in = {};
	const char *text;
	char xs[4096];
	size_t len, n = 0;

	(void)state;
	memset(xs, 'x', sizeof(xs));
	while (n < VARLINK_MESSAGE_MAX)
		n += feed(&in, xs, VARLINK_MESSAGE_MAX - n < 4096 ? VARLINK_MESSAGE_MAX - n : 4096);
	expect(&in, NULL);
	feed(&in, "", 1);
	assert_int_equal(varlink_input_next(&in, &text, &len), 1);
	assert_int_equal(len, VARLINK_MESSAGE_MAX);
	/* One more byte is too much; the parser never asks for more than it can take. */
	for (n = 0; n <= VARLINK_MESSAGE_MAX; n += feed(&in, xs, 4096))
		;
	assert_int_equal(varlink_input_next(&in, &text, &len), -EMSGSIZE);
	assert_int_equal(feed(&in, xs, 1), 0);
	varlink_input_free(&in);
	/* A reader may set another limit. */
	in.max = 3;
	assert_int_equal(feed(&in, "xxx", 4), 4);
	expect(&in, "xxx");
	assert_int_equal(feed(&in, xs, 10), 4);
	assert_int_equal(varlink_input_next(&in, &text, &len), -EMSGSIZE);
	varlink_input_free(&in);
}

static int parse(const char *text, struct varlink_call *ret)
{
	return varlink_call_parse(text, strlen(text), ret);
}

static void good_calls(void **state)
{
	struct varlink_call c;

	(void)state;
	assert_int_equal(parse("{\"method\":\"org.iomap.Monitor.Status\"}", &c), 0);
	assert_string_equal(c.interface, "org.iomap.Monitor");
	assert_string_equal(c.method, "Status");
	assert_null(c.params);
	assert_false(c.more || c.oneway);
	varlink_call_free(&c);

	assert_int_equal(parse(" {\"method\":\"a.B\",\"parameters\":{\"x\":1},\"more\":true,"
			       "\"oneway\":false,\"new_thing\":[]}",
			       &c),
			 0);
	assert_string_equal(c.interface, "a");
	assert_int_equal(json_integer_value(json_object_get(c.params, "x")), 1);
	assert_true(c.more);
	assert_false(c.oneway);
	varlink_call_free(&c);

	assert_int_equal(parse("{\"method\":\"a.B\",\"parameters\":null,\"oneway\":true}", &c), 0);
	assert_null(c.params);
	assert_true(c.oneway);
	varlink_call_free(&c);
}

static void bad_calls(void **state)
{
	static const char *const bad[] = {
		"",
		" ",
		"{",
		"nonsense",
		"[]",
		"1",
		"null",
		"\"a.B\"",
		"{}",
		"{\"method\":1}",
		"{\"method\":\"NoDot\"}",
		"{\"method\":\"a.B\"} trailing",
		"{\"method\":\"a.B\",\"method\":\"c.D\"}",
		"{\"method\":\"a.B\",\"parameters\":[]}",
		"{\"method\":\"a.B\",\"parameters\":\"x\"}",
		"{\"method\":\"\xff.B\"}",
	};
	struct varlink_call c = { .more = true };
	char deep[8001], name[1000];

	(void)state;
	for (size_t i = 0; i < sizeof(bad) / sizeof(bad[0]); i++)
		assert_int_equal(parse(bad[i], &c), -EBADMSG);
	memset(deep, '[', 8000);
	deep[8000] = '\0';
	assert_int_equal(parse(deep, &c), -EBADMSG);
	memset(name, 'x', sizeof(name));
	snprintf(name, sizeof(name), "{\"method\":\"%0500d.B\"}", 0);
	assert_int_equal(parse(name, &c), -EBADMSG);
	assert_null(c.root);
	assert_true(c.more);
}

static void replies(void **state)
{
	struct buf out = {};
	struct jsonw w;

	(void)state;
	varlink_reply_begin(&w, &out);
	jsonw_object_begin(&w, "parameters");
	jsonw_u64(&w, "n", 5);
	jsonw_object_end(&w);
	varlink_reply_end(&w, true);
	assert_string_equal(out.data, "{\"parameters\":{\"n\":5},\"continues\":true}");
	assert_int_equal(out.len, strlen(out.data) + 1);
	buf_free(&out);
	varlink_error(&out, "a.Bad", "what", "it \"is\"");
	assert_string_equal(out.data,
			    "{\"error\":\"a.Bad\",\"parameters\":{\"what\":\"it \\\"is\\\"\"}}");
	buf_free(&out);
	varlink_error(&out, "a.Bad", NULL, NULL);
	assert_string_equal(out.data, "{\"error\":\"a.Bad\",\"parameters\":{}}");
	buf_free(&out);
}

/* Any bytes become valid JSON, and valid text comes back unchanged. */
static void any_string_is_good_json(void **state)
{
	uint64_t r = 42;
	json_t *root;
	struct jsonw w;

	(void)state;
	for (int round = 0; round < 3000; round++) {
		struct buf out = {};
		char text[32];

		for (size_t i = 0; i < sizeof(text); i++) {
			r = r * 6364136223846793005ULL + 1442695040888963407ULL;
			text[i] = r >> 56;
		}
		text[sizeof(text) - 1] = '\0';
		jsonw_init(&w, &out);
		jsonw_object_begin(&w, NULL);
		jsonw_string(&w, "s", text);
		jsonw_object_end(&w);
		root = json_loadb(out.data, out.len, 0, NULL);
		assert_non_null(root);
		json_decref(root);
		buf_free(&out);
	}
	for (int i = 0; i < 2; i++) {
		static const char *const good[] = { "sch\xc3\xb6n \"\\\" \t\n\x01\x7f",
						    "\xe2\x82\xac \xf0\x9f\x90\xa7" };
		struct buf out = {};

		jsonw_init(&w, &out);
		jsonw_array_begin(&w, NULL);
		jsonw_string(&w, NULL, good[i]);
		jsonw_string(&w, NULL, NULL);
		jsonw_u64(&w, NULL, UINT64_MAX);
		jsonw_hex(&w, NULL, 0xf4000000);
		jsonw_array_end(&w);
		root = json_loadb(out.data, out.len, 0, NULL);
		assert_non_null(root);
		assert_string_equal(json_string_value(json_array_get(root, 0)), good[i]);
		assert_true(json_is_null(json_array_get(root, 1)));
		assert_int_equal(json_integer_value(json_array_get(root, 2)), INT64_MAX);
		assert_string_equal(json_string_value(json_array_get(root, 3)), "0xf4000000");
		json_decref(root);
		buf_free(&out);
	}
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(split_anywhere),   cmocka_unit_test(byte_by_byte),
		cmocka_unit_test(many_in_one_read), cmocka_unit_test(longest_and_longer),
		cmocka_unit_test(good_calls),	    cmocka_unit_test(bad_calls),
		cmocka_unit_test(replies),	    cmocka_unit_test(any_string_is_good_json),
	};

	return cmocka_run_group_tests_name("unit/varlink", tests, NULL, NULL);
}
