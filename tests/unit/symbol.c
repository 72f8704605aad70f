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

static void check_source(const char *name, const char *want)
{
	struct symbol_text t;

	symbol_parse(name, &t);
	symbol_strip_suffix(t.name);
	assert_string_equal(t.name, want);
}

/* The compiler names the copies and parts of a function; another build has other ones. */
static void suffixes(void **state)
{
	(void)state;
	check_source("load_firmware+0x1f", "load_firmware");
	check_source("load_firmware.isra.0+0x1f [drv]", "load_firmware");
	check_source("load_firmware.constprop.0+0x1f", "load_firmware");
	check_source("load_firmware.part.0", "load_firmware");
	check_source("load_firmware.cold+0x1f/0x20", "load_firmware");
	check_source("load_firmware.llvm.12345678901234567890+0x1f", "load_firmware");
	check_source("load_firmware.lto_priv.0.isra.0.cold", "load_firmware");
	check_source("load_firmware.__uniq.1234.llvm.5", "load_firmware");
	check_source(".hidden.cold", ".hidden");
	check_source("0xffffffffc0001234", "0xffffffffc0001234");
	check_source("", "");
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(texts),
		cmocka_unit_test(suffixes),
	};

	return cmocka_run_group_tests_name("unit/symbol", tests, NULL, NULL);
}
