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

/*
 * Where the CPU's maps of that backend and kind are counted; NULL for values that are none. What
 * the verifier learned of them earlier may be lost by now, and the compiler must not know better.
 */
static __always_inline struct iomap_total *total_of(struct iomap_cpu *cpu, __u32 backend,
						    __u32 kind)
{
	asm volatile("" : "+r"(backend), "+r"(kind));
	if (backend >= IOMAP_BACKEND_MAX || kind >= IOMAP_KIND_MAX)
		return NULL;
	return &cpu->total[backend][kind];
}

/* Adds one to the counter of that kind; the check is as above. */
static __always_inline void count_kind(__u64 counters[IOMAP_KIND_MAX], __u32 kind)
{
	asm volatile("" : "+r"(kind));
	if (kind < IOMAP_KIND_MAX)
		counters[kind]++;
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

/* The generation of a mapping that the table has; 0 for others. */
static __always_inline __u32 gen_of(__u32 id)
{
	struct iomap_mapping *m = mapping_of(id);

	return m ? m->gen : 0;
}

/* Closes the books on a map that no unmap will end, unless the id is another mapping's by now. */
static __always_inline void map_gone(__u32 id, __u32 gen, __u32 kind, __u64 caller)
{
	struct iomap_counters *c = counters_of(id);

	if (!c || kind >= IOMAP_KIND_MAX || gen_of(id) != gen)
		return;
	c->kind[kind].gone++;
	c->kind[kind].callers -= caller;
}

#endif
