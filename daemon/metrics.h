/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * Writes a sampling as metrics. Each _total is made from counters in the kernel, which only grow:
 * none decreases when a mapping is freed or when iomapd restarts with the same counters. The number
 * of series is bounded by backends, hooks, BPF programs and METRICS_MAPPINGS.
 */
#ifndef IOMAP_DAEMON_METRICS_H
#define IOMAP_DAEMON_METRICS_H

#include "daemon/collector/cost.h"
#include "daemon/metricw.h"
#include "daemon/collector/model.h"

/*
 * Mapping ids up to this one have series of their own; the others are summed up as "other". The
 * kernel gives the lowest free id, so ids are small.
 */
#define METRICS_MAPPINGS 128

/*
 * Appends all metrics and the end of the text. cost: NULL if unknown. started_ns: the start of the
 * process, since 1970. An error is in out->err.
 */
void metrics_write(struct buf *out, const struct model *m, const struct cost *cost,
		   uint64_t started_ns, bool openmetrics);

/* Appends the metrics of interrupts between CPUs. */
void metrics_write_ipi(struct metricw *w, const struct model *m);

#endif
