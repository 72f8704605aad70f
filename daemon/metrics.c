// SPDX-License-Identifier: GPL-2.0-or-later
#include "daemon/metrics.h"

#include <stdio.h>
#include <string.h>

#include "daemon/base/names.h"

/* of_unmaps: the figure needs unmaps, which are not seen of all kinds. */
static void by_backend(struct metricw *w, const struct model *m, bool of_unmaps,
		       uint64_t (*get)(const struct model_count *c))
{
	for (int b = 0; b < IOMAP_BACKEND_MAX; b++) {
		for (int k = 0; k < IOMAP_KIND_MAX && m->backend_present[b]; k++) {
			if (of_unmaps && model_maps_only(m, k))
				continue;
			metricw_u64(
				w, LABELS({ "backend", backend_name(b) }, { "kind", kind_name(k) }),
				get(&m->total[b][k]));
		}
	}
}

static void totals(struct metricw *w, const struct model *m)
{
	metricw_family(w, METRIC_COUNTER, "iomap_maps", "Maps that succeeded.");
	by_backend(w, m, false, model_maps);
	metricw_family(w, METRIC_COUNTER, "iomap_unmaps", "Unmaps whose map was seen.");
	by_backend(w, m, true, model_unmaps);
	metricw_family(w, METRIC_COUNTER, "iomap_map_failures", "Maps that returned no address.");
	by_backend(w, m, false, model_failed);
	metricw_family(w, METRIC_GAUGE, "iomap_live_maps", "Maps not unmapped yet.");
	by_backend(w, m, true, model_live);
}

static void hists(struct metricw *w, const struct model *m)
{
	if (m->timing == IOMAP_TIMING_OFF)
		return;
	metricw_family(w, METRIC_HISTOGRAM, "iomap_hold_seconds",
		       "Hold times of maps; hold_times of iomapd_info says which are measured.");
	for (int b = 0; b < IOMAP_BACKEND_MAX; b++) {
		for (int k = 0; k < IOMAP_KIND_MAX && m->backend_present[b]; k++) {
			if (model_maps_only(m, k))
				continue;
			metricw_hist(
				w, LABELS({ "backend", backend_name(b) }, { "kind", kind_name(k) }),
				&m->hist[b][k]);
		}
	}
	if (!m->ipi.on)
		return;
	metricw_family(w, METRIC_HISTOGRAM, "iomap_operation_seconds",
		       "Duration of maps and unmaps on backends that do real work.");
	for (int op = 0; op < IOMAP_OP_MAX; op++) {
		const char *name = op == IOMAP_OP_MAP ? "map" : "unmap";

		for (int b = IOMAP_LINEAR + 1; b < IOMAP_BACKEND_MAX; b++) {
			for (int k = 0; k < IOMAP_KIND_MAX && m->backend_present[b]; k++)
				metricw_hist(w,
					     LABELS({ "operation", name },
						    { "backend", backend_name(b) },
						    { "kind", kind_name(k) }),
					     &m->op[op][b][k]);
		}
	}
}

/* The figures of a mapping id, or of all ids without series of their own. */
struct row {
	char id[16];
	struct model_count ever[IOMAP_KIND_MAX];
	uint64_t live[IOMAP_KIND_MAX];
	const struct model_mapping *mapping; /* NULL: not a live one */
};

static void add_to_row(struct row *row, const struct model_count *ever)
{
	for (int k = 0; k < IOMAP_KIND_MAX; k++) {
		row->ever[k].maps += ever[k].maps;
		row->ever[k].failed += ever[k].failed;
		row->ever[k].hold_count += ever[k].hold_count;
		row->ever[k].hold_sum += ever[k].hold_sum;
	}
}

/* Fills rows, which has room for METRICS_MAPPINGS + 1. Returns their number. */
static size_t make_rows(const struct model *m, struct row *rows)
{
	struct row other = { .id = "other" };
	size_t n = 0;

	add_to_row(&other, m->unattributed);
	for (size_t i = 0; i < m->nr_mappings; i++) {
		const struct model_mapping *mm = &m->mappings[i];
		struct row *row = &other;

		if (mm->id <= METRICS_MAPPINGS && n < METRICS_MAPPINGS) {
			row = &rows[n++];
			*row = (struct row){ .mapping = mm->state == IOMAP_LIVE ? mm : NULL };
			snprintf(row->id, sizeof(row->id), "%u", mm->id);
		}
		add_to_row(row, mm->ever);
		for (int k = 0; k < IOMAP_KIND_MAX; k++)
			row->live[k] += model_live(&mm->kind[k]);
	}
	rows[n++] = other;
	return n;
}

