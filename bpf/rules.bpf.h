/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * Accounting of violations. Each violation is counted by its rule. The first one from a site is
 * saved in `violations` with its stack and reported through the ring; the others are counted there.
 */
#ifndef IOMAP_RULES_BPF_H
#define IOMAP_RULES_BPF_H

#include "account.bpf.h"
#include "names.bpf.h"
#include "ring.bpf.h"

static __always_inline __u64 mix(__u64 h, __u64 v)
{
	h = (h ^ v) * 0xff51afd7ed558ccdULL;
	return h ^ h >> 32;
}

/*
 * Frames that make a site, those of tracing included: enough to tell the callers of a driver's
 * helper apart, and few enough to exclude the task that an interrupt happened to interrupt.
 */
#define SITE_FRAMES 10

/*
 * entered: return address of the probed function, else 0. An unwinder that uses frame pointers
 * omits that address, as the function has made no frame yet; it is inserted here.
 */
static __always_inline void take_stack(void *ctx, struct iomap_violation *v, __u64 entered)
{
	const __u32 one = sizeof(v->stack[0]);
	long n = bpf_get_stack(ctx, v->stack, sizeof(v->stack), 0);

	if (entered && n > one && v->stack[1] != entered) {
		n = bpf_get_stack(ctx, &v->stack[1], sizeof(v->stack) - one, 0) + one;
		v->stack[0] = v->stack[1];
		v->stack[1] = entered;
	}
	v->nr_stack = n > 0 ? n / sizeof(v->stack[0]) : 0;
}

static __always_inline __u64 site_of(const struct iomap_violation *v)
{
	__u64 h = mix(v->rule * IOMAP_KIND_MAX + v->kind, v->caller);
	__u32 i;

	h = mix(h, v->offender);
	/* The rest of a short stack is 0. */
#pragma clang loop unroll(full)
	for (i = 0; i < SITE_FRAMES; i++)
		h = mix(h, v->stack[i]);
	return h;
}

/*
 * The record of a new violation, empty but for the kind of map; NULL never, but the verifier asks.
 * The caller fills in the facts about the map and calls violate(). slot: IRQS_OFF or IRQS_ON. A
 * record lies in a BPF map, where the verifier forgets the values of its members: it checks what
 * follows once, and not once for each way to get there.
 */
static __always_inline struct iomap_violation *violation_new(__u32 slot, __u32 id, __u32 kind,
							     __u32 backend, __u64 caller)
{
	struct iomap_violation *v = bpf_map_lookup_elem(&scratch, &slot);

	if (!v)
		return NULL;
	__builtin_memset(v, 0, sizeof(*v));
	v->id = id;
	v->kind = kind;
	v->backend = backend;
	v->caller = caller;
	v->maps = 1;
	v->map_stack = -1;
	return v;
}

/* Adds what the table knows about the mapping. */
static __always_inline void add_mapping(struct iomap_violation *v)
{
	struct iomap_mapping *m = mapping_of(v->id);

	if (!m)
		return;
	v->base = m->base;
	v->size = m->size;
	v->gen = m->gen;
}

static __always_inline void report(const struct iomap_violation *v, __u64 site)
{
	struct iomap_event *e = ring_event(IOMAP_EVENT_VIOLATION, v->id);

	if (!e) {
		/* The record is in the table; the reader looks there when it sees this. */
		shared.unreported = 1;
		return;
	}
	e->caller = v->caller;
	e->base = v->base;
	e->size = v->size;
	e->offset = v->offset;
	e->site = site;
	e->gen = v->gen;
	e->kind = v->kind;
	e->backend = v->backend;
	bpf_ringbuf_submit(e, 0);
}

/* Saves a new site. Returns 1 when another CPU has saved it already. */
static __always_inline int site_new(struct iomap_violation *v, __u64 site, __u64 held_ns,
				    __u32 slot)
{
	struct iomap_violation_count one = { .count = v->maps, .held_ns = held_ns };
	long err;

	v->time_ns = bpf_ktime_get_ns();
	v->tai_ns = bpf_ktime_get_tai_ns();
	v->pid = (__u32)bpf_get_current_pid_tgid();
	v->cpu = bpf_get_smp_processor_id();
	bpf_get_current_comm(v->comm, sizeof(v->comm));
	err = bpf_map_update_elem(&violations, &site, v, BPF_NOEXIST);
	if (err && err != -EEXIST)
		return 0; /* no room: counted by rule only */
	if (bpf_map_update_elem(&violation_counts, &site, &one, BPF_NOEXIST) == -EEXIST)
		return 1;
	if (!err) {
		/* Save the names first, so that a reader of the event finds them. */
		save_stack_names(v->stack, site, slot);
		report(v, site);
	}
	return 0;
}

/*
 * Accounts for a violation. ctx: of the program. entered: return address of the probed function,
 * else 0. held_ns: 0 when it is not known. slot: of v.
 */
static __always_inline void violate(void *ctx, struct iomap_cpu *cpu, struct iomap_violation *v,
				    __u32 rule, __u64 entered, __u64 held_ns, __u32 slot)
{
	struct iomap_violation_count *n;
	__u64 site;

	barrier_var(rule);
	if (rule >= IOMAP_RULE_MAX || cfg_rules_off & IOMAP_RULE(rule))
		return;
	cpu->violations[rule] += v->maps;
	v->rule = rule;
	add_mapping(v);
	take_stack(ctx, v, entered);
	site = site_of(v);
	n = bpf_map_lookup_elem(&violation_counts, &site);
	if (!n) {
		if (!site_new(v, site, held_ns, slot))
			return;
		n = bpf_map_lookup_elem(&violation_counts, &site);
		if (!n)
			return;
	}
	n->count += v->maps;
	if (held_ns > n->held_ns)
		n->held_ns = held_ns;
}

#endif
