/* SPDX-License-Identifier: GPL-2.0-only */
/* Shared by the timed loops and user space. */
#ifndef IOMAP_TESTS_BENCH_TIMING_H
#define IOMAP_TESTS_BENCH_TIMING_H

#include <linux/types.h>

/* The arguments of the timed programs, and the result. */
struct timing {
	__u64 map[8];	/* of io_mapping_map */
	__u64 unmap[8]; /* of io_mapping_unmap */
	__u64 other[8]; /* of programs that are not timed in pairs */
	__u64 sum;	/* of clock readings, so that the compiler keeps them */
	__u64 loops;	/* to run */
	__u64 ns;	/* time of the loops */
};

#endif
