// SPDX-License-Identifier: GPL-2.0-or-later
/* Source lines in each format of the report: a map in places.c, inlined twice, and its offence. */
#include "tests/lib/test.h"

#include "daemon/base/jansson.h"
#include "tests/lib/assert-fixture.h"
#include "tests/lib/beside.h"

struct fixture {
	struct assert_report report;
	struct sources_options opts;
	char *folder;
	char at[64], in[64]; /* call sites in twice() and in plain() */
	char frame[80];
};

/* Writes the n-th place that the program prints as an address in its function. */
static void take_place(int n, char *ret, size_t size)
{
	_cleanup_free_ char *path = beside("places");
	_cleanup_debuginfo_ struct debuginfo *d = NULL;
	unsigned long addr = 0;
	const char *symbol;
	GElf_Off offset;
	GElf_Sym sym;
	FILE *f = popen(path, "re");

	for (int i = 0; i <= n; i++)
		assert_int_equal(fscanf(f, "%lx %*[^\n]", &addr), 1);
	pclose(f);
	assert_int_equal(debuginfo_open(path, NULL, &d, NULL), 0);
	symbol = dwfl_module_addrinfo(d->mod, addr, &offset, &sym, NULL, NULL, NULL);
	snprintf(ret, size, "%s+0x%lx", symbol, (unsigned long)offset);
}

static int begin(void **state)
{
	struct fixture *f = calloc(1, sizeof(*f));
	struct model before;
	struct model_violation *v;

	f->folder = beside("");
	f->opts = (struct sources_options){ .release = "0.0-none", .debug_dir = f->folder };
	take_place(2, f->at, sizeof(f->at));
	take_place(0, f->in, sizeof(f->in));
	snprintf(f->frame, sizeof(f->frame), "%s [places]", f->in);
	fixture_begin(&f->report, &before);
	fixture_use(&f->report.model, IOMAP_ATOMIC, 9, 9);
	v = fixture_violation(&f->report.model, IOMAP_MAY_SLEEP_IN_ATOMIC, 3);
	v->caller = f->at;
	v->module = "places";
	v->offender = "mutex_lock+0x1";
	v->offender_module = NULL;
	v->stack[0] = "mutex_lock+0x1";
	v->stack[1] = f->frame;
	v->nr_stack = 2;
	assert_int_equal(assert_judge(&f->report, &before), 0);
	assert_int_equal(sources_new(&f->opts, &f->report.sources), 0);
	*state = f;
	return 0;
}

static int end(void **state)
{
	struct fixture *f = *state;

	assert_report_free(&f->report);
	free(f->folder);
	free(f);
	return 0;
}

static char *write_report(const struct fixture *f,
			  int (*write)(const struct assert_report *r, FILE *out))
{
	char *text = NULL;
	size_t size;
	FILE *out = open_memstream(&text, &size);

	assert_int_equal(write(&f->report, out), 0);
	fclose(out);
	return text;
}

static void has(const char *text, const char *what)
{
	if (!strstr(text, what))
		fail_msg("no '%s' in:\n%s", what, text);
}

static void in_text(void **state)
{
	const struct fixture *f = *state;
	char *text = write_report(f, assert_text), want[512];

	snprintf(want, sizeof(want),
		 "\n  mapped at    %s [places]\n"
		 "               draw_line at gpu/fb.c:12 inlined into blit at gpu/fb.c:17 inlined "
		 "into twice at gpu/driver.c:109\n",
		 f->at);
	has(text, want);
	snprintf(want, sizeof(want), "\n               %s: plain at gpu/driver.c:102\n", f->frame);
	has(text, want);
	/* The kernel itself has no debug information here. */
	has(text, "\nno source lines of vmlinux: ");
	free(text);
}

static void in_annotations(void **state)
{
	char *text = write_report(*state, assert_github);

	has(text, "\n::error title=io_mapping%3A may-sleep-in-atomic,file=gpu/fb.c,line=12,col=");
	free(text);
}

static void in_junit(void **state)
{
	char *text = write_report(*state, assert_junit);

	has(text, "name=\"may-sleep-in-atomic\" time=\"0\" file=\"gpu/fb.c\" line=\"12\">");
	free(text);
}

/* Checks one member of an array of lines. */
static void check_line(const json_t *lines, size_t i, const char *function, const char *file,
		       json_int_t line)
{
	const json_t *l = json_array_get(lines, i);

	assert_string_equal(json_string_value(json_object_get(l, "function")), function);
	assert_string_equal(json_string_value(json_object_get(l, "file")), file);
	assert_int_equal(json_integer_value(json_object_get(l, "line")), line);
}

