/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * A bucket of the call-site table. Plain C on one struct, so that the BPF programs and a unit test
 * use the same code. Call sites are never removed.
 */
#ifndef IOMAP_CALLER_H
#define IOMAP_CALLER_H

#include "iomap.h"

/*
 * The way of the call site, if its code was looked up since the last module was loaded; else NULL.
 * The lower half of an address is enough to tell kernel code apart.
 */
IOMAP_INLINE struct iomap_caller *iomap_caller_find(struct iomap_caller_bucket *b, __u64 addr,
						    __u32 id, __u32 kind, __u16 modules)
{
	__u32 i;

#pragma clang loop unroll(full)
	for (i = 0; i < IOMAP_CALLER_WAYS; i++) {
		struct iomap_caller *s = &b->way[i];

		if ((__u32)s->caller == (__u32)addr && s->modules == modules && s->id == id &&
		    s->kind == kind)
			return s;
	}
	return (void *)0;
}

/* The bucket has a free way, or one that the address had with other code. */
IOMAP_INLINE int iomap_caller_room(const struct iomap_caller_bucket *b, __u64 addr)
{
	__u32 i;

#pragma clang loop unroll(full)
	for (i = 0; i < IOMAP_CALLER_WAYS; i++) {
		if (!b->way[i].modules || (__u32)b->way[i].caller == (__u32)addr)
			return 1;
	}
	return 0;
}

/* The way of the call site, or a free one; NULL when the bucket is full of others. */
IOMAP_INLINE struct iomap_caller *iomap_caller_place(struct iomap_caller_bucket *b, __u64 code,
						     __u32 id, __u32 kind)
{
	__u32 i;

#pragma clang loop unroll(full)
	for (i = 0; i < IOMAP_CALLER_WAYS; i++) {
		struct iomap_caller *s = &b->way[i];

		if (!s->modules || (s->caller == code && s->id == id && s->kind == kind))
			return s;
	}
	return (void *)0;
}

/* Makes the way that iomap_caller_place() found the one of the call site. */
IOMAP_INLINE void iomap_caller_take(struct iomap_caller *s, __u64 code, __u32 id, __u32 kind,
				    __u32 backend, __u16 modules)
{
	if (!s->modules) {
		s->caller = code;
		s->id = id;
		s->kind = kind;
		s->backend = backend;
	}
	s->modules = modules;
}

/* Counts a map at the call site. failed: it returned no address. */
IOMAP_INLINE void iomap_caller_count(struct iomap_caller *s, int failed)
{
	if (failed)
		s->failed++;
	else
		s->maps++;
}

#endif
