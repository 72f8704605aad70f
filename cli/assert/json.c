// SPDX-License-Identifier: GPL-2.0-or-later
/* The report as JSON, and the parts of it that SARIF also has. */
#include <errno.h>
#include <string.h>
#include <sys/wait.h>

#include "cli/assert/report.h"
#include "daemon/base/names.h"
#include "daemon/collector/report.h"

void assert_json_command(struct jsonw *w, const char *key, const struct assert_report *r)
{
	int s = r->wait_status;

	jsonw_object_begin(w, key);
	jsonw_array_begin(w, "argv");
	for (char **arg = r->argv; *arg; arg++)
		jsonw_string(w, NULL, *arg);
	jsonw_array_end(w);
	if (WIFEXITED(s))
		jsonw_u64(w, "exit_status", WEXITSTATUS(s));
	else
		jsonw_null(w, "exit_status");
	if (WIFSIGNALED(s))
		jsonw_u64(w, "signal", WTERMSIG(s));
	else
		jsonw_null(w, "signal");
	jsonw_u64(w, "started_unix_ns", r->start_unix_ns);
	jsonw_u64(w, "duration_ns", r->duration_ns);
	jsonw_object_end(w);
}

static bool was_used(const struct model_mapping *m)
{
	for (int k = 0; k < IOMAP_KIND_MAX; k++) {
		if (m->kind[k].maps || m->kind[k].unmaps || m->kind[k].failed)
			return true;
	}
	return false;
}

static void mapping(struct jsonw *w, const struct model_mapping *m)
{
	jsonw_object_begin(w, NULL);
	report_mapping_facts(w, m);
	report_by_kind(w, "maps", m->kind, model_maps);
	report_by_kind(w, "failed", m->kind, model_failed);
	jsonw_object_end(w);
}

void assert_json_coverage(struct jsonw *w, const char *key, const struct assert_report *r)
{
	const struct model *m = &r->model;

	jsonw_object_begin(w, key);
	jsonw_object_begin(w, "maps");
	for (int b = 0; b < IOMAP_BACKEND_MAX; b++) {
		if (m->backend_present[b])
			report_by_kind(w, backend_name(b), m->total[b], model_maps);
	}
	jsonw_object_end(w);
	jsonw_array_begin(w, "mappings");
	for (size_t i = 0; i < m->nr_mappings; i++) {
		if (m->mappings[i].state == IOMAP_LIVE || was_used(&m->mappings[i]))
			mapping(w, &m->mappings[i]);
	}
	jsonw_array_end(w);
	report_source(w, m);
	report_hooks(w, m);
	report_may_sleep(w, m);
	report_accounting(w, m);
	jsonw_object_begin(w, "undecided");
	for (int k = 0; k < IOMAP_KIND_MAX; k++)
		jsonw_u64(w, kind_name(k), m->undecided[k]);
	jsonw_object_end(w);
	jsonw_u64(w, "unlisted", m->unlisted);
	jsonw_object_end(w);
}

static void rules(struct jsonw *w, const struct assert_report *r)
{
	jsonw_object_begin(w, "rules");
	for (int i = 0; i < IOMAP_RULE_MAX; i++) {
		jsonw_object_begin(w, rule_name(i));
		jsonw_string(w, "state", assert_rule_state(r, i));
		jsonw_string(w, "reason", assert_selected(r, i) ? r->model.rule_missing[i] : NULL);
		jsonw_u64(w, "count", r->rule[i].count);
		jsonw_u64(w, "judged", r->rule[i].judged);
		jsonw_u64(w, "missed", r->model.rule_missed[i]);
		jsonw_u64(w, "suppressed", r->rule[i].suppressed);
		jsonw_object_end(w);
	}
	jsonw_object_end(w);
}

void assert_json_violation(struct jsonw *w, const char *key, const struct assert_report *r,
			   const struct model_violation *v)
{
	jsonw_object_begin(w, key);
	report_violation_members(w, v);
	assert_json_lines(w, "lines", r, v);
	jsonw_object_end(w);
}

static void violations(struct jsonw *w, const struct assert_report *r)
{
	const struct model *m = &r->model;

	jsonw_array_begin(w, "violations");
	for (size_t i = 0; i < m->nr_violations; i++) {
		if (!r->suppressed[i])
			assert_json_violation(w, NULL, r, &m->violations[i]);
	}
	jsonw_array_end(w);
	jsonw_array_begin(w, "suppressed");
	for (size_t i = 0; i < m->nr_violations; i++) {
		if (!r->suppressed[i])
			continue;
		jsonw_object_begin(w, NULL);
		jsonw_string(w, "reason", r->suppressed[i]->reason);
		jsonw_u64(w, "line", r->suppressed[i]->line);
		assert_json_violation(w, "violation", r, &m->violations[i]);
		jsonw_object_end(w);
	}
	jsonw_array_end(w);
}

static void unused(struct jsonw *w, const struct assert_report *r)
{
	jsonw_array_begin(w, "unused_suppressions");
	for (size_t i = 0; i < r->suppressions.nr; i++) {
		const struct suppression *s = &r->suppressions.entries[i];

		if (!assert_unused(r, s))
			continue;
		jsonw_object_begin(w, NULL);
		jsonw_u64(w, "line", s->line);
		jsonw_string(w, "rule", rule_name(s->rule));
		jsonw_string(w, "symbol", s->symbol);
		jsonw_string(w, "module", s->module);
		jsonw_string(w, "reason", s->reason);
		jsonw_object_end(w);
	}
	jsonw_array_end(w);
}

int assert_json(const struct assert_report *r, FILE *f)
{
	struct buf buf = {};
	struct jsonw w;
	int err;

	jsonw_init(&w, &buf);
	jsonw_object_begin(&w, NULL);
	jsonw_u64(&w, "schema", IOMAP_SCHEMA);
	jsonw_string(&w, "verdict", assert_verdict_name(r));
	jsonw_u64(&w, "exit_status", assert_exit_status(r));
	assert_json_command(&w, "command", r);
	jsonw_array_begin(&w, "doubts");
	for (size_t i = 0; i < r->nr_doubts; i++)
		jsonw_string(&w, NULL, r->doubts[i]);
	jsonw_array_end(&w);
	if (assert_selected(r, IOMAP_HOLD_TIME))
		jsonw_u64(&w, "max_hold_ns", r->max_hold_ns);
	else
		jsonw_null(&w, "max_hold_ns");
	rules(&w, r);
	assert_json_coverage(&w, "coverage", r);
	violations(&w, r);
	unused(&w, r);
	jsonw_object_end(&w);
	buf_puts(&buf, "\n");
	err = buf.err;
	if (!err)
		fwrite(buf.data, 1, buf.len, f);
	buf_free(&buf);
	return err ?: ferror(f) ? -ENOMEM : 0;
}
