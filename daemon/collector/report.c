// SPDX-License-Identifier: GPL-2.0-or-later
#include "daemon/collector/report.h"

#include <string.h>

#include "daemon/base/names.h"

void report_head(struct jsonw *w, const char *key, const struct model *m)
{
	jsonw_object_begin(w, key);
	jsonw_u64(w, "schema", IOMAP_SCHEMA);
	jsonw_u64(w, "time_ns", m->time_ns);
}

static uint64_t get_hold_count(const struct model_count *c)
{
	return c->hold_count;
}

static uint64_t get_hold_sum(const struct model_count *c)
{
	return c->hold_sum;
}

static uint64_t get_hold_max(const struct model_count *c)
{
	return c->hold_max;
}

void report_by_kind(struct jsonw *w, const char *key, const struct model_count *counts,
		    uint64_t (*get)(const struct model_count *c))
{
	jsonw_object_begin(w, key);
	for (int k = 0; k < IOMAP_KIND_MAX; k++)
		jsonw_u64(w, kind_name(k), get(&counts[k]));
	jsonw_object_end(w);
}

static void values_by_kind(struct jsonw *w, const char *key, const uint64_t *values)
{
	jsonw_object_begin(w, key);
	for (int k = 0; k < IOMAP_KIND_MAX; k++)
		jsonw_u64(w, kind_name(k), values[k]);
	jsonw_object_end(w);
}

void report_accounting(struct jsonw *w, const struct model *m)
{
	jsonw_object_begin(w, "accounting");
	jsonw_u64(w, "seen", m->seen);
	jsonw_u64(w, "counted", m->counted);
	jsonw_u64(w, "under_way", m->under_way);
	jsonw_object_begin(w, "lost");
	for (int i = 0; i < IOMAP_LOST_MAX; i++)
		jsonw_u64(w, lost_name(i), m->lost[i]);
	jsonw_object_end(w);
	jsonw_object_end(w);
}

static void metrics(struct jsonw *w, const struct model_metrics *m)
{
	const char *state = m->reason ? "waiting" : "serving";

	if (!m->address) {
		jsonw_null(w, "metrics");
		return;
	}
	jsonw_object_begin(w, "metrics");
	jsonw_string(w, "address", m->address);
	jsonw_string(w, "url", *m->url ? m->url : NULL);
	jsonw_string(w, "state", *m->url ? state : "failed");
	jsonw_string(w, "reason", m->reason);
	jsonw_object_end(w);
}

void report_status(struct jsonw *w, const char *key, const struct model *m)
{
	uint64_t live = 0;

	for (size_t i = 0; i < m->nr_mappings; i++)
		live += m->mappings[i].state == IOMAP_LIVE;

	report_head(w, key, m);
	jsonw_string(w, "version", m->version);
	jsonw_object_begin(w, "kernel");
	jsonw_string(w, "release", m->release);
	jsonw_string(w, "machine", m->machine);
	jsonw_object_end(w);
	jsonw_array_begin(w, "backends");
	for (int b = 0; b < IOMAP_BACKEND_MAX; b++) {
		if (m->backend_present[b])
			jsonw_string(w, NULL, backend_name(b));
	}
	jsonw_array_end(w);
	jsonw_object_begin(w, "mappings");
	jsonw_u64(w, "live", live);
	jsonw_u64(w, "created", m->adopted + m->created);
	jsonw_u64(w, "freed", m->freed);
	jsonw_object_end(w);
	report_source(w, m);
	report_hooks(w, m);
	report_may_sleep(w, m);
	report_accounting(w, m);
	jsonw_object_begin(w, "unattributed");
	jsonw_u64(w, "maps", m->unlisted_maps);
	jsonw_u64(w, "unmaps", m->unmatched_unmaps);
	jsonw_object_end(w);
	jsonw_string(w, "hold_timing", timing_name(m->timing));
	jsonw_u64(w, "started_unix", m->started_unix);
	jsonw_u64(w, "counting_since_unix_ns", m->since_unix_ns);
	jsonw_u64(w, "starts", m->starts);
	jsonw_array_begin(w, "notes");
	for (size_t i = 0; i < m->nr_notes; i++)
		jsonw_string(w, NULL, m->notes[i]);
	jsonw_array_end(w);
	metrics(w, &m->metrics);
	jsonw_u64(w, "pid", m->pid);
	jsonw_object_end(w);
}

