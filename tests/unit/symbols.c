// SPDX-License-Identifier: GPL-2.0-or-later
#include "tests/lib/test.h"

#include "daemon/base/util.h"
#include "daemon/collector/symbols.h"

static char path[] = "/tmp/iomap-kallsyms-XXXXXX";

static void write_file(const char *text)
{
	FILE *f = fopen(path, "w");

	assert_non_null(f);
	fputs(text, f);
	fclose(f);
}

static int make_file(void **state)
{
	int fd = mkstemp(path);

	(void)state;
	if (fd < 0)
		return -1;
	close(fd);
	return 0;
}

static int remove_file(void **state)
{
	(void)state;
	return unlink(path);
}

static void expect(struct symbols *s, uint64_t addr, const char *name, const char *module)
{
	const struct symbol *sym = symbols_get(s, addr);

	assert_non_null(sym);
	assert_string_equal(sym->name, name);
	if (module)
		assert_string_equal(sym->module, module);
	else
		assert_null(sym->module);
}

/* Symbols out of order, as those of modules are, with data and aliases. */
static const char typical[] = "0000000000000000 A fixed_percpu_data\n"
			      "ffffffff81000000 T _stext\n"
			      "ffffffff81000000 T startup_64\n"
			      "ffffffff81000200 t helper.isra.0\n"
			      "ffffffff81000280 D some_data\n"
			      "ffffffff81000300 W weak_one\n"
			      "ffffffffc0400000 t qxl_bo_kmap\t[qxl]\n"
			      "ffffffffc0400100 t qxl_bo_kmap_atomic_page\t[qxl]\n"
			      "ffffffffc0300000 t test_map_one\t[test_io_mapping]\n"
			      "not a line\n"
			      "\n"
			      "ffffffff81000400 T last\n";

static void names_offsets_and_modules(void **state)
{
	struct symbols *s;

	(void)state;
	write_file(typical);
	s = symbols_new(path);
	expect(s, 0xffffffff81000000, "_stext+0x0", NULL);
	expect(s, 0xffffffff81000201, "helper.isra.0+0x1", NULL);
	expect(s, 0xffffffff810002a0, "helper.isra.0+0xa0", NULL);
	expect(s, 0xffffffff81000310, "weak_one+0x10", NULL);
	expect(s, 0xffffffffc040014f, "qxl_bo_kmap_atomic_page+0x4f", "qxl");
	expect(s, 0xffffffffc030003c, "test_map_one+0x3c", "test_io_mapping");
	symbols_free(s);
}

static void addresses_without_a_symbol(void **state)
{
	struct symbols *s;

	(void)state;
	write_file(typical);
	s = symbols_new(path);
	expect(s, 0xffffffff80ffffff, "0xffffffff80ffffff", NULL);
	expect(s, 0, "0x0", NULL);
	/* Too far behind the last symbol: the address is in a module that was unloaded. */
	expect(s, 0xffffffffd0000000, "0xffffffffd0000000", NULL);
	symbols_free(s);
}

static void one_pass_for_many(void **state)
{
	uint64_t addrs[] = { 0xffffffffc0400110, 0xffffffff81000230, 0xffffffff81000210,
			     0xffffffff81000210, 0xffffffffc0400104, 0xffffffff81000410 };
	struct symbols *s;

	(void)state;
	write_file(typical);
	s = symbols_new(path);
	assert_int_equal(symbols_resolve(s, addrs, 6), 0);
	/* The names come from the cache: the file has others. */
	write_file("ffffffff81000000 T other\n");
	expect(s, 0xffffffffc0400110, "qxl_bo_kmap_atomic_page+0x10", "qxl");
	expect(s, 0xffffffffc0400104, "qxl_bo_kmap_atomic_page+0x4", "qxl");
	expect(s, 0xffffffff81000210, "helper.isra.0+0x10", NULL);
	expect(s, 0xffffffff81000230, "helper.isra.0+0x30", NULL);
	expect(s, 0xffffffff81000410, "last+0x10", NULL);
	expect(s, 0xffffffff81000010, "other+0x10", NULL);
	symbols_free(s);
}

static bool names_some(void *ctx, uint64_t addr, char *buf, size_t size)
{
	unsigned int *asked = ctx;

	(*asked)++;
	if (addr == 0xffffffffc0400110)
		snprintf(buf, size, "gone_map+0x1f0/0x400 [gone]");
	else if (addr == 0xffffffff81000010)
		snprintf(buf, size, "of_the_kernel.isra.0+0x10/0x20");
	else if (addr == 0xffffffff81000310)
		snprintf(buf, size, "0xffffffff81000310");
	else
		return false;
	return true;
}

/* The source has names of unloaded modules, so it goes before the file. */
/* A function of vmlinux by its name: not that of a module, and a global one before static ones. */
static void finds_functions(void **state)
{
	static const char *const names[] = { "flush_work", "reserve_flush", "down", "flush",
					     "none" };
	struct function f[ARRAY_SIZE(names)];
	struct symbols *s;

	(void)state;
	write_file("ffffffff81000000 t down\n"
		   "ffffffff81000100 T flush_work\n"
		   "ffffffff81000100 T alias\n"
		   "ffffffff81000180 t flush_work.cold\n"
		   "ffffffff81000200 t reserve_flush\n"
		   "ffffffff81000280 t other\n"
		   "ffffffff81000300 t reserve_flush\n"
		   "ffffffff81000400 T down\n"
		   "ffffffff81000440 t after\n"
		   "ffffffff81000500 t down\n"
		   "ffffffffc0000000 t flush_work\t[mis]\n"
		   "ffffffffc0000040 T down\t[mis]\n"
		   "ffffffffc0000080 t none\t[mis]\n");
	s = symbols_new(path);
	assert_int_equal(symbols_find(s, names, ARRAY_SIZE(names), f), 0);
	assert_int_equal(f[0].start, 0xffffffff81000100);
	assert_int_equal(f[0].end, 0xffffffff81000180);
	assert_int_equal(f[0].copies, 1);
	assert_int_equal(f[1].copies, 2);
	assert_int_equal(f[2].start, 0xffffffff81000400);
	assert_int_equal(f[2].end, 0xffffffff81000440);
	assert_int_equal(f[2].copies, 1);
	for (size_t i = 3; i < ARRAY_SIZE(names); i++) {
		assert_int_equal(f[i].start, 0);
		assert_int_equal(f[i].copies, 0);
	}
	symbols_free(s);
}

