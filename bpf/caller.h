/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * A bucket of the call-site table. Plain C on one struct, so that the BPF programs and a unit test
 * use the same code. Call sites are never removed.
 */
#ifndef IOMAP_CALLER_H
#define IOMAP_CALLER_H

#include "iomap.h"

/* The way of the call site, or a free one; NULL when the bucket is full of others. */
IOMAP_INLINE struct iomap_caller *iomap_caller_find(struct iomap_caller_bucket *b, __u64 caller,
						    __u32 id, __u32 kind)
{
	__u32 i;

#pragma clang loop unroll(full)
	for (i = 0; i < IOMAP_CALLER_WAYS; i++) {
		struct iomap_caller *s = &b->way[i];

		if (!s->used)
			return s;
		if (s->caller == caller && s->id == id && s->kind == kind)
			return s;
	}
	return (void *)0;
}

/* Counts a map in that way. failed: it returned no address. */
IOMAP_INLINE void iomap_caller_count(struct iomap_caller *s, __u64 caller, __u32 id, __u32 kind,
				     __u32 backend, int failed)
{
	if (!s->used) {
		s->caller = caller;
		s->id = id;
		s->kind = kind;
		s->backend = backend;
		s->used = 1;
	}
	if (failed)
		s->failed++;
	else
		s->maps++;
}

#endif