void report_mapping_facts(struct jsonw *w, const struct model_mapping *m)
{
	jsonw_u64(w, "mapping_id", m->id);
	jsonw_hex(w, "base", m->base);
	jsonw_u64(w, "size", m->size);
	jsonw_string(w, "backend", backend_name(m->backend));
	jsonw_string(w, "owner", m->owner);
	jsonw_string(w, "module", m->module);
	if (m->bar >= 0) {
		jsonw_string(w, "device", m->device);
		jsonw_u64(w, "bar", m->bar);
	} else {
		jsonw_null(w, "device");
		jsonw_null(w, "bar");
	}
	jsonw_string(w, "state", state_name(m->state));
}

static void mapping(struct jsonw *w, const struct model_mapping *mm)
{
	uint64_t failed = 0;

	for (int k = 0; k < IOMAP_KIND_MAX; k++)
		failed += mm->kind[k].failed;

	jsonw_object_begin(w, NULL);
	report_mapping_facts(w, mm);
	report_by_kind(w, "maps", mm->kind, model_maps);
	report_by_kind(w, "unmaps", mm->kind, model_unmaps);
	report_by_kind(w, "live", mm->kind, model_live);
	jsonw_u64(w, "failed", failed);
	report_by_kind(w, "hold_count", mm->kind, get_hold_count);
	report_by_kind(w, "hold_sum_ns", mm->kind, get_hold_sum);
	report_by_kind(w, "hold_max_ns", mm->kind, get_hold_max);
	jsonw_object_end(w);
}

/* The kinds of which only maps are seen; null: there are none. */
static void maps_only(struct jsonw *w, const struct model *m)
{
	if (m->source != IOMAP_SOURCE_SITES) {
		jsonw_null(w, "maps_only");
		return;
	}
	jsonw_array_begin(w, "maps_only");
	for (int k = 0; k < IOMAP_KIND_MAX; k++) {
		if (model_maps_only(m, k))
			jsonw_string(w, NULL, kind_name(k));
	}
	jsonw_array_end(w);
}

/* Why the list may lack mappings that are older than iomapd. NULL: it lacks none. */
static const char *lacks_older(const struct model *m)
{
	if (m->source == IOMAP_SOURCE_SITES)
		return "this kernel has no list of them, so each is listed from its first map on";
	for (size_t i = 0; i < m->nr_hooks; i++) {
		if (!strcmp(m->hooks[i].name, "debugfs"))
			return m->hooks[i].missing;
	}
	return NULL;
}

void report_list(struct jsonw *w, const char *key, const struct model *m, bool freed)
{
	report_head(w, key, m);
	jsonw_string(w, "missing", lacks_older(m));
	maps_only(w, m);
	jsonw_array_begin(w, "mappings");
	for (size_t i = 0; i < m->nr_mappings; i++) {
		if (freed || m->mappings[i].state != IOMAP_FREED)
			mapping(w, &m->mappings[i]);
	}
	jsonw_array_end(w);
	jsonw_object_end(w);
}

static void backend(struct jsonw *w, const struct model *m, int b)
{
	jsonw_object_begin(w, backend_name(b));
	report_by_kind(w, "maps", m->total[b], model_maps);
	report_by_kind(w, "unmaps", m->total[b], model_unmaps);
	report_by_kind(w, "live", m->total[b], model_live);
	report_by_kind(w, "failed", m->total[b], model_failed);
	jsonw_object_begin(w, "hold_ns");
	for (int k = 0; k < IOMAP_KIND_MAX; k++) {
		const struct model_hist *h = &m->hist[b][k];

		jsonw_object_begin(w, kind_name(k));
		jsonw_u64(w, "count", h->count);
		jsonw_u64(w, "sum", h->sum);
		jsonw_u64(w, "p50", model_percentile(h, 50));
		jsonw_u64(w, "p99", model_percentile(h, 99));
		jsonw_u64(w, "max", h->max);
		jsonw_object_end(w);
	}
	jsonw_object_end(w);
	jsonw_object_end(w);
}

static void cpu_counts(struct jsonw *w, const struct model_cpu *c)
{
	values_by_kind(w, "maps", c->maps);
	values_by_kind(w, "unmaps", c->unmaps);
	jsonw_u64(w, "failed", c->failed);
}

