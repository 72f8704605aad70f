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

/* The map that an unmap ended. */
enum closed {
	CLOSED,		   /* the last map, or a sleepable one */
	CLOSED_INSIDE,	   /* the same, by another address inside it */
	CLOSED_NOT_LAST,   /* a map below others */
	CLOSED_OTHER_KIND, /* a map of another kind */
	CLOSED_NOTHING,	   /* no map */
	CLOSED_UNKNOWN,	   /* no known map, but there may be an older one */
};

static __always_inline int stack_add(struct iomap_stack *s, const struct iomap_opened *o)
{
	struct iomap_frame *f = iomap_stack_next(s);
	int lost = IOMAP_LOST_NONE;

	if (iomap_stack_full(s) && iomap_frame_open(f)) {
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

static __always_inline int sleepable_add(const struct iomap_opened *o)
{
	struct iomap_live entry = {
		.ts = o->start,
		.caller = o->caller,
		.task = bpf_get_current_task(),
		.id = o->id,
		.gen = o->gen,
		.map_stack = o->map_stack,
		.backend = o->backend,
		.size = o->size,
	};

	return live_add(o->vaddr, &entry);
}

/* Remembers a map until its unmap. Returns IOMAP_LOST_NONE or the reason why it cannot. */
static __always_inline int section_open(struct iomap_cpu *cpu, struct iomap_opened *o)
{
	if (o->kind == IOMAP_SLEEPABLE) {
		o->start = cfg_timing == IOMAP_TIMING_OFF ? 0 : bpf_ktime_get_ns();
		return sleepable_add(o);
	}
	o->start = hold_start(cpu, o->kind, o->early);
	return stack_add(&cpu->stack, o);
}

static __always_inline void from_frame(struct iomap_opened *o, const struct iomap_frame *f)
{
	o->caller = f->caller;
	o->start = f->ts;
	o->id = f->id;
	o->gen = f->gen;
	o->kind = f->kind;
	o->backend = f->backend & ~IOMAP_DOUBTED;
	o->doubted = f->backend & IOMAP_DOUBTED;
	o->map_stack = f->map_stack;
	o->mapped = f->vaddr;
}

static __always_inline void from_live(struct iomap_opened *o, const struct iomap_cpu *cpu)
{
	const struct iomap_live *l = &cpu->taken;

	o->caller = l->caller;
	o->start = l->ts;
	o->id = l->id;
	o->gen = l->gen;
	o->kind = IOMAP_SLEEPABLE;
	o->backend = l->backend;
	o->map_stack = l->map_stack;
	o->mapped = cpu->live_key.vaddr;
}

/* Where the map of an unmap is. */
enum found {
	FOUND_NOTHING,
	FOUND_FRAME,
	FOUND_LIVE,	   /* a sleepable map of that address */
	FOUND_LIVE_INSIDE, /* a sleepable map that the address lies in */
};

/*
 * The kind that an unmap asks for. It is read from memory each time, where the verifier does not
 * know it: it would check the following code once for each kind that was seen before.
 */
static __always_inline __u32 asked_kind(struct iomap_cpu *cpu)
{
	return *(volatile __u32 *)&cpu->opened.asked;
}

/*
 * Looks for the map that an unmap ends. A map of that address goes before one that the address lies
 * in. An unmap of an atomic or local map skips the sleepable maps of other tasks.
 */
static __always_inline enum found section_find(struct iomap_cpu *cpu)
{
	__u64 task = bpf_get_current_task(), vaddr = cpu->opened.vaddr;

	if (asked_kind(cpu) == IOMAP_SLEEPABLE && live_take(cpu, vaddr, task))
		return FOUND_LIVE;
	if (iomap_stack_find(&cpu->stack, vaddr, asked_kind(cpu), cfg_page_size) <=
	    IOMAP_FIT_EXACT_OTHER)
		return FOUND_FRAME;
	if (asked_kind(cpu) != IOMAP_SLEEPABLE && live_take_pass(cpu, vaddr, task, LIVE_OWN))
		return FOUND_LIVE;
	if (asked_kind(cpu) != IOMAP_SLEEPABLE && iomap_stack_fit(&cpu->stack) != IOMAP_FIT_NONE)
		return FOUND_FRAME;
	if (live_take_inside(cpu, vaddr, task, hide_value(asked_kind(cpu) == IOMAP_SLEEPABLE)))
		return FOUND_LIVE_INSIDE;
	return iomap_stack_fit(&cpu->stack) == IOMAP_FIT_NONE ? FOUND_NOTHING : FOUND_FRAME;
}

/* Takes out the map that an unmap ends, and copies it to cpu->opened. */
static __always_inline enum closed section_close(struct iomap_cpu *cpu)
{
	__u32 found = cpu->opened.vaddr ? hide_value(section_find(cpu)) : FOUND_NOTHING;
	struct iomap_frame f;
	enum iomap_pop pop;
	__u32 fit;

	if (found == FOUND_NOTHING)
		return CLOSED_NOTHING;
	if (found != FOUND_FRAME) {
		from_live(&cpu->opened, cpu);
		if (asked_kind(cpu) != IOMAP_SLEEPABLE)
			return CLOSED_OTHER_KIND;
		return found == FOUND_LIVE ? CLOSED : CLOSED_INSIDE;
	}
	fit = iomap_stack_fit(&cpu->stack);
	pop = iomap_stack_take(&cpu->stack, &f);
	from_frame(&cpu->opened, &f);
	if (fit == IOMAP_FIT_EXACT_OTHER || fit == IOMAP_FIT_INSIDE_OTHER)
		return CLOSED_OTHER_KIND;
	if (pop != IOMAP_POP_TOP)
		return CLOSED_NOT_LAST;
	return fit == IOMAP_FIT_EXACT ? CLOSED : CLOSED_INSIDE;
}

/*
 * An unmap of that kind has no map. It may have been meant for the newest one, whose section has
 * ended then. It may also have been one too many, so that map may still be unmapped.
 */
static __always_inline void section_doubt(struct iomap_cpu *cpu, __u32 kind)
{
	struct iomap_frame *f;
	__u32 i;

	iomap_stack_for_each(&cpu->stack, i, f)
	{
		if (!iomap_frame_open(f) || f->kind != kind)
			continue;
		map_gone(f->id, f->gen, f->kind, f->caller);
		f->backend |= IOMAP_DOUBTED;
		break;
	}
}

#endif
