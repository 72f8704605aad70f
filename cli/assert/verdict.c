// SPDX-License-Identifier: GPL-2.0-or-later
/* Finds what happened while the command ran, and decides the outcome. */
#include <errno.h>
#include <inttypes.h>
#include <stdarg.h>
#include <string.h>
#include <sys/wait.h>

#include "cli/assert/report.h"
#include "daemon/base/names.h"

static void take_off(uint64_t *v, uint64_t before)
{
	*v -= before < *v ? before : *v;
}

static void take_off_count(struct model_count *c, const struct model_count *before)
{
	take_off(&c->maps, before->maps);
	take_off(&c->unmaps, before->unmaps);
	take_off(&c->failed, before->failed);
	take_off(&c->hold_count, before->hold_count);
	take_off(&c->hold_sum, before->hold_sum);
}

/* Both lists are sorted by id. Another generation of an id is another mapping. */
static void diff_mappings(struct model *m, const struct model *before)
{
	size_t old = 0;

	for (size_t i = 0; i < m->nr_mappings; i++) {
		struct model_mapping *mm = &m->mappings[i];

		while (old < before->nr_mappings && before->mappings[old].id < mm->id)
			old++;
		if (old == before->nr_mappings || before->mappings[old].id != mm->id ||
		    before->mappings[old].gen != mm->gen)
			continue;
		for (int k = 0; k < IOMAP_KIND_MAX; k++)
			take_off_count(&mm->kind[k], &before->mappings[old].kind[k]);
	}
}

static const struct model_violation *same_site(const struct model *m,
					       const struct model_violation *v)
{
	for (size_t i = 0; i < m->nr_violations; i++) {
		const struct model_violation *o = &m->violations[i];

		if (o->rule == v->rule && o->time_ns == v->time_ns && o->cpu == v->cpu)
			return o;
	}
	return NULL;
}

/* Keeps only sites of checked rules with violations since the start of the command. */
static void diff_violations(struct assert_report *r, const struct model *before)
{
	struct model *m = &r->model;
	size_t kept = 0;

	for (size_t i = 0; i < m->nr_violations; i++) {
		struct model_violation v = m->violations[i];
		const struct model_violation *old = same_site(before, &v);

		take_off(&v.count, old ? old->count : 0);
		if (v.count && assert_selected(r, v.rule))
			m->violations[kept++] = v;
	}
	m->nr_violations = kept;
}

static void diff_hists(struct model_hist *h, const struct model_hist *before)
{
	take_off(&h->count, before->count);
	take_off(&h->sum, before->sum);
	for (int i = 0; i < IOMAP_HIST_BUCKETS; i++)
		take_off(&h->bucket[i], before->bucket[i]);
}

/*
 * A hook that did not work before the command may have failed during its run. Both models have the
 * same hooks.
 */
static void add_missing(struct model *m, const struct model *before)
{
	for (size_t i = 0; i < m->nr_hooks && i < before->nr_hooks; i++)
		m->hooks[i].missing = m->hooks[i].missing ?: before->hooks[i].missing;
	for (int i = 0; i < IOMAP_RULE_MAX; i++)
		m->rule_missing[i] = m->rule_missing[i] ?: before->rule_missing[i];
}

static void diff(struct assert_report *r, const struct model *before)
{
	struct model *m = &r->model;

	take_off(&m->seen, before->seen);
	take_off(&m->counted, before->counted);
	for (int i = 0; i < IOMAP_LOST_MAX; i++)
		take_off(&m->lost[i], before->lost[i]);
	take_off(&m->created, before->created);
	take_off(&m->freed, before->freed);
	take_off(&m->unlisted_maps, before->unlisted_maps);
	take_off(&m->unmatched_unmaps, before->unmatched_unmaps);
	take_off(&m->unlisted, before->unlisted);
	for (int k = 0; k < IOMAP_KIND_MAX; k++)
		take_off(&m->undecided[k], before->undecided[k]);
	for (int i = 0; i < IOMAP_RULE_MAX; i++) {
		take_off(&m->rule_count[i], before->rule_count[i]);
		take_off(&m->rule_missed[i], before->rule_missed[i]);
	}
	for (int b = 0; b < IOMAP_BACKEND_MAX; b++) {
		for (int k = 0; k < IOMAP_KIND_MAX; k++) {
			take_off_count(&m->total[b][k], &before->total[b][k]);
			diff_hists(&m->hist[b][k], &before->hist[b][k]);
		}
	}
	add_missing(m, before);
	diff_mappings(m, before);
	diff_violations(r, before);
}

