// SPDX-License-Identifier: GPL-2.0-or-later
/* The coverage section of the report as text: the command, and what the drivers did meanwhile. */
#include <inttypes.h>
#include <string.h>
#include <sys/wait.h>

#include "cli/assert/report.h"
#include "cli/fmt.h"
#include "daemon/base/names.h"
#include "daemon/base/utf8.h"

#define LABEL "%s%-12s "

void assert_put_status(FILE *f, const struct assert_report *r)
{
	int s = r->wait_status;

	if (WIFSIGNALED(s))
		fprintf(f, "killed by signal %d (%s)", WTERMSIG(s), strsignal(WTERMSIG(s)));
	else
		fprintf(f, "exit status %d", WEXITSTATUS(s));
}

void assert_put_time(FILE *f, uint64_t unix_ns, char between)
{
	time_t secs = (time_t)(unix_ns / NSEC_PER_SEC);
	char day[32] = "", clock[32] = "";
	struct tm tm;

	if (gmtime_r(&secs, &tm)) {
		strftime(day, sizeof(day), "%Y-%m-%d", &tm);
		strftime(clock, sizeof(clock), "%H:%M:%S", &tm);
	}
	fprintf(f, "%s%c%s", day, between, clock);
}

void assert_put_device(FILE *f, const struct model_mapping *m)
{
	if (m->bar >= 0)
		fprintf(f, ", %s BAR %d", m->device, m->bar);
}

static void put_command(FILE *f, const struct assert_report *r, const char *indent)
{
	char ns[FMT_MAX];

	fprintf(f, LABEL, indent, "command");
	for (char **arg = r->argv; *arg; arg++) {
		if (arg != r->argv)
			fputc(' ', f);
		utf8_print(f, *arg);
	}
	fputs(": ", f);
	assert_put_status(f, r);
	fprintf(f, ", after %s\n", fmt_ns(ns, (double)r->duration_ns));
}

/* Writes "12 atomic, 3 local". */
static void put_kinds(FILE *f, const struct model_count *kinds, const struct model_hist *hists)
{
	const char *comma = "";
	uint64_t failed = 0;
	char ns[FMT_MAX];

	for (int k = 0; k < IOMAP_KIND_MAX; k++) {
		failed += kinds[k].failed;
		if (!kinds[k].maps)
			continue;
		fprintf(f, "%s%" PRIu64 " %s", comma, kinds[k].maps, kind_name(k));
		if (hists && hists[k].count)
			fprintf(f, " (held up to %s)", fmt_ns(ns, (double)hists[k].max));
		comma = ", ";
	}
	if (failed)
		fprintf(f, "%s%" PRIu64 " failed", comma, failed);
}

static bool any_maps(const struct model_count *kinds)
{
	for (int k = 0; k < IOMAP_KIND_MAX; k++) {
		if (kinds[k].maps || kinds[k].failed)
			return true;
	}
	return false;
}

static void put_maps(FILE *f, const struct assert_report *r, const char *indent)
{
	const struct model *m = &r->model;
	bool any = false;

	for (int b = 0; b < IOMAP_BACKEND_MAX; b++) {
		if (!any_maps(m->total[b]))
			continue;
		fprintf(f, LABEL "%s: ", indent, any ? "" : "maps", backend_name(b));
		put_kinds(f, m->total[b], m->hist[b]);
		fputc('\n', f);
		any = true;
	}
	if (!any)
		fprintf(f, LABEL "none\n", indent, "maps");
}

static void put_owner(FILE *f, const struct model_mapping *m)
{
	if (!m->owner)
		return;
	fputs(", ", f);
	utf8_print(f, m->owner);
	if (!m->module)
		return;
	fputs(" [", f);
	utf8_print(f, m->module);
	fputc(']', f);
}

/* Writes a line for each mapping that was used, and the number of the others. */
static void put_mappings(FILE *f, const struct assert_report *r, const char *indent)
{
	const struct model *m = &r->model;
	uint64_t total = 0, listed = m->unlisted_maps;
	size_t idle = 0;

	for (int b = 0; b < IOMAP_BACKEND_MAX; b++)
		for (int k = 0; k < IOMAP_KIND_MAX; k++)
			total += m->total[b][k].maps;
	for (size_t i = 0; i < m->nr_mappings; i++) {
		const struct model_mapping *mm = &m->mappings[i];

		idle += !any_maps(mm->kind) && mm->state == IOMAP_LIVE;
		if (!any_maps(mm->kind))
			continue;
		for (int k = 0; k < IOMAP_KIND_MAX; k++)
			listed += mm->kind[k].maps;
		fprintf(f, LABEL "%" PRIu32, indent, "mapping", mm->id);
		assert_put_device(f, mm);
		put_owner(f, mm);
		fprintf(f, ", %s: ", backend_name(mm->backend));
		put_kinds(f, mm->kind, NULL);
		fputc('\n', f);
	}
	if (total > listed)
		fprintf(f, LABEL "freed, its id reused: %" PRIu64 " maps\n", indent, "mapping",
			total - listed);
	if (m->unlisted_maps)
		fprintf(f, LABEL "not known: %" PRIu64 " maps\n", indent, "mapping",
			m->unlisted_maps);
	if (idle)
		fprintf(f, LABEL "%zu not mapped while the command ran\n", indent, "mappings",
			idle);
}

