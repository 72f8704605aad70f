/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * The sections of tasks that are switched out. Most tasks never hold one then, but this code runs
 * at every switch of the machine: it costs a few loads while no task holds a section.
 */
#ifndef IOMAP_TASKS_BPF_H
#define IOMAP_TASKS_BPF_H

#include "account.bpf.h"
#include "stack.h"

/* States of a task, as the kernel numbers them. */
#define TASK_DEAD_STATE	  0x80	 /* its last switch */
#define TASK_RTLOCK_STATE 0x1000 /* it waits for a spin lock, on PREEMPT_RT */

/* Look-ups without a hit after which CPU 0 checks whether any task is saved at all. */
#define MISSES_MAX 256

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
	if (state & TASK_DEAD_STATE) {
		tasks_forget(cpu);
	} else if (!bpf_map_update_elem(&saved, &task, &cpu->stack, BPF_ANY)) {
		cpu->saves++;
		barrier();
		shared.saved = 1;
	} else {
		shared.unsaved = 1;
		tasks_forget(cpu);
		cpu->seen++;
		cpu->lost[IOMAP_LOST_SAVED_FULL]++;
	}
	cpu->stack.busy = 0;
	cpu->stack.forgotten = 0;
	cpu->stack.op.open = 0;
	cpu->stack.op.reserve = 0;
}

/*
 * Clears the flag when no task is saved, in two steps at two switches of CPU 0. The first step
 * clears the flag. The second one sets it again if a task had been saved before; a task that is
 * saved later sets it itself. While `clearing` is set, all CPUs look for saved tasks. The stores of
 * one step are seen in their order, and a switch between the steps is a memory barrier.
 */
static __always_inline void clear_saved(void)
{
	__u64 saves = 0, restores = 0;
	struct iomap_cpu *cpu;
	__u32 zero = 0, i;

	if (!shared.clearing) {
		shared.clearing = 1;
		barrier();
		shared.saved = 0;
		return;
	}
	for (i = 0; i < cfg_cpus; i++) {
		cpu = bpf_map_lookup_percpu_elem(&cpus, &zero, i);
		if (!cpu)
			break;
		saves += cpu->saves;
		restores += cpu->restores;
	}
	if (saves != restores)
		shared.saved = 1;
	barrier();
	shared.clearing = 0;
}

/*
 * A task may be saved. The flag is read before and after `clearing`: clear_saved() may set the one
 * and clear the other meanwhile.
 */
static __always_inline int tasks_saved(void)
{
	const volatile struct iomap_shared *s = &shared;

	return s->saved || s->clearing || s->saved;
}

/* The task comes to the CPU and brings its open sections along. */
static __always_inline void tasks_restore(struct iomap_cpu *cpu, __u64 task)
{
	struct iomap_stack *s;

	if (!tasks_saved())
		return;
	s = bpf_map_lookup_elem(&saved, &task);
	if (!s) {
		if (bpf_get_smp_processor_id() == 0 && ++cpu->misses >= MISSES_MAX) {
			/* The second step follows at the next switch. */
			cpu->misses = shared.clearing ? 0 : MISSES_MAX;
			clear_saved();
		}
		return;
	}
	bpf_probe_read_kernel(&cpu->stack, sizeof(cpu->stack), s);
	bpf_map_delete_elem(&saved, &task);
	cpu->restores++;
}

#endif
