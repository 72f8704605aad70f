// SPDX-License-Identifier: GPL-2.0-or-later
/* The findings of iomapctl assert: differences, rules, suppressions, the outcome. */
#include <errno.h>
#include <string.h>

#include "daemon/base/names.h"
#include "tests/lib/assert-fixture.h"
#include "tests/lib/test.h"

static struct assert_report r;
static struct model before;
static struct errbuf err;

/* ---- suppressions ---- */

static void good_lines(void **state)
{
	const struct suppression *s;

	(void)state;
	r = (struct assert_report){};
	assert_int_equal(fixture_suppress(&r,
					  "# known\n\n   \n"
					  "leak\tinit_* -- until reboot, see #7 -- really\r\n"
					  "  sleep-in-atomic  draw--line [q*]  --  slow  \n"
					  "leak f --\tx",
					  &err),
			 0);
	assert_int_equal(r.suppressions.nr, 3);
	s = r.suppressions.entries;
	assert_int_equal(s[0].line, 4);
	assert_int_equal(s[0].rule, IOMAP_LEAK);
	assert_string_equal(s[0].symbol, "init_*");
	assert_null(s[0].module);
	assert_string_equal(s[0].reason, "until reboot, see #7 -- really");
	assert_int_equal(s[1].line, 5);
	assert_string_equal(s[1].symbol, "draw--line");
	assert_string_equal(s[1].module, "q*");
	assert_string_equal(s[1].reason, "slow");
	assert_int_equal(s[2].line, 6);
	assert_report_free(&r);
}

static void refused(const char *text, const char *sentence)
{
	r = (struct assert_report){};
	assert_int_equal(fixture_suppress(&r, text, &err), -EINVAL);
	assert_string_equal(err.text, sentence);
	assert_null(r.suppressions.entries);
}

static void bad_lines(void **state)
{
	char text[2048];
	FILE *f;

	(void)state;
	refused("leak f\n", "known:1: the line needs a reason: RULE SYMBOL -- reason");
	refused("\nleak f --\n", "known:2: the line needs a reason: RULE SYMBOL -- reason");
	refused("leak f --  \n", "known:1: the line needs a reason: RULE SYMBOL -- reason");
	refused("leak f--x\n", "known:1: the line needs a reason: RULE SYMBOL -- reason");
	refused("leak -- x\n",
		"known:1: the line needs a rule and a symbol: RULE SYMBOL -- reason");
	refused("leaks f -- x\n", "known:1: there is no rule 'leaks'");
	refused("leak f g -- x\n", "known:1: expected '[module]' or '-- reason' after the symbol");
	refused("leak f [] -- x\n", "known:1: expected '[module]' or '-- reason' after the symbol");
	refused("leak f -- x\nleak f [m n] -- x\n",
		"known:2: expected '[module]' or '-- reason' after the symbol");

	memset(text, 'x', sizeof(text));
	memcpy(text, "leak f -- ", 10);
	text[1024] = '\0';
	assert_int_equal(fixture_suppress(&r, text, &err), 0);
	suppressions_free(&r.suppressions);
	text[1024] = 'x';
	text[1025] = '\0';
	refused(text, "known:1: the line is longer than 1024 bytes");

	f = fmemopen("leak f -- x\0y\n", 14, "r");
	assert_int_equal(suppressions_read(f, "known", &r.suppressions, &err), -EINVAL);
	assert_string_equal(err.text, "known:1: the line holds a NUL byte");
	fclose(f);

	f = fmemopen(NULL, 4097 * 12 + 1, "w+");
	for (int i = 0; i < 4097; i++)
		fputs("leak f -- x\n", f);
	rewind(f);
	assert_int_equal(suppressions_read(f, "known", &r.suppressions, &err), -EINVAL);
	assert_string_equal(err.text, "known:4097: there are more than 4096 suppressions");
	fclose(f);
}

static bool match(const char *line, const struct model_violation *v)
{
	const struct suppression *s;

	r = (struct assert_report){};
	assert_int_equal(fixture_suppress(&r, line, &err), 0);
	s = suppressions_match(&r.suppressions, v);
	for (size_t i = 0; i < r.suppressions.nr; i++)
		assert_int_equal(r.suppressions.entries[i].used, !!s);
	suppressions_free(&r.suppressions);
	return s;
}

