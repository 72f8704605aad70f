// SPDX-License-Identifier: GPL-2.0-or-later
/* The parser of kernel addresses with names. */
#include "tests/lib/test.h"

#include "daemon/base/symbol.h"

static void check(const char *text, const char *name, const char *module, int64_t offset)
{
	struct symbol_text t;

	assert_int_equal(symbol_parse(text, &t), *name != '\0');
	assert_string_equal(t.name, name);
	assert_string_equal(t.module, module);
	assert_int_equal(t.has_offset, offset >= 0);
	assert_int_equal(t.offset, offset >= 0 ? offset : 0);
}

static void texts(void **state)
{
	struct symbol_text t;
	char longest[2000];

	(void)state;
	check("f.isra.0+0x1c8", "f.isra.0", "", 0x1c8);
	check("f+0x2/0x34 [mod]", "f", "mod", 2);
	assert_true(symbol_parse("f+0x2/0x34 [mod]", &t));
	assert_int_equal(t.size, 0x34);
	assert_true(symbol_parse("f+0x2 [mod]", &t));
	assert_int_equal(t.size, 0);
	check("f+0x2+0x3", "f+0x2", "", 3);
	check("f [m+0x2]", "f", "m+0x2", -1);
	check("f [mod", "f", "mod", -1);
	check("0xffff", "0xffff", "", -1);
	check("+0x3", "", "", 3);
	check("", "", "", -1);
	memset(longest, 'x', sizeof(longest) - 1);
	longest[sizeof(longest) - 1] = '\0';
	memcpy(longest + 1000, " [", 2);
	assert_true(symbol_parse(longest, &t));
	assert_int_equal(strlen(t.name), SYMBOL_NAME_MAX - 1);
	assert_int_equal(strlen(t.module), SYMBOL_MODULE_MAX - 1);
}

int main(void)
{
	const struct CMUnitTest tests[] = { cmocka_unit_test(texts) };

	return cmocka_run_group_tests_name("unit/symbol", tests, NULL, NULL);
}
