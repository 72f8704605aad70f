// SPDX-License-Identifier: GPL-2.0-or-later
/* The metrics of interrupts between CPUs. A figure without its hook is left out. */
#include "daemon/metrics.h"
#include "daemon/base/names.h"

static const char *const classes[IOMAP_IPI_CLASS_MAX] = {
	[IOMAP_IPI_OTHER] = "other",
	[IOMAP_IPI_DIRECT] = "direct",
	[IOMAP_IPI_PURGE] = "purge",
	[IOMAP_IPI_RESERVE] = "reserve",
};

/* Tells whether the class is known. Interrupts of an unknown class are counted as other. */
static bool class_known(const struct model_ipi *m, int class)
{
	bool direct = !m->missing[IPI_DIRECT], deferred = !m->missing[IPI_DEFERRED];

	if (class == IOMAP_IPI_DIRECT)
		return direct;
	return class == IOMAP_IPI_OTHER ? direct && deferred : deferred;
}

static uint64_t get_ipis(const struct iomap_ipi_count *c)
{
	return c->ipis;
}

static uint64_t get_broadcasts(const struct iomap_ipi_count *c)
{
	return c->broadcasts;
}

static uint64_t get_wait(const struct iomap_ipi_count *c)
{
	return c->wait_ns;
}

static uint64_t get_stolen(const struct iomap_ipi_count *c)
{
	return c->stolen_ns;
}

static void by_class(struct metricw *w, const struct model_ipi *m, enum ipi_figure figure,
		     const char *name, const char *help,
		     void (*put)(struct metricw *w, const struct metric_label *labels, uint64_t v),
		     uint64_t (*get)(const struct iomap_ipi_count *c))
{
	if (m->missing[figure])
		return;
	metricw_family(w, METRIC_COUNTER, name, help);
	for (int i = 0; i < IOMAP_IPI_CLASS_MAX; i++) {
		if (class_known(m, i))
			put(w, LABELS({ "class", classes[i] }), get(&m->class[i]));
	}
}

static void by_vector(struct metricw *w, const char *name, const char *help, const uint64_t *n)
{
	metricw_family(w, METRIC_COUNTER, name, help);
	for (int i = 0; i < IOMAP_IPI_VECTOR_MAX; i++)
		metricw_u64(w, LABELS({ "vector", vector_name(i) }), n[i]);
}

static void by_backend(struct metricw *w, const struct model *m)
{
	const struct model_ipi *ipi = &m->ipi;

	if (!ipi->missing[IPI_IPIS] && !ipi->missing[IPI_DIRECT]) {
		metricw_family(w, METRIC_COUNTER, "iomap_direct_ipis",
			       "Interrupts sent by tasks inside maps and unmaps.");
		for (int b = 0; b < IOMAP_BACKEND_MAX; b++) {
			if (m->backend_present[b])
				metricw_u64(w, LABELS({ "backend", backend_name(b) }),
					    ipi->direct[b].ipis);
		}
	}
	if (ipi->missing[IPI_DEFERRED])
		return;
	if (!ipi->missing[IPI_IPIS]) {
		metricw_family(w, METRIC_COUNTER, "iomap_deferred_ipis",
			       "Unmaps' share of the interrupts of finished flushes.");
		for (int b = 0; b < IOMAP_BACKEND_MAX; b++) {
			uint64_t n = ipi->noted[b].ipis;

			if (b == IOMAP_IOREMAP)
				n += ipi->class[IOMAP_IPI_RESERVE].ipis << IOMAP_SHARE_BITS;
			if (m->backend_present[b])
				metricw_fraction(w, LABELS({ "backend", backend_name(b) }), n,
						 IOMAP_SHARE_BITS);
		}
	}
	metricw_family(w, METRIC_COUNTER, "iomap_queued_ranges",
		       "Address ranges that unmaps queued for a flush.");
	metricw_u64(w, LABELS({ "queue", "vmalloc" }), ipi->own_queued);
	metricw_u64(w, LABELS({ "queue", "reserve" }), ipi->slots);
	metricw_family(w, METRIC_GAUGE, "iomap_pending_ranges",
		       "Queued address ranges not flushed yet.");
	metricw_u64(w, LABELS({ "queue", "vmalloc" }), ipi->own_pending);
	metricw_u64(w, LABELS({ "queue", "reserve" }), ipi->pending_slots);
}

static void lost(struct metricw *w, const struct model_ipi *m)
{
	const struct {
		const char *reason;
		uint64_t n;
	} reasons[] = {
		{ "missed_sends", m->missed_sends },
		{ "missed_calls", m->missed_calls },
		{ "missed", m->missed },
		{ "unread", m->unread },
		{ "unjoined", m->unjoined },
		{ "unplaced", m->unplaced },
		{ "expired", m->own_expired },
	};

	metricw_family(w, METRIC_COUNTER, "iomap_ipi_lost",
		       "Incomplete figures of interrupts, by reason; see docs/ipi.md.");
	for (size_t i = 0; i < ARRAY_SIZE(reasons); i++)
		metricw_u64(w, LABELS({ "reason", reasons[i].reason }), reasons[i].n);
}

void metrics_write_ipi(struct metricw *w, const struct model *m)
{
	const struct model_ipi *ipi = &m->ipi;

	if (!ipi->on)
		return;
	if (!ipi->missing[IPI_IPIS])
		by_vector(w, "iomap_interrupts_sent", "All interrupts to other CPUs.", ipi->sent);
	if (!ipi->missing[IPI_RECEIVED])
		by_vector(w, "iomap_interrupts_received", "All interrupts from other CPUs.",
			  ipi->received);
	by_class(w, ipi, IPI_IPIS, "iomap_ipis",
		 "Interrupts sent: in maps and unmaps, purges, reserve flushes, others.",
		 metricw_u64, get_ipis);
	by_class(w, ipi, IPI_WAIT, "iomap_ipi_broadcasts", "Calls of a function on other CPUs.",
		 metricw_u64, get_broadcasts);
	by_class(w, ipi, IPI_WAIT, "iomap_ipi_wait_seconds",
		 "Time that senders spent in broadcasts.", metricw_ns, get_wait);
	by_class(w, ipi, IPI_STOLEN, "iomap_ipi_stolen_seconds",
		 "Time that the functions took on the target CPUs.", metricw_ns, get_stolen);
	by_backend(w, m);
	lost(w, ipi);
}