/* Sums what a rule could judge over all backends. Violations of the rule count as judged. */
static uint64_t judged(const struct model *m, unsigned int rule)
{
	uint64_t maps[IOMAP_KIND_MAX] = {}, unmaps[IOMAP_KIND_MAX] = {}, n;

	for (int b = 0; b < IOMAP_BACKEND_MAX; b++) {
		for (int k = 0; k < IOMAP_KIND_MAX; k++) {
			maps[k] += m->total[b][k].maps;
			unmaps[k] += m->total[b][k].unmaps;
		}
	}
	switch (rule) {
	case IOMAP_SLEEP_IN_ATOMIC:
	case IOMAP_MAY_SLEEP_IN_ATOMIC:
	case IOMAP_HOLD_TIME:
		n = maps[IOMAP_ATOMIC];
		break;
	case IOMAP_UNMAP_ORDER:
		n = unmaps[IOMAP_ATOMIC] + unmaps[IOMAP_LOCAL];
		break;
	case IOMAP_UNMAP_KIND:
	case IOMAP_UNMAP_UNKNOWN:
	case IOMAP_LEAK:
		n = unmaps[IOMAP_ATOMIC] + unmaps[IOMAP_LOCAL] + unmaps[IOMAP_SLEEPABLE];
		break;
	default:
		n = maps[IOMAP_ATOMIC] + maps[IOMAP_LOCAL] + maps[IOMAP_SLEEPABLE];
		break;
	}
	return n > m->rule_count[rule] ? n : m->rule_count[rule];
}

check_printf(2, 3) static int doubt(struct assert_report *r, const char *fmt, ...)
{
	char **p = reallocarray(r->doubts, r->nr_doubts + 1, sizeof(*p));
	va_list ap;
	int n;

	if (!p)
		return -ENOMEM;
	r->doubts = p;
	va_start(ap, fmt);
	n = vasprintf(&p[r->nr_doubts], fmt, ap);
	va_end(ap);
	if (n < 0)
		return -ENOMEM;
	r->nr_doubts++;
	return 0;
}

static int doubt_accounting(struct assert_report *r)
{
	const struct model *m = &r->model;
	uint64_t lost = 0;
	int err = 0;

	for (int i = 0; i < IOMAP_LOST_MAX && !err; i++) {
		lost += m->lost[i];
		if (m->lost[i])
			err = doubt(r, "%" PRIu64 " event%s lost: %s", m->lost[i],
				    m->lost[i] == 1 ? " was" : "s were", lost_name(i));
	}
	if (!err && m->seen != m->counted + lost)
		err = doubt(r,
			    "the accounting does not balance: %" PRIu64 " events seen, %" PRIu64
			    " counted or lost",
			    m->seen, m->counted + lost);
	return err;
}

static int doubt_rule(struct assert_report *r, unsigned int rule)
{
	uint64_t missed = r->model.rule_missed[rule];
	int err = 0;

	if (r->model.rule_missing[rule])
		err = doubt(r, "%s is not checked, or not completely: %s", rule_name(rule),
			    r->model.rule_missing[rule]);
	if (!err && missed)
		err = doubt(r,
			    "%s was not checked %" PRIu64
			    " time%s: the kernel skips a probe while BPF runs on that CPU; run the "
			    "command again",
			    rule_name(rule), missed, missed == 1 ? "" : "s");
	return err;
}

static int doubt_unmaps(struct assert_report *r)
{
	uint64_t n = 0;

	for (int k = 0; k < IOMAP_KIND_MAX; k++)
		n += r->model.undecided[k];
	if (!n ||
	    (!assert_selected(r, IOMAP_UNMAP_KIND) && !assert_selected(r, IOMAP_UNMAP_UNKNOWN)))
		return 0;
	return doubt(r,
		     "%" PRIu64 " unmap%s may have ended a map that is older than the command, or "
		     "may have been wrong",
		     n, n == 1 ? "" : "s");
}

/* Collects the reasons for which "no violation was seen" does not mean "there was no violation". */
static int find_doubts(struct assert_report *r)
{
	int err = doubt_accounting(r);

	for (int i = 0; i < IOMAP_RULE_MAX && !err; i++) {
		if (assert_selected(r, i))
			err = doubt_rule(r, i);
	}
	if (!err && r->model.unlisted)
		err = doubt(r, "%" PRIu64 " violation%s from sites that the table had no room for",
			    r->model.unlisted, r->model.unlisted == 1 ? " is" : "s are");
	return err ?: doubt_unmaps(r);
}