static void in_json(void **state)
{
	char *text = write_report(*state, assert_json);
	json_t *root = json_loads(text, 0, NULL), *lines;

	lines = json_array_get(json_object_get(root, "violations"), 0);
	lines = json_object_get(lines, "lines");
	check_line(json_object_get(lines, "caller"), 0, "draw_line", "gpu/fb.c", 12);
	check_line(json_object_get(lines, "caller"), 1, "blit", "gpu/fb.c", 17);
	check_line(json_object_get(lines, "caller"), 2, "twice", "gpu/driver.c", 109);
	assert_int_equal(json_array_size(json_object_get(lines, "offender")), 0);
	lines = json_object_get(lines, "stack");
	assert_int_equal(json_array_size(json_array_get(lines, 0)), 0);
	check_line(json_array_get(lines, 1), 0, "plain", "gpu/driver.c", 102);
	json_decref(root);
	free(text);
}

static const json_t *run_of(const json_t *root)
{
	return json_array_get(json_object_get(root, "runs"), 0);
}

static void check_physical(const json_t *location, const char *uri, json_int_t line)
{
	const json_t *p = json_object_get(location, "physicalLocation");
	const json_t *file = json_object_get(p, "artifactLocation");

	assert_string_equal(json_string_value(json_object_get(file, "uri")), uri);
	assert_string_equal(json_string_value(json_object_get(file, "uriBaseId")), "%SRCROOT%");
	p = json_object_get(p, "region");
	assert_int_equal(json_integer_value(json_object_get(p, "startLine")), line);
}

static void in_sarif(void **state)
{
	char *text = write_report(*state, assert_sarif);
	json_t *root = json_loads(text, 0, NULL);
	const json_t *r = json_array_get(json_object_get(run_of(root), "results"), 0), *flow;

	check_physical(json_array_get(json_object_get(r, "locations"), 0), "gpu/fb.c", 12);
	check_physical(json_array_get(json_object_get(r, "relatedLocations"), 0), "gpu/driver.c",
		       102);
	flow = json_array_get(json_object_get(r, "codeFlows"), 0);
	flow = json_array_get(json_object_get(flow, "threadFlows"), 0);
	flow = json_object_get(flow, "locations");
	assert_int_equal(json_array_size(flow), 2);
	check_physical(json_object_get(json_array_get(flow, 0), "location"), "gpu/fb.c", 12);
	check_physical(json_object_get(json_array_get(flow, 1), "location"), "gpu/driver.c", 102);
	json_decref(root);
	free(text);
}

/* Reads the fingerprint of the only result. */
static char *fingerprint(const struct fixture *f)
{
	char *text = write_report(f, assert_sarif), *print;
	json_t *root = json_loads(text, 0, NULL);
	const json_t *r = json_array_get(json_object_get(run_of(root), "results"), 0);

	r = json_object_get(json_object_get(r, "partialFingerprints"), "site/v1");
	print = strdup(json_string_value(r));
	json_decref(root);
	free(text);
	return print;
}

static void fingerprints(void **state)
{
	struct fixture *f = *state;
	struct model_violation *v = &f->report.model.violations[0];
	char *print = fingerprint(f), other_place[64];

	assert_string_equal(print, "may-sleep-in-atomic/atomic/draw_line/mutex_lock");
	free(print);
	take_place(0, other_place, sizeof(other_place));
	v->caller = other_place;
	print = fingerprint(f);
	assert_string_equal(print, "may-sleep-in-atomic/atomic/plain/mutex_lock");
	free(print);
}

/* A result without a line makes GitHub refuse the file. */
static void sarif_without_lines(void **state)
{
	struct fixture *f = *state;
	char *text;
	json_t *root;

	sources_free(f->report.sources);
	f->report.sources = NULL;
	text = write_report(f, assert_sarif);
	root = json_loads(text, 0, NULL);
	assert_int_equal(json_array_size(json_object_get(run_of(root), "results")), 0);
	assert_int_equal(
		json_array_size(json_object_get(json_object_get(run_of(root), "properties"),
						"violations_without_line")),
		1);
	has(text, "1 violation has no source line, and is not among the results");
	json_decref(root);
	free(text);

	f->report.fallback_file = "drv/a b%.c";
	text = write_report(f, assert_sarif);
	root = json_loads(text, 0, NULL);
	check_physical(
		json_array_get(
			json_object_get(json_array_get(json_object_get(run_of(root), "results"), 0),
					"locations"),
			0),
		"drv/a%20b%25.c", 1);
	json_decref(root);
	free(text);
}

#define TEST(f) cmocka_unit_test_setup_teardown(f, begin, end)

int main(void)
{
	const struct CMUnitTest tests[] = {
		TEST(in_text),
		TEST(in_annotations),
		TEST(in_junit),
		TEST(in_json),
		TEST(in_sarif),
		TEST(fingerprints),
		TEST(sarif_without_lines),
	};

	return cmocka_run_group_tests_name("debug/formats", tests, NULL, NULL);
}
