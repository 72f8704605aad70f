/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * The events that need more than counting: creates, frees, and the maps and unmaps that the fast
 * path leaves. The arguments of an event lie in its context, or in the same order in the memory of
 * a probe at a site; the code is the same. ctx: of the program, for stacks.
 */
#ifndef IOMAP_SLOW_BPF_H
#define IOMAP_SLOW_BPF_H

#include "checks.bpf.h"
#include "callers.bpf.h"
#include "ipi_op.bpf.h"

/* Where an event comes from: a constant for the compiler. */
enum source {
	FROM_TRACEPOINT,
	FROM_SITE,
};

/*
 * event_done() for both sources. The compiler may check a copy of an index, and Linux 6.1 forgets
 * that the two are equal: at sites there is no index.
 */
static __always_inline void done(struct iomap_cpu *cpu, int lost, enum source source)
{
	int i;

	if (source == FROM_TRACEPOINT) {
		event_done(cpu, lost);
		return;
	}
	if (lost == IOMAP_LOST_NONE)
		cpu->counted++;
#pragma clang loop unroll(full)
	for (i = 0; i < IOMAP_LOST_MAX; i++) {
		if (lost == i)
			cpu->lost[i]++;
	}
}

/* Sums up the counters of an id over all CPUs, and resets hold_max, which is no sum. */
static __always_inline void sum_counters(__u32 id, struct iomap_counters *sum)
{
	struct iomap_counters *c;
	__u32 cpu;
	int k;

	__builtin_memset(sum, 0, sizeof(*sum));
	for (cpu = 0; cpu < cfg_cpus; cpu++) {
		c = bpf_map_lookup_percpu_elem(&counters, &id, cpu);
		if (!c)
			continue;
#pragma clang loop unroll(full)
		for (k = 0; k < IOMAP_KIND_MAX; k++) {
			sum->kind[k].maps += c->kind[k].maps;
			sum->kind[k].unmaps += c->kind[k].unmaps;
			sum->kind[k].failed += c->kind[k].failed;
			sum->kind[k].gone += c->kind[k].gone;
			sum->kind[k].callers += c->kind[k].callers;
			sum->kind[k].hold_count += c->kind[k].hold_count;
			sum->kind[k].hold_sum += c->kind[k].hold_sum;
			c->kind[k].hold_max = 0;
		}
	}
}

/* io_mapping_create(u32 id, u64 base, unsigned long size, u32 backend, unsigned long caller) */
static __always_inline int create_seen(struct bpf_raw_tracepoint_args *event, struct iomap_cpu *cpu,
				       enum source source)
{
	__u32 id = event->args[0], backend = event->args[3];
	int lost = IOMAP_LOST_NONE;
	struct iomap_mapping *m;
	struct iomap_event *e;
	__u64 owner;
	__u32 gen;

	cpu->created++;
	owner = code_at(event->args[4]);
	m = mapping_of(id);
	if (m && backend < IOMAP_BACKEND_MAX) {
		m->state = IOMAP_EMPTY;
		m->gen++;
		m->base = event->args[1];
		m->size = event->args[2];
		m->owner = owner;
		m->created_ns = bpf_ktime_get_ns();
		m->freed_ns = 0;
		m->vbase = 0;
		m->backend = backend;
		/*
		 * Counters only grow, so their values at the creation are saved here, and readers
		 * subtract them. There are no maps of this id yet: its creation has not returned.
		 */
		sum_counters(id, &m->at_create);
		m->state = IOMAP_LIVE;
		if (id > cpu->max_id)
			cpu->max_id = id;
	}
	/* Linux 6.1 wants to see that each record is submitted: no code comes in between. */
	gen = m ? m->gen : 0;
	e = ring_event(IOMAP_EVENT_CREATE, id);
	if (e) {
		e->caller = owner;
		e->base = event->args[1];
		e->size = event->args[2];
		e->backend = backend;
		e->gen = gen;
		bpf_ringbuf_submit(e, 0);
	} else {
		lost = IOMAP_LOST_RING_FULL;
	}
	if (!m)
		lost = IOMAP_LOST_TABLE_FULL;
	if (backend >= IOMAP_BACKEND_MAX)
		lost = IOMAP_LOST_BAD_ARGS;
	done(cpu, lost, source);
	return 0;
}

