/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * The sections of tasks that are switched out. Most tasks never hold one then, but this code runs
 * at every switch of the machine: it costs two loads while no task holds a section.
 */
#ifndef IOMAP_TASKS_BPF_H
#define IOMAP_TASKS_BPF_H

#include "account.bpf.h"
#include "stack.h"

/* States of a task, as the kernel numbers them. */
#define TASK_DEAD_STATE	  0x80	 /* its last switch */
#define TASK_RTLOCK_STATE 0x1000 /* it waits for a spin lock, on PREEMPT_RT */

/* Look-ups without a hit after which the programs check whether any task is saved at all. */
#define MISSES_MAX 256
/* The last save must be at least this old then: longer than a save takes. */
#define SAVE_NS_MAX 10000000

/* Forgets the open maps of the stack: their unmaps will be unmatched. */
static __always_inline void tasks_forget(struct iomap_cpu *cpu)
{
	struct iomap_stack *s = &cpu->stack;
	struct iomap_frame *f;
	__u32 i;

	iomap_stack_for_each(s, i, f)
	{
		if (iomap_frame_open(f))
			map_gone(f->id, f->gen, f->kind, f->caller);
	}
}

/* The running task has state that moves with it. */
static __always_inline int tasks_holds(const struct iomap_cpu *cpu)
{
	return cpu->stack.busy || cpu->stack.forgotten || cpu->stack.op.open ||
	       cpu->stack.op.reserve;
}

/* The task leaves the CPU and takes its open sections along. state: of the task. */
static __always_inline void tasks_save(struct iomap_cpu *cpu, __u64 task, __u32 state)
{
	shared.saved = 1;
	shared.saved_ns = bpf_ktime_get_ns();
	if (state & TASK_DEAD_STATE) {
		tasks_forget(cpu);
	} else if (!bpf_map_update_elem(&saved, &task, &cpu->stack, BPF_ANY)) {
		cpu->saves++;
	} else {
		shared.unsaved = 1;
		tasks_forget(cpu);
		cpu->seen++;
		cpu->lost[IOMAP_LOST_SAVED_FULL]++;
	}
	/* Set the flag again: clear_saved() may have cleared it meanwhile. */
	shared.saved = 1;
	cpu->stack.busy = 0;
	cpu->stack.forgotten = 0;
	cpu->stack.op.open = 0;
	cpu->stack.op.reserve = 0;
}

/* Clears the flag when no task is saved and the last save is old enough. */
static __always_inline void clear_saved(void)
{
	__u64 saves = 0, restores = 0;
	struct iomap_cpu *cpu;
	__u32 zero = 0, i;

	if (bpf_ktime_get_ns() - shared.saved_ns < SAVE_NS_MAX)
		return;
	for (i = 0; i < cfg_cpus; i++) {
		cpu = bpf_map_lookup_percpu_elem(&cpus, &zero, i);
		if (!cpu)
			break;
		saves += cpu->saves;
		restores += cpu->restores;
	}
	if (saves == restores)
		shared.saved = 0;
}

/* The task comes to the CPU and brings its open sections along. */
static __always_inline void tasks_restore(struct iomap_cpu *cpu, __u64 task)
{
	struct iomap_stack *s;

	if (!shared.saved)
		return;
	s = bpf_map_lookup_elem(&saved, &task);
	if (!s) {
		if (++cpu->misses >= MISSES_MAX) {
			cpu->misses = 0;
			clear_saved();
		}
		return;
	}
	bpf_probe_read_kernel(&cpu->stack, sizeof(cpu->stack), s);
	bpf_map_delete_elem(&saved, &task);
	cpu->restores++;
}

#endif
