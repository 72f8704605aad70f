// SPDX-License-Identifier: GPL-2.0-or-later
/* The sentences about violations, and the totals of the rules. */
#include <string.h>

#include "cli/violation.h"
#include "daemon/collector/report.h"
#include "tests/lib/test.h"

static void check_text(struct model_violation v, const char *want)
{
	char buf[VIOLATION_TEXT_MAX];

	assert_string_equal(violation_text(&v, buf), want);
}

#define V(...) ((struct model_violation){ __VA_ARGS__ })
#define BY     .offender = "drv_work+0x10", .offender_module = "drv"

static void sentences(void **state)
{
	(void)state;
	check_text(V(.rule = IOMAP_SLEEP_IN_ATOMIC),
		   "the task slept while it held this atomic map");
	check_text(V(.rule = IOMAP_SLEEP_IN_ATOMIC, .offender = "msleep+0x2e"),
		   "the task slept in msleep+0x2e while it held this atomic map");
	check_text(
		V(.rule = IOMAP_MAY_SLEEP_IN_ATOMIC, .offender = "mutex_lock+0x2"),
		"the task called mutex_lock+0x2, which may sleep, while it held this atomic map");
	check_text(V(.rule = IOMAP_MAY_SLEEP_IN_ATOMIC),
		   "the task called a function, which may sleep, while it held this atomic map");
	check_text(V(.rule = IOMAP_UNMAP_ORDER, BY),
		   "unmapped by drv_work+0x10 [drv] before a later map: the last map must be "
		   "unmapped first");
	check_text(V(.rule = IOMAP_UNMAP_KIND, BY),
		   "unmapped by drv_work+0x10 [drv] as another kind of map");
	check_text(V(.rule = IOMAP_UNMAP_UNKNOWN),
		   "unmapped, but not mapped: unmapped twice, or a wrong pointer");
	check_text(V(.rule = IOMAP_UNMAP_UNKNOWN, BY, .offset = 0x40),
		   "unmapped by drv_work+0x10 [drv], with an address inside the map: it takes the "
		   "address that the map returned");
	check_text(V(.rule = IOMAP_USE_AFTER_FREE, BY), "mapped after the mapping was freed");
	check_text(V(.rule = IOMAP_LEAK), "still mapped when the mapping was freed");
	check_text(V(.rule = IOMAP_LEAK, .at_exit = true), "still mapped when the task ended");
	check_text(V(.rule = IOMAP_HOLD_TIME), "held for longer than the budget");
	check_text(V(.rule = IOMAP_RULE_MAX), "unknown rule");
}

static void offsets(void **state)
{
	(void)state;
	check_text(V(.rule = IOMAP_OFFSET_RANGE, .offset = 1 << 20, .map_size = 4096,
		     .size = 1 << 20),
		   "offset 0x100000 + 0x1000 is past the end of the mapping (0x100000)");
	check_text(V(.rule = IOMAP_OFFSET_RANGE, .size = 4096), "past the end of the mapping");
	check_text(V(.rule = IOMAP_OFFSET_ALIGN, .offset = 4097, .map_size = 1),
		   "offset 0x1001 is not a multiple of the page size");
	check_text(V(.rule = IOMAP_OFFSET_ALIGN, .offset = 4097, .map_size = 1, .size = 1,
		     .base = 0x101000),
		   "offset 0x1001 is not a multiple of the page size");
	check_text(V(.rule = IOMAP_OFFSET_ALIGN, .offset = 4096, .map_size = 1, .size = 1,
		     .base = 0x100020),
		   "the mapping's base 0x100020 is not a multiple of the page size: offset 0x1000 "
		   "lies inside a page");
	check_text(V(.rule = IOMAP_OFFSET_ALIGN, .offset = 4097, .map_size = 1, .size = 1,
		     .base = 0x100020),
		   "base 0x100020 + offset 0x1001 is not a multiple of the page size");
}

/* A name of the kernel's maximum length is not cut. */
static void longest(void **state)
{
	char name[512], module[64], buf[VIOLATION_TEXT_MAX];

	(void)state;
	memset(name, 'x', sizeof(name) - 1);
	memset(module, 'm', sizeof(module) - 1);
	name[sizeof(name) - 1] = module[sizeof(module) - 1] = '\0';
	violation_text(&V(.rule = IOMAP_MAY_SLEEP_IN_ATOMIC, .offender = name,
			  .offender_module = module),
		       buf);
	assert_non_null(strstr(buf, "m], which may sleep, while it held this atomic map"));
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
			    "sometimes not checked: BPF was running on the CPU");
	assert_string_equal(rule_why("unmap-kind", json_object_get(rules, "unmap-kind")), "x");
	assert_string_equal(rule_why("hold-time", json_object_get(rules, "hold-time")),
			    "no budget is set: see --max-hold of iomapd");
	assert_string_equal(rule_why("odd", json_object_get(rules, "odd")), "no reason is known");
	json_decref(v);
	assert_false(rule_totals(NULL).known);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(sentences),
		cmocka_unit_test(offsets),
		cmocka_unit_test(longest),
		cmocka_unit_test(totals),
	};

	return cmocka_run_group_tests_name("unit/violation", tests, NULL, NULL);
}
