// SPDX-License-Identifier: GPL-2.0-or-later
/* Parts of the report as lines of text, for all formats that people read. */
#include <inttypes.h>

#include "cli/assert/report.h"
#include "cli/fmt.h"
#include "daemon/base/names.h"
#include "daemon/base/utf8.h"

#define LABEL		"%s%-12s "
#define SOURCE_TEXT_MAX 512

/* Writes the text of the driver's line, if there is any. */
static bool put_source(FILE *f, const char *indent, const struct source_lines *l)
{
	const struct source_line *driver = assert_driver_line(l);
	char text[SOURCE_TEXT_MAX];

	if (!driver || !assert_source_text(driver->file, driver->line, text, sizeof(text)))
		return false;
	fprintf(f, LABEL "%u: ", indent, "", driver->line);
	utf8_print(f, text);
	fputc('\n', f);
	return true;
}

/* Writes the source lines on a line of their own, and the text of the driver's line. */
static void put_lines(FILE *f, const char *indent, const struct source_lines *l)
{
	if (!l)
		return;
	fprintf(f, LABEL, indent, "");
	sources_print(f, l);
	fputc('\n', f);
	put_source(f, indent, l);
}

/* Writes "symbol+0xoffset [module]" after a label, and the source lines below it. */
static void put_symbol(FILE *f, const char *indent, const char *label, const char *symbol,
		       const char *module, const struct source_lines *l)
{
	fprintf(f, LABEL, indent, label);
	utf8_print(f, symbol ?: "not known");
	if (symbol && module) {
		fputs(" [", f);
		utf8_print(f, module);
		fputc(']', f);
	}
	fputc('\n', f);
	put_lines(f, indent, l);
}

static void put_mapping(FILE *f, const char *indent, const struct assert_report *r,
			const struct model_violation *v)
{
	const struct model_mapping *m = assert_mapping(r, v);
	char size[FMT_MAX];

	fprintf(f, LABEL, indent, "mapping");
	if (!v->mapping_id) {
		fputs("not known\n", f);
		return;
	}
	fprintf(f, "%" PRIu32, v->mapping_id);
	if (m)
		assert_put_device(f, m);
	if (v->size)
		fprintf(f, ", %s at 0x%" PRIx64, fmt_bytes(size, (double)v->size), v->base);
	fprintf(f, ", %s backend\n", backend_name(v->backend));
}

static void put_time(FILE *f, const char *indent, const struct assert_report *r,
		     const struct model_violation *v)
{
	char since[FMT_MAX];

	fprintf(f, LABEL, indent, "time");
	assert_put_time(f, v->time_unix_ns, ' ');
	fprintf(f, ".%06" PRIu64 " UTC, ", v->time_unix_ns % NSEC_PER_SEC / 1000);
	if (v->time_ns >= r->start_ns)
		fprintf(f, "%s into the command",
			fmt_ns(since, (double)(v->time_ns - r->start_ns)));
	else
		fputs("first seen before the command", f);
	fputc('\n', f);
}

/* Writes the frames, and the text of the innermost line of a driver. */
static void put_stack(FILE *f, const char *indent, const char *label, const struct assert_report *r,
		      const char *const *frames, size_t n)
{
	bool shown = false;

	for (size_t i = 0; i < n; i++) {
		const struct source_lines *l = assert_frame_lines(r, frames[i]);

		fprintf(f, LABEL, indent, i ? "" : label);
		utf8_print(f, frames[i] ?: "?");
		if (l) {
			fputs(": ", f);
			sources_print(f, l);
		}
		fputc('\n', f);
		shown = shown || put_source(f, indent, l);
	}
}

static const char *offender_label(unsigned int rule)
{
	switch (rule) {
	case IOMAP_UNMAP_ORDER:
	case IOMAP_UNMAP_KIND:
	case IOMAP_UNMAP_UNKNOWN:
		return "unmapped at";
	case IOMAP_SLEEP_IN_ATOMIC:
	case IOMAP_MAY_SLEEP_IN_ATOMIC:
		return "sleeps in";
	case IOMAP_LEAK:
		return "left at";
	default:
		return "call";
	}
}

