// SPDX-License-Identifier: GPL-2.0-or-later
/* The report of interrupts between CPUs. */
#include "daemon/base/names.h"
#include "daemon/collector/report.h"

static const char *const figures[IPI_FIGURE_MAX] = {
	[IPI_IPIS] = "ipis",	     [IPI_CALLS] = "calls",   [IPI_WAIT] = "wait",
	[IPI_STOLEN] = "stolen",     [IPI_DIRECT] = "direct", [IPI_DEFERRED] = "deferred",
	[IPI_RECEIVED] = "received",
};

static void u64_if(struct jsonw *w, const char *key, const char *missing, uint64_t v)
{
	if (missing)
		jsonw_null(w, key);
	else
		jsonw_u64(w, key, v);
}

static void fraction_if(struct jsonw *w, const char *key, const char *missing, uint64_t v)
{
	if (missing)
		jsonw_null(w, key);
	else
		jsonw_fraction(w, key, v, IOMAP_SHARE_BITS);
}

/* Writes a cost; figures without a hook are null. shares: counts are in 1/IOMAP_SHARE_ONE. */
static void cost(struct jsonw *w, const char *key, const struct model_ipi *m,
		 const struct iomap_ipi_count *c, bool shares)
{
	void (*count)(struct jsonw * w, const char *key, const char *missing, uint64_t v) =
		shares ? fraction_if : u64_if;

	jsonw_object_begin(w, key);
	count(w, "broadcasts", m->missing[IPI_WAIT], c->broadcasts);
	count(w, "ipis", m->missing[IPI_IPIS], c->ipis);
	count(w, "calls", m->missing[IPI_CALLS], c->calls);
	u64_if(w, "wait_ns", m->missing[IPI_WAIT], c->wait_ns);
	u64_if(w, "stolen_ns", m->missing[IPI_STOLEN], c->stolen_ns);
	jsonw_object_end(w);
}

static void cost_if(struct jsonw *w, const char *key, const struct model_ipi *m,
		    const char *missing, const struct iomap_ipi_count *c, bool shares)
{
	if (missing)
		jsonw_null(w, key);
	else
		cost(w, key, m, c, shares);
}

static void times(struct jsonw *w, const char *key, const struct model_hist *hists)
{
	struct model_hist sum = {};

	for (int k = 0; k < IOMAP_KIND_MAX; k++) {
		sum.count += hists[k].count;
		sum.sum += hists[k].sum;
		if (hists[k].max > sum.max)
			sum.max = hists[k].max;
		for (int i = 0; i < IOMAP_HIST_BUCKETS; i++)
			sum.bucket[i] += hists[k].bucket[i];
	}
	jsonw_object_begin(w, key);
	jsonw_u64(w, "count", sum.count);
	jsonw_u64(w, "sum", sum.sum);
	jsonw_u64(w, "p50", model_percentile(&sum, 50));
	jsonw_u64(w, "p99", model_percentile(&sum, 99));
	jsonw_u64(w, "max", sum.max);
	jsonw_object_end(w);
}

static void backend(struct jsonw *w, const struct model *m, int b)
{
	const struct model_ipi *ipi = &m->ipi;
	uint64_t maps = 0, queued = 0, pending = 0;

	for (int k = 0; k < IOMAP_KIND_MAX; k++)
		maps += m->total[b][k].maps;
	for (size_t i = 0; i < ipi->nr_callers; i++) {
		if (ipi->callers[i].backend != b)
			continue;
		queued += ipi->callers[i].queued;
		pending += ipi->callers[i].pending;
	}
	if (b == IOMAP_IOREMAP) {
		queued += ipi->slots;
		pending += ipi->pending_slots;
	}
	jsonw_object_begin(w, backend_name(b));
	jsonw_u64(w, "maps", maps);
	cost_if(w, "direct", ipi, ipi->missing[IPI_DIRECT], &ipi->direct[b], false);
	cost_if(w, "deferred", ipi, ipi->missing[IPI_DEFERRED], &ipi->deferred[b], true);
	u64_if(w, "queued", ipi->missing[IPI_DEFERRED], queued);
	u64_if(w, "pending", ipi->missing[IPI_DEFERRED], pending);
	times(w, "map_ns", m->op[IOMAP_OP_MAP][b]);
	times(w, "unmap_ns", m->op[IOMAP_OP_UNMAP][b]);
	jsonw_object_end(w);
}

static void caller(struct jsonw *w, const struct model_ipi *m, const struct ipi_caller *c)
{
	jsonw_object_begin(w, NULL);
	jsonw_string(w, "caller", c->name);
	jsonw_string(w, "module", c->module);
	jsonw_string(w, "kind", kind_name(c->kind));
	jsonw_u64(w, "mapping_id", c->mapping_id);
	jsonw_string(w, "backend", backend_name(c->backend));
	cost_if(w, "direct", m, m->missing[IPI_DIRECT], &c->direct, false);
	cost_if(w, "deferred", m, m->missing[IPI_DEFERRED], &c->deferred, true);
	u64_if(w, "queued", m->missing[IPI_DEFERRED], c->queued + c->slots);
	jsonw_object_end(w);
}

