/* SPDX-License-Identifier: GPL-2.0-only */
/* What the timed loops and user space share. */
#ifndef IOMAP_TESTS_BENCH_TIMING_H
#define IOMAP_TESTS_BENCH_TIMING_H

#include <linux/types.h>

/* The arguments of the programs that are timed, and what came out. */
struct timing {
	__u64 map[8];	/* of io_mapping_map */
	__u64 unmap[8]; /* of io_mapping_unmap */
	__u64 other[8]; /* of what is timed by itself */
	__u64 sum;	/* of clock readings, so that they are not left out */
	__u64 loops;	/* to be run */
	__u64 ns;	/* that they took */
};

#endif
