// SPDX-License-Identifier: GPL-2.0-or-later
/* The sentences about violations, and the rules summed up. */
#include <string.h>

#include "cli/violation.h"
#include "tests/lib/test.h"

/* The sentence for a record whose members are given as JSON. */
static void check_text(const char *members, const char *want)
{
	json_t *v = json_loads(members, 0, NULL);
	char buf[VIOLATION_TEXT];

	assert_non_null(v);
	assert_string_equal(violation_text(v, buf), want);
	json_decref(v);
}

#define BY "\"offender\":\"drv_work+0x10\",\"offender_module\":\"drv\""

static void sentences(void **state)
{
	(void)state;
	check_text("{\"rule\":\"sleep-in-atomic\"}",
		   "the task slept while it held this atomic map");
	check_text("{\"rule\":\"sleep-in-atomic\",\"offender\":\"msleep+0x2e\"}",
		   "the task slept in msleep+0x2e while it held this atomic map");
	check_text(
		"{\"rule\":\"may-sleep-in-atomic\",\"offender\":\"mutex_lock+0x2\"}",
		"the task came to mutex_lock+0x2, which may sleep, while it held this atomic map");
	check_text("{\"rule\":\"may-sleep-in-atomic\",\"offender\":null}",
		   "the task came to a function, which may sleep, while it held this atomic map");
	check_text("{\"rule\":\"unmap-order\"," BY "}",
		   "unmapped by drv_work+0x10 [drv] before a later map: the last one goes first");
	check_text("{\"rule\":\"unmap-kind\"," BY "}",
		   "unmapped by drv_work+0x10 [drv] as another kind of map");
	check_text("{\"rule\":\"unmap-unknown\"}",
		   "unmapped, but not mapped: unmapped twice, or a stray pointer");
	check_text("{\"rule\":\"use-after-free\"," BY "}", "mapped after the mapping was freed");
	check_text("{\"rule\":\"leak\"}",
		   "still mapped when the mapping was freed or the task ended");
	check_text("{\"rule\":\"leak\",\"leaked_at\":null}",
		   "still mapped when the mapping was freed or the task ended");
	check_text("{\"rule\":\"leak\",\"leaked_at\":\"free\"}",
		   "still mapped when the mapping was freed");
	check_text("{\"rule\":\"leak\",\"leaked_at\":\"exit\"}",
		   "still mapped when the task ended");
	check_text("{\"rule\":\"hold-time\"}", "held for longer than the budget");
	check_text("{\"rule\":\"of-tomorrow\"}", "a rule that this program does not know");
	check_text("{}", "a rule that this program does not know");
}

static void offsets(void **state)
{
	(void)state;
	check_text("{\"rule\":\"offset-range\",\"offset\":1048576,\"map_size\":4096,"
		   "\"size\":1048576}",
		   "offset 0x100000 + 4K is past the end of the mapping (1M)");
	check_text("{\"rule\":\"offset-range\",\"offset\":0,\"map_size\":null,\"size\":4096}",
		   "offset 0x0 is past the end of the mapping (4K)");
	check_text("{\"rule\":\"offset-range\",\"offset\":null,\"size\":4096}",
		   "past the end of the mapping");
	check_text("{\"rule\":\"offset-align\",\"offset\":4097}",
		   "offset 0x1001 is not a multiple of the page size");
	check_text("{\"rule\":\"offset-align\"}", "the offset is not a multiple of the page size");
}

/* A name as long as the kernel has them, and one that wants to steer the terminal. */
static void hostile(void **state)
{
	char name[600], buf[VIOLATION_TEXT];
	json_t *v;

	(void)state;
	memset(name, 'x', sizeof(name) - 1);
	name[sizeof(name) - 1] = 0;
	v = json_pack("{s:s, s:s, s:s}", "rule", "unmap-order", "offender", name, "offender_module",
		      name);
	assert_int_equal(strncmp(violation_text(v, buf), "unmapped by xxx", 15), 0);
	assert_in_range(strlen(buf), 600, VIOLATION_TEXT - 1);
	json_decref(v);
	check_text("{\"rule\":\"may-sleep-in-atomic\",\"offender\":\"\\u001b[2J\"}",
		   "the task came to ?[2J, which may sleep, while it held this atomic map");
}

static void totals(void **state)
{
	json_t *v =
		json_loads("{\"rules\":{"
			   "\"leak\":{\"state\":\"checked\",\"reason\":null,\"count\":3},"
			   "\"unmap-kind\":{\"state\":\"missing\",\"reason\":\"x\",\"count\":2},"
			   "\"hold-time\":{\"state\":\"off\",\"reason\":null,\"count\":0},"
			   "\"unmap-order\":{\"state\":\"checked\",\"count\":0,"
			   "\"missed\":2},"
			   "\"odd\":7}}",
			   0, NULL);
	const json_t *rules = json_object_get(v, "rules");
	struct rule_totals t = rule_totals(v);

	(void)state;
	assert_true(t.known);
	assert_int_equal(t.rules, 5);
	assert_int_equal(t.checked, 2);
	assert_int_equal(t.off, 1);
	assert_int_equal(t.missing, 2);
	assert_int_equal(t.broken, 2);
	assert_int_equal(t.violations, 5);
	assert_null(rule_why("leak", json_object_get(rules, "leak")));
	assert_string_equal(rule_why("unmap-order", json_object_get(rules, "unmap-order")),
			    "at times not checked, as BPF was at work on the CPU");
	assert_string_equal(rule_why("unmap-kind", json_object_get(rules, "unmap-kind")), "x");
	assert_string_equal(rule_why("hold-time", json_object_get(rules, "hold-time")),
			    "no budget is set: see --max-hold of iomapd");
	assert_string_equal(rule_why("odd", json_object_get(rules, "odd")),
			    "what it needs is not there");
	json_decref(v);
	assert_false(rule_totals(NULL).known);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(sentences),
		cmocka_unit_test(offsets),
		cmocka_unit_test(hostile),
		cmocka_unit_test(totals),
	};

	return cmocka_run_group_tests_name("unit/violation", tests, NULL, NULL);
}