static void matching(void **state)
{
	struct model_violation v = {
		.rule = IOMAP_LEAK,
		.caller = "map_it.isra.0+0x4c",
		.module = "qxl",
		.offender = "end_it+0x0",
		.stack = { "schedule+0x2d", "break_it+0x77 [test]", "0xffffffffc0001234",
			   "go_on.llvm.12345678901234567890.cold+0x4 [test]" },
		.nr_stack = 4,
		.map_stack = { "outer+0x1" },
		.nr_map_stack = 1,
	};

	(void)state;
	assert_true(match("leak map_it.isra.0 -- x\n", &v));
	assert_true(match("leak map_it -- x\n", &v));
	assert_true(match("leak map_it.isra.* -- x\n", &v));
	assert_false(match("leak map_it.cold -- x\n", &v));
	assert_true(match("leak map_* -- x\nleak m* -- y\n", &v));
	assert_true(match("leak map_* [qxl] -- x\n", &v));
	assert_true(match("leak end_it -- x\n", &v));
	assert_true(match("leak schedule -- x\n", &v));
	assert_true(match("leak go_on [test] -- x\n", &v));
	assert_true(match("leak go_on.llvm.* [test] -- x\n", &v));
	assert_true(match("leak break_it [t?st] -- x\n", &v));
	assert_true(match("leak 0xffffffffc0001234 -- x\n", &v));
	assert_true(match("leak [mx]ap_it* -- x\n", &v));
	assert_false(match("leak map_it.isra.0+0x4c -- x\n", &v));
	assert_false(match("leak map_ -- x\n", &v));
	assert_false(match("leak map_* [nouveau] -- x\n", &v));
	assert_false(match("leak end_it [qxl] -- x\n", &v));
	assert_false(match("leak break_it [qxl] -- x\n", &v));
	assert_false(match("unmap-order map_it* -- x\n", &v));
	/* --map-stacks must not change the outcome. */
	assert_false(match("leak outer -- x\n", &v));
}

/* ---- differences ---- */

static void judge(void)
{
	assert_int_equal(assert_judge(&r, &before), 0);
}

static void differences(void **state)
{
	struct model_mapping old[] = { { .id = 1, .gen = 1 }, { .id = 2, .gen = 1 } };
	struct model_mapping *mm;

	(void)state;
	fixture_begin(&r, &before);
	fixture_use(&r.model, IOMAP_ATOMIC, 100, 90);
	r.model.mappings = mm = realloc(r.model.mappings, 2 * sizeof(*mm));
	r.model.nr_mappings = r.model.cap_mappings = 2;
	mm[1] = (struct model_mapping){ .id = 2, .gen = 2, .kind[IOMAP_LOCAL].maps = 7 };
	r.model.freed = 3;
	r.model.unmatched_unmaps = 5;
	r.model.undecided[IOMAP_LOCAL] = 6;
	r.model.hist[IOMAP_LINEAR][IOMAP_ATOMIC].bucket[4] = 9;

	old[0].kind[IOMAP_ATOMIC] = (struct model_count){ .maps = 40, .unmaps = 39 };
	old[1].kind[IOMAP_LOCAL].maps = 5; /* another mapping with that id */
	before.mappings = old;
	before.nr_mappings = 2;
	before.total[IOMAP_LINEAR][IOMAP_ATOMIC] = old[0].kind[IOMAP_ATOMIC];
	before.hist[IOMAP_LINEAR][IOMAP_ATOMIC].count = 39;
	before.hist[IOMAP_LINEAR][IOMAP_ATOMIC].bucket[4] = 2;
	before.seen = before.counted = 79;
	before.freed = 1;
	before.unmatched_unmaps = 4;
	before.undecided[IOMAP_LOCAL] = 6;
	judge();
	assert_int_equal(r.model.total[IOMAP_LINEAR][IOMAP_ATOMIC].maps, 60);
	assert_int_equal(r.model.mappings[0].kind[IOMAP_ATOMIC].maps, 60);
	assert_int_equal(r.model.mappings[0].kind[IOMAP_ATOMIC].unmaps, 51);
	assert_int_equal(r.model.mappings[1].kind[IOMAP_LOCAL].maps, 7);
	assert_int_equal(r.model.hist[IOMAP_LINEAR][IOMAP_ATOMIC].count, 51);
	assert_int_equal(r.model.hist[IOMAP_LINEAR][IOMAP_ATOMIC].bucket[4], 7);
	assert_int_equal(r.model.seen, 111);
	assert_int_equal(r.model.freed, 2);
	assert_int_equal(r.model.unmatched_unmaps, 1);
	assert_int_equal(r.model.undecided[IOMAP_LOCAL], 0);
	assert_int_equal(r.verdict, ASSERT_GOOD);
	assert_report_free(&r);
}

