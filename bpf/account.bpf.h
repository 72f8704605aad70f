/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * The books of a CPU: each event is seen once and then either counted or lost for one reason.
 * The two sides are counted apart, so that they can disagree, and a test can see it.
 */
#ifndef IOMAP_ACCOUNT_BPF_H
#define IOMAP_ACCOUNT_BPF_H

#include "maps.bpf.h"

/* The CPU's record, with the event noted as seen. NULL never happens, but the verifier asks. */
static __always_inline struct iomap_cpu *event_seen(void)
{
	__u32 zero = 0;
	struct iomap_cpu *cpu = bpf_map_lookup_elem(&cpus, &zero);

	if (cpu)
		cpu->seen++;
	return cpu;
}

/* Closes the books on the event. lost: a reason or IOMAP_LOST_NONE. */
static __always_inline void event_done(struct iomap_cpu *cpu, int lost)
{
	if (lost == IOMAP_LOST_NONE)
		cpu->counted++;
	else if (lost >= 0 && lost < IOMAP_LOST_MAX)
		cpu->lost[lost]++;
}

/* Where maps of that id are counted: id 0 takes the ids that the table lacks. */
static __always_inline struct iomap_counters *counters_of(__u32 id)
{
	__u32 key = id < cfg_max_mappings ? id : 0;

	return bpf_map_lookup_elem(&counters, &key);
}

/* The mapping's entry, NULL for an id that the table lacks. */
static __always_inline struct iomap_mapping *mapping_of(__u32 id)
{
	if (!id || id >= cfg_max_mappings)
		return NULL;
	return bpf_map_lookup_elem(&mappings, &id);
}

#endif