/* io_mapping_free(u32 id) */
static __always_inline int free_seen(void *ctx, struct bpf_raw_tracepoint_args *event,
				     struct iomap_cpu *cpu, enum source source)
{
	int lost = IOMAP_LOST_NONE;
	__u32 id = event->args[0], kind;
	struct iomap_mapping *m;
	struct iomap_event *e;

	cpu->freed++;
	m = mapping_of(id);
	if (m) {
		m->freed_ns = bpf_ktime_get_ns();
		m->state = IOMAP_FREED;
		if (!m->created_ns && shared.old)
			shared.old--;
	}
	e = ring_event(IOMAP_EVENT_FREE, id);
	if (e) {
		if (m) {
			e->base = m->base;
			e->size = m->size;
			e->backend = m->backend;
			e->gen = m->gen;
		}
		bpf_ringbuf_submit(e, 0);
	} else {
		lost = IOMAP_LOST_RING_FULL;
	}
	if (!m)
		lost = IOMAP_LOST_TABLE_FULL;
	lost = hide_value(lost);
	for (kind = 0; m && kind < IOMAP_KIND_MAX; kind++)
		leaked_at_free(ctx, cpu, id, kind, m);
	done(cpu, lost, source);
	return 0;
}

/* Reports a map that failed. Returns IOMAP_LOST_NONE or the reason why it cannot. */
static __always_inline int report_failed(const struct iomap_opened *o, __u64 offset, __u64 size)
{
	struct iomap_event *e = ring_event(IOMAP_EVENT_MAP_FAILED, o->id);
	struct iomap_mapping *m;

	if (!e)
		return IOMAP_LOST_RING_FULL;
	m = mapping_of(o->id);
	if (m) {
		e->base = m->base;
		e->gen = m->gen;
	}
	e->caller = o->caller;
	e->offset = offset;
	e->size = size;
	e->kind = o->kind;
	e->backend = o->backend;
	bpf_ringbuf_submit(e, 0);
	return IOMAP_LOST_NONE;
}

/* Saves the address of a linear mapping: unmatched unmaps are compared with it. */
static __always_inline void learn_vbase(struct iomap_mapping *m, const struct iomap_opened *o,
					__u64 offset)
{
	if (m && !m->vbase && o->backend == IOMAP_LINEAR && o->vaddr)
		m->vbase = o->vaddr - offset;
}

/*
 * io_mapping_map(u32 id, unsigned long vaddr, unsigned long offset, unsigned long size, u32 kind,
 *		  u32 backend, unsigned long caller)
 */
static __always_inline int map_seen(void *ctx, struct bpf_raw_tracepoint_args *event,
				    struct iomap_cpu *cpu, enum source source)
{
	struct iomap_opened *o = &cpu->opened;
	__u64 offset = event->args[2], size = event->args[3];
	struct iomap_count *c;
	struct iomap_mapping *m;
	struct iomap_total *t;
	int lost, open;

	/* The verifier refuses loads from an address that the compiler has computed. */
	barrier_var(offset);
	barrier_var(size);
	__builtin_memset(o, 0, sizeof(*o));
	o->id = event->args[0];
	o->vaddr = event->args[1];
	o->kind = event->args[4];
	o->backend = event->args[5];
	o->caller = event->args[6];
	o->size = size;
	o->map_stack = -1;
	if (o->kind >= IOMAP_KIND_MAX || o->backend >= IOMAP_BACKEND_MAX) {
		event_done(cpu, IOMAP_LOST_BAD_ARGS);
		return 0;
	}
	m = mapping_of(o->id);
	o->gen = m ? m->gen : 0;
	lost = hide_value(caller_add(&o->caller, o->id, o->kind, o->backend, !o->vaddr, &o->early));
	check_map(ctx, cpu, o, m, offset, size);
	learn_vbase(m, o, offset);
	c = count_of(o->id, o->kind);
	t = total_of(cpu, o->backend, o->kind);
	if (!c || !t) {
		event_done(cpu, IOMAP_LOST_TABLE_FULL);
		return 0;
	}
	if (o->vaddr) {
		t->maps++;
		c->maps++;
		c->callers += o->caller;
		if (cfg_map_stacks)
			o->map_stack = bpf_get_stackid(ctx, &map_stacks, 0);
		open = IOMAP_LOST_NONE;
		if (source == FROM_TRACEPOINT || o->kind == IOMAP_ATOMIC)
			open = section_open(cpu, o);
		else
			map_gone(o->id, o->gen, o->kind, o->caller); /* no probe sees its end */
		if (open == IOMAP_LOST_LIVE_FULL)
			map_gone(o->id, o->gen, o->kind, o->caller);
		if (open != IOMAP_LOST_NONE)
			lost = open;
	} else {
		t->failed++;
		c->failed++;
		open = report_failed(o, offset, size);
		if (lost == IOMAP_LOST_NONE)
			lost = open;
	}
	if (source == FROM_TRACEPOINT)
		ipi_op_map_end(cpu, o);
	done(cpu, lost, source);
	return 0;
}

