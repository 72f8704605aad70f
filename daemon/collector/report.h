/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * The JSON that the socket's methods return. Each function writes one object, as member key or,
 * with a NULL key, without a name. org.iomap.Monitor.varlink describes the members.
 */
#ifndef IOMAP_DAEMON_COLLECTOR_REPORT_H
#define IOMAP_DAEMON_COLLECTOR_REPORT_H

#include "daemon/collector/history.h"
#include "daemon/base/jsonw.h"
#include "daemon/collector/model.h"

void report_status(struct jsonw *w, const char *key, const struct model *m);
/* Live mappings; with freed, also freed ones whose id has no new mapping. */
void report_list(struct jsonw *w, const char *key, const struct model *m, bool freed);
void report_stats(struct jsonw *w, const char *key, const struct model *m);
/* The ten rules and the sites that break them. */
void report_violations(struct jsonw *w, const char *key, const struct model *m);
/* One site. */
void report_violation(struct jsonw *w, const char *key, const struct model_violation *v);
/* The same without the object around the members. */
void report_violation_members(struct jsonw *w, const struct model_violation *v);

#define VIOLATION_TEXT_MAX 768 /* bytes that hold any sentence of violation_text() */
/* Describes the violation in buf, as a sentence without a full stop. Returns buf. */
const char *violation_text(const struct model_violation *v, char buf[VIOLATION_TEXT_MAX]);

/* Interrupts between CPUs, by cause. */
void report_ipi(struct jsonw *w, const char *key, const struct model *m);
/*
 * Status, list, stats, violations and ipi of one sampling; with full, the list has freed mappings,
 * and there are histograms.
 */
void report_snapshot(struct jsonw *w, const char *key, const struct model *m, bool full);
/* Histograms that are not empty; kind -1: of all kinds. */
void report_hist(struct jsonw *w, const char *key, const struct model *m, int kind);
/* An event; NULL: there are no more. missed: number of events lost before it. */
void report_event(struct jsonw *w, const char *key, const struct event *e, uint64_t missed);

/*
 * Parts that several reports share. Each writes one or more members of the object that is being
 * written.
 */

/* Opens an object with the members that all objects of a sampling have. */
void report_head(struct jsonw *w, const char *key, const struct model *m);
/* {"atomic":n,"local":n,"sleepable":n} for one figure of the counts. */
void report_by_kind(struct jsonw *w, const char *key, const struct model_count *counts,
		    uint64_t (*get)(const struct model_count *c));
/* The facts about a mapping, without its counts. */
void report_mapping_facts(struct jsonw *w, const struct model_mapping *m);
/* Where the events come from; null: not known. */
void report_source(struct jsonw *w, const struct model *m);
void report_hooks(struct jsonw *w, const struct model *m);
/* The calls that may-sleep-in-atomic sees, as `may_sleep`; null if that rule is not checked. */
void report_may_sleep(struct jsonw *w, const struct model *m);
void report_accounting(struct jsonw *w, const struct model *m);

#endif
