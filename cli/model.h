/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * What iomaptop knows: the last snapshot, the rates between it and the one before, and the recent
 * past. iomapd's counters only grow; rates are differences. Another daemon (its pid or start
 * differs) counts from anew, so a difference across a restart is never taken.
 */
#ifndef CLI_MODEL_H
#define CLI_MODEL_H

#include "cli/sample.h"
#include "cli/violation.h"

#define HISTORY_MAX 512

struct model {
	struct sample now;
	bool have;				    /* there is a snapshot */
	bool have_rates;			    /* and one before it, of the same daemon */
	unsigned int restarts;			    /* of the daemon, seen so far */
	double maps_rate, unmaps_rate, failed_rate; /* a second, of all CPUs */
	uint64_t live, failed;			    /* maps held now; maps that failed, ever */
	struct books books;
	struct rule_totals rules;
	double history[HISTORY_MAX]; /* maps a second, a ring; NAN where it is unknown */
	size_t history_n;	     /* how many were ever added */
};

void model_free(struct model *m);

/* Adds a reply of Snapshot. On error (see sample_read()) the model stays as it was. */
int model_add(struct model *m, json_t *snapshot, struct err *err);

/* iomapd is away: the history gets a gap. */
void model_gap(struct model *m);

/* The rate @ago samples before the last one (0: the last); NAN where there is none. */
double model_history(const struct model *m, size_t ago);

#endif
