/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * A sampling as metrics. Each _total comes from counters in the kernel alone, which only grow: it
 * goes back neither when a mapping goes nor when iomapd starts anew while they stay. The number of
 * series depends on backends, hooks, BPF programs and METRICS_MAPPINGS, not on what drivers do.
 */
#ifndef IOMAP_DAEMON_METRICS_H
#define IOMAP_DAEMON_METRICS_H

#include "daemon/collector/cost.h"
#include "daemon/metricw.h"
#include "daemon/collector/model.h"

/*
 * Mapping ids with series of their own; the rest is summed up as "other". Ids are small,
 * as the kernel gives the lowest that is free; an id never changes sides.
 */
#define METRICS_MAPPINGS 128

/*
 * Appends all metrics, to the end of the text. cost: NULL when it is not known. started_ns: when
 * the process began, since 1970. out has the error, if any.
 */
void metrics_write(struct buf *out, const struct model *m, const struct cost *cost,
		   uint64_t started_ns, bool openmetrics);

/* Part of it: the interrupts between CPUs. */
void metrics_write_ipi(struct metricw *w, const struct model *m);

#endif