/* Both sides of the accounting: the classes, and the vectors, which are counted separately. */
static void accounting(struct jsonw *w, const struct model_ipi *m)
{
	jsonw_object_begin(w, "accounting");
	cost(w, "direct", m, &m->class[IOMAP_IPI_DIRECT], false);
	cost(w, "purges", m, &m->class[IOMAP_IPI_PURGE], false);
	cost(w, "reserve", m, &m->class[IOMAP_IPI_RESERVE], false);
	cost(w, "other", m, &m->class[IOMAP_IPI_OTHER], false);
	jsonw_object_begin(w, "interrupts");
	for (int i = 0; i < IOMAP_IPI_VECTOR_MAX; i++) {
		jsonw_object_begin(w, vector_name(i));
		u64_if(w, "sent", m->missing[IPI_IPIS], m->sent[i]);
		u64_if(w, "received", m->missing[IPI_RECEIVED], m->received[i]);
		jsonw_object_end(w);
	}
	jsonw_object_end(w);
	jsonw_u64(w, "sends", m->total.sends);
	jsonw_object_begin(w, "lost");
	jsonw_u64(w, "missed_sends", m->missed_sends);
	jsonw_u64(w, "missed_calls", m->missed_calls);
	jsonw_u64(w, "missed", m->missed);
	jsonw_u64(w, "unread", m->unread);
	jsonw_u64(w, "unjoined", m->unjoined);
	jsonw_u64(w, "unplaced", m->unplaced);
	jsonw_u64(w, "expired", m->own_expired);
	jsonw_u64(w, "unseen_purges", m->purging.unseen);
	jsonw_object_end(w);
	jsonw_object_end(w);
}

static void cell(struct jsonw *w, const struct iomap_ipi_cell *c)
{
	jsonw_u64(w, "direct", c->ipis[IOMAP_IPI_DIRECT]);
	jsonw_u64(w, "flushes", c->ipis[IOMAP_IPI_PURGE] + c->ipis[IOMAP_IPI_RESERVE]);
	jsonw_u64(w, "other", c->ipis[IOMAP_IPI_OTHER]);
}

static void matrix(struct jsonw *w, const struct model_ipi *m)
{
	jsonw_array_begin(w, "cpus");
	for (size_t i = 0; i < m->matrix_cpus * m->matrix_cpus; i++) {
		const __u64 *n = m->matrix[i].ipis;

		if (!(n[IOMAP_IPI_OTHER] | n[IOMAP_IPI_DIRECT] | n[IOMAP_IPI_PURGE] |
		      n[IOMAP_IPI_RESERVE]))
			continue;
		jsonw_object_begin(w, NULL);
		jsonw_u64(w, "sender", i / m->matrix_cpus);
		jsonw_u64(w, "target", i % m->matrix_cpus);
		cell(w, &m->matrix[i]);
		jsonw_object_end(w);
	}
	jsonw_array_end(w);
	jsonw_object_begin(w, "offline_cpus");
	cell(w, &m->offline);
	jsonw_object_end(w);
}

void report_ipi(struct jsonw *w, const char *key, const struct model *m)
{
	const struct model_ipi *ipi = &m->ipi;
	const char *unsure = ipi->missing[IPI_DIRECT] ?: ipi->missing[IPI_DEFERRED];

	report_head(w, key, m);
	jsonw_bool(w, "enabled", ipi->on);
	jsonw_object_begin(w, "missing");
	for (int i = 0; i < IPI_FIGURE_MAX; i++) {
		if (ipi->missing[i])
			jsonw_string(w, figures[i], ipi->missing[i]);
	}
	jsonw_object_end(w);
	jsonw_object_begin(w, "backends");
	for (int b = 0; b < IOMAP_BACKEND_MAX && ipi->on; b++) {
		if (m->backend_present[b])
			backend(w, m, b);
	}
	jsonw_object_end(w);
	jsonw_array_begin(w, "callers");
	for (size_t i = 0; i < ipi->nr_callers; i++)
		caller(w, ipi, &ipi->callers[i]);
	jsonw_array_end(w);
	cost_if(w, "other", ipi, unsure, &ipi->other, true);
	cost(w, "total", ipi, &ipi->total, false);
	jsonw_object_begin(w, "purges");
	jsonw_u64(w, "count", ipi->purging.purges);
	jsonw_u64(w, "ranges", ipi->purging.ranges);
	jsonw_u64(w, "queued", ipi->queued);
	jsonw_u64(w, "own_queued", ipi->own_queued);
	jsonw_u64(w, "own_pending", ipi->own_pending);
	jsonw_u64(w, "slots_queued", ipi->slots);
	jsonw_u64(w, "slots_pending", ipi->pending_slots);
	jsonw_object_end(w);
	accounting(w, ipi);
	matrix(w, ipi);
	jsonw_object_end(w);
}