/* A site from before the command counts only the violations since then. */
static void old_violations(void **state)
{
	struct model_violation old[2];

	(void)state;
	fixture_begin(&r, &before);
	fixture_use(&r.model, IOMAP_ATOMIC, 10, 10);
	fixture_violation(&r.model, IOMAP_LEAK, 5);
	fixture_violation(&r.model, IOMAP_UNMAP_ORDER, 4);
	fixture_violation(&r.model, IOMAP_HOLD_TIME, 9); /* not checked */
	memcpy(old, r.model.violations, sizeof(old));
	old[0].count = 3;
	before.violations = old;
	before.nr_violations = 2;
	before.rule_count[IOMAP_LEAK] = 3;
	before.rule_count[IOMAP_UNMAP_ORDER] = 4;
	judge();
	assert_int_equal(r.verdict, ASSERT_VIOLATIONS);
	assert_int_equal(r.model.nr_violations, 1);
	assert_int_equal(r.model.violations[0].rule, IOMAP_LEAK);
	assert_int_equal(r.model.violations[0].count, 2);
	assert_int_equal(r.rule[IOMAP_LEAK].count, 2);
	assert_int_equal(r.rule[IOMAP_UNMAP_ORDER].count, 0);
	assert_int_equal(r.rule[IOMAP_HOLD_TIME].count, 0);
	assert_report_free(&r);
}

/* ---- the outcome ---- */

static void judged(void **state)
{
	/* With 1 atomic map, 20 local ones, 300 sleepable ones, and 2, 40, 600 unmaps. */
	static const unsigned int want[IOMAP_RULE_MAX] = {
		[IOMAP_SLEEP_IN_ATOMIC] = 1, [IOMAP_MAY_SLEEP_IN_ATOMIC] = 1,
		[IOMAP_UNMAP_ORDER] = 42,    [IOMAP_UNMAP_KIND] = 642,
		[IOMAP_UNMAP_UNKNOWN] = 642, [IOMAP_OFFSET_RANGE] = 321,
		[IOMAP_OFFSET_ALIGN] = 321,  [IOMAP_USE_AFTER_FREE] = 321,
		[IOMAP_LEAK] = 642,	     [IOMAP_HOLD_TIME] = 0,
	};

	(void)state;
	fixture_begin(&r, &before);
	fixture_use(&r.model, IOMAP_ATOMIC, 1, 2);
	fixture_use(&r.model, IOMAP_LOCAL, 20, 40);
	fixture_use(&r.model, IOMAP_SLEEPABLE, 300, 600);
	judge();
	for (int i = 0; i < IOMAP_RULE_MAX; i++)
		assert_int_equal(r.rule[i].judged, want[i]);
	assert_report_free(&r);

	/* Leaked maps were judged, too. */
	fixture_begin(&r, &before);
	fixture_violation(&r.model, IOMAP_LEAK, 2);
	judge();
	assert_int_equal(r.rule[IOMAP_LEAK].judged, 2);
	assert_report_free(&r);
}

/* Only maps that a checked rule could judge count as exercised. */
static void exercised(void **state)
{
	(void)state;
	for (int i = 0; i < 2; i++) {
		fixture_begin(&r, &before);
		r.rules = 1U << IOMAP_SLEEP_IN_ATOMIC;
		fixture_use(&r.model, i ? IOMAP_ATOMIC : IOMAP_SLEEPABLE, 10, 10);
		judge();
		assert_int_equal(r.verdict, i ? ASSERT_GOOD : ASSERT_NOTHING_EXERCISED);
		assert_report_free(&r);
	}
}

/* All problems at once, removed one after the other, the worst first. */
static void first_that_applies(void **state)
{
	static const int want[] = { EXIT_VIOLATION, EXIT_COMMAND, EXIT_INCONCLUSIVE, EXIT_NOTHING,
				    EXIT_GOOD };

	(void)state;
	for (int i = 0; i < (int)ARRAY_SIZE(want); i++) {
		fixture_begin(&r, &before);
		r.rules = 1U << IOMAP_LEAK | 1U << IOMAP_OFFSET_RANGE;
		if (i < 1)
			fixture_violation(&r.model, IOMAP_OFFSET_RANGE, 1);
		if (i < 2)
			r.wait_status = 1 << 8;
		if (i < 3)
			r.model.lost[IOMAP_LOST_LIVE_FULL] = r.model.seen = 1;
		if (i >= 4)
			fixture_use(&r.model, IOMAP_LOCAL, 1, 1);
		judge();
		assert_int_equal(assert_exit_status(&r), want[i]);
		assert_report_free(&r);
	}
}

static void doubted(const char *sentence)
{
	judge();
	assert_int_equal(r.verdict, ASSERT_INCONCLUSIVE);
	assert_int_equal(r.nr_doubts, 1);
	assert_string_equal(r.doubts[0], sentence);
	assert_report_free(&r);
}

