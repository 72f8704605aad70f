/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * What iomaptop knows: the last snapshot, the rates between it and the one before, and the recent
 * past. iomapd's counters only grow; rates are differences. Another daemon (its pid or start
 * differs) counts from anew, so a difference across a restart is never taken.
 */
#ifndef IOMAP_CLI_TOP_TREND_H
#define IOMAP_CLI_TOP_TREND_H

#include "cli/top/sample.h"
#include "cli/violation.h"

#define HISTORY_MAX 512

struct trend {
	struct sample now;
	bool have;				    /* there is a snapshot */
	bool have_rates;			    /* and one before it, of the same daemon */
	unsigned int restarts;			    /* of the daemon, seen so far */
	double maps_rate, unmaps_rate, failed_rate; /* a second, of all CPUs */
	uint64_t live, failed;			    /* maps held now; maps that failed, ever */
	struct accounting accounting;
	struct rule_totals rules;
	double history[HISTORY_MAX]; /* maps a second, a ring; NAN where it is unknown */
	size_t history_n;	     /* how many were ever added */
};

void trend_free(struct trend *m);

/* Adds a reply of Snapshot. On error (see sample_read()) the model stays as it was. */
int trend_add(struct trend *m, json_t *snapshot, struct errbuf *err);

/* iomapd is away: the history gets a gap. */
void trend_gap(struct trend *m);

/* The rate @ago samples before the last one (0: the last); NAN where there is none. */
double trend_history(const struct trend *m, size_t ago);

#endif
