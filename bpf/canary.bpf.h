/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * The canary: an attached hook may still not fire, for example while kernel.ftrace_enabled is 0. A
 * thread of user space gets a canary, makes system calls that reach hooks, and takes the canary
 * back with a bit for each kind of hook that fired. It moves with the task, as the open sections
 * do, so a thread that moves to another CPU also proves the hook on task switches. Without a canary
 * and open sections, the programs that look for it end after one test for both.
 */
#ifndef IOMAP_CANARY_BPF_H
#define IOMAP_CANARY_BPF_H

#include "account.bpf.h"

/* A hook fired: remember it if the running task has a canary. */
static __always_inline void canary_fired(struct iomap_cpu *cpu, __u32 bit)
{
	if (cpu->stack.canary)
		cpu->stack.canary |= bit;
}

/*
 * User space runs this program for its own thread. The argument is IOMAP_CANARY_SET to set the
 * canary, 0 to take it back. Returns the bits that it had.
 */
SEC("raw_tp")
int iomap_canary(struct bpf_raw_tracepoint_args *ctx)
{
	struct iomap_cpu *cpu = this_cpu();
	__u32 bits;

	if (!cpu)
		return 0;
	bits = cpu->stack.canary;
	cpu->stack.canary = ctx->args[0];
	return bits;
}

/* task_rename(struct task_struct *, const char *): a thread can reach it, and others rarely do. */
SEC("raw_tp/task_rename")
int iomap_canary_rename(void *ctx)
{
	struct iomap_cpu *cpu = this_cpu();

	if (cpu)
		canary_fired(cpu, IOMAP_CANARY_TRACEPOINT);
	return 0;
}

/* The same for kprobes: on the function with that tracepoint. */
SEC("kprobe")
int iomap_canary_probe(void *ctx)
{
	struct iomap_cpu *cpu = this_cpu();

	if (cpu)
		canary_fired(cpu, IOMAP_CANARY_KPROBE);
	return 0;
}

#endif
