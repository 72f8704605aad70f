/* SPDX-License-Identifier: GPL-2.0-or-later */
/* The differences between two recordings, and the limits that they have to keep. */
#ifndef IOMAP_CLI_COMPARE_COMPARE_H
#define IOMAP_CLI_COMPARE_COMPARE_H

#include "cli/compare/series.h"

#define CHANGE_P	 0.01 /* a rarer difference is beyond the noise */
#define CHANGE_INTERVALS 5    /* of each recording: fewer cannot tell */

/* A metric in both recordings. */
struct change {
	const char *name; /* borrowed */
	enum metric_unit unit;
	double a, b;   /* NAN: not known */
	size_t na, nb; /* intervals with a value */
	double p;      /* of the rank test over the intervals; NAN: too few of them */
	bool beyond;   /* the noise */
};

struct comparison {
	struct change *changes;
	size_t n;
};

/* Returns 0 or -ENOMEM. The series must outlive *ret. */
int compare(const struct series *a, const struct series *b, struct comparison *ret);
void comparison_free(struct comparison *c);

/* The change relative to a: 0.1 is 10 % more; NAN if a is 0 or not known. */
double change_share(const struct change *c);

enum limit_verdict {
	LIMIT_KEPT,
	LIMIT_NOISE,   /* exceeded, but by no more than the noise */
	LIMIT_UNKNOWN, /* no such metric, or exceeded with too few intervals to tell */
	LIMIT_EXCEEDED,
};

/* A limit for the change of metrics: "maps>+10%", "ipis:draw*>+5", "hold<-20%". */
struct limit {
	const char *text;
	char pattern[512]; /* of the names */
	bool above;	   /* the change may not be above it; else not below it */
	bool relative;	   /* in percent of a */
	double change;
	/* Filled in by limit_judge(): the worst verdict, and its cause or NULL. */
	enum limit_verdict verdict;
	const struct change *worst;
};

/* Returns 0, or -EINVAL with a sentence. */
int limit_parse(const char *text, struct limit *ret, struct errbuf *err);
void limit_judge(struct limit *l, const struct comparison *c);

#endif
