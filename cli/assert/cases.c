// SPDX-License-Identifier: GPL-2.0-or-later
/* The report as test cases, for TAP and JUnit. */
#include <inttypes.h>
#include <stdarg.h>
#include <string.h>

#include "cli/assert/report.h"
#include "daemon/base/names.h"

check_printf(2, 3) static void set(struct assert_case *c, const char *fmt, ...)
{
	va_list ap;

	va_start(ap, fmt);
	vsnprintf(c->why, sizeof(c->why), fmt, ap);
	va_end(ap);
}

/* Returns the first suppression that matched a violation of the rule, or NULL. */
static const struct suppression *suppression_of(const struct assert_report *r, int rule)
{
	for (size_t i = 0; i < r->model.nr_violations; i++) {
		if (r->model.violations[i].rule == rule && r->suppressed[i])
			return r->suppressed[i];
	}
	return NULL;
}

static void of_rule(const struct assert_report *r, struct assert_case *c, int rule)
{
	const struct suppression *s = suppression_of(r, rule);
	uint64_t n = r->rule[rule].count - r->rule[rule].suppressed;

	c->name = rule_name(rule);
	c->rule = rule;
	if (assert_broken(r, rule)) {
		c->state = ASSERT_FAILED;
		set(c, "broken %" PRIu64 " time%s", n, n == 1 ? "" : "s");
	} else if (s) {
		c->state = ASSERT_EXPECTED;
		set(c, "suppressed, line %u: %s", s->line, s->reason);
	} else if (r->model.rule_missing[rule]) {
		c->state = ASSERT_SKIPPED;
		set(c, "%s", r->model.rule_missing[rule]);
	} else if (!r->rule[rule].judged) {
		c->state = ASSERT_SKIPPED;
		set(c, "nothing to judge: no %s", rule_judges(rule));
	}
}

static void of_run(struct assert_case *c, const char *name, bool failed)
{
	c->name = name;
	c->rule = -1;
	c->state = failed ? ASSERT_FAILED : ASSERT_PASSED;
}

size_t assert_cases(const struct assert_report *r, struct assert_case cases[ASSERT_CASES_MAX])
{
	struct assert_case *c = cases;

	memset(cases, 0, ASSERT_CASES_MAX * sizeof(*cases));
	for (int i = 0; i < IOMAP_RULE_MAX; i++) {
		if (assert_selected(r, i))
			of_rule(r, c++, i);
	}
	of_run(c, "the command succeeded", assert_command_failed(r));
	if (c->state == ASSERT_FAILED) {
		FILE *f = fmemopen(c->why, sizeof(c->why), "w");

		if (f) {
			assert_put_status(f, r);
			fclose(f);
		}
	}
	c++;
	of_run(c, "nothing was lost or missing", r->nr_doubts);
	if (r->nr_doubts == 1)
		set(c, "%s", r->doubts[0]);
	else if (r->nr_doubts)
		set(c, "%s; and %zu more", r->doubts[0], r->nr_doubts - 1);
	c++;
	of_run(c, "something was exercised", !assert_exercised(r));
	if (c->state == ASSERT_FAILED)
		set(c, "no map that a checked rule could judge");
	return c + 1 - cases;
}
