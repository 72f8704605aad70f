/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * The records that iomapd saves in the kernel for the next iomapd. The programs do not touch them.
 * Part of iomap.h, and under its rules.
 */
#ifndef IOMAP_PERSISTENT_H
#define IOMAP_PERSISTENT_H

#include "iomap.h"

/*
 * The array `saved_events`: the latest events, each at seq modulo IOMAP_SAVED_EVENTS, and behind
 * them the violations in their order, which other events do not overwrite.
 */
#define IOMAP_SAVED_EVENTS 1024
#define IOMAP_SAVED_ALL	   (IOMAP_SAVED_EVENTS + IOMAP_SITES)

struct iomap_saved_event {
	__aligned_u64 seq; /* from 1 since counting began; 0: none, or being written */
	__aligned_u64 time_unix_ns;
	struct iomap_event rec;
};

/* The settings that the programs and maps were loaded with. */
struct iomap_persistent_options {
	__aligned_u64 max_hold_ns;
	__aligned_u64 hidden;
	__u32 max_mappings;
	__u32 max_live;
	__u32 max_callers;
	__u32 ring_bytes;
	__u32 timing;
	__u32 rules_off;
	__u32 ipi;
	__u32 map_stacks;
	__aligned_u64 tables; /* hash of the tables of sites */
	__u32 source;
	__u32 pad;
};

/* A hook that the kernel lacks. */
struct iomap_persistent_hook {
	char hook[32];
	char missing[480];
};

#define IOMAP_PERSISTENT_HOOKS 32

/* The calls that may-sleep-in-atomic sees. */
struct iomap_persistent_may_sleep {
	char might_sleep[32]; /* the function that shows each might_sleep(); empty: nothing does */
	char functions[2000]; /* the names of the others, with blanks between them */
	__u32 allocations;    /* allocations that may sleep are seen */
	__u32 pad;
};

/* The only value of the array `persistent`. */
struct iomap_persistent {
	__aligned_u64 since_unix_ns; /* when counting began */
	__aligned_u64 starts;	     /* of iomapd, since then */
	__aligned_u64 adopted;	     /* mappings that are older than that */
	__u32 nr_programs;
	__u32 nr_links;
	struct iomap_persistent_options options;
	char version[32];  /* of the iomapd that loaded the programs */
	char programs[32]; /* hash of its programs */
	struct iomap_persistent_may_sleep may_sleep;
	__u32 canary; /* bits of enum iomap_canary: hooks that fired at the start */
	__u32 probes; /* process that made the probes at sites: their names have its number */
	__aligned_u64 probes_base; /* of their hits and misses, before the programs counted */
	struct iomap_persistent_hook missing[IOMAP_PERSISTENT_HOOKS];
};

_Static_assert(sizeof(struct iomap_saved_event) == 112, "saved_event");
_Static_assert(sizeof(struct iomap_persistent_options) == 64, "persistent_options");
_Static_assert(sizeof(struct iomap_persistent_may_sleep) == 2040, "persistent_may_sleep");
_Static_assert(sizeof(struct iomap_persistent) ==
		       32 + 64 + 64 + 2040 + 16 + 512 * IOMAP_PERSISTENT_HOOKS,
	       "persistent");

#endif
