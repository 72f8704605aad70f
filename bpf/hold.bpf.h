/* SPDX-License-Identifier: GPL-2.0-only */
/* Hold times: from the map to the unmap. The clock is what costs, so it is read only for these. */
#ifndef IOMAP_HOLD_BPF_H
#define IOMAP_HOLD_BPF_H

#include "account.bpf.h"

/*
 * The start of a hold, or 0 when this one is not timed. Samples are a random distance apart, so
 * that a driver's own rhythm does not pick them.
 */
static __always_inline __u64 hold_start(struct iomap_cpu *cpu)
{
	if (cfg_timing == IOMAP_TIMING_OFF)
		return 0;
	if (cfg_timing == IOMAP_TIMING_SAMPLED) {
		if (cpu->sample_left) {
			cpu->sample_left--;
			return 0;
		}
		cpu->sample_rnd = cpu->sample_rnd * 1664525 + 1013904223;
		cpu->sample_left = (cpu->sample_rnd >> 16) & (2 * IOMAP_SAMPLE_PERIOD - 1);
	}
	return bpf_ktime_get_ns();
}

/* Counts a hold that began at start, and the unmap that ended it, for its mapping and kind. */
static __always_inline void hold_end(struct iomap_count *c, __u32 backend, __u32 kind, __u64 start)
{
	__u32 key = iomap_hist_index(backend, kind);
	struct iomap_hist *h;
	__u64 ns;
	__u32 b;

	c->unmaps++;
	if (!start)
		return;
	ns = bpf_ktime_get_ns() - start;
	c->hold_count++;
	c->hold_sum += ns;
	if (ns > c->hold_max)
		c->hold_max = ns;
	h = bpf_map_lookup_elem(&hists, &key);
	if (!h)
		return;
	h->sum += ns;
	if (ns > h->max)
		h->max = ns;
	b = iomap_bucket(ns);
	if (b < IOMAP_HIST_BUCKETS)
		h->bucket[b]++;
}

#endif
