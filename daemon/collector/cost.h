/* SPDX-License-Identifier: GPL-2.0-or-later */
/* CPU time and memory of iomapd and of its BPF programs. */
#ifndef IOMAP_DAEMON_COLLECTOR_COST_H
#define IOMAP_DAEMON_COLLECTOR_COST_H

#include <stddef.h>
#include <stdint.h>

#define COST_PROGRAMS_MAX 64

/* The runs of a BPF program while the kernel took statistics. */
struct cost_program {
	const char *name; /* belongs to the collector */
	uint64_t run_ns;
	uint64_t runs;
};

struct cost {
	uint64_t cpu_ns;
	uint64_t resident_bytes;
	uint64_t map_bytes; /* memory of the BPF maps; 0: not known */
	size_t clients;	    /* connected to the socket */
	struct cost_program programs[COST_PROGRAMS_MAX];
	size_t nr_programs; /* 0: the kernel takes no statistics (kernel.bpf_stats_enabled) */
};

/* Fills in the cost of the process. Returns 0 or a negative errno. */
int cost_of_process(struct cost *c);

#endif
