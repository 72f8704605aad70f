/* SPDX-License-Identifier: GPL-2.0-or-later */
/* Snapshots as iomapd would send them, made from a little play. */
#ifndef IOMAP_TESTS_LIB_SNAPSHOTS_H
#define IOMAP_TESTS_LIB_SNAPSHOTS_H

#include <stdbool.h>
#include <stdint.h>
#include <jansson.h>

/* What differs from one snapshot to the next. */
struct play {
	double time;	       /* seconds on the daemon's clock */
	double work;	       /* seconds of full load done so far: the counters follow it */
	int pid;	       /* 0: 4242 */
	uint64_t since;	       /* when counting began; 0: an iomapd that does not say */
	unsigned int mappings; /* 0: two; more are idle ones with long names */
	unsigned int cpus;     /* 0: four */
	uint64_t lost;	       /* events lost as callers_full */
	uint64_t unbalanced;   /* events seen and neither counted nor lost */
	bool hook_missing;
	bool empty;	     /* nothing was ever mapped */
	unsigned int timed;  /* one of so many holds is timed; 0: each */
	const char *owner;   /* of mapping 1; NULL: of qxl */
	uint32_t first_id;   /* of mapping 1; 0: 1 */
	unsigned int places; /* where rules are broken: four that differ, the rest are alike */
	bool rule_missing;   /* the kernel lacks what may-sleep-in-atomic needs */
	bool no_rules;	     /* an iomapd that is older than the rules */
	bool ipi;	     /* it tells of interrupts between CPUs */
	bool ipi_gap;	     /* but the kernel lacks what stolen time needs */
};

/* The caller owns the result. */
json_t *play_snapshot(const struct play *p);

#endif
