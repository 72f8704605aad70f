/* SPDX-License-Identifier: GPL-2.0-or-later */
/* Differences of the histograms in replies of Hist. */
#ifndef IOMAP_CLI_COMPARE_HOLDS_H
#define IOMAP_CLI_COMPARE_HOLDS_H

#include <stddef.h>
#include <stdint.h>

#include "daemon/base/jansson.h"

struct holds_bucket {
	uint64_t from, to; /* ns */
	uint64_t count;
};

#define HOLDS_MAX 4096 /* buckets: more than iomapd has; further ones are ignored */

/* A histogram, from the shortest time to the longest. */
struct holds {
	struct holds_bucket *buckets;
	size_t n, cap;
};

/*
 * Sets *ret, which may have been used before, to the growth of the buckets of a histogram. @before:
 * NULL if it had none. Returns 0 or -ENOMEM.
 */
int holds_growth(struct holds *ret, const json_t *before, const json_t *now);
/* Adds the counts of @h. Returns 0 or -ENOMEM. */
int holds_add(struct holds *sum, const struct holds *h);
/* The end of the bucket that has the percentile; 0: the histogram is empty. */
uint64_t holds_percentile(const struct holds *h, int percent);
/* The number of times. */
uint64_t holds_count(const struct holds *h);
void holds_free(struct holds *h);

#endif
