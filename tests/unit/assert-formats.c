// SPDX-License-Identifier: GPL-2.0-or-later
/* The report of iomapctl assert in each format. */
#include <errno.h>
#include <string.h>

#include "tests/lib/assert-fixture.h"
#include "daemon/base/jansson.h"
#include "tests/lib/test.h"
#include "daemon/base/names.h"
#include "daemon/base/utf8.h"

typedef int (*writer)(const struct assert_report *r, FILE *f);

static char *write_run(const char *name, writer write)
{
	struct assert_report r;
	char *text = NULL;
	size_t size;
	FILE *f = open_memstream(&text, &size);

	assert_true(fixture_report(name, &r));
	/* Without a line, SARIF leaves a result out. */
	if (write == assert_sarif)
		r.fallback_file = "driver.c";
	assert_int_equal(write(&r, f), 0);
	assert_int_equal(fclose(f), 0);
	assert_int_equal(strlen(text), size);
	assert_report_free(&r);
	return text;
}

static void has(const char *text, const char *what)
{
	if (!strstr(text, what))
		fail_msg("no '%s' in:\n%s", what, text);
}

static void lacks(const char *text, const char *what)
{
	if (strstr(text, what))
		fail_msg("'%s' in:\n%s", what, text);
}

static void short_when_good(void **state)
{
	char *text = write_run("good", assert_text);

	(void)state;
	assert_string_equal(
		text,
		"command      ./drive --all: exit status 0, after 1.23s\n"
		"maps         linear: 1000 atomic (held up to 12.3us), 5 sleepable (held up to "
		"12.3us)\n"
		"mapping      1, 0000:00:02.0 BAR 0, qxl_device_init+0x1c8 [qxl], linear: 1000 "
		"atomic, 5 sleepable\n"
		"hooks        4 of 4 present\n"
		"may sleep    calls of might_sleep(), by __cond_resched(), and of 2 other "
		"functions\n"
		"rules        9 of 10 checked\n"
		"             not asked for: hold-time\n"
		"events       2010 seen, 2010 counted, 0 lost\n"
		"\n"
		"good: the rules held over 1005 maps\n");
	free(text);
}

static void complete_when_bad(void **state)
{
	char *text = write_run("violations", assert_text);

	(void)state;
	has(text, "\nVIOLATION: sleep-in-atomic, 9 times\n  the task slept");
	has(text, "\n  mapped at    qxl_bo_kmap_atomic_page+0x4f [qxl]\n"
		  "  sleeps in    msleep+0x2e\n"
		  "  mapping      1, 0000:00:02.0 BAR 0, 64M at 0xf4000000, linear backend\n"
		  "  kind         atomic\n"
		  "  held         1.23ms\n"
		  "  task         Xorg, thread 512, CPU 0\n"
		  "  time         2023-11-14 22:13:20.005000 UTC, 5.00ms into the command\n"
		  "  stack        schedule+0x2d\n"
		  "               schedule_timeout+0x91\n"
		  "               msleep+0x2e\n"
		  "               qxl_bo_kmap_atomic_page+0x1b3 [qxl]\n");
	has(text, "\n  map's stack  test_map_one+0x3c [test_io_mapping]\n"
		  "               control_write+0x92 [test_io_mapping]\n");
	has(text, "\nVIOLATION: offset-range, 7 times\n  offset 0x100000 ");
	has(text, "\n  held         60.0us, the budget is 50.0us\n");
	has(text, "\n  mapping      not known\n");
	has(text, "\n  unmapped at  test_unmap_one+0x18 [test_io_mapping]\n");
	has(text, "\nviolations: 7 rules were broken, 30 times from 7 sites\n");
	free(text);
}

/* The outcome is the last line. */
static void outcomes(void **state)
{
	static const struct {
		const char *run, *last;
	} want[] = {
		{ "partly", "good: the rules held over 5 maps" },
		{ "suppressed",
		  "good: the rules held over 1005 maps, but for 3 suppressed violations" },
		{ "mixed", "violations: 1 rule was broken, 1 time from 1 site" },
		{ "inconclusive", "inconclusive: 2 events were lost: ring_full; and 2 more" },
		{ "nothing", "nothing exercised: no map that a checked rule could judge" },
		{ "failed", "command failed: exit status 3; no rule was seen to be broken" },
		{ "killed", "command failed: killed by signal 9 (Killed); no rule was seen to be "
			    "broken" },
		{ "unlisted",
		  "violations: 1 rule was broken, 4 times, from sites that are not in the list" },
	};

	(void)state;
	for (size_t i = 0; i < ARRAY_SIZE(want); i++) {
		char *text = write_run(want[i].run, assert_text), *last;

		text[strlen(text) - 1] = '\0';
		last = strrchr(text, '\n');
		assert_non_null(last);
		assert_string_equal(last + 1, want[i].last);
		free(text);
	}
}

