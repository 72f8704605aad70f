// SPDX-License-Identifier: GPL-2.0-or-later
/* The report as TAP version 13, with YAML blocks in the subset that TAP readers know. */
#include <errno.h>
#include <inttypes.h>
#include <string.h>

#include "cli/assert/report.h"
#include "daemon/base/utf8.h"

/* Writes a line as a double-quoted string of YAML. */
static void put_quoted(FILE *f, const char *line, size_t n)
{
	_cleanup_free_ char *copy = strndup(line, n);
	const char *s = copy ?: "";
	uint32_t ch;

	fputc('"', f);
	while ((ch = utf8_next_safe(&s))) {
		if (ch == '"' || ch == '\\')
			fputc('\\', f);
		utf8_putc(f, ch);
	}
	fputs("\"\n", f);
}

/* Writes each line of a text after @lead. @quoted: as YAML strings. */
static void put_lines(FILE *f, const char *lead, const char *text, bool quoted)
{
	size_t n;

	for (; *text; text += n + !!text[n]) {
		n = strcspn(text, "\n");
		fputs(lead, f);
		if (quoted)
			put_quoted(f, text, n);
		else
			fprintf(f, "%.*s\n", (int)n, text);
	}
}

static int put_violation(FILE *f, const struct assert_report *r, size_t i)
{
	const struct model_violation *v = &r->model.violations[i];
	const struct suppression *s = r->suppressed[i];
	_cleanup_free_ char *details = assert_details(r, v);
	char text[VIOLATION_TEXT_MAX];

	if (!details)
		return -ENOMEM;
	fputs("    -\n      message: ", f);
	violation_text(v, text);
	put_quoted(f, text, strlen(text));
	fprintf(f, "      count: %" PRIu64 "\n", v->count);
	if (s) {
		fputs("      suppressed: ", f);
		put_quoted(f, s->reason, strlen(s->reason));
	}
	fputs("      details:\n", f);
	put_lines(f, "        - ", details, true);
	return 0;
}

static int put_block(FILE *f, const struct assert_report *r, const struct assert_case *c)
{
	const struct model *m = &r->model;
	bool any = false;
	int err = 0;

	fputs("  ---\n  message: ", f);
	put_quoted(f, c->why, strlen(c->why));
	for (size_t i = 0; i < m->nr_violations && !err; i++) {
		if (m->violations[i].rule != c->rule)
			continue;
		if (!any)
			fputs("  violations:\n", f);
		any = true;
		err = put_violation(f, r, i);
	}
	fputs("  ...\n", f);
	return err;
}

static int put_case(FILE *f, const struct assert_report *r, const struct assert_case *c, size_t n)
{
	bool ok = c->state == ASSERT_PASSED || c->state == ASSERT_SKIPPED;

	fprintf(f, "%sok %zu - %s", ok ? "" : "not ", n, c->name);
	if (c->state == ASSERT_SKIPPED || c->state == ASSERT_EXPECTED) {
		fputs(ok ? " # SKIP " : " # TODO ", f);
		utf8_print(f, c->why);
	}
	fputc('\n', f);
	return ok ? 0 : put_block(f, r, c);
}

int assert_tap(const struct assert_report *r, FILE *f)
{
	_cleanup_free_ char *coverage = assert_coverage(r), *verdict = assert_verdict(r);
	struct assert_case cases[ASSERT_CASES_MAX];
	size_t n = assert_cases(r, cases);
	int err = 0;

	if (!coverage || !verdict)
		return -ENOMEM;
	fprintf(f, "TAP version 13\n1..%zu\n", n);
	put_lines(f, "# ", coverage, false);
	for (size_t i = 0; i < n && !err; i++)
		err = put_case(f, r, &cases[i], i + 1);
	for (size_t i = 0; i < r->suppressions.nr; i++) {
		const struct suppression *s = &r->suppressions.entries[i];

		if (!assert_unused(r, s))
			continue;
		fprintf(f, "# unused suppression, line %u: ", s->line);
		utf8_print(f, s->symbol);
		fputc('\n', f);
	}
	fprintf(f, "# %s\n", verdict);
	return err ?: ferror(f) ? -ENOMEM : 0;
}
