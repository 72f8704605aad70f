/* SPDX-License-Identifier: GPL-2.0-only */
/* Maps by call site: a table for each CPU, with two buckets to choose from for each call site. */
#ifndef IOMAP_CALLERS_BPF_H
#define IOMAP_CALLERS_BPF_H

#include "account.bpf.h"
#include "names.bpf.h"
#include "caller.h"

/* The bucket of the call site. i: the first or the second one. */
static __always_inline struct iomap_caller_bucket *caller_bucket(__u32 hash, __u32 i)
{
	__u32 key = (i ? hash : hash >> 16) & cfg_caller_mask;

	return bpf_map_lookup_elem(&callers, &key);
}

/* The record of a call site; NULL when there is no room for it. *caller: as in caller_add(). */
static __always_inline struct iomap_caller *caller_get(__u64 *caller, __u32 id, __u32 kind,
						       __u32 backend)
{
	__u32 hash = iomap_caller_hash(*caller, id, kind), i;
	__u16 modules = shared.modules;
	struct iomap_caller_bucket *b;
	struct iomap_caller *s;
	int room = 0;

#pragma clang loop unroll(full)
	for (i = 0; i < 2; i++) {
		b = caller_bucket(hash, i);
		if (!b)
			return NULL;
		s = iomap_caller_find(b, *caller, id, kind, modules);
		if (s) {
			*caller = s->caller;
			return s;
		}
		room = hide_value(room || iomap_caller_room(b, *caller));
	}
	if (!room)
		return NULL;
	*caller = code_at(*caller);
#pragma clang loop unroll(full)
	for (i = 0; i < 2; i++) {
		b = caller_bucket(hash, i);
		s = b ? iomap_caller_place(b, *caller, id, kind) : NULL;
		if (!s)
			continue;
		iomap_caller_take(s, *caller, id, kind, backend, modules);
		return s;
	}
	return NULL;
}

/*
 * Counts a map at its call site. Returns IOMAP_LOST_NONE or the reason why it cannot. *caller is
 * the address of the call, and becomes its code. *ret_early: the map is one of the first of its
 * call site.
 */
static __always_inline int caller_add(__u64 *caller, __u32 id, __u32 kind, __u32 backend,
				      int failed, __u32 *ret_early)
{
	struct iomap_caller *s = caller_get(caller, id, kind, backend);

	if (!s)
		return IOMAP_LOST_CALLERS_FULL;
	*ret_early = hide_value(s->maps < IOMAP_SAMPLE_FIRST);
	iomap_caller_count(s, failed);
	return IOMAP_LOST_NONE;
}

#endif
