/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * The model of iomaptop: the last snapshot, the rates since the one before, and their history. No
 * difference is taken between samples of different counters (see same_counters()).
 */
#ifndef IOMAP_CLI_TOP_TREND_H
#define IOMAP_CLI_TOP_TREND_H

#include "cli/top/sample.h"
#include "cli/violation.h"

#define HISTORY_MAX 512

struct trend {
	struct sample now;
	bool have;				    /* there is a snapshot */
	bool have_rates;			    /* and one before it, of the same counters */
	unsigned int restarts;			    /* restarts with new counters, seen so far */
	double maps_rate, unmaps_rate, failed_rate; /* per second, of all CPUs */
	uint64_t live, failed;			    /* maps held now; failed maps, total */
	struct accounting accounting;
	struct rule_totals rules;
	double history[HISTORY_MAX]; /* maps a second, a ring; NAN: not known */
	size_t history_n;	     /* number of samples ever added */
};

void trend_free(struct trend *m);

/* Adds a reply of Snapshot. After an error (see sample_read()) the model is unchanged. */
int trend_add(struct trend *m, json_t *snapshot, struct errbuf *err);

/* Adds a gap to the history: iomapd is away. */
void trend_gap(struct trend *m);

/* The rate @ago samples before the last one (0: the last one); NAN if there is none. */
double trend_history(const struct trend *m, size_t ago);

#endif
