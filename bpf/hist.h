/* SPDX-License-Identifier: GPL-2.0-only */
/* Histograms of times, and their arithmetic. BPF programs and user space share them. */
#ifndef IOMAP_HIST_H
#define IOMAP_HIST_H

#include "iomap.h"

/*
 * Hold times: values below 4 ns have a bucket each, then each octave has 4 buckets of equal width.
 * The last bucket also takes all longer times.
 */
#define IOMAP_HIST_BUCKETS 192

/* Value of the per-CPU arrays `hists` and `op_hists`, by their indices. */
struct iomap_hist {
	__aligned_u64 sum;
	__aligned_u64 max;
	__aligned_u64 bucket[IOMAP_HIST_BUCKETS];
};

/* Index into `hists`. */
IOMAP_INLINE __u32 iomap_hist_index(__u32 backend, __u32 kind)
{
	return backend * IOMAP_KIND_MAX + kind;
}

/* Operations whose own duration is measured, on backends that do real work. */
enum iomap_op {
	IOMAP_OP_MAP,
	IOMAP_OP_UNMAP,
	IOMAP_OP_MAX,
};

/* Index into `op_hists`. */
IOMAP_INLINE __u32 iomap_op_index(__u32 op, __u32 backend, __u32 kind)
{
	return op * IOMAP_BACKEND_MAX * IOMAP_KIND_MAX + iomap_hist_index(backend, kind);
}

/* Number of the highest bit set; v must not be 0. Written out, as BPF has no instruction for it. */
IOMAP_INLINE __u32 iomap_log2(__u64 v)
{
	__u32 r = 0;

	if (v >> 32) {
		v >>= 32;
		r += 32;
	}
	if (v >> 16) {
		v >>= 16;
		r += 16;
	}
	if (v >> 8) {
		v >>= 8;
		r += 8;
	}
	if (v >> 4) {
		v >>= 4;
		r += 4;
	}
	if (v >> 2) {
		v >>= 2;
		r += 2;
	}
	if (v >> 1)
		r += 1;
	return r;
}

/* Bucket of a value, below IOMAP_HIST_BUCKETS. */
IOMAP_INLINE __u32 iomap_bucket(__u64 v)
{
	__u32 e, b;

	if (v < 4)
		return v;
	e = iomap_log2(v);
	b = (e - 1) * 4 + ((v >> (e - 2)) & 3);
	return b < IOMAP_HIST_BUCKETS ? b : IOMAP_HIST_BUCKETS - 1;
}

/* Lowest value of a bucket; for b + 1, the first value above bucket b. */
IOMAP_INLINE __u64 iomap_bucket_low(__u32 b)
{
	if (b < 4)
		return b;
	return (__u64)(4 + (b & 3)) << (b / 4 - 1);
}

_Static_assert(sizeof(struct iomap_hist) == 16 + 8 * IOMAP_HIST_BUCKETS, "hist");

#endif
