/* SPDX-License-Identifier: GPL-2.0-or-later */
/* What a recording has, as a page for people and as figures for programs. */
#ifndef IOMAP_CLI_REPORT_DIGEST_H
#define IOMAP_CLI_REPORT_DIGEST_H

#include "cli/compare/series.h"
#include "cli/debug/sources.h"

#define DIGEST_HEAT_COLS 120
#define DIGEST_HEAT_ROWS 40   /* times up to 2^40 ns */
#define DIGEST_EVENTS	 1000 /* that are kept */

struct digest {
	const struct replay *replay;
	struct series series;
	struct sources *sources; /* for source lines; NULL: none are wanted */
	json_t *first;		 /* snapshot with the same counters as the last one, or NULL */
	json_t *last;		 /* snapshot */
	uint64_t last_ns;	 /* its time, Unix */
	json_t *end;		 /* record, or NULL */
	json_t *events;		 /* the last ones */
	uint64_t nr_events;	 /* all of them */
	uint64_t missed;	 /* events that iomapd did not have any more */
	json_t *away;		 /* records about the comings and goings of iomapd */
	double *heat;		 /* hold times by row (power of two) and column (time) */
};

/* Reads the recording. Returns 0 or a negative errno with a sentence. */
int digest_read(struct replay *r, struct digest *ret, struct errbuf *err);
void digest_free(struct digest *r);

/* Growth of a counter in the recording: the values in the last and the first snapshot. */
uint64_t digest_growth(const json_t *last, const json_t *first, const char *name);

/* The outcome, which the page says first. */
enum digest_verdict {
	DIGEST_GOOD,
	DIGEST_BROKEN,	/* a rule */
	DIGEST_UNKNOWN, /* something is missing */
	DIGEST_NOTHING, /* was exercised */
	DIGEST_VERDICT_MAX,
};
enum digest_verdict digest_judge(const struct digest *r, struct errbuf *sentence);
/* The violations during the recording. */
uint64_t digest_violations(const struct digest *r, uint64_t *ret_rules);

/* Each writes to @f; the caller checks it for errors. Returns 0 or -ENOMEM. */
int digest_html(const struct digest *r, FILE *f);
int digest_json(const struct digest *r, FILE *f);
int digest_csv(const struct digest *r, FILE *f);

struct comparison;
struct limit;

/*
 * A page about two recordings: their differences, and the limits as judged. The digests are those
 * that were compared.
 */
int digest_diff_html(const struct digest *a, const struct digest *b, const struct comparison *c,
		     const struct limit *limits, size_t nr_limits, FILE *f);

/* ---- parts of the page ---- */

/* The begin of a page up to its heading, and its end. */
void page_begin(FILE *f, const char *title);
void page_end(FILE *f);
/* What ran, where and when. */
void page_facts(const struct digest *r, FILE *f);
/* A list of what is missing, or a sentence that nothing is. */
void page_losses(const struct digest *r, FILE *f);
/*
 * Spreads the values of a metric over CHART_BINS bins, which are @seconds together: the mean of the
 * intervals that overlap.
 */
void page_resample(const struct digest *r, const struct metric *m, double seconds, double *values);

void page_missing(const struct digest *r, FILE *f);
int page_charts(const struct digest *r, FILE *f);
int page_ipi(const struct digest *r, FILE *f);
void page_sites(const struct digest *r, FILE *f);
void page_violations(const struct digest *r, FILE *f);
void page_events(const struct digest *r, FILE *f);

#endif