static void what_was_not_covered(void **state)
{
	char *text = write_run("inconclusive", assert_text);

	(void)state;
	has(text, "hooks        4 of 5 present\n"
		  "             may-sleep is missing: this kernel has no kprobes\n");
	has(text, "             the kernel lacks something for: may-sleep-in-atomic\n");
	has(text, "unmaps       1 of maps that may be older than the command\n");
	has(text, "\nin doubt: 2 events were lost: ring_full\nin doubt: may-sleep-in-atomic");
	free(text);
	text = write_run("partly", assert_text);
	has(text, "             had nothing to judge: sleep-in-atomic, may-sleep-in-atomic, "
		  "unmap-order\n");
	free(text);
	text = write_run("without-might-sleep", assert_text);
	has(text, "may sleep    calls of 3 functions, and allocations of memory\n"
		  "             not seen: other functions, as might_sleep() calls nothing here\n");
	free(text);
	text = write_run("nothing", assert_text);
	has(text, "maps         none\nmappings     1 not mapped while the command ran\n");
	free(text);
}

static void suppressions_are_shown(void **state)
{
	char *text = write_run("mixed", assert_text);

	(void)state;
	has(text, "\nsuppressed: sleep-in-atomic, 3 times\n");
	has(text, "  reason       line 1: the firmware needs it # bug 12\n");
	has(text, "\nunused suppression, line 2: leak never_* [qxl]\n");
	has(text, "\nVIOLATION: sleep-in-atomic, 1 time\n");
	free(text);
}

/* Checks for valid UTF-8 without control characters other than newlines. */
static void is_plain(const char *text)
{
	for (const char *p = text; *p;) {
		const char *at = p;
		uint32_t ch = utf8_next_safe(&p);

		if (ch == '?' && *at != '?' && *at != '\n')
			fail_msg("a control character at: %.40s", at);
		if (ch == 0xfffd && strncmp(at, "\xef\xbf\xbd", 3))
			fail_msg("no UTF-8 at: %.40s", at);
	}
}

static void hostile_bytes(void **state)
{
	static const writer formats[] = { assert_text,	 assert_tap,  assert_junit,
					  assert_github, assert_json, assert_sarif };

	(void)state;
	for (size_t i = 0; i < ARRAY_SIZE(formats); i++) {
		char *text = write_run("hostile", formats[i]);

		is_plain(text);
		lacks(text, "\n1..0\n");
		free(text);
	}
}

static void annotations(void **state)
{
	char *text = write_run("mixed", assert_github);

	(void)state;
	has(text, "::notice title=iomapctl assert::violations: 1 rule was broken");
	has(text, "\n::error title=io_mapping%3A sleep-in-atomic::the task slept");
	has(text, "(1 time)%0Amapped at    qxl_bo_kmap_atomic_page+0x4f [qxl]%0A");
	has(text, "\n::notice title=io_mapping%3A sleep-in-atomic (suppressed)::");
	has(text, "\n::notice title=io_mapping%3A unused suppression::line 2: leak never_*\n");
	free(text);
	text = write_run("inconclusive", assert_github);
	lacks(text, "::error");
	has(text, "\n::warning title=iomapctl assert%3A inconclusive::2 events were lost");
	free(text);
	text = write_run("hostile", assert_github);
	has(text, ">]]>%25??:,#");
	free(text);
	for (int i = 0; i < 3; i++) {
		static const char *const runs[] = { "failed", "nothing", "unlisted" };

		text = write_run(runs[i], assert_github);
		has(text, "\n::error title=iomapctl assert::");
		free(text);
	}
}

static json_t *load(const char *name, writer write)
{
	char *text = write_run(name, write);
	json_error_t e;
	json_t *v = json_loads(text, JSON_REJECT_DUPLICATES, &e);

	if (!v)
		fail_msg("%s in %s", e.text, text);
	free(text);
	return v;
}

static void as_json(void **state)
{
	const char *verdict, *argv, *reason, *symbol, *rule;
	int status, exit_status, count, suppressed, maps, line;
	json_t *v = load("mixed", assert_json), *signal;

	(void)state;
	assert_int_equal(
		json_unpack(v,
			    "{s:s, s:i, s:{s:[s,s], s:i, s:o}, s:{s:{s:i, s:i}}, "
			    "s:{s:{s:{s:i}}}, s:[{s:s}], s:[{s:s, s:i, s:{s:i}}], s:[{s:s}]}",
			    "verdict", &verdict, "exit_status", &status, "command", "argv", &argv,
			    &argv, "exit_status", &exit_status, "signal", &signal, "rules",
			    "sleep-in-atomic", "count", &count, "suppressed", &suppressed,
			    "coverage", "maps", "linear", "atomic", &maps, "violations", "rule",
			    &rule, "suppressed", "reason", &reason, "line", &line, "violation",
			    "count", &count, "unused_suppressions", "symbol", &symbol),
		0);
	assert_string_equal(verdict, "violations");
	assert_string_equal(argv, "--all");
	assert_int_equal(status, 1);
	assert_int_equal(exit_status, 0);
	assert_true(json_is_null(signal));
	assert_int_equal(count, 3);
	assert_int_equal(suppressed, 3);
	assert_int_equal(maps, 1000);
	assert_int_equal(line, 1);
	assert_string_equal(rule, "sleep-in-atomic");
	assert_string_equal(reason, "the firmware needs it # bug 12");
	assert_string_equal(symbol, "never_*");
	json_decref(v);
	v = load("killed", assert_json);
	assert_int_equal(json_unpack(v, "{s:i, s:{s:n, s:i}}", "exit_status", &status, "command",
				     "exit_status", "signal", &exit_status),
			 0);
	assert_int_equal(status, 7);
	assert_int_equal(exit_status, 9);
	json_decref(v);
	json_decref(load("hostile", assert_json));
}