static void put_hooks(FILE *f, const struct assert_report *r, const char *indent)
{
	const struct model *m = &r->model;
	size_t there = 0;

	for (size_t i = 0; i < m->nr_hooks; i++)
		there += !m->hooks[i].missing;
	if (m->source == IOMAP_SOURCE_SITES)
		fprintf(f,
			LABEL "sites in the drivers, as this kernel has no tracepoints of "
			      "io_mapping\n",
			indent, "source");
	fprintf(f, LABEL "%zu of %zu present\n", indent, "hooks", there, m->nr_hooks);
	for (size_t i = 0; i < m->nr_hooks; i++) {
		if (!m->hooks[i].missing)
			continue;
		fprintf(f, LABEL, indent, "");
		utf8_print(f, m->hooks[i].name);
		fputs(" is missing: ", f);
		utf8_print(f, m->hooks[i].missing);
		fputc('\n', f);
	}
}

/* Writes the calls that may-sleep-in-atomic sees on this kernel, and those that it does not. */
static void put_may_sleep(FILE *f, const struct assert_report *r, const char *indent)
{
	const struct model_may_sleep *m = &r->model.may_sleep;
	size_t functions = 1;

	if (!m->functions || !assert_selected(r, IOMAP_MAY_SLEEP_IN_ATOMIC))
		return;
	for (const char *p = m->functions; *p; p++)
		functions += *p == ' ';
	fprintf(f, LABEL, indent, "may sleep");
	if (m->might_sleep) {
		fputs("calls of might_sleep(), by ", f);
		utf8_print(f, m->might_sleep);
		fprintf(f, "(), and of %zu other functions\n", functions);
		return;
	}
	fprintf(f, "calls of %zu functions%s\n", functions,
		m->allocations ? ", and allocations of memory" : "");
	fprintf(f, LABEL "not seen: other functions%s, as might_sleep() calls nothing here\n",
		indent, "", m->allocations ? "" : ", allocations of memory");
}

/* Lists the rules in a state. @what NULL: only rules that had nothing to judge. */
static void put_rules_in(FILE *f, const struct assert_report *r, const char *indent,
			 const char *what, const char *state)
{
	const char *comma = "";

	for (int i = 0; i < IOMAP_RULE_MAX; i++) {
		if (strcmp(assert_rule_state(r, i), state) || (!what && r->rule[i].judged))
			continue;
		if (!*comma)
			fprintf(f, LABEL "%s: ", indent, "", what ?: "had nothing to judge");
		fprintf(f, "%s%s", comma, rule_name(i));
		comma = ", ";
	}
	if (*comma)
		fputc('\n', f);
}

static void put_rules(FILE *f, const struct assert_report *r, const char *indent)
{
	int checked = 0;

	for (int i = 0; i < IOMAP_RULE_MAX; i++)
		checked += !strcmp(assert_rule_state(r, i), "checked");
	fprintf(f, LABEL "%d of %d checked\n", indent, "rules", checked, IOMAP_RULE_MAX);
	put_rules_in(f, r, indent, NULL, "checked");
	put_rules_in(f, r, indent, "not asked for", "off");
	put_rules_in(f, r, indent, "the kernel lacks something for", "missing");
}

void assert_put_coverage(FILE *f, const char *indent, const struct assert_report *r)
{
	const struct model *m = &r->model;
	uint64_t lost = 0, undecided = 0;

	for (int i = 0; i < IOMAP_LOST_MAX; i++)
		lost += m->lost[i];
	for (int k = 0; k < IOMAP_KIND_MAX; k++)
		undecided += m->undecided[k];
	put_command(f, r, indent);
	put_maps(f, r, indent);
	put_mappings(f, r, indent);
	put_hooks(f, r, indent);
	put_may_sleep(f, r, indent);
	put_rules(f, r, indent);
	fprintf(f, LABEL "%" PRIu64 " seen, %" PRIu64 " counted, %" PRIu64 " lost\n", indent,
		"events", m->seen, m->counted, lost);
	if (undecided)
		fprintf(f, LABEL "%" PRIu64 " of maps that may be older than the command\n", indent,
			"unmaps", undecided);
}