static void begin_good(void)
{
	fixture_begin(&r, &before);
	fixture_use(&r.model, IOMAP_ATOMIC, 10, 10);
}

static void doubts(void **state)
{
	(void)state;
	begin_good();
	r.model.lost[IOMAP_LOST_DEPTH_OVERFLOW] = 2;
	r.model.seen += 2;
	doubted("2 events were lost: depth_overflow");
	begin_good();
	r.model.seen++;
	doubted("the accounting does not balance: 21 events seen, 20 counted or lost");
	begin_good();
	r.model.rule_missing[IOMAP_LEAK] = "no sched_process_exit";
	doubted("leak is not checked, or not completely: no sched_process_exit");
	/* A hook that worked again after the command */
	begin_good();
	before.rule_missing[IOMAP_LEAK] = "its tracepoints did not fire";
	doubted("leak is not checked, or not completely: its tracepoints did not fire");
	begin_good();
	before.rule_missed[IOMAP_LEAK] = 3;
	r.model.rule_missed[IOMAP_LEAK] = 4;
	doubted("leak was not checked 1 time: the kernel skips a probe while BPF "
		"runs on that CPU; run the command again");
	begin_good();
	r.model.undecided[IOMAP_SLEEPABLE] = 1;
	doubted("1 unmap may have ended a map that is older than the command, or may have been "
		"wrong");
	begin_good();
	fixture_violation(&r.model, IOMAP_LEAK, 1);
	r.model.rule_count[IOMAP_LEAK] += r.model.unlisted = 3;
	assert_int_equal(fixture_suppress(&r, "leak * -- known\n", &err), 0);
	doubted("3 violations are from sites that the table had no room for");
}

/* The reason why a rule is off is no doubt. */
static void no_doubts(void **state)
{
	(void)state;
	begin_good();
	r.rules = 1U << IOMAP_OFFSET_RANGE;
	r.model.rule_missing[IOMAP_LEAK] = "no sched_process_exit";
	r.model.rule_missed[IOMAP_LEAK] = 1;
	r.model.undecided[IOMAP_SLEEPABLE] = 1;
	judge();
	assert_int_equal(r.verdict, ASSERT_GOOD);
	assert_report_free(&r);
}

static void suppressed(void **state)
{
	(void)state;
	begin_good();
	fixture_violation(&r.model, IOMAP_LEAK, 3);
	fixture_violation(&r.model, IOMAP_LEAK, 2)->caller = "other+0x4";
	assert_int_equal(fixture_suppress(&r,
					  "hold-time qxl_bo_kmap_atomic_page -- not checked\n"
					  "leak qxl_bo_kmap_atomic_page -- one\n"
					  "leak nobody -- gone\n",
					  &err),
			 0);
	r.model.violations[1].nr_stack = 0;
	judge();
	assert_int_equal(r.verdict, ASSERT_VIOLATIONS);
	assert_int_equal(r.rule[IOMAP_LEAK].suppressed, 3);
	assert_ptr_equal(r.suppressed[0], &r.suppressions.entries[1]);
	assert_null(r.suppressed[1]);
	assert_false(assert_unused(&r, &r.suppressions.entries[0]));
	assert_false(assert_unused(&r, &r.suppressions.entries[1]));
	assert_true(assert_unused(&r, &r.suppressions.entries[2]));
	assert_report_free(&r);
}

/* The tests of a report all pass only if its outcome is good. */
static void cases(void **state)
{
	struct assert_case c[ASSERT_CASES_MAX];

	(void)state;
	for (const char *const *name = fixture_names; *name; name++) {
		size_t n, failed = 0;

		assert_true(fixture_report(*name, &r));
		n = assert_cases(&r, c);
		assert_true(n <= ASSERT_CASES_MAX);
		for (size_t i = 0; i < n; i++) {
			failed += c[i].state == ASSERT_FAILED;
			assert_int_equal(!*c[i].why, c[i].state == ASSERT_PASSED);
		}
		assert_int_equal(!failed, r.verdict == ASSERT_GOOD);
		assert_report_free(&r);
	}
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(good_lines),	  cmocka_unit_test(bad_lines),
		cmocka_unit_test(matching),	  cmocka_unit_test(differences),
		cmocka_unit_test(old_violations), cmocka_unit_test(judged),
		cmocka_unit_test(exercised),	  cmocka_unit_test(first_that_applies),
		cmocka_unit_test(doubts),	  cmocka_unit_test(no_doubts),
		cmocka_unit_test(suppressed),	  cmocka_unit_test(cases),
	};

	return cmocka_run_group_tests_name("unit/assert", tests, NULL, NULL);
}