void report_stats(struct jsonw *w, const char *key, const struct model *m)
{
	report_head(w, key, m);
	maps_only(w, m);
	jsonw_object_begin(w, "backends");
	for (int b = 0; b < IOMAP_BACKEND_MAX; b++) {
		if (m->backend_present[b])
			backend(w, m, b);
	}
	jsonw_object_end(w);

	jsonw_array_begin(w, "callers");
	for (size_t i = 0; i < m->nr_callers; i++) {
		const struct model_caller *c = &m->callers[i];

		jsonw_object_begin(w, NULL);
		jsonw_string(w, "caller", c->name);
		jsonw_string(w, "module", c->module);
		jsonw_string(w, "kind", kind_name(c->kind));
		jsonw_u64(w, "mapping_id", c->mapping_id);
		jsonw_string(w, "backend", backend_name(c->backend));
		jsonw_u64(w, "maps", c->maps);
		jsonw_u64(w, "failed", c->failed);
		jsonw_object_end(w);
	}
	jsonw_array_end(w);

	jsonw_array_begin(w, "cpus");
	for (size_t i = 0; i < m->nr_cpus; i++) {
		jsonw_object_begin(w, NULL);
		jsonw_u64(w, "cpu", m->cpus[i].cpu);
		cpu_counts(w, &m->cpus[i]);
		jsonw_object_end(w);
	}
	jsonw_array_end(w);
	jsonw_object_begin(w, "offline_cpus");
	cpu_counts(w, &m->offline);
	jsonw_object_end(w);
	jsonw_string(w, "hold_timing", timing_name(m->timing));
	report_accounting(w, m);
	jsonw_object_end(w);
}

static const char *rule_state(const struct model *m, unsigned int rule)
{
	if (m->rule_off[rule])
		return "off";
	return m->rule_missing[rule] ? "missing" : "checked";
}

static void u64_or_null(struct jsonw *w, const char *key, bool known, uint64_t v)
{
	if (known)
		jsonw_u64(w, key, v);
	else
		jsonw_null(w, key);
}

static void stack(struct jsonw *w, const char *key, const char *const *frames, size_t n)
{
	jsonw_array_begin(w, key);
	for (size_t i = 0; i < n; i++)
		jsonw_string(w, NULL, frames[i]);
	jsonw_array_end(w);
}

void report_violation_members(struct jsonw *w, const struct model_violation *v)
{
	char text[VIOLATION_TEXT_MAX];

	jsonw_string(w, "rule", rule_name(v->rule));
	jsonw_string(w, "text", violation_text(v, text));
	jsonw_u64(w, "count", v->count);
	jsonw_u64(w, "time_ns", v->time_ns);
	jsonw_u64(w, "time_unix_ns", v->time_unix_ns);
	u64_or_null(w, "mapping_id", v->mapping_id, v->mapping_id);
	if (v->size)
		jsonw_hex(w, "base", v->base);
	else
		jsonw_null(w, "base");
	u64_or_null(w, "size", v->size, v->size);
	jsonw_string(w, "backend", backend_name(v->backend));
	jsonw_string(w, "kind", kind_name(v->kind));
	jsonw_u64(w, "pid", v->pid);
	jsonw_string(w, "comm", v->comm);
	jsonw_u64(w, "cpu", v->cpu);
	jsonw_string(w, "caller", v->caller);
	jsonw_string(w, "module", v->module);
	jsonw_string(w, "offender", v->offender);
	jsonw_string(w, "offender_module", v->offender_module);
	u64_or_null(w, "held_ns", v->held_ns, v->held_ns);
	u64_or_null(w, "offset", v->map_size, v->offset);
	u64_or_null(w, "map_size", v->map_size, v->map_size);
	if (v->rule == IOMAP_LEAK)
		jsonw_string(w, "leaked_at", v->at_exit ? "exit" : "free");
	else
		jsonw_null(w, "leaked_at");
	stack(w, "stack", v->stack, v->nr_stack);
	if (v->nr_map_stack)
		stack(w, "map_stack", v->map_stack, v->nr_map_stack);
	else
		jsonw_null(w, "map_stack");
}

void report_violation(struct jsonw *w, const char *key, const struct model_violation *v)
{
	jsonw_object_begin(w, key);
	report_violation_members(w, v);
	jsonw_object_end(w);
}

void report_violations(struct jsonw *w, const char *key, const struct model *m)
{
	report_head(w, key, m);
	jsonw_object_begin(w, "rules");
	for (unsigned int i = 0; i < IOMAP_RULE_MAX; i++) {
		jsonw_object_begin(w, rule_name(i));
		jsonw_string(w, "state", rule_state(m, i));
		jsonw_string(w, "reason", m->rule_missing[i]);
		jsonw_u64(w, "count", m->rule_count[i]);
		jsonw_u64(w, "missed", m->rule_missed[i]);
		jsonw_object_end(w);
	}
	jsonw_object_end(w);
	jsonw_u64(w, "unlisted", m->unlisted);
	values_by_kind(w, "undecided", m->undecided);
	jsonw_array_begin(w, "violations");
	for (size_t i = 0; i < m->nr_violations; i++)
		report_violation(w, NULL, &m->violations[i]);
	jsonw_array_end(w);
	jsonw_object_end(w);
}