/* kernel.kptr_restrict=2: names without addresses */
static void hidden_functions(void **state)
{
	static const char *const names[] = { "flush_work", "down", "none" };
	static const unsigned int copies[] = { 1, 2, 0 };
	struct function f[ARRAY_SIZE(names)];
	struct symbols *s;

	(void)state;
	write_file("0000000000000000 T flush_work\n"
		   "0000000000000000 t down\n"
		   "0000000000000000 t other\n"
		   "0000000000000000 t down\n");
	s = symbols_new(path);
	assert_int_equal(symbols_check(s), -EACCES);
	assert_int_equal(symbols_find(s, names, ARRAY_SIZE(names), f), 0);
	for (size_t i = 0; i < ARRAY_SIZE(names); i++) {
		assert_int_equal(f[i].start, 0);
		assert_int_equal(f[i].copies, copies[i]);
	}
	symbols_free(s);
}

static void source_goes_before_file(void **state)
{
	uint64_t addrs[] = { 0xffffffffc0400110, 0xffffffffc0400104, 0xffffffffc0400110 };
	unsigned int asked = 0;
	struct symbols *s;

	(void)state;
	write_file(typical);
	s = symbols_new(path);
	symbols_set_source(s, names_some, &asked);
	assert_int_equal(symbols_resolve(s, addrs, 3), 0);
	assert_int_equal(asked, 2);
	expect(s, 0xffffffffc0400110, "gone_map+0x1f0", "gone");
	expect(s, 0xffffffffc0400104, "qxl_bo_kmap_atomic_page+0x4", "qxl");
	assert_int_equal(asked, 2);
	expect(s, 0xffffffff81000010, "of_the_kernel.isra.0+0x10", NULL);
	expect(s, 0xffffffff81000310, "weak_one+0x10", NULL);
	assert_int_equal(asked, 4);
	symbols_free(s);
}

static void cache_grows(void **state)
{
	struct symbols *s;
	uint64_t addrs[2000];
	char name[32];

	(void)state;
	write_file("00001000 T low\n");
	s = symbols_new(path);
	for (size_t i = 0; i < 2000; i++)
		addrs[i] = 0x1000 + i * 16;
	assert_int_equal(symbols_resolve(s, addrs, 1000), 0);
	assert_int_equal(symbols_resolve(s, addrs, 2000), 0);
	for (size_t i = 0; i < 2000; i++) {
		snprintf(name, sizeof(name), "low+0x%zx", i * 16);
		expect(s, addrs[i], name, NULL);
	}
	symbols_free(s);
}

/* Lines cut by the end of the buffer, and names of the kernel's maximum length and above. */
static void long_file_and_long_names(void **state)
{
	FILE *f = fopen(path, "w");
	char longest[512], want[600];
	struct symbols *s;

	(void)state;
	memset(longest, 'x', 511);
	longest[511] = '\0';
	assert_non_null(f);
	for (unsigned int i = 0; i < 20000; i++)
		fprintf(f, "%08x t function_number_%u\n", 0x10000 + i * 16, i);
	fprintf(f, "a0000000 t %s\n", longest);
	fprintf(f, "b0000000 t %s%s%s\n", longest, longest, longest);
	for (int i = 0; i < 200000; i++)
		fputc('y', f);
	fprintf(f, "\nc0000000 t after");
	fclose(f);
	s = symbols_new(path);
	expect(s, 0x10000 + 12345 * 16 + 3, "function_number_12345+0x3", NULL);
	expect(s, 0x10000 + 19999 * 16, "function_number_19999+0x0", NULL);
	snprintf(want, sizeof(want), "%s+0x8", longest);
	expect(s, 0xa0000008, want, NULL);
	expect(s, 0xb0000008, want, NULL);
	symbols_free(s);
}

static void checks_the_file(void **state)
{
	struct symbols *s;

	(void)state;
	s = symbols_new(path);
	write_file(typical);
	assert_int_equal(symbols_check(s), 0);
	write_file("0000000000000000 T _stext\n0000000000000000 T other\n");
	assert_int_equal(symbols_check(s), -EACCES);
	write_file("");
	assert_int_equal(symbols_check(s), -EACCES);
	symbols_free(s);
	s = symbols_new("/nonexistent/kallsyms");
	assert_int_equal(symbols_check(s), -ENOENT);
	expect(s, 0x1234, "0x1234", NULL);
	symbols_free(s);
	assert_null(symbols_free(NULL));
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(names_offsets_and_modules),
		cmocka_unit_test(addresses_without_a_symbol),
		cmocka_unit_test(one_pass_for_many),
		cmocka_unit_test(finds_functions),
		cmocka_unit_test(hidden_functions),
		cmocka_unit_test(source_goes_before_file),
		cmocka_unit_test(cache_grows),
		cmocka_unit_test(long_file_and_long_names),
		cmocka_unit_test(checks_the_file),
	};

	return cmocka_run_group_tests_name("unit/symbols", tests, make_file, remove_file);
}