static int match_suppressions(struct assert_report *r)
{
	const struct model *m = &r->model;

	r->suppressed = calloc(m->nr_violations + 1, sizeof(*r->suppressed));
	if (!r->suppressed)
		return -ENOMEM;
	for (size_t i = 0; i < m->nr_violations; i++) {
		const struct model_violation *v = &m->violations[i];

		r->suppressed[i] = suppressions_match(&r->suppressions, v);
		if (r->suppressed[i])
			r->rule[v->rule].suppressed += v->count;
	}
	return 0;
}

/* A violation whose site is not in the list cannot be suppressed. */
bool assert_broken(const struct assert_report *r, unsigned int rule)
{
	const struct model *m = &r->model;
	size_t sites = 0;

	for (size_t i = 0; i < m->nr_violations; i++) {
		if (m->violations[i].rule != rule)
			continue;
		if (!r->suppressed[i])
			return true;
		sites++;
	}
	return !sites && r->rule[rule].count;
}

bool assert_exercised(const struct assert_report *r)
{
	for (int i = 0; i < IOMAP_RULE_MAX; i++) {
		if (assert_selected(r, i) && r->rule[i].judged)
			return true;
	}
	return false;
}

bool assert_command_failed(const struct assert_report *r)
{
	return !WIFEXITED(r->wait_status) || WEXITSTATUS(r->wait_status);
}

static enum assert_verdict find_verdict(const struct assert_report *r)
{
	for (int i = 0; i < IOMAP_RULE_MAX; i++) {
		if (assert_broken(r, i))
			return ASSERT_VIOLATIONS;
	}
	if (assert_command_failed(r))
		return ASSERT_COMMAND_FAILED;
	if (r->nr_doubts)
		return ASSERT_INCONCLUSIVE;
	return assert_exercised(r) ? ASSERT_GOOD : ASSERT_NOTHING_EXERCISED;
}

int assert_judge(struct assert_report *r, const struct model *before)
{
	int err;

	diff(r, before);
	for (int i = 0; i < IOMAP_RULE_MAX; i++) {
		if (assert_selected(r, i))
			r->rule[i] = (struct assert_rule){ .count = r->model.rule_count[i],
							   .judged = judged(&r->model, i) };
	}
	err = match_suppressions(r);
	if (!err)
		err = find_doubts(r);
	if (!err)
		r->verdict = find_verdict(r);
	return err;
}

static const struct {
	const char *name;
	int exit_status;
} verdicts[] = {
	[ASSERT_GOOD] = { "good", EXIT_GOOD },
	[ASSERT_VIOLATIONS] = { "violations", EXIT_VIOLATION },
	[ASSERT_COMMAND_FAILED] = { "command_failed", EXIT_COMMAND },
	[ASSERT_INCONCLUSIVE] = { "inconclusive", EXIT_INCONCLUSIVE },
	[ASSERT_NOTHING_EXERCISED] = { "nothing_exercised", EXIT_NOTHING },
};

int assert_exit_status(const struct assert_report *r)
{
	return verdicts[r->verdict].exit_status;
}

const char *assert_verdict_name(const struct assert_report *r)
{
	return verdicts[r->verdict].name;
}

const char *assert_rule_state(const struct assert_report *r, unsigned int rule)
{
	if (!assert_selected(r, rule))
		return "off";
	return r->model.rule_missing[rule] ? "missing" : "checked";
}

bool assert_unused(const struct assert_report *r, const struct suppression *s)
{
	return !s->used && assert_selected(r, s->rule);
}

const struct model_mapping *assert_mapping(const struct assert_report *r,
					   const struct model_violation *v)
{
	const struct model *m = &r->model;

	for (size_t i = 0; v->mapping_id && i < m->nr_mappings; i++) {
		if (m->mappings[i].id == v->mapping_id && m->mappings[i].base == v->base)
			return &m->mappings[i];
	}
	return NULL;
}

void assert_report_free(struct assert_report *r)
{
	suppressions_free(&r->suppressions);
	model_free(&r->model);
	sources_free(r->sources);
	free(r->suppressed);
	for (size_t i = 0; i < r->nr_doubts; i++)
		free(r->doubts[i]);
	free(r->doubts);
	*r = (struct assert_report){};
}
