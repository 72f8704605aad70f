/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * The figures of a recording as series: a value of each metric for each interval between two
 * snapshots. Only intervals in which the counters grew on: none across a restart that reset them.
 */
#ifndef IOMAP_CLI_COMPARE_SERIES_H
#define IOMAP_CLI_COMPARE_SERIES_H

#include <stdbool.h>

#include "cli/compare/holds.h"
#include "cli/recording/replay.h"

enum metric_unit {
	METRIC_RATE,	 /* per second */
	METRIC_NS,	 /* a time */
	METRIC_PER_1000, /* interrupts per 1000 maps */
	METRIC_GAUGE,	 /* a number at the end of an interval */
};

/*
 * A metric is the growth of one counter divided by the growth of another one, or by the time; or a
 * percentile of the hold times; or a gauge.
 */
struct metric {
	char *name; /* "maps", "hold:linear atomic", "ipis:draw [qxl]" */
	enum metric_unit unit;
	double num, den;	       /* the counters in the current snapshot */
	double before_num, before_den; /* and in the one before it */
	double total_num, total_den;   /* growth over all intervals */
	struct holds *holds;	       /* of a percentile: the hold times of all intervals */
	int percent;
	bool site;	/* of a call site */
	double *values; /* one for each interval in which the divisor grew */
	uint32_t *at;	/* the number of that interval */
	size_t n, cap;
};

/* The time between two snapshots, Unix. */
struct interval {
	uint64_t from_ns, to_ns;
	double seconds; /* by the clock of iomapd */
};

struct series {
	struct metric *metrics;
	size_t n, cap;
	json_t *index; /* name -> number of the metric */
	struct interval *times;
	size_t intervals, times_cap;
	double seconds; /* of all intervals */
	uint64_t lost;	/* events and interrupts that were lost meanwhile */
	uint64_t snapshots;
	bool incomplete;  /* a part of the recording is missing */
	json_t *last;	  /* snapshot */
	uint64_t last_ns; /* its time, Unix */
	size_t values;	  /* of all metrics */
	int error;
};

/* Reads the recording from its start. Returns 0 or a negative errno with a sentence. */
int series_read(struct replay *r, struct series *ret, struct errbuf *err);
void series_free(struct series *s);

/* Returns NULL if there is no metric of that name. */
const struct metric *series_find(const struct series *s, const char *name);
/* The metric over all intervals; NAN if the divisor did not grow. */
double metric_total(const struct metric *m);

#endif
