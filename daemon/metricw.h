/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * Writes metrics as text: OpenMetrics 1.0, or the format that Prometheus had before it. A family
 * comes first, then its samples. A name ends in its unit (_seconds, _bytes), if any.
 */
#ifndef IOMAP_DAEMON_METRICW_H
#define IOMAP_DAEMON_METRICW_H

#include <stdbool.h>
#include <stdint.h>

#include "daemon/base/buf.h"
#include "daemon/collector/model.h"

enum metric_type {
	METRIC_COUNTER,
	METRIC_GAUGE,
	METRIC_HISTOGRAM,
	METRIC_SUMMARY,
	METRIC_INFO,
};

/* Bytes of a label's value that are written; more are cut off. */
#define METRIC_VALUE_MAX 64

struct metric_label {
	const char *name; /* NULL ends an array of them */
	const char *value;
};

/* The labels of a sample: LABELS({ "name", value }, ...) */
#define LABELS(...) ((const struct metric_label[]){ __VA_ARGS__, {} })

struct metricw {
	struct buf *buf; /* has the error, if any */
	bool openmetrics;
	enum metric_type type; /* of the family */
	const char *name;
};

void metricw_init(struct metricw *w, struct buf *buf, bool openmetrics);
/* The end of the text, to be written last. */
void metricw_end(struct metricw *w);

/* Opens a family. name: without _total or _info. Both strings must outlive its samples. */
void metricw_family(struct metricw *w, enum metric_type type, const char *name, const char *help);

/* A sample of a counter, a gauge or an info; labels may be NULL. */
void metricw_u64(struct metricw *w, const struct metric_label *labels, uint64_t value);
/* The same, of nanoseconds as seconds. */
void metricw_ns(struct metricw *w, const struct metric_label *labels, uint64_t ns);
/* The same, of value / 2^bits, rounded down to a millionth. */
void metricw_fraction(struct metricw *w, const struct metric_label *labels, uint64_t value,
		      unsigned int bits);
/* When a counter began, in nanoseconds since 1970. After its sample; OpenMetrics only. */
void metricw_created(struct metricw *w, const struct metric_label *labels, uint64_t unix_ns);

/* A sample of a summary of times, without quantiles. */
void metricw_summary(struct metricw *w, const struct metric_label *labels, uint64_t count,
		     uint64_t sum_ns);
/* A sample of a histogram of times: a bucket for each power of two from 64 ns to 17 s. */
void metricw_hist(struct metricw *w, const struct metric_label *labels,
		  const struct model_hist *hist);

#endif
