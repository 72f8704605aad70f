// SPDX-License-Identifier: GPL-2.0-or-later
/*
 * The report as JUnit XML: the subset of the schemas of Ant and Jenkins, with a test case for each
 * rule and at most one failure or skip in each.
 */
#include <errno.h>
#include <inttypes.h>
#include <string.h>

#include "cli/assert/report.h"
#include "daemon/base/names.h"
#include "daemon/base/utf8.h"

/* Escapes a text or the value of an attribute; newlines stay. */
static void put_xml(FILE *f, const char *s)
{
	uint32_t ch;

	for (;;) {
		if (*s == '\n') {
			fputc(*s++, f);
			continue;
		}
		ch = utf8_next_safe(&s);
		if (!ch)
			return;
		if (ch == '&')
			fputs("&amp;", f);
		else if (ch == '<')
			fputs("&lt;", f);
		else if (ch == '>')
			fputs("&gt;", f);
		else if (ch == '"')
			fputs("&quot;", f);
		else
			utf8_putc(f, ch);
	}
}

static int put_violation(FILE *f, const struct assert_report *r, size_t i)
{
	const struct model_violation *v = &r->model.violations[i];
	_cleanup_free_ char *details = assert_details(r, v);
	char text[VIOLATION_TEXT_MAX];

	if (!details)
		return -ENOMEM;
	put_xml(f, violation_text(v, text));
	fprintf(f, " (%" PRIu64 " time%s)\n", v->count, v->count == 1 ? "" : "s");
	if (r->suppressed[i]) {
		fputs("suppressed: ", f);
		put_xml(f, r->suppressed[i]->reason);
		fputc('\n', f);
	}
	put_xml(f, details);
	fputc('\n', f);
	return 0;
}

/* Writes the suppressed violations of a rule, or the others. @rule: -1 for all rules. */
static int put_violations(FILE *f, const struct assert_report *r, int rule, bool suppressed)
{
	const struct model *m = &r->model;
	int err = 0;

	for (size_t i = 0; i < m->nr_violations && !err; i++) {
		if ((rule < 0 || m->violations[i].rule == rule) && !!r->suppressed[i] == suppressed)
			err = put_violation(f, r, i);
	}
	return err;
}

static int put_failure(FILE *f, const struct assert_report *r, const struct assert_case *c)
{
	int err = 0;

	fprintf(f, "      <failure type=\"%s\" message=\"",
		c->rule < 0 ? assert_verdict_name(r) : c->name);
	put_xml(f, c->why);
	fputs("\">", f);
	if (c->rule >= 0)
		err = put_violations(f, r, c->rule, false);
	for (size_t i = 0; c->rule < 0 && r->verdict == ASSERT_INCONCLUSIVE && i < r->nr_doubts;
	     i++) {
		put_xml(f, r->doubts[i]);
		fputc('\n', f);
	}
	fputs("</failure>\n", f);
	return err;
}

/* Writes the source line of the first violation of the rule that is not suppressed. */
static void put_site(FILE *f, const struct assert_report *r, const struct assert_case *c)
{
	const struct model *m = &r->model;
	struct assert_site site;

	for (size_t i = 0; i < m->nr_violations; i++) {
		const struct model_violation *v = &m->violations[i];

		if (v->rule != c->rule || r->suppressed[i] || !assert_site(r, v, &site))
			continue;
		fputs(" file=\"", f);
		put_xml(f, site.file);
		fprintf(f, "\" line=\"%u\"", site.line);
		return;
	}
}

static int put_case(FILE *f, const struct assert_report *r, const struct assert_case *c)
{
	int err = 0;

	fprintf(f, "    <testcase classname=\"io_mapping\" name=\"%s\" time=\"0\"", c->name);
	put_site(f, r, c);
	if (c->state == ASSERT_PASSED) {
		fputs("/>\n", f);
		return 0;
	}
	fputs(">\n", f);
	if (c->state == ASSERT_FAILED) {
		err = put_failure(f, r, c);
	} else {
		fputs("      <skipped message=\"", f);
		put_xml(f, c->why);
		fputs("\"/>\n", f);
	}
	fputs("    </testcase>\n", f);
	return err;
}

static void put_suite(FILE *f, const struct assert_report *r, const struct assert_case *cases,
		      size_t n)
{
	size_t failed = 0, skipped = 0;

	for (size_t i = 0; i < n; i++) {
		failed += cases[i].state == ASSERT_FAILED;
		skipped += cases[i].state == ASSERT_SKIPPED || cases[i].state == ASSERT_EXPECTED;
	}
	fputs("  <testsuite id=\"0\" package=\"io_mapping\" name=\"iomapctl assert\" timestamp=\"",
	      f);
	assert_put_time(f, r->start_unix_ns, 'T');
	fputs("\" hostname=\"", f);
	put_xml(f, *r->host ? r->host : "localhost");
	fprintf(f,
		"\" tests=\"%zu\" failures=\"%zu\" errors=\"0\" skipped=\"%zu\" time=\"%.3f\">\n",
		n, failed, skipped, (double)r->duration_ns / 1e9);
	fputs("    <properties>\n", f);
	fprintf(f, "      <property name=\"verdict\" value=\"%s\"/>\n", assert_verdict_name(r));
	fputs("      <property name=\"kernel\" value=\"", f);
	put_xml(f, r->model.release);
	fputs("\"/>\n    </properties>\n", f);
}

static int put_output(FILE *f, const struct assert_report *r)
{
	_cleanup_free_ char *coverage = assert_coverage(r), *verdict = assert_verdict(r);
	int err;

	if (!coverage || !verdict)
		return -ENOMEM;
	fputs("    <system-out>", f);
	put_xml(f, coverage);
	fputc('\n', f);
	err = put_violations(f, r, -1, true);
	for (size_t i = 0; i < r->suppressions.nr; i++) {
		const struct suppression *s = &r->suppressions.entries[i];

		if (!assert_unused(r, s))
			continue;
		fprintf(f, "unused suppression, line %u: %s ", s->line, rule_name(s->rule));
		put_xml(f, s->symbol);
		fputc('\n', f);
	}
	put_xml(f, verdict);
	fputs("\n</system-out>\n    <system-err></system-err>\n", f);
	return err;
}

int assert_junit(const struct assert_report *r, FILE *f)
{
	struct assert_case cases[ASSERT_CASES_MAX];
	size_t n = assert_cases(r, cases);
	int err = 0;

	fputs("<?xml version=\"1.0\" encoding=\"UTF-8\"?>\n<testsuites>\n", f);
	put_suite(f, r, cases, n);
	for (size_t i = 0; i < n && !err; i++)
		err = put_case(f, r, &cases[i]);
	if (!err)
		err = put_output(f, r);
	fputs("  </testsuite>\n</testsuites>\n", f);
	return err ?: ferror(f) ? -ENOMEM : 0;
}
