// SPDX-License-Identifier: GPL-2.0-or-later
/* Source lines of addresses against the truth, which tests/debug/places prints. */
#include "tests/lib/test.h"

#include "cli/debug/lines.h"
#include "tests/lib/beside.h"

static struct debuginfo *open_places(const char *path)
{
	struct debuginfo *d = NULL;
	struct errbuf err = {};

	if (debuginfo_open(path, NULL, &d, &err))
		fail_msg("%s", err.text);
	return d;
}

/* Writes the lines as the program prints them. */
static void write_lines(const struct source_lines *l, char *to, size_t size)
{
	size_t n = 0;

	for (size_t i = 0; i < l->n; i++) {
		assert_non_null(l->line[i].file);
		n += snprintf(to + n, size - n, "%s%s %s:%u", i ? ", " : "", l->line[i].function,
			      l->line[i].file, l->line[i].line);
	}
}

static void check(const struct debuginfo *d, GElf_Addr addr, const char *want)
{
	struct source_lines lines;
	char got[1024];
	GElf_Off off;
	GElf_Sym sym;
	const char *symbol = dwfl_module_addrinfo(d->mod, addr, &off, &sym, NULL, NULL, NULL);

	assert_non_null(symbol);
	assert_int_equal(lines_find(d, symbol, off, sym.st_size, &lines), 0);
	write_lines(&lines, got, sizeof(got));
	assert_string_equal(got, want);
}

/* Compares the lines of all places of a program. */
static void check_places(const char *program)
{
	_cleanup_free_ char *path = beside(program);
	_cleanup_debuginfo_ struct debuginfo *d = open_places(path);
	FILE *f = popen(path, "re");
	unsigned long addr;
	char want[512];
	int n = 0;

	assert_non_null(f);
	for (; fscanf(f, "%lx %511[^\n]", &addr, want) == 2; n++)
		check(d, addr, want);
	pclose(f);
	assert_int_equal(n, 5);
}

static void places(void **state)
{
	(void)state;
	check_places("places");
}

static void places_of_clang(void **state)
{
	(void)state;
	check_places("places-clang");
}

static void not_found(void **state)
{
	_cleanup_free_ char *path = beside("places");
	_cleanup_debuginfo_ struct debuginfo *d = open_places(path);
	struct source_lines lines = { .n = 7 };

	(void)state;
	assert_int_equal(lines_find(d, "nothing", 0, 0, &lines), -ENOENT);
	assert_int_equal(lines_find(d, "plain", 0, 1, &lines), -ENOENT);
	assert_int_equal(lines_find(d, "plain", 1 << 30, 0, &lines), -ENOENT);
	assert_int_equal(lines.n, 7);
	assert_int_equal(lines_find(d, "plain", 1, 0, &lines), 0);
	assert_int_equal(lines.line[0].line, 101);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(places),
		cmocka_unit_test(places_of_clang),
		cmocka_unit_test(not_found),
	};

	return cmocka_run_group_tests_name("debug/lines", tests, NULL, NULL);
}
