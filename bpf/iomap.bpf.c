// SPDX-License-Identifier: GPL-2.0-only
/*
 * Counts the calls of io_mapping and checks them. Each tracepoint of io_mapping has a program; the
 * arguments are scalars, so these programs read no kernel memory. Task switches, task exits and
 * functions that may sleep have programs of their own.
 *
 * The kernel calls the tracepoints of io_mapping and sched_switch with interrupts off: on one CPU
 * such a program ends before the next one begins. The code has no atomics and no calls between BPF
 * functions, as the i386 JIT has neither.
 */
#include <linux/bpf.h>
#include <linux/errno.h>
#include <bpf/bpf_helpers.h>

#include "iomap.h"
#include "checks.bpf.h"
#include "ipi_progs.bpf.h"
#include "fast.bpf.h"
#include "slow.bpf.h"
#include "site_modules.bpf.h"
#include "sites.bpf.h"
#include "tasks.bpf.h"

char LICENSE[] SEC("license") = "GPL";

SEC("raw_tp/io_mapping_create")
int iomap_create(struct bpf_raw_tracepoint_args *ctx)
{
	struct iomap_cpu *cpu = event_seen();

	if (!cpu)
		return 0;
	return create_seen(ctx, cpu, FROM_TRACEPOINT);
}

SEC("raw_tp/io_mapping_free")
int iomap_free(struct bpf_raw_tracepoint_args *ctx)
{
	struct iomap_cpu *cpu = event_seen();

	if (!cpu)
		return 0;
	return free_seen(ctx, ctx, cpu, FROM_TRACEPOINT);
}

/* module_load(struct module *mod): an address that belonged to another module may be its own. */
SEC("raw_tp/module_load")
int iomap_module_load(struct bpf_raw_tracepoint_args *ctx)
{
	__u16 next = shared.modules + 1;

	shared.modules = next ?: 1;
	return 0;
}

SEC("raw_tp/io_mapping_map")
int iomap_map(struct bpf_raw_tracepoint_args *ctx)
{
	struct iomap_cpu *cpu = shared.armed ? event_seen() : NULL;

	if (!cpu)
		return 0;
	if (fast_map(ctx, cpu))
		return 0;
	/* Keep the compiler from setting up the slow path's values on the fast path. */
	barrier_var(ctx);
	barrier_var(cpu);
	cpu->slow++;
	return map_seen(ctx, ctx, cpu, FROM_TRACEPOINT);
}

SEC("raw_tp/io_mapping_unmap")
int iomap_unmap(struct bpf_raw_tracepoint_args *ctx)
{
	struct iomap_cpu *cpu = shared.armed ? event_seen() : NULL;

	if (!cpu)
		return 0;
	if (fast_unmap(ctx, cpu))
		return 0;
	barrier_var(ctx);
	barrier_var(cpu);
	cpu->slow++;
	return unmap_seen(ctx, ctx, cpu, FROM_TRACEPOINT);
}

/* sched_switch(bool preempt, struct task_struct *prev, *next, unsigned int prev_state) */
SEC("raw_tp/sched_switch")
int iomap_switch(struct bpf_raw_tracepoint_args *ctx)
{
	struct iomap_cpu *cpu = this_cpu();
	__u32 state = ctx->args[3];
	struct iomap_frame *f;

	if (!cpu || !shared.armed)
		return 0;
	cpu->settled = 1;
	if (tasks_holds(cpu)) {
		f = iomap_stack_atomic(&cpu->stack);
		if (f && (!cfg_preempt_rt || by_choice(ctx->args[0], state)))
			section_broken(ctx, cpu, IOMAP_SLEEP_IN_ATOMIC, f, 0, IRQS_OFF);
		tasks_save(cpu, ctx->args[1], state);
	}
	tasks_restore(cpu, ctx->args[2]);
	return 0;
}

/* do_exit() begins. It may sleep, but the driver is not to blame for that: close all sections. */
SEC("kprobe")
int iomap_do_exit(struct pt_regs *ctx)
{
	return leaked_at_exit(ctx, entered_from(ctx));
}

/* sched_process_exit(struct task_struct *task): catches exits for which the probe was skipped */
SEC("raw_tp/sched_process_exit")
int iomap_exit(struct bpf_raw_tracepoint_args *ctx)
{
	return leaked_at_exit(ctx, 0);
}

/* Functions that may sleep; the loader chooses them. */
SEC("kprobe")
int iomap_may_sleep(struct pt_regs *ctx)
{
	struct iomap_cpu *cpu = busy_cpu();

	return cpu ? may_sleep(ctx, cpu, entered_from(ctx), 0, canary_of_probe(ctx)) : 0;
}

/* The function that is called most: a BPF trampoline costs less than a kprobe. */
SEC("?fentry")
int iomap_may_sleep_fentry(void *ctx)
{
	struct iomap_cpu *cpu = busy_cpu();

	return cpu ? may_sleep(ctx, cpu, 0, TRAMPOLINE_FRAMES, IOMAP_CANARY_COND_RESCHED) : 0;
}

/* An allocation of memory. gfp: its flags. */
static __always_inline int allocated(void *ctx, __u32 gfp)
{
	struct iomap_cpu *cpu = busy_cpu();

	if (!cpu || !(gfp & cfg_gfp_may_sleep))
		return 0;
	return may_sleep(ctx, cpu, 0, 0, 0);
}

/* kmem_cache_alloc(unsigned long caller, void *, struct kmem_cache *, gfp_t, int node) */
SEC("?raw_tp/kmem_cache_alloc")
int iomap_alloc_object(struct bpf_raw_tracepoint_args *ctx)
{
	return allocated(ctx, ctx->args[3]);
}

/* kmalloc(unsigned long caller, void *, size_t asked, size_t allocated, gfp_t, int node) */
SEC("?raw_tp/kmalloc")
int iomap_alloc_bytes(struct bpf_raw_tracepoint_args *ctx)
{
	return allocated(ctx, ctx->args[4]);
}

/* mm_page_alloc(struct page *, unsigned int order, gfp_t, int migratetype) */
SEC("?raw_tp/mm_page_alloc")
int iomap_alloc_pages(struct bpf_raw_tracepoint_args *ctx)
{
	return allocated(ctx, ctx->args[2]);
}