/* Counts the end of a map for its mapping. Returns the hold time in ns, 0: not known. */
static __always_inline __u64 unmap_count(struct iomap_cpu *cpu, const struct iomap_opened *o)
{
	struct iomap_total *t = total_of(cpu, o->backend, o->kind);
	struct iomap_count *c = count_of(o->id, o->kind);

	if (!c || !t)
		return 0;
	t->unmaps++;
	c->callers -= o->caller;
	return hold_end(c, o->backend, o->kind, o->start);
}

/* Fills in and accounts for the violation of an unmap. */
static __always_inline void unmap_broken(void *ctx, struct bpf_raw_tracepoint_args *event,
					 struct iomap_cpu *cpu, __u32 closed, __u32 rule,
					 __u64 held_ns)
{
	const struct iomap_opened *o = &cpu->opened;
	struct iomap_violation *v;

	v = violation_new(IRQS_OFF, o->id, o->kind, o->backend, o->caller);
	if (!v)
		return;
	v->offender = event->args[2];
	v->map_stack = o->map_stack;
	if (closed == CLOSED_INSIDE)
		v->offset = o->vaddr - o->mapped;
	violate(ctx, cpu, v, rule, 0, held_ns, IRQS_OFF);
}

/*
 * Counts an unmatched unmap. Returns 1 when the address is proved not to be mapped. Nothing proves
 * it at a site: the event of the map may be lost, as the kernel skips a probe within a probe.
 */
static __always_inline int unmatched(struct iomap_cpu *cpu, enum source source)
{
	if (source == FROM_TRACEPOINT)
		return unmatched_proved(cpu, cpu->opened.vaddr, asked_kind(cpu));
	count_kind(cpu->undecided, asked_kind(cpu));
	return 0;
}

/* io_mapping_unmap(unsigned long vaddr, u32 kind, unsigned long caller) */
static __always_inline int unmap_seen(void *ctx, struct bpf_raw_tracepoint_args *event,
				      struct iomap_cpu *cpu, enum source source)
{
	struct iomap_opened *o = &cpu->opened;
	__u32 closed, rule;
	__u64 held_ns = 0;

	__builtin_memset(o, 0, sizeof(*o));
	o->vaddr = event->args[0];
	o->kind = event->args[1];
	o->asked = event->args[1];
	o->map_stack = -1;
	if (asked_kind(cpu) >= IOMAP_KIND_MAX) {
		event_done(cpu, IOMAP_LOST_BAD_ARGS);
		return 0;
	}
	closed = hide_value(section_close(cpu));
	if (closed == CLOSED_NOTHING && !unmatched(cpu, source))
		closed = CLOSED_UNKNOWN;
	closed = hide_value(closed);
	if (o->doubted)
		map_back(o->id, o->gen, o->kind, o->caller);
	if (closed == CLOSED_OTHER_KIND)
		map_gone(o->id, o->gen, o->kind, o->caller);
	if (closed >= CLOSED_OTHER_KIND || gen_of(o->id) != o->gen)
		count_kind(cpu->unmatched, asked_kind(cpu));
	else
		held_ns = unmap_count(cpu, o);
	closed = hide_value(closed);
	if (source == FROM_TRACEPOINT && closed < CLOSED_NOTHING)
		ipi_op_unmap(cpu, o, held_ns);
	rule = hide_value(broken_by_unmap(closed, asked_kind(cpu), held_ns));
	if (rule != IOMAP_RULE_MAX)
		unmap_broken(ctx, event, cpu, closed, rule, held_ns);
	/* Without that rule, nothing else would report the wrong unmap. */
	if (rule == IOMAP_UNMAP_UNKNOWN && closed == CLOSED_NOTHING &&
	    !(cfg_rules_off & IOMAP_RULE(IOMAP_UNMAP_UNKNOWN)))
		section_doubt(cpu, asked_kind(cpu));
	event_done(cpu, IOMAP_LOST_NONE);
	return 0;
}

#endif
