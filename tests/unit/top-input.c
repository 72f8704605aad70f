// SPDX-License-Identifier: GPL-2.0-or-later
/* Sequences of a terminal that are no keys. */
#include <string.h>

#include "cli/top/input.h"
#include "tests/lib/test.h"

/* Returns the keys in a text; "E" is the key Esc. The text ends in a pause. */
static const char *keys_of(const char *text, size_t len)
{
	static char keys[64];
	struct input in = {};
	size_t n = 0;

	for (size_t i = 0; i < len; i++) {
		enum input_result r = input_take(&in, (unsigned char)text[i]);

		if (r == INPUT_IS_AFTER_ESC)
			keys[n++] = 'E';
		if (r != INPUT_IS_SWALLOWED)
			keys[n++] = text[i] == INPUT_ESCAPE ? 'E' : text[i];
	}
	if (input_pause(&in))
		keys[n++] = 'E';
	keys[n] = '\0';
	return keys;
}

#define CHECK(text, want) assert_string_equal(keys_of(text "", sizeof(text) - 1), want)

static void keys(void **state)
{
	(void)state;
	CHECK("q1 p", "q1 p");
	CHECK("\033", "E");
	CHECK("\033\033", "EE");
	CHECK("\033q", "Eq");
	CHECK("\033\t", "E\t");
	CHECK("a\033", "aE");
}

static void sequences(void **state)
{
	(void)state;
	CHECK("\033[113;5uq", "q"); /* Control-q of a terminal with such keys */
	CHECK("\033[24;80Rq", "q"); /* a report of the cursor */
	CHECK("\033[M   q", "q");   /* the mouse of X10: three blanks */
	CHECK("\033[M\"ppq", "q");  /* the same with letters */
	CHECK("\033[M\377\377\377q", "q");
	CHECK("\033[<0;12;3Mq", "q"); /* the mouse of SGR */
	CHECK("\033[<0;12;3mq", "q");
	CHECK("\033[32;1;1Mq", "q"); /* the mouse of urxvt */
	CHECK("\033[?1;2cq", "q");   /* the type of the terminal */
	CHECK("\033[200~\033[201~q", "q");
	CHECK("\033[Iq\033[O1", "q1"); /* the focus */
	CHECK("\033[[Aq", "q");	       /* F1 of the Linux console */
	CHECK("\033Oxq", "q");
	CHECK("\033]11;rgb:0/0/0\aq", "q");
	CHECK("\033]52;c;cGFzc3dk\033\\q", "q");
	CHECK("\033]0;1 2 3\234q", "q");
	CHECK("\033P>|xterm(1)\033\\q", "q");
	CHECK("\033_1 2\033\\q\033^ppp\033\\1\033Xppp\033\\2", "q12");
}

/* Sequences that are cut off do not swallow the keys after them for ever. */
static void broken(void **state)
{
	struct input in = {};

	(void)state;
	CHECK("\033[1\033[113;5uq", "q");
	CHECK("\033]text\033[113;5uq", "q");
	CHECK("\033]text\033xq", "q");
	CHECK("\033[", "");
	assert_int_equal(input_take(&in, INPUT_ESCAPE), INPUT_IS_SWALLOWED);
	assert_int_equal(input_take(&in, ']'), INPUT_IS_SWALLOWED);
	assert_int_equal(input_take(&in, 'q'), INPUT_IS_SWALLOWED);
	assert_false(input_pause(&in));
	assert_int_equal(input_take(&in, 'q'), INPUT_IS_KEY);
	/* A key that ncurses knows. */
	input_take(&in, INPUT_ESCAPE);
	input_take(&in, ']');
	assert_int_equal(input_take(&in, 0403), INPUT_IS_KEY);
	assert_int_equal(input_take(&in, 'q'), INPUT_IS_KEY);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(keys),
		cmocka_unit_test(sequences),
		cmocka_unit_test(broken),
	};

	return cmocka_run_group_tests_name("unit/top-input", tests, NULL, NULL);
}