void report_snapshot(struct jsonw *w, const char *key, const struct model *m, bool full)
{
	report_head(w, key, m);
	report_status(w, "status", m);
	report_list(w, "list", m, full);
	report_stats(w, "stats", m);
	report_violations(w, "violations", m);
	report_ipi(w, "ipi", m);
	if (full)
		report_hist(w, "hist", m, -1);
	jsonw_object_end(w);
}

static void hist(struct jsonw *w, const struct model *m, int b, int k)
{
	const struct model_hist *h = &m->hist[b][k];

	jsonw_object_begin(w, NULL);
	jsonw_string(w, "backend", backend_name(b));
	jsonw_string(w, "kind", kind_name(k));
	jsonw_u64(w, "count", h->count);
	jsonw_u64(w, "sum_ns", h->sum);
	jsonw_u64(w, "p50_ns", model_percentile(h, 50));
	jsonw_u64(w, "p99_ns", model_percentile(h, 99));
	jsonw_u64(w, "max_ns", h->max);
	jsonw_bool(w, "sampled", m->timing == IOMAP_TIMING_SAMPLED);
	jsonw_array_begin(w, "buckets");
	for (uint32_t i = 0; i < IOMAP_HIST_BUCKETS; i++) {
		uint64_t end = iomap_bucket_low(i + 1);

		if (!h->bucket[i])
			continue;
		/* The last bucket has no upper bound: write the longest time. */
		if (i == IOMAP_HIST_BUCKETS - 1 && h->max >= end)
			end = h->max + 1;
		jsonw_object_begin(w, NULL);
		jsonw_u64(w, "ge_ns", iomap_bucket_low(i));
		jsonw_u64(w, "lt_ns", end);
		jsonw_u64(w, "count", h->bucket[i]);
		jsonw_object_end(w);
	}
	jsonw_array_end(w);
	jsonw_object_end(w);
}

void report_hist(struct jsonw *w, const char *key, const struct model *m, int kind)
{
	report_head(w, key, m);
	jsonw_array_begin(w, "hists");
	for (int b = 0; b < IOMAP_BACKEND_MAX; b++) {
		for (int k = 0; k < IOMAP_KIND_MAX; k++) {
			if ((kind < 0 || kind == k) && m->hist[b][k].count)
				hist(w, m, b, k);
		}
	}
	jsonw_array_end(w);
	jsonw_object_end(w);
}

static void event(struct jsonw *w, const struct event *e)
{
	const struct iomap_event *r = &e->rec;
	bool map = r->type == IOMAP_EVENT_MAP_FAILED || r->type == IOMAP_EVENT_VIOLATION;
	char comm[IOMAP_COMM_LEN + 1] = "";

	memcpy(comm, r->comm, IOMAP_COMM_LEN);
	jsonw_object_begin(w, "event");
	jsonw_u64(w, "seq", e->seq);
	jsonw_u64(w, "time_ns", r->time_ns);
	jsonw_u64(w, "time_unix_ns", e->time_unix_ns);
	jsonw_string(w, "type", event_name(r->type));
	jsonw_u64(w, "mapping_id", r->id);
	jsonw_u64(w, "pid", r->pid);
	jsonw_string(w, "comm", comm);
	jsonw_u64(w, "cpu", r->cpu);
	jsonw_string(w, "backend", backend_name(r->backend));
	jsonw_string(w, "kind", map ? kind_name(r->kind) : NULL);
	jsonw_hex(w, "base", r->base);
	jsonw_u64(w, "size", r->size);
	if (map)
		jsonw_u64(w, "offset", r->offset);
	else
		jsonw_null(w, "offset");
	jsonw_string(w, "caller", e->caller);
	jsonw_string(w, "module", e->module);
	if (e->violation)
		report_violation(w, "violation", e->violation);
	else
		jsonw_null(w, "violation");
	jsonw_object_end(w);
}

void report_event(struct jsonw *w, const char *key, const struct event *e, uint64_t missed)
{
	jsonw_object_begin(w, key);
	jsonw_u64(w, "schema", IOMAP_SCHEMA);
	if (e)
		event(w, e);
	else
		jsonw_null(w, "event");
	jsonw_u64(w, "missed", missed);
	jsonw_object_end(w);
}
