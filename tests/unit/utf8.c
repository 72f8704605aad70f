// SPDX-License-Identifier: GPL-2.0-or-later
/* Text of any origin: decoding, and its way to a terminal, JSON and error sentences. */
#include "tests/lib/test.h"

#include "daemon/base/jsonw.h"
#include "daemon/base/utf8.h"
#include "daemon/base/util.h"

/* Controls, overrides of the direction, noncharacters. */
static const char *const steering[] = {
	"\x1b",		"\x7f",		"\n",		"\xc2\x80",
	"\xc2\x9b",	"\xc2\x9f", /* C1 */
	"\xe2\x80\xa8", "\xe2\x80\xaa", "\xe2\x80\xae", "\xe2\x81\xa6",
	"\xe2\x81\xa9", "\xef\xbf\xbe", "\xef\xbf\xbf",
};

static void decodes(void **state)
{
	static const struct {
		const char *text;
		uint32_t want[4];
	} cases[] = {
		{ "a\xc3\xa4\xe2\x82\xac", { 'a', 0xe4, 0x20ac } },
		{ "\xf0\x9f\x98\x80", { 0x1f600 } },
		{ "\x1b\xc2\x9b\xe2\x80\xae", { 0x1b, 0x9b, 0x202e } },
		{ "\xef\xbf\xbf\xf4\x8f\xbf\xbf", { 0xffff, 0x10ffff } },
		{ "\xed\xa0\x80\xf4\x90\x80\x80", { 0xfffd, 0xfffd } }, /* a surrogate; too large */
		{ "\xc0\xaf\xe0\x80\xaf\xf0\x80\x80\xaf",
		  { 0xfffd, 0xfffd, 0xfffd } }, /* overlong */
		{ "\x80\xff\xf8z", { 0xfffd, 0xfffd, 0xfffd, 'z' } },
		{ "\xe2\x82", { 0xfffd } },
		{ "\xe2z", { 0xfffd, 'z' } },
	};

	(void)state;
	for (size_t i = 0; i < ARRAY_SIZE(cases); i++) {
		const char *p = cases[i].text;

		for (size_t n = 0; n < 4; n++)
			assert_int_equal(utf8_next(&p), cases[i].want[n]);
		assert_int_equal(*p, 0);
	}
}

/* Each character is decoded from its encoding. */
static void round_trip(void **state)
{
	(void)state;
	for (uint32_t ch = 1; ch <= 0x10ffff; ch++) {
		char buf[5];
		const char *p = buf;
		size_t n;

		if (ch == 0xd800)
			ch = 0xe000;
		n = utf8_put(buf, ch);
		assert_int_equal(n, strlen(buf));
		assert_int_equal(utf8_next(&p), ch);
		assert_int_equal(*p, 0);
	}
}

static void steers(void **state)
{
	static const char good[] =
		"qxl+0x4f \xc3\xa4 \xc2\xa0\xe2\x82\xac\xef\xbf\xbd\xf0\x9f\x98\x80";

	(void)state;
	for (size_t i = 0; i < ARRAY_SIZE(steering); i++) {
		const char *p = steering[i];

		assert_int_equal(utf8_next_safe(&p), '?');
		assert_int_equal(*p, 0);
		assert_int_equal(utf8_next_safe(&p), 0);
	}
	for (const char *p = good; *p;)
		assert_false(utf8_steers(utf8_next(&p)));
}

static void prints_and_cleans(void **state)
{
	static const struct {
		const char *text, *printed, *cleaned;
	} cases[] = {
		{ "", "", "" },
		{ "\xc3\xa4 \xf0\x9f\x98\x80", "\xc3\xa4 \xf0\x9f\x98\x80",
		  "\xc3\xa4 \xf0\x9f\x98\x80" },
		{ "\x1b[2J\xc2\x9b"
		  "1m",
		  "?[2J?1m", "?[2J?1m" },
		{ "a\xff\xe2\x80", "a\xef\xbf\xbd\xef\xbf\xbd", "a??" },
	};

	(void)state;
	for (size_t i = 0; i < ARRAY_SIZE(cases); i++) {
		char out[64] = "", clean[64];
		FILE *f = fmemopen(out, sizeof(out), "w");

		utf8_print(f, cases[i].text);
		fclose(f);
		assert_string_equal(out, cases[i].printed);
		strcpy(clean, cases[i].text);
		utf8_clean(clean);
		assert_string_equal(clean, cases[i].cleaned);
	}
}

/* Returns the text between the quotes of a JSON string. */
static void check_json(const char *text, const char *want)
{
	struct buf out = {};
	struct jsonw w;

	jsonw_init(&w, &out);
	jsonw_string(&w, NULL, text);
	buf_append(&out, "", 1);
	assert_int_equal(out.data[0], '"');
	out.data[out.len - 2] = '\0';
	assert_string_equal(out.data + 1, want);
	buf_free(&out);
}

/* JSON keeps each character and contains no control character. */
static void json(void **state)
{
	(void)state;
	for (size_t i = 0; i < ARRAY_SIZE(steering); i++) {
		const char *p = steering[i];
		char want[8];

		snprintf(want, sizeof(want), "\\u%04x", (unsigned int)utf8_next(&p));
		check_json(steering[i], want);
	}
	check_json("\"\\\xc3\xa4\xf0\x9f\x98\x80", "\\\"\\\\\xc3\xa4\xf0\x9f\x98\x80");
	check_json("\xff\xc0\xaf", "\xef\xbf\xbd\xef\xbf\xbd");
}

static void error_sentences(void **state)
{
	struct errbuf err;
	char longest[1000];

	(void)state;
	assert_int_equal(set_error(&err, -EIO, "no %s", "\x1b[2J\xc2\x9b\xff\n\xc3\xa4"), -EIO);
	assert_string_equal(err.text, "no ?[2J???\xc3\xa4");
	/* A character that is cut in two is not printed. */
	for (size_t i = 0; i + 2 < sizeof(longest); i += 2)
		memcpy(longest + i, "\xc3\xa4", 3);
	set_error(&err, -EIO, "%s", longest);
	assert_string_equal(err.text + sizeof(err.text) - 4, "\xc3\xa4?");
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(decodes), cmocka_unit_test(round_trip),
		cmocka_unit_test(steers),  cmocka_unit_test(prints_and_cleans),
		cmocka_unit_test(json),	   cmocka_unit_test(error_sentences),
	};

	return cmocka_run_group_tests_name("unit/utf8", tests, NULL, NULL);
}
