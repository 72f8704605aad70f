/* SPDX-License-Identifier: GPL-2.0-only */
/* Hold times, from the map to the unmap. Reading the clock is the main cost. */
#ifndef IOMAP_HOLD_BPF_H
#define IOMAP_HOLD_BPF_H

#include "account.bpf.h"

/*
 * The start of a hold, 0 if the hold is not timed. early: the map is one of the first of its call
 * site. Samples are a random distance apart, so they do not follow a rhythm of the driver.
 */
static __always_inline __u64 hold_start(struct iomap_cpu *cpu, __u32 kind, int early)
{
	/* A budget applies to every hold. */
	if (cfg_max_hold_ns && kind == IOMAP_ATOMIC)
		return bpf_ktime_get_ns();
	if (cfg_timing == IOMAP_TIMING_OFF)
		return 0;
	if (cfg_timing == IOMAP_TIMING_SAMPLED && !early) {
		if (cpu->sample_left) {
			cpu->sample_left--;
			return 0;
		}
		cpu->sample_rnd = cpu->sample_rnd * 1664525 + 1013904223;
		cpu->sample_left = (cpu->sample_rnd >> 16) & (2 * IOMAP_SAMPLE_PERIOD - 1);
	}
	return bpf_ktime_get_ns();
}

static __always_inline void hist_add(struct iomap_hist *h, __u64 ns)
{
	__u32 b = iomap_bucket(ns);

	h->sum += ns;
	if (ns > h->max)
		h->max = ns;
	if (b < IOMAP_HIST_BUCKETS)
		h->bucket[b]++;
}

/*
 * Counts an unmap and the hold time of its map, which began at start. Returns the hold time in
 * nanoseconds, 0 when it is not known.
 */
static __always_inline __u64 hold_end(struct iomap_count *c, __u32 backend, __u32 kind, __u64 start)
{
	__u32 key = iomap_hist_index(backend, kind);
	struct iomap_hist *h;
	__u64 ns;

	c->unmaps++;
	if (!start)
		return 0;
	ns = bpf_ktime_get_ns() - start;
	c->hold_count++;
	c->hold_sum += ns;
	if (ns > c->hold_max)
		c->hold_max = ns;
	h = bpf_map_lookup_elem(&hists, &key);
	if (h)
		hist_add(h, ns);
	return ns;
}

#endif