void assert_put_details(FILE *f, const char *indent, const struct assert_report *r,
			const struct model_violation *v)
{
	char ns[FMT_MAX];

	put_symbol(f, indent, "mapped at", v->caller, v->module, assert_caller_lines(r, v));
	if (v->offender)
		put_symbol(f, indent, offender_label(v->rule), v->offender, v->offender_module,
			   assert_offender_lines(r, v));
	put_mapping(f, indent, r, v);
	fprintf(f, LABEL "%s\n", indent, "kind", kind_name(v->kind));
	if (v->held_ns)
		fprintf(f, LABEL "%s", indent, "held", fmt_ns(ns, (double)v->held_ns));
	if (v->held_ns && v->rule == IOMAP_HOLD_TIME)
		fprintf(f, ", the budget is %s", fmt_ns(ns, (double)r->max_hold_ns));
	if (v->held_ns)
		fputc('\n', f);
	fprintf(f, LABEL, indent, "task");
	utf8_print(f, v->comm);
	fprintf(f, ", thread %" PRIu32 ", CPU %" PRIu32 "\n", v->pid, v->cpu);
	put_time(f, indent, r, v);
	if (!v->nr_stack)
		fprintf(f, LABEL "not known\n", indent, "stack");
	put_stack(f, indent, "stack", r, v->stack, v->nr_stack);
	put_stack(f, indent, "map's stack", r, v->map_stack, v->nr_map_stack);
}

static void put_broken(FILE *f, const struct assert_report *r)
{
	const struct model *m = &r->model;
	uint64_t count = 0;
	size_t sites = 0;
	int broken = 0;

	for (int i = 0; i < IOMAP_RULE_MAX; i++) {
		uint64_t n = r->rule[i].count;

		n -= r->rule[i].suppressed < n ? r->rule[i].suppressed : n;
		count += n;
		broken += n > 0;
	}
	for (size_t i = 0; i < m->nr_violations; i++)
		sites += !r->suppressed[i];
	fprintf(f, "%d rule%s broken, %" PRIu64 " time%s", broken, broken == 1 ? " was" : "s were",
		count, count == 1 ? "" : "s");
	if (sites)
		fprintf(f, " from %zu site%s", sites, sites == 1 ? "" : "s");
	else
		fputs(", from sites that are not in the list", f);
}

static void put_held(FILE *f, const struct assert_report *r)
{
	uint64_t maps = 0;

	for (int b = 0; b < IOMAP_BACKEND_MAX; b++)
		for (int k = 0; k < IOMAP_KIND_MAX; k++)
			maps += r->model.total[b][k].maps;
	fprintf(f, "the rules held over %" PRIu64 " map%s", maps, maps == 1 ? "" : "s");
}

static void put_suppressed(FILE *f, const struct assert_report *r)
{
	uint64_t n = 0;

	for (int i = 0; i < IOMAP_RULE_MAX; i++)
		n += r->rule[i].suppressed;
	if (n)
		fprintf(f, ", but for %" PRIu64 " suppressed violation%s", n, n == 1 ? "" : "s");
}

void assert_put_verdict(FILE *f, const struct assert_report *r)
{
	switch (r->verdict) {
	case ASSERT_GOOD:
		fputs("good: ", f);
		put_held(f, r);
		put_suppressed(f, r);
		break;
	case ASSERT_VIOLATIONS:
		fputs("violations: ", f);
		put_broken(f, r);
		break;
	case ASSERT_COMMAND_FAILED:
		fputs("command failed: ", f);
		assert_put_status(f, r);
		fputs("; no rule was seen to be broken", f);
		put_suppressed(f, r);
		break;
	case ASSERT_INCONCLUSIVE:
		fputs("inconclusive: ", f);
		utf8_print(f, r->doubts[0]);
		if (r->nr_doubts > 1)
			fprintf(f, "; and %zu more", r->nr_doubts - 1);
		break;
	case ASSERT_NOTHING_EXERCISED:
		fputs("nothing exercised: no map that a checked rule could judge", f);
		break;
	}
}

/* Returns the output of put() as a string. Arguments that put() does not need are NULL. */
static char *to_string(void (*put)(FILE *f, const struct assert_report *r,
				   const struct model_violation *v),
		       const struct assert_report *r, const struct model_violation *v)
{
	char *text = NULL;
	size_t size;
	FILE *f = open_memstream(&text, &size);

	if (!f)
		return NULL;
	put(f, r, v);
	if (!fclose(f))
		return text;
	free(text);
	return NULL;
}

static void put_details(FILE *f, const struct assert_report *r, const struct model_violation *v)
{
	assert_put_details(f, "", r, v);
}

static void put_verdict(FILE *f, const struct assert_report *r, const struct model_violation *v)
{
	(void)v;
	assert_put_verdict(f, r);
}

static void put_coverage(FILE *f, const struct assert_report *r, const struct model_violation *v)
{
	(void)v;
	assert_put_coverage(f, "", r);
}

char *assert_details(const struct assert_report *r, const struct model_violation *v)
{
	return to_string(put_details, r, v);
}

char *assert_verdict(const struct assert_report *r)
{
	return to_string(put_verdict, r, NULL);
}

char *assert_coverage(const struct assert_report *r)
{
	return to_string(put_coverage, r, NULL);
}
