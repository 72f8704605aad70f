/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * Unmatched unmaps: no known map has the address. Either the driver is wrong, or it ends a map that
 * is older than the programs. If the latter can be ruled out, the unmap is a violation; else it is
 * counted as undecided.
 */
#ifndef IOMAP_UNMATCHED_BPF_H
#define IOMAP_UNMATCHED_BPF_H

#include "account.bpf.h"

/* Mappings tried when an address is looked for. */
#define RANGES_TRIED 256

/* The members of the kernel's struct that are read. */
struct task_struct {
	__u64 start_time; /* CLOCK_MONOTONIC */
} __attribute__((preserve_access_index));

/* The address lies in a linear mapping that is younger than the programs. */
static __always_inline int in_new_mapping(__u64 vaddr)
{
	struct iomap_mapping *m;
	__u64 found = 0;
	__u32 id;

	for (id = 1; id < RANGES_TRIED; id++) {
		m = mapping_of(id);
		if (!m)
			break;
		found |= is_set(m->vbase) & is_set(m->created_ns) &
			 is_below(vaddr - m->vbase, m->size);
	}
	return found;
}

/* The task is younger than the programs, and so are its sections. */
static __always_inline int in_new_task(void)
{
	struct task_struct *task = bpf_get_current_task_btf();

	return task->start_time > shared.armed_ns;
}

/* The unmap may end a section that the programs forgot. */
static __always_inline int may_be_forgotten(struct iomap_cpu *cpu, __u32 kind)
{
	if (kind == IOMAP_SLEEPABLE)
		return shared.live_lost;
	if (cpu->stack.forgotten) {
		cpu->stack.forgotten--;
		return 1;
	}
	return shared.unsaved;
}

/* Counts the unmap. Returns 1 when the address is proved not to be mapped. */
static __always_inline int unmatched_proved(struct iomap_cpu *cpu, __u64 vaddr, __u32 kind)
{
	int proved;

	if (may_be_forgotten(cpu, kind))
		proved = 0;
	else if (!shared.old)
		proved = 1;
	else if (kind == IOMAP_ATOMIC && !cfg_preempt_rt && cpu->settled)
		proved = 1;
	else if (kind != IOMAP_SLEEPABLE && in_new_task())
		proved = 1;
	else
		proved = in_new_mapping(vaddr);
	if (!proved)
		count_kind(cpu->undecided, kind);
	return proved;
}

#endif
