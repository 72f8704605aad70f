/* SPDX-License-Identifier: GPL-2.0-only */
/* Maps by call site: a table for each CPU, with two buckets to choose from for each call site. */
#ifndef IOMAP_CALLERS_BPF_H
#define IOMAP_CALLERS_BPF_H

#include "maps.bpf.h"
#include "names.bpf.h"
#include "caller.h"

/*
 * Counts a map at its call site. Returns IOMAP_LOST_NONE or the reason why it cannot. *ret_early:
 * the map is one of the first of its call site.
 */
static __always_inline int caller_add(__u64 caller, __u32 id, __u32 kind, __u32 backend, int failed,
				      int *ret_early)
{
	__u32 hash = iomap_caller_hash(caller, id, kind), key;
	struct iomap_caller_bucket *b;
	struct iomap_caller *s;
	__u32 i;

#pragma clang loop unroll(full)
	for (i = 0; i < 2; i++) {
		key = (i ? hash : hash >> 16) & cfg_caller_mask;
		b = bpf_map_lookup_elem(&callers, &key);
		if (!b)
			break;
		s = iomap_caller_find(b, caller, id, kind);
		if (!s)
			continue;
		if (!s->used)
			save_name(caller);
		*ret_early = s->maps < IOMAP_SAMPLE_FIRST;
		iomap_caller_count(s, caller, id, kind, backend, failed);
		return IOMAP_LOST_NONE;
	}
	return IOMAP_LOST_CALLERS_FULL;
}

#endif
