/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * One parsed snapshot of iomapd: its items, each with a key that identifies it in the next
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
	ITEM_IPI, /* interrupts between CPUs: a backend's direct or deferred ones, or the others */
	ITEM_IPI_PAIR, /* interrupts from one CPU to another */
	ITEM_MAX,
};

/* Counters: rates are their differences. */
struct counts {
	struct kinds maps, unmaps;
	uint64_t failed;
	uint64_t violations;
	uint64_t hold_sum, holds; /* ns, and the number of holds in the sum */
	/*
	 * Interrupts, may be fractions; times in ns. Of a pair, broadcasts are those of io_mapping.
	 */
	double ipis, broadcasts, wait, stolen;
};

/* Per second, between two samples. */
struct rates {
	double maps[IOMAP_KIND_MAX], unmaps[IOMAP_KIND_MAX];
	double all_maps, all_unmaps, failed, violations;
	double ipis, broadcasts, wait, stolen;
	double hold_avg; /* ns, of the holds that ended between them; NAN: none */
};

struct item {
	uint64_t key;
	const json_t *rec;  /* iomapd's record */
	const char *name;   /* name of the backend */
	const char *part;   /* interrupts: direct or deferred; NULL: others */
	const json_t *cost; /* interrupts: the figures; rec is the backend, or NULL */
	uint64_t sender, target;
	enum iomap_kind kind; /* caller, backend */
	uint32_t mapping_id;  /* mapping, caller, violation: the id, or 0 */
	bool freed;
	struct counts counts;
	struct kinds live;
	uint64_t hold_max;  /* ns */
	struct rates rates; /* valid if the trend has rates */
};

struct items {
	struct item *items;
	size_t n;
	struct item **by_key; /* the same items, sorted by key */
};

struct sample {
	json_t *root; /* owns the strings */
	const json_t *status;
	const json_t *violations; /* NULL: this iomapd checks no rules */
	const json_t *ipi;	  /* NULL: this iomapd knows nothing of interrupts */
	uint64_t time_ns;	  /* iomapd's clock */
	uint64_t pid, started;	  /* identify the iomapd */
	uint64_t since;		  /* when its counting began; 0: not known */
	struct items lists[ITEM_MAX];
	struct item **by_id; /* the mappings, sorted by id */
};

/*
 * Parses a reply of Snapshot; takes a reference to @root. Returns -EPROTO with a sentence, or
 * -ENOMEM.
 */
int sample_read(struct sample *ret, json_t *root, struct errbuf *err);
void sample_free(struct sample *s);

/* Returns the item with the key, or NULL. */
const struct item *sample_find(const struct sample *s, enum item_type type, uint64_t key);
/* Returns the mapping with the id, or NULL. */
const struct item *sample_mapping(const struct sample *s, uint32_t id);

#endif
