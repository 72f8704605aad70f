/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * The JSON that the socket's methods return. Each function writes one object, under a key or, with
 * a NULL key, alone. The shapes are described in org.iomap.Monitor.varlink.
 */
#ifndef IOMAP_DAEMON_COLLECTOR_REPORT_H
#define IOMAP_DAEMON_COLLECTOR_REPORT_H

#include "daemon/collector/history.h"
#include "daemon/base/jsonw.h"
#include "daemon/collector/model.h"

void report_status(struct jsonw *w, const char *key, const struct model *m);
/* Live mappings; with freed, also those freed whose id was not used again. */
void report_list(struct jsonw *w, const char *key, const struct model *m, bool freed);
void report_stats(struct jsonw *w, const char *key, const struct model *m);
/* The ten rules and the sites that break them. */
void report_violations(struct jsonw *w, const char *key, const struct model *m);
/* One site. */
void report_violation(struct jsonw *w, const char *key, const struct model_violation *v);

#define VIOLATION_TEXT_MAX 768 /* bytes that hold any sentence of violation_text() */
/* Writes what is wrong into buf, as a sentence without its full stop, and returns buf. */
const char *violation_text(const struct model_violation *v, char buf[VIOLATION_TEXT_MAX]);

/* Interrupts between CPUs, and whose doing they are. */
void report_ipi(struct jsonw *w, const char *key, const struct model *m);
/* Status, list, stats, violations and ipi of one sampling. */
void report_snapshot(struct jsonw *w, const char *key, const struct model *m);
/* Histograms that hold something; kind -1 for all kinds. */
void report_hist(struct jsonw *w, const char *key, const struct model *m, int kind);
/* An event; NULL: there are no more. missed: the number of lost events before it. */
void report_event(struct jsonw *w, const char *key, const struct event *e, uint64_t missed);

/*
 * Parts that other reports have in the same shape: each is one or more members of the object that
 * is being written.
 */

/* Opens an object with the members that all objects of a sampling have. */
void report_head(struct jsonw *w, const char *key, const struct model *m);
/* {"atomic":n,"local":n,"sleepable":n} of one figure of the counts. */
void report_by_kind(struct jsonw *w, const char *key, const struct model_count *counts,
		    uint64_t (*get)(const struct model_count *c));
/* The facts about a mapping, without its counts. */
void report_mapping_facts(struct jsonw *w, const struct model_mapping *m);
void report_hooks(struct jsonw *w, const struct model *m);
void report_accounting(struct jsonw *w, const struct model *m);

#endif