static void mapping_info(struct metricw *w, const struct row *rows, size_t n)
{
	metricw_family(w, METRIC_INFO, "iomap_mapping", "The mapping that has the id now.");
	for (size_t i = 0; i < n; i++) {
		const struct model_mapping *mm = rows[i].mapping;
		char bar[12] = "";

		if (!mm)
			continue;
		if (mm->bar >= 0)
			snprintf(bar, sizeof(bar), "%d", mm->bar);
		metricw_u64(w,
			    LABELS({ "mapping", rows[i].id },
				   { "backend", backend_name(mm->backend) },
				   { "device", mm->device }, { "bar", bar },
				   { "module", mm->module ?: "" }),
			    1);
	}
}

static void mappings(struct metricw *w, const struct model *m)
{
	_cleanup_free_ struct row *rows = calloc(METRICS_MAPPINGS + 1, sizeof(*rows));
	size_t n;

	if (!rows) {
		w->buf->err = -ENOMEM;
		return;
	}
	n = make_rows(m, rows);
	mapping_info(w, rows, n);
	metricw_family(w, METRIC_COUNTER, "iomap_mapping_maps",
		       "Maps, of all mappings that have had the id.");
	for (size_t i = 0; i < n; i++) {
		for (int k = 0; k < IOMAP_KIND_MAX; k++)
			metricw_u64(w, LABELS({ "mapping", rows[i].id }, { "kind", kind_name(k) }),
				    rows[i].ever[k].maps);
	}
	metricw_family(w, METRIC_COUNTER, "iomap_mapping_map_failures",
		       "Maps that returned no address, of all mappings that have had the id.");
	for (size_t i = 0; i < n; i++) {
		uint64_t failed = 0;

		for (int k = 0; k < IOMAP_KIND_MAX; k++)
			failed += rows[i].ever[k].failed;
		metricw_u64(w, LABELS({ "mapping", rows[i].id }), failed);
	}
	metricw_family(w, METRIC_GAUGE, "iomap_mapping_live_maps",
		       "Maps of the mapping not unmapped yet.");
	for (size_t i = 0; i < n; i++) {
		for (int k = 0; k < IOMAP_KIND_MAX; k++) {
			if (model_maps_only(m, k))
				continue;
			metricw_u64(w, LABELS({ "mapping", rows[i].id }, { "kind", kind_name(k) }),
				    rows[i].live[k]);
		}
	}
	if (m->timing == IOMAP_TIMING_OFF)
		return;
	metricw_family(w, METRIC_SUMMARY, "iomap_mapping_hold_seconds",
		       "Hold times of maps, of all mappings that have had the id.");
	for (size_t i = 0; i < n; i++) {
		for (int k = 0; k < IOMAP_KIND_MAX; k++) {
			if (model_maps_only(m, k))
				continue;
			metricw_summary(w,
					LABELS({ "mapping", rows[i].id }, { "kind", kind_name(k) }),
					rows[i].ever[k].hold_count, rows[i].ever[k].hold_sum);
		}
	}
}

static bool checked(const struct model *m, unsigned int rule)
{
	return !m->rule_off[rule] && !m->rule_missing[rule];
}

static void rules(struct metricw *w, const struct model *m)
{
	metricw_family(w, METRIC_GAUGE, "iomap_rule_checked",
		       "1: the rule is checked; 0: it is off, or the kernel lacks what it needs.");
	for (unsigned int i = 0; i < IOMAP_RULE_MAX; i++)
		metricw_u64(w, LABELS({ "rule", rule_name(i) }), checked(m, i));
	metricw_family(w, METRIC_COUNTER, "iomap_violations",
		       "Violations of a checked rule of io_mapping.");
	for (unsigned int i = 0; i < IOMAP_RULE_MAX; i++) {
		if (checked(m, i))
			metricw_u64(w, LABELS({ "rule", rule_name(i) }), m->rule_count[i]);
	}
	metricw_family(w, METRIC_COUNTER, "iomap_rule_missed",
		       "Times that the kernel skipped the program that checks the rule.");
	for (unsigned int i = 0; i < IOMAP_RULE_MAX; i++) {
		if (checked(m, i))
			metricw_u64(w, LABELS({ "rule", rule_name(i) }), m->rule_missed[i]);
	}
}

