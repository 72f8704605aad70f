// SPDX-License-Identifier: GPL-2.0-or-later
/* Source lines for the functions of a report: which file is read, and which paths come out. */
#include "tests/lib/test.h"

#include "cli/debug/sources.h"
#include "tests/lib/beside.h"

/* The place in places.c that is inlined twice. */
#define AT "twice+0x"

struct fixture {
	char *places;
	char *folder;
	const char *roots[2];
	struct sources_options opts;
	struct sources *sources;
	char symbol[64]; /* of the second call in twice(), which is inlined twice */
};

static int open_fixture(void **state)
{
	struct fixture *f = calloc(1, sizeof(*f));
	unsigned long addr[5] = {};
	GElf_Off offset = 0;
	struct debuginfo *d;
	char rest[512];
	FILE *out;

	f->places = beside("places");
	f->folder = beside("");
	f->opts = (struct sources_options){ .release = "0.0-none",
					    .debug_dir = f->folder,
					    .roots = f->roots };
	out = popen(f->places, "re");
	for (size_t i = 0; i < ARRAY_SIZE(addr); i++)
		assert_int_equal(fscanf(out, "%lx %511[^\n]", &addr[i], rest), 2);
	pclose(out);
	assert_int_equal(debuginfo_open(f->places, NULL, &d, NULL), 0);
	assert_non_null(
		dwfl_module_addrinfo(d->mod, addr[2], &offset, &(GElf_Sym){}, NULL, NULL, NULL));
	debuginfo_free(d);
	snprintf(f->symbol, sizeof(f->symbol), AT "%lx", (unsigned long)offset);
	*state = f;
	return 0;
}

static int close_fixture(void **state)
{
	struct fixture *f = *state;

	sources_free(f->sources);
	free(f->places);
	free(f->folder);
	free(f);
	return 0;
}

static void start(struct fixture *f)
{
	assert_int_equal(sources_new(&f->opts, &f->sources), 0);
}

static void check_files(const struct source_lines *l, const char *inner, const char *outer)
{
	assert_non_null(l);
	assert_int_equal(l->n, 3);
	assert_string_equal(l->line[0].file, inner);
	assert_int_equal(l->line[0].line, 12);
	assert_string_equal(l->line[1].file, inner);
	assert_string_equal(l->line[2].file, outer);
	assert_int_equal(l->line[2].line, 109);
}

/* The tests run in the folder that the compiler ran in. */
static void below_the_current_folder(void **state)
{
	struct fixture *f = *state;
	const struct source_lines *l;

	start(f);
	l = sources_find(f->sources, f->symbol, "places");
	check_files(l, "gpu/fb.c", "gpu/driver.c");
	assert_ptr_equal(sources_find(f->sources, f->symbol, "places"), l);
	assert_null(sources_missing(f->sources));
}

static void module_in_the_text(void **state)
{
	struct fixture *f = *state;
	char text[128];

	start(f);
	snprintf(text, sizeof(text), "%s [places]", f->symbol);
	check_files(sources_find(f->sources, text, NULL), "gpu/fb.c", "gpu/driver.c");
}

static void mapped_prefix(void **state)
{
	struct fixture *f = *state;
	_cleanup_free_ char *cwd = getcwd(NULL, 0), *drop = NULL, *map = NULL;

	assert_true(asprintf(&drop, "%s/gp", cwd) > 0);
	assert_true(asprintf(&map, "%s//=src/kernel/", cwd) > 0);
	f->roots[0] = drop; /* a prefix of a name, not of a path */
	f->roots[1] = map;
	f->opts.nr_roots = 2;
	start(f);
	check_files(sources_find(f->sources, f->symbol, "places"), "src/kernel/gpu/fb.c",
		    "src/kernel/gpu/driver.c");
}

static void dropped_prefix(void **state)
{
	struct fixture *f = *state;
	_cleanup_free_ char *cwd = getcwd(NULL, 0), *drop = NULL;

	assert_true(asprintf(&drop, "%s/gpu", cwd) > 0);
	f->roots[0] = drop;
	f->opts.nr_roots = 1;
	start(f);
	check_files(sources_find(f->sources, f->symbol, "places"), "fb.c", "driver.c");
}

static void missing(void **state)
{
	struct fixture *f = *state;

	start(f);
	assert_null(sources_find(NULL, f->symbol, "places"));
	assert_null(sources_find(f->sources, NULL, "places"));
	assert_null(sources_find(f->sources, "twice", "places"));
	assert_null(sources_find(f->sources, "nothing+0x1", "places"));
	assert_null(sources_missing(f->sources));
	assert_null(sources_find(f->sources, f->symbol, "other"));
	assert_non_null(strstr(sources_missing(f->sources), "no source lines of other: "));
	/* The kernel comes last. */
	assert_null(sources_find(f->sources, "mutex_lock+0x1/0x20", NULL));
	assert_non_null(strstr(sources_missing(f->sources), "no source lines of other: "));
}

#define TEST(f) cmocka_unit_test_setup_teardown(f, open_fixture, close_fixture)

int main(void)
{
	const struct CMUnitTest tests[] = {
		TEST(below_the_current_folder),
		TEST(module_in_the_text),
		TEST(mapped_prefix),
		TEST(dropped_prefix),
		TEST(missing),
	};

	return cmocka_run_group_tests_name("debug/sources", tests, NULL, NULL);
}