static void as_sarif(void **state)
{
	const char *where, *module, *reason;
	json_t *v = load("mixed", assert_sarif);
	int exit_code, ok, count;

	(void)state;
	assert_int_equal(
		json_unpack(v,
			    "{s:[{s:[{s:b, s:i}], s:[{s:[{s:[{s:s}]}], s:[{s:[{s:s}*]}], s:i, "
			    "s:[{s:s}]}*]}]}",
			    "runs", "invocations", "executionSuccessful", &ok, "exitCode",
			    &exit_code, "results", "locations", "logicalLocations",
			    "fullyQualifiedName", &where, "stacks", "frames", "module", &module,
			    "occurrenceCount", &count, "suppressions", "justification", &reason),
		0);
	assert_true(ok);
	assert_int_equal(exit_code, 1);
	assert_int_equal(count, 3);
	assert_string_equal(where, "qxl!qxl_bo_kmap_atomic_page");
	assert_string_equal(module, "vmlinux");
	assert_string_equal(reason, "the firmware needs it # bug 12");
	json_decref(v);
	json_decref(load("hostile", assert_sarif));
}

/* The fingerprint is that of the function in the source, for all builds. */
static void fingerprints(void **state)
{
	static const char *const callers[] = { "map_it+0x1f", "map_it.isra.0+0x8",
					       "map_it.llvm.123.cold+0x2f" };

	(void)state;
	for (size_t i = 0; i < ARRAY_SIZE(callers); i++) {
		struct model_violation *v;
		struct assert_report r;
		struct model before;
		const char *print;
		size_t size;
		char *text;
		json_t *j;
		FILE *f = open_memstream(&text, &size);

		fixture_begin(&r, &before);
		v = fixture_violation(&r.model, IOMAP_LEAK, 1);
		v->caller = callers[i];
		v->offender = i ? "end_it.part.0+0x2" : "end_it+0x2";
		r.fallback_file = "driver.c";
		assert_int_equal(assert_judge(&r, &before), 0);
		assert_int_equal(assert_sarif(&r, f), 0);
		fclose(f);
		j = json_loads(text, 0, NULL);
		assert_int_equal(json_unpack(j, "{s:[{s:[{s:{s:s}}]}]}", "runs", "results",
					     "partialFingerprints", "site/v1", &print),
				 0);
		assert_string_equal(print, "leak/atomic/map_it/end_it");
		json_decref(j);
		free(text);
		assert_report_free(&r);
	}
}

static void times(void **state)
{
	static const char *const bad[] = { "",	    "5",      "us",   "5 us",  "-5us",
					   "5m",    "0us",    "5usx", "1e3us", "0x5us",
					   "1001s", "1..5us", ".5us", "nans" };
	uint64_t ns = 0;

	(void)state;
	assert_int_equal(time_from_text("50us", &ns), 0);
	assert_int_equal(ns, 50000);
	assert_int_equal(time_from_text("1.5ms", &ns), 0);
	assert_int_equal(ns, 1500000);
	assert_int_equal(time_from_text("1ns", &ns), 0);
	assert_int_equal(ns, 1);
	assert_int_equal(time_from_text("1000s", &ns), 0);
	assert_int_equal(ns, 1000 * NSEC_PER_SEC);
	for (size_t i = 0; i < ARRAY_SIZE(bad); i++)
		assert_int_equal(time_from_text(bad[i], &ns), -EINVAL);
	assert_int_equal(ns, 1000 * NSEC_PER_SEC);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(short_when_good),
		cmocka_unit_test(complete_when_bad),
		cmocka_unit_test(outcomes),
		cmocka_unit_test(what_was_not_covered),
		cmocka_unit_test(suppressions_are_shown),
		cmocka_unit_test(hostile_bytes),
		cmocka_unit_test(annotations),
		cmocka_unit_test(as_json),
		cmocka_unit_test(as_sarif),
		cmocka_unit_test(fingerprints),
		cmocka_unit_test(times),
	};

	return cmocka_run_group_tests_name("unit/assert-formats", tests, NULL, NULL);
}