static void accounting(struct metricw *w, const struct model *m)
{
	uint64_t live = 0;

	for (size_t i = 0; i < m->nr_mappings; i++)
		live += m->mappings[i].state == IOMAP_LIVE;
	if (m->since_unix_ns) {
		metricw_family(
			w, METRIC_GAUGE, "iomap_start_time_seconds",
			"When counting began, since 1970; counters have only grown since then.");
		metricw_ns(w, NULL, m->since_unix_ns);
		metricw_family(w, METRIC_COUNTER, "iomapd_starts", "Starts of iomapd since then.");
		metricw_u64(w, NULL, m->starts);
	}
	metricw_family(w, METRIC_GAUGE, "iomap_mappings", "Live mappings.");
	metricw_u64(w, NULL, live);
	metricw_family(w, METRIC_COUNTER, "iomap_mappings_created",
		       "Mappings whose creation was seen.");
	metricw_u64(w, NULL, m->created);
	metricw_family(w, METRIC_COUNTER, "iomap_mappings_freed", "Mappings whose free was seen.");
	metricw_u64(w, NULL, m->freed);
	metricw_family(w, METRIC_COUNTER, "iomap_unattributed_unmaps",
		       "Unmaps whose map was not seen.");
	metricw_u64(w, NULL, m->unmatched_unmaps);
	metricw_family(w, METRIC_COUNTER, "iomap_events_seen",
		       "Events of io_mapping: the sum of counted and lost events.");
	metricw_u64(w, NULL, m->seen);
	metricw_family(w, METRIC_COUNTER, "iomap_events_counted", "Events that were counted.");
	metricw_u64(w, NULL, m->counted);
	metricw_family(w, METRIC_COUNTER, "iomap_events_lost", "Events that were lost.");
	for (unsigned int i = 0; i < IOMAP_LOST_MAX; i++)
		metricw_u64(w, LABELS({ "reason", lost_name(i) }), m->lost[i]);
}

static void process(struct metricw *w, const struct cost *c, uint64_t started_ns)
{
	metricw_family(w, METRIC_COUNTER, "process_cpu_seconds", "CPU time of iomapd.");
	metricw_ns(w, NULL, c->cpu_ns);
	metricw_created(w, NULL, started_ns);
	metricw_family(w, METRIC_GAUGE, "process_start_time_seconds",
		       "When iomapd started, since 1970.");
	metricw_ns(w, NULL, started_ns);
	metricw_family(w, METRIC_GAUGE, "process_resident_memory_bytes", "Memory of iomapd.");
	metricw_u64(w, NULL, c->resident_bytes);
	metricw_family(w, METRIC_GAUGE, "iomapd_clients",
		       "Clients that are connected to the socket.");
	metricw_u64(w, NULL, c->clients);
	if (c->map_bytes) {
		metricw_family(w, METRIC_GAUGE, "iomapd_bpf_map_memory_bytes",
			       "Memory of the BPF maps.");
		metricw_u64(w, NULL, c->map_bytes);
	}
	if (!c->nr_programs)
		return;
	metricw_family(w, METRIC_COUNTER, "iomapd_bpf_run_seconds",
		       "Run time of the BPF program while kernel.bpf_stats_enabled was set.");
	for (size_t i = 0; i < c->nr_programs; i++)
		metricw_ns(w, LABELS({ "program", c->programs[i].name }), c->programs[i].run_ns);
	metricw_family(w, METRIC_COUNTER, "iomapd_bpf_runs",
		       "Runs of the BPF program while kernel.bpf_stats_enabled was set.");
	for (size_t i = 0; i < c->nr_programs; i++)
		metricw_u64(w, LABELS({ "program", c->programs[i].name }), c->programs[i].runs);
}

static void about(struct metricw *w, const struct model *m)
{
	metricw_family(w, METRIC_INFO, "iomapd", "The running iomapd and its kernel.");
	metricw_u64(w,
		    LABELS({ "version", m->version ?: "" }, { "kernel", m->release },
			   { "machine", m->machine }, { "hold_times", timing_name(m->timing) }),
		    1);
	metricw_family(w, METRIC_GAUGE, "iomap_hook_attached",
		       "0: the kernel lacks the hook; iomapctl status shows what is missing.");
	for (size_t i = 0; i < m->nr_hooks; i++)
		metricw_u64(w, LABELS({ "hook", m->hooks[i].name }), !m->hooks[i].missing);
}

void metrics_write(struct buf *out, const struct model *m, const struct cost *cost,
		   uint64_t started_ns, bool openmetrics)
{
	struct metricw w;

	metricw_init(&w, out, openmetrics);
	about(&w, m);
	totals(&w, m);
	hists(&w, m);
	mappings(&w, m);
	rules(&w, m);
	metrics_write_ipi(&w, m);
	accounting(&w, m);
	if (cost)
		process(&w, cost, started_ns);
	metricw_end(&w);
}
