/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * The accounting of a CPU: each event is seen once and then either counted or lost for one reason.
 * The two sides are counted separately, so a test notices when they disagree.
 */
#ifndef IOMAP_ACCOUNT_BPF_H
#define IOMAP_ACCOUNT_BPF_H

#include "maps.bpf.h"

/*
 * Returns the number as one whose value the verifier does not know. It then checks what follows
 * once, and not once for each value.
 */
static __always_inline __u32 hide_value(__u32 value)
{
	__u32 unknown = *(volatile __u32 *)&shared.armed;

	value ^= unknown;
	barrier_var(value);
	return value ^ unknown;
}

/*
 * Comparisons without branches, for loops: the verifier walks both sides of a branch in each round.
 * They return 1 or 0.
 */
static __always_inline __u64 is_set(__u64 a)
{
	a |= -a;
	barrier_var(a); /* the compiler would make a branch of it */
	return a >> 63;
}

static __always_inline __u64 is_below(__u64 a, __u64 b)
{
	a = (~a & b) | ((~a | b) & (a - b));
	barrier_var(a);
	return a >> 63;
}

/* The running CPU's record. It is never NULL, but the verifier asks. */
static __always_inline struct iomap_cpu *this_cpu(void)
{
	__u32 zero = 0;

	return bpf_map_lookup_elem(&cpus, &zero);
}

/* The same, with one more event seen. */
static __always_inline struct iomap_cpu *event_seen(void)
{
	struct iomap_cpu *cpu = this_cpu();

	if (cpu)
		cpu->seen++;
	return cpu;
}

/* Accounts for the end of the event. lost: a reason or IOMAP_LOST_NONE. */
static __always_inline void event_done(struct iomap_cpu *cpu, int lost)
{
	if (lost == IOMAP_LOST_NONE)
		cpu->counted++;
	else if (lost >= 0 && lost < IOMAP_LOST_MAX)
		cpu->lost[lost]++;
}

/*
 * Indices are checked where they are used: the verifier may have forgotten an earlier check by
 * then, and barrier_var() keeps the compiler from removing the second one.
 */

/* The CPU's totals of that backend and kind; NULL when these are out of range. */
static __always_inline struct iomap_total *total_of(struct iomap_cpu *cpu, __u32 backend,
						    __u32 kind)
{
	barrier_var(backend);
	barrier_var(kind);
	if (backend >= IOMAP_BACKEND_MAX || kind >= IOMAP_KIND_MAX)
		return NULL;
	return &cpu->total[backend][kind];
}

/* The counters of that id. Id 0 takes the ids that the table lacks. */
static __always_inline struct iomap_counters *counters_of(__u32 id)
{
	__u32 key = id < cfg_max_mappings ? id : 0;

	return bpf_map_lookup_elem(&counters, &key);
}

/* The counts of that id and kind; NULL when the kind is out of range. */
static __always_inline struct iomap_count *count_of(__u32 id, __u32 kind)
{
	struct iomap_counters *c = counters_of(id);

	barrier_var(kind);
	if (!c || kind >= IOMAP_KIND_MAX)
		return NULL;
	barrier_var(kind); /* keeps the compiler from computing the index before the check */
	return &c->kind[kind];
}

/* Adds one to the counter of that kind. */
static __always_inline void count_kind(__u64 counters[IOMAP_KIND_MAX], __u32 kind)
{
	barrier_var(kind);
	if (kind < IOMAP_KIND_MAX)
		counters[kind]++;
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

/* Accounts for a map that no unmap will end, unless another mapping has the id by now. */
static __always_inline void map_gone(__u32 id, __u32 gen, __u32 kind, __u64 caller)
{
	struct iomap_count *c = count_of(id, kind);

	if (!c || gen_of(id) != gen)
		return;
	c->gone++;
	c->callers -= caller;
}

/* Takes map_gone() back: the map is unmapped after all. */
static __always_inline void map_back(__u32 id, __u32 gen, __u32 kind, __u64 caller)
{
	struct iomap_count *c = count_of(id, kind);

	if (!c || gen_of(id) != gen)
		return;
	c->gone--; /* the sum over the CPUs counts: it wraps */
	c->callers += caller;
}

#endif
