/* SPDX-License-Identifier: GPL-2.0-only */
/* Which stack an atomic or local section is on, and where sleepable maps are remembered. */
#ifndef IOMAP_SECTIONS_BPF_H
#define IOMAP_SECTIONS_BPF_H

#include "hold.bpf.h"
#include "live.bpf.h"
#include "stack.h"

/* Only what is read of the kernel's own struct: nothing, its address is the key. */
struct task_struct {
} __attribute__((preserve_access_index));

/* A map that succeeded. */
struct opened {
	__u64 vaddr;
	__u64 caller;
	__u32 id;
	__u32 kind;
	__u32 backend;
};

/* An atomic section is per CPU, as preemption is off, but per task on PREEMPT_RT. */
static __always_inline int per_cpu(__u32 kind)
{
	return kind == IOMAP_ATOMIC && !cfg_preempt_rt;
}

static __always_inline struct iomap_stack *task_stack(__u64 flags)
{
	struct task_struct *task = bpf_get_current_task_btf();

	return bpf_task_storage_get(&tasks, task, NULL, flags);
}

static __always_inline int stack_add(struct iomap_stack *s, const struct opened *o, __u64 start)
{
	int lost = iomap_stack_full(s) ? IOMAP_LOST_DEPTH_OVERFLOW : IOMAP_LOST_NONE;
	struct iomap_frame *f = iomap_stack_next(s);

	f->vaddr = o->vaddr;
	f->ts = start;
	f->caller = o->caller;
	f->id = o->id;
	f->kind = o->kind;
	f->backend = o->backend;
	iomap_stack_push(s);
	return lost;
}

static __always_inline int sleepable_add(const struct opened *o, __u64 start)
{
	struct iomap_mapping *m = mapping_of(o->id);
	struct iomap_live entry = {
		.ts = start,
		.caller = o->caller,
		.task = bpf_get_current_task(),
		.id = o->id,
		.gen = m ? m->gen : 0,
		.backend = o->backend,
	};

	return live_add(o->vaddr, &entry);
}

/* Remembers a map until its unmap. Returns IOMAP_LOST_NONE or why it will be forgotten. */
static __always_inline int section_open(struct iomap_cpu *cpu, const struct opened *o)
{
	struct iomap_stack *s;

	if (o->kind == IOMAP_SLEEPABLE)
		return sleepable_add(o, cfg_timing == IOMAP_TIMING_OFF ? 0 : bpf_ktime_get_ns());
	if (per_cpu(o->kind))
		return stack_add(&cpu->atomic, o, hold_start(cpu));
	s = task_stack(BPF_LOCAL_STORAGE_GET_F_CREATE);
	if (!s)
		return IOMAP_LOST_TASK_STORAGE;
	return stack_add(s, o, hold_start(cpu));
}

/*
 * Takes out the map that an unmap ends; *ret_start is the start of its hold or 0. Returns 1 when
 * it was known.
 */
static __always_inline int section_close(struct iomap_cpu *cpu, __u64 vaddr, __u32 kind,
					 struct opened *ret, __u64 *ret_start)
{
	struct iomap_frame f;
	struct iomap_stack *s;
	struct iomap_live l;

	if (kind == IOMAP_SLEEPABLE) {
		if (!live_take(vaddr, bpf_get_current_task(), &l))
			return 0;
		ret->id = l.id;
		ret->backend = l.backend;
		ret->caller = l.caller;
		*ret_start = l.ts;
		return 1;
	}
	if (per_cpu(kind)) {
		if (iomap_stack_pop(&cpu->atomic, vaddr, kind, &f) == IOMAP_POP_NONE)
			return 0;
	} else {
		s = task_stack(0);
		if (!s || iomap_stack_pop(s, vaddr, kind, &f) == IOMAP_POP_NONE)
			return 0;
	}
	ret->id = f.id;
	ret->backend = f.backend;
	ret->caller = f.caller;
	*ret_start = f.ts;
	return 1;
}

#endif
