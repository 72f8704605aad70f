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

/* A violation, and the facts about the map. */
struct violation {
	__u64 caller;	/* of the map; 0: not known */
	__u64 callers;	/* the sum of several; else 0 */
	__u64 offender; /* return address of the offending call; 0: not of io_mapping */
	__u64 entered;	/* return address of the probed function; else 0 */
	__u64 offset;
	__u64 map_size;
	__u64 held_ns; /* 0: not known */
	__u32 id;
	__u32 kind;
	__u32 backend;
	__u32 rule;
	__u32 count; /* violations at once */
	__s32 map_stack;
	__u32 at_exit;
};

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
	for (i = 0; i < SITE_FRAMES; i++) {
		if (i >= v->nr_stack)
			break;
		h = mix(h, v->stack[i]);
	}
	return h;
}

/* Fills in all but the stack and the time. */
static __always_inline void fill(struct iomap_violation *v, const struct violation *b)
{
	struct iomap_mapping *m = mapping_of(b->id);

	__builtin_memset(v, 0, sizeof(*v));
	v->caller = b->caller;
	v->callers = b->callers;
	v->offender = b->offender;
	v->offset = b->offset;
	v->map_size = b->map_size;
	v->id = b->id;
	v->rule = b->rule;
	v->kind = b->kind;
	v->backend = b->backend;
	v->at_exit = b->at_exit;
	v->map_stack = b->map_stack;
	v->maps = b->count;
	if (m) {
		v->base = m->base;
		v->size = m->size;
		v->gen = m->gen;
	}
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
static __always_inline int site_new(struct iomap_violation *v, __u64 site,
				    const struct violation *b, __u32 slot)
{
	struct iomap_violation_count one = { .count = b->count, .held_ns = b->held_ns };
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

/* Accounts for a violation. ctx: of the program. */
static __always_inline void violate(void *ctx, struct iomap_cpu *cpu, const struct violation *b,
				    __u32 slot)
{
	struct iomap_violation *v = bpf_map_lookup_elem(&scratch, &slot);
	struct iomap_violation_count *n;
	__u64 site;

	if (!v || b->rule >= IOMAP_RULE_MAX || cfg_rules_off & IOMAP_RULE(b->rule))
		return;
	cpu->violations[b->rule] += b->count;
	fill(v, b);
	take_stack(ctx, v, b->entered);
	site = site_of(v);
	n = bpf_map_lookup_elem(&violation_counts, &site);
	if (!n) {
		if (!site_new(v, site, b, slot))
			return;
		n = bpf_map_lookup_elem(&violation_counts, &site);
		if (!n)
			return;
	}
	n->count += b->count;
	if (b->held_ns > n->held_ns)
		n->held_ns = b->held_ns;
}

#endif
