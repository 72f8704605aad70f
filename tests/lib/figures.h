/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * Fake figures: a model as the collector would fill it on a machine with qxl and the test driver.
 * Everything is a function of the members below. Reports are made from it by the real code.
 */
#ifndef IOMAP_TESTS_LIB_FIGURES_H
#define IOMAP_TESTS_LIB_FIGURES_H

#include "daemon/base/jansson.h"
#include "daemon/collector/model.h"

#define FIGURES_SITES 5 /* sites that break a rule, each in its way; further ones are alike */

struct figures {
	double time;	       /* seconds on the daemon's clock */
	double work;	       /* seconds of full load done so far: the counters follow it */
	uint32_t pid;	       /* 0: 4242 */
	uint64_t since;	       /* when counting began; 0: iomapd does not report it */
	unsigned int mappings; /* 0: two, and a freed one; more are idle ones with long names */
	unsigned int cpus;     /* 0: four */
	uint64_t lost;	       /* events lost as callers_full */
	uint64_t ring_full;    /* and as ring_full, on each CPU */
	uint64_t unbalanced;   /* events seen and neither counted nor lost */
	bool unmatched;	       /* some unmaps have no known map */
	bool hook_missing;     /* the kernel lacks io_mapping_free */
	bool no_debugfs;       /* mappings older than iomapd are not known */
	bool empty;	       /* nothing was ever mapped */
	unsigned int timed;    /* one of so many holds is timed; 0: each */
	const char *owner;     /* of the first mapping; NULL: of qxl */
	uint32_t first_id;     /* of the first mapping; 0: 1 */
	unsigned int sites;    /* that break a rule */
	uint64_t unlisted;     /* violations whose site is not in the list */
	uint64_t first_ns;     /* time of the first violation; 0: as in the table of figures.c */
	bool rule_missing;     /* the kernel lacks a hook of may-sleep-in-atomic */
	bool ipi;	       /* interrupts between CPUs are counted; else snapshots lack them */
	bool ipi_missing;      /* but the kernel lacks a hook for stolen time */
	bool no_rules;	       /* of snapshots: an iomapd that is older than the rules */
	bool full;	       /* of snapshots: with freed mappings and histograms */
};

/* Fills an empty model and finishes it. Returns 0 or -ENOMEM. */
int figures_fill(struct model *m, const struct figures *f);
/* Adds the interrupts alone. */
int figures_add_ipi(struct model *m, double work, bool missing);
/* The i-th site that breaks a rule. */
struct model_violation figures_site(const struct figures *f, unsigned int i);
/* A reply of Snapshot, which the caller owns. */
json_t *figures_snapshot(const struct figures *f);

#endif
