/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * What user space keeps in the kernel, next to what the programs count, for the iomapd that comes
 * after it. The programs touch none of it. Part of iomap.h, and under its rules.
 */
#ifndef IOMAP_KEEP_H
#define IOMAP_KEEP_H

#include "iomap.h"

/*
 * The array `told`: so many of the latest events, each by seq modulo this, and then the violations,
 * in their order, which no other event is to push out.
 */
#define IOMAP_TOLD     1024
#define IOMAP_TOLD_ALL (IOMAP_TOLD + IOMAP_PLACES)

struct iomap_told {
	__aligned_u64 seq; /* 1 for the first since counting began; 0: none, or being written */
	struct iomap_event rec;
};

/* The settings that the programs and maps were made with; they stay for as long as these. */
struct iomap_kept_options {
	__aligned_u64 max_hold_ns;
	__aligned_u64 hidden;
	__u32 max_mappings;
	__u32 max_live;
	__u32 max_sites;
	__u32 ring_bytes;
	__u32 timing;
	__u32 rules_off;
	__u32 ipi;
	__u32 map_stacks;
};

/* A hook that the kernel lacks. */
struct iomap_kept_gap {
	char hook[32];
	char gap[480];
};

#define IOMAP_KEPT_GAPS 32

/* The only value of the array `kept`. */
struct iomap_kept {
	__aligned_u64 since_unix_ns; /* when counting began */
	__aligned_u64 starts;	     /* of iomapd, since then */
	__aligned_u64 adopted;	     /* mappings that are older than that */
	__u32 nr_programs;
	__u32 nr_links;
	struct iomap_kept_options options;
	char version[32];  /* of the iomapd that made all this */
	char programs[32]; /* hash of its programs */
	struct iomap_kept_gap gaps[IOMAP_KEPT_GAPS];
};

_Static_assert(sizeof(struct iomap_told) == 96, "told");
_Static_assert(sizeof(struct iomap_kept_options) == 48, "kept_options");
_Static_assert(sizeof(struct iomap_kept) == 32 + 48 + 64 + 512 * IOMAP_KEPT_GAPS, "kept");

#endif
