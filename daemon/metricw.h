/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * Writes metrics as text: OpenMetrics 1.0, or the older text format 0.0.4 of Prometheus. The caller
 * writes a family, then its samples. A name ends in its unit (_seconds, _bytes), if any.
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

/* Longer label values are cut off after this many bytes. */
#define METRIC_VALUE_MAX 64

struct metric_label {
	const char *name; /* NULL ends an array of labels */
	const char *value;
};

/* The labels of a sample: LABELS({ "name", value }, ...) */
#define LABELS(...) ((const struct metric_label[]){ __VA_ARGS__, {} })

struct metricw {
	struct buf *buf; /* an error is in buf->err */
	bool openmetrics;
	enum metric_type type; /* of the family */
	const char *name;
};

void metricw_init(struct metricw *w, struct buf *buf, bool openmetrics);
/* Ends the text. */
void metricw_end(struct metricw *w);

/* Begins a family. name: without _total or _info; the string must outlive the family's samples. */
void metricw_family(struct metricw *w, enum metric_type type, const char *name, const char *help);

/* Writes a sample of a counter, a gauge or an info; labels may be NULL. */
void metricw_u64(struct metricw *w, const struct metric_label *labels, uint64_t value);
/* Writes nanoseconds as seconds. */
void metricw_ns(struct metricw *w, const struct metric_label *labels, uint64_t ns);
/* Writes value / 2^bits, rounded down to a millionth. */
void metricw_fraction(struct metricw *w, const struct metric_label *labels, uint64_t value,
		      unsigned int bits);
/* Writes when a counter began, in nanoseconds since 1970, after its sample. OpenMetrics only. */
void metricw_created(struct metricw *w, const struct metric_label *labels, uint64_t unix_ns);

/* Writes a sample of a summary of times, without quantiles. */
void metricw_summary(struct metricw *w, const struct metric_label *labels, uint64_t count,
		     uint64_t sum_ns);
/* Writes a histogram of times: a bucket for each power of two from 64 ns to 17 s. */
void metricw_hist(struct metricw *w, const struct metric_label *labels,
		  const struct model_hist *hist);

#endif
