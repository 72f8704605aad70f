// SPDX-License-Identifier: GPL-2.0-or-later
/* The report as annotations of GitHub's workflows: one line each, the summary first. */
#include <errno.h>
#include <inttypes.h>

#include "cli/assert/report.h"
#include "daemon/base/names.h"
#include "daemon/base/utf8.h"

/*
 * Escapes a text; newlines at its end are dropped. @property: the text is the value of a property,
 * which ":" and "," would end.
 */
static void put_escaped(FILE *f, const char *s, bool property)
{
	uint32_t ch;

	for (;;) {
		ch = *s == '\n' || *s == '\r' ? (unsigned char)*s++ : utf8_next_safe(&s);
		if (!ch || (ch == '\n' && !*s))
			return;
		if (ch == '%' || ch == '\n' || ch == '\r' || (property && (ch == ':' || ch == ',')))
			fprintf(f, "%%%02X", (unsigned int)ch);
		else
			utf8_putc(f, ch);
	}
}

/* @site: NULL if the annotation belongs to no line. */
static void put_head_at(FILE *f, const char *level, const char *title,
			const struct assert_site *site)
{
	fprintf(f, "::%s title=", level);
	put_escaped(f, title, true);
	if (site) {
		fputs(",file=", f);
		put_escaped(f, site->file, true);
		fprintf(f, ",line=%u", site->line);
		if (site->column)
			fprintf(f, ",col=%u", site->column);
	}
	fputs("::", f);
}

static void put_head(FILE *f, const char *level, const char *title)
{
	put_head_at(f, level, title, NULL);
}

static void put_line(FILE *f, const char *level, const char *title, const char *text)
{
	put_head(f, level, title);
	put_escaped(f, text, false);
	fputc('\n', f);
}

static int put_violation(FILE *f, const struct assert_report *r, size_t i)
{
	const struct model_violation *v = &r->model.violations[i];
	const struct suppression *s = r->suppressed[i];
	_cleanup_free_ char *details = assert_details(r, v);
	char text[VIOLATION_TEXT_MAX];
	struct assert_site site;
	char title[128];

	if (!details)
		return -ENOMEM;
	snprintf(title, sizeof(title), "io_mapping: %s%s", rule_name(v->rule),
		 s ? " (suppressed)" : "");
	put_head_at(f, s ? "notice" : "error", title, assert_site(r, v, &site) ? &site : NULL);
	put_escaped(f, violation_text(v, text), false);
	fprintf(f, " (%" PRIu64 " time%s)%%0A", v->count, v->count == 1 ? "" : "s");
	if (s) {
		fputs("suppressed: ", f);
		put_escaped(f, s->reason, false);
		fputs("%0A", f);
	}
	put_escaped(f, details, false);
	fputc('\n', f);
	return 0;
}

/* Tells whether the list holds a violation that is not suppressed. */
static bool any_site(const struct assert_report *r)
{
	for (size_t i = 0; i < r->model.nr_violations; i++) {
		if (!r->suppressed[i])
			return true;
	}
	return false;
}

static void put_unused(FILE *f, const struct assert_report *r)
{
	for (size_t i = 0; i < r->suppressions.nr; i++) {
		const struct suppression *s = &r->suppressions.entries[i];

		if (!assert_unused(r, s))
			continue;
		put_head(f, "notice", "io_mapping: unused suppression");
		fprintf(f, "line %u: %s ", s->line, rule_name(s->rule));
		put_escaped(f, s->symbol, false);
		fputc('\n', f);
	}
}

int assert_github(const struct assert_report *r, FILE *f)
{
	_cleanup_free_ char *coverage = assert_coverage(r), *verdict = assert_verdict(r);
	int err = 0;

	if (!coverage || !verdict)
		return -ENOMEM;
	/* GitHub shows only the first annotations of each level, so the summary comes first. */
	put_head(f, "notice", "iomapctl assert");
	put_escaped(f, verdict, false);
	fputs("%0A", f);
	put_escaped(f, coverage, false);
	fputc('\n', f);
	for (size_t i = 0; i < r->model.nr_violations && !err; i++)
		err = put_violation(f, r, i);
	if (r->verdict == ASSERT_COMMAND_FAILED || r->verdict == ASSERT_NOTHING_EXERCISED ||
	    (r->verdict == ASSERT_VIOLATIONS && !any_site(r)))
		put_line(f, "error", "iomapctl assert", verdict);
	for (size_t i = 0; i < r->nr_doubts; i++)
		put_line(f, "warning", "iomapctl assert: inconclusive", r->doubts[i]);
	put_unused(f, r);
	return err ?: ferror(f) ? -ENOMEM : 0;
}
