/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * The open sections. Atomic and local sections lie on the stack of the task that runs on the CPU,
 * with the sections of interrupts on top. A task that is switched out takes its stack along.
 * Sleepable maps belong to no task and are remembered by their address.
 */
#ifndef IOMAP_SECTIONS_BPF_H
#define IOMAP_SECTIONS_BPF_H

#include "hold.bpf.h"
#include "live.bpf.h"
#include "stack.h"

/* A map that succeeded. */
struct opened {
	__u64 vaddr;
	__u64 caller;
	__u64 start; /* of its hold; 0: not timed */
	__u32 id;
	__u32 gen; /* of the mapping when mapped */
	__u32 kind;
	__u32 backend;
	__s32 map_stack;
	int early; /* one of the first of its call site */
};

/* The map that an unmap ended. */
enum closed {
	CLOSED,		   /* the last map, or a sleepable one */
	CLOSED_NOT_LAST,   /* a map below others */
	CLOSED_OTHER_KIND, /* a map of another kind */
	CLOSED_NOTHING,	   /* no known map */
};

static __always_inline int stack_add(struct iomap_stack *s, const struct opened *o)
{
	struct iomap_frame *f = iomap_stack_next(s);
	int lost = IOMAP_LOST_NONE;

	if (iomap_stack_full(s)) {
		map_gone(f->id, f->gen, f->kind, f->caller);
		s->forgotten++;
		lost = IOMAP_LOST_DEPTH_OVERFLOW;
	}
	f->vaddr = o->vaddr;
	f->ts = o->start;
	f->caller = o->caller;
	f->id = o->id;
	f->gen = o->gen;
	f->map_stack = o->map_stack;
	f->kind = o->kind;
	f->backend = o->backend;
	iomap_stack_push(s);
	return lost;
}

static __always_inline int sleepable_add(const struct opened *o)
{
	struct iomap_live entry = {
		.ts = o->start,
		.caller = o->caller,
		.task = bpf_get_current_task(),
		.id = o->id,
		.gen = o->gen,
		.map_stack = o->map_stack,
		.backend = o->backend,
	};

	return live_add(o->vaddr, &entry);
}

/* Remembers a map until its unmap. Returns IOMAP_LOST_NONE or the reason why it cannot. */
static __always_inline int section_open(struct iomap_cpu *cpu, struct opened *o)
{
	if (o->kind == IOMAP_SLEEPABLE) {
		o->start = cfg_timing == IOMAP_TIMING_OFF ? 0 : bpf_ktime_get_ns();
		return sleepable_add(o);
	}
	o->start = hold_start(cpu, o->kind, o->early);
	return stack_add(&cpu->stack, o);
}

static __always_inline void from_frame(struct opened *o, const struct iomap_frame *f)
{
	o->caller = f->caller;
	o->start = f->ts;
	o->id = f->id;
	o->gen = f->gen;
	o->kind = f->kind;
	o->backend = f->backend;
	o->map_stack = f->map_stack;
}

static __always_inline void from_live(struct opened *o, const struct iomap_live *l)
{
	o->caller = l->caller;
	o->start = l->ts;
	o->id = l->id;
	o->gen = l->gen;
	o->kind = IOMAP_SLEEPABLE;
	o->backend = l->backend;
	o->map_stack = l->map_stack;
}

static __always_inline enum closed close_sleepable(struct iomap_cpu *cpu, __u64 vaddr,
						   struct opened *ret)
{
	struct iomap_frame f;

	if (live_take(cpu, vaddr, bpf_get_current_task())) {
		from_live(ret, &cpu->taken);
		return CLOSED;
	}
	if (iomap_stack_pop(&cpu->stack, vaddr, IOMAP_KIND_MAX, &f) == IOMAP_POP_NONE)
		return CLOSED_NOTHING;
	from_frame(ret, &f);
	return CLOSED_OTHER_KIND;
}

static __always_inline enum closed close_stacked(struct iomap_cpu *cpu, __u64 vaddr, __u32 kind,
						 struct opened *ret)
{
	enum iomap_pop pop;
	struct iomap_frame f;

	pop = iomap_stack_pop(&cpu->stack, vaddr, kind, &f);
	if (pop != IOMAP_POP_NONE) {
		from_frame(ret, &f);
		return pop == IOMAP_POP_TOP ? CLOSED : CLOSED_NOT_LAST;
	}
	if (iomap_stack_pop(&cpu->stack, vaddr, IOMAP_KIND_MAX, &f) != IOMAP_POP_NONE) {
		from_frame(ret, &f);
		return CLOSED_OTHER_KIND;
	}
	/* Skip sleepable maps that other tasks have at the same address. */
	if (!live_take_pass(cpu, vaddr, bpf_get_current_task(), LIVE_OWN))
		return CLOSED_NOTHING;
	from_live(ret, &cpu->taken);
	return CLOSED_OTHER_KIND;
}

/* Takes out the map that an unmap ends, and copies it to *ret. */
static __always_inline enum closed section_close(struct iomap_cpu *cpu, __u64 vaddr, __u32 kind,
						 struct opened *ret)
{
	if (kind == IOMAP_SLEEPABLE)
		return close_sleepable(cpu, vaddr, ret);
	return close_stacked(cpu, vaddr, kind, ret);
}

#endif
