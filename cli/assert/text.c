// SPDX-License-Identifier: GPL-2.0-or-later
/* The report for people: coverage, each violation in full, the outcome last. */
#include <errno.h>
#include <inttypes.h>

#include "cli/assert/report.h"
#include "daemon/base/names.h"
#include "daemon/base/utf8.h"

static void put_head(FILE *f, const char *what, const struct model_violation *v)
{
	char text[VIOLATION_TEXT_MAX];

	fprintf(f, "\n%s: %s, %" PRIu64 " time%s\n  ", what, rule_name(v->rule), v->count,
		v->count == 1 ? "" : "s");
	utf8_print(f, violation_text(v, text));
	fputc('\n', f);
}

static void put_suppressed(FILE *f, const struct assert_report *r)
{
	const struct model *m = &r->model;

	for (size_t i = 0; i < m->nr_violations; i++) {
		const struct model_violation *v = &m->violations[i];
		const struct suppression *s = r->suppressed[i];

		if (!s)
			continue;
		put_head(f, "suppressed", v);
		fprintf(f, "  %-12s ", "mapped at");
		utf8_print(f, v->caller ?: "not known");
		fprintf(f, "\n  %-12s line %u: ", "reason", s->line);
		utf8_print(f, s->reason);
		fputc('\n', f);
	}
}

static void put_violations(FILE *f, const struct assert_report *r)
{
	const struct model *m = &r->model;

	for (size_t i = 0; i < m->nr_violations; i++) {
		if (r->suppressed[i])
			continue;
		put_head(f, "VIOLATION", &m->violations[i]);
		assert_put_details(f, "  ", r, &m->violations[i]);
	}
}

static void put_unused(FILE *f, const struct assert_report *r)
{
	for (size_t i = 0; i < r->suppressions.nr; i++) {
		const struct suppression *s = &r->suppressions.entries[i];

		if (!assert_unused(r, s))
			continue;
		fprintf(f, "\nunused suppression, line %u: %s ", s->line, rule_name(s->rule));
		utf8_print(f, s->symbol);
		if (s->module) {
			fputs(" [", f);
			utf8_print(f, s->module);
			fputc(']', f);
		}
		fputc('\n', f);
	}
}

int assert_text(const struct assert_report *r, FILE *f)
{
	assert_put_coverage(f, "", r);
	put_suppressed(f, r);
	put_unused(f, r);
	put_violations(f, r);
	if (sources_missing(r->sources)) {
		fputc('\n', f);
		utf8_print(f, sources_missing(r->sources));
		fputc('\n', f);
	}
	if (r->nr_doubts)
		fputc('\n', f);
	for (size_t i = 0; i < r->nr_doubts; i++) {
		fputs("in doubt: ", f);
		utf8_print(f, r->doubts[i]);
		fputc('\n', f);
	}
	fputc('\n', f);
	assert_put_verdict(f, r);
	fputc('\n', f);
	return ferror(f) ? -ENOMEM : 0;
}
