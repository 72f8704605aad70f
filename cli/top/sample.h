/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * One snapshot of iomapd taken apart: what it lists, each with a key that is the same in the next
 * snapshot.
 */
#ifndef IOMAP_CLI_TOP_SAMPLE_H
#define IOMAP_CLI_TOP_SAMPLE_H

#include "cli/json.h"

enum item_type {
	ITEM_MAPPING,
	ITEM_CALLER,
	ITEM_BACKEND, /* one for each kind that the backend served */
	ITEM_CPU,
	ITEM_VIOLATION, /* a site that breaks a rule */
	ITEM_IPI, /* interrupts between CPUs: a backend's direct or deferred ones, or the other */
	ITEM_IPI_PAIR, /* those from one CPU to another */
	ITEM_MAX,
};

/* Counters that only grow: what a rate is made of. */
struct counts {
	struct kinds maps, unmaps;
	uint64_t failed;
	uint64_t violations;
	uint64_t hold_sum, holds; /* ns, and how many holds make up the sum */
	/* Interrupts, of which there may be a fraction; times in ns. Pair: broadcasts are ours */
	double ipis, broadcasts, wait, stolen;
};

/* A second, over the time between two samples. */
struct rates {
	double maps[IOMAP_KIND_MAX], unmaps[IOMAP_KIND_MAX];
	double all_maps, all_unmaps, failed, violations;
	double ipis, broadcasts, wait, stolen;
	double hold_avg; /* ns, of the holds that ended in that time; NAN: none did */
};

struct item {
	uint64_t key;
	const json_t *rec;  /* iomapd's record */
	const char *name;   /* backend, interrupts: its name */
	const char *part;   /* interrupts: direct or deferred; NULL: neither */
	const json_t *cost; /* interrupts: the figures; rec is the backend, or NULL */
	uint64_t sender, target;
	enum iomap_kind kind; /* caller, backend */
	uint32_t mapping_id;  /* mapping, caller, violation: the id, or 0 */
	bool freed;
	struct counts counts;
	struct kinds live;
	uint64_t hold_max;  /* ns */
	struct rates rates; /* valid where the model has rates */
};

struct items {
	struct item *items;
	size_t n;
	struct item **by_key; /* the same items in the order of their keys */
};

struct sample {
	json_t *root; /* the strings live in here */
	const json_t *status;
	const json_t *violations; /* NULL: from an iomapd that checks nothing */
	const json_t *ipi;	  /* NULL: from one that knows nothing of interrupts */
	uint64_t time_ns;	  /* the daemon's clock */
	uint64_t pid, started;	  /* which daemon it was */
	uint64_t since;		  /* when its counting began; 0: it does not say */
	struct items lists[ITEM_MAX];
	struct item **by_id; /* the mappings in the order of their ids */
};

/*
 * Takes a reply of Snapshot apart; takes a reference to @root. Returns -EPROTO with a sentence,
 * -ENOMEM.
 */
int sample_read(struct sample *ret, json_t *root, struct errbuf *err);
void sample_free(struct sample *s);

/* The item with that key, or NULL. */
const struct item *sample_find(const struct sample *s, enum item_type type, uint64_t key);
/* The mapping with that id, or NULL. */
const struct item *sample_mapping(const struct sample *s, uint32_t id);

#endif
