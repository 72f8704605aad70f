/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * Maps and unmaps in flight, from io_mapping_map_start to io_mapping_map and from io_mapping_unmap
 * to io_mapping_unmap_done. Everything that their task does meanwhile is charged to them.
 * Interrupts are not the task, and maps in interrupts send nothing.
 */
#ifndef IOMAP_IPI_OP_BPF_H
#define IOMAP_IPI_OP_BPF_H

#include <bpf/bpf_core_read.h>

#include "ipi_maps.bpf.h"
#include "sections.bpf.h"

/* The kernel's preempt count of a CPU: from 6.2 to 6.14 in here, else in __preempt_count. */
struct pcpu_hot {
	int preempt_count;
} __attribute__((preserve_access_index));

#define SOFTIRQ_SERVED 0x000100
#define HARDIRQ_MASK   0x0f0000
#define NMI_MASK       0xf00000

/* The address of that variable of this CPU. */
static __always_inline __u64 find_preempt_count(void)
{
	__u64 offsets = cfg_per_cpu_offset + bpf_get_smp_processor_id() * cfg_long_size;
	__u64 addr = cfg_preempt_count, offset = 0;
	__u32 size = cfg_long_size == 4 ? 4 : 8;

	if (cfg_pcpu_hot && bpf_core_field_exists(((struct pcpu_hot *)0)->preempt_count))
		addr += bpf_core_field_offset(((struct pcpu_hot *)0)->preempt_count);
	bpf_probe_read_kernel(&offset, size, (const void *)(unsigned long)offsets);
	addr += offset;
	return cfg_long_size == 4 ? (__u32)addr : addr;
}

/* The level that the CPU runs at; IOMAP_LEVEL_MAX: not known. */
static __always_inline __u32 level_now(void)
{
	struct iomap_ipi_state *st;
	__u32 count = 0, zero = 0;

	if (cfg_always_task)
		return IOMAP_LEVEL_TASK;
	st = bpf_map_lookup_elem(&ipi_state, &zero);
	if (!st || !cfg_preempt_count)
		return IOMAP_LEVEL_MAX;
	if (!st->preempt_count)
		st->preempt_count = find_preempt_count();
	if (bpf_probe_read_kernel(&count, sizeof(count),
				  (const void *)(unsigned long)st->preempt_count))
		return IOMAP_LEVEL_MAX;
	if (count & NMI_MASK)
		return IOMAP_LEVEL_NMI;
	if (count & HARDIRQ_MASK)
		return IOMAP_LEVEL_HARDIRQ;
	return count & SOFTIRQ_SERVED ? IOMAP_LEVEL_SOFTIRQ : IOMAP_LEVEL_TASK;
}

static __always_inline int in_task(void)
{
	return level_now() == IOMAP_LEVEL_TASK;
}

static __always_inline struct iomap_ipi_cpu *ipi_cpu_at(__u32 level)
{
	/* If the level is not known, count as for an interrupt: nothing is charged to maps. */
	if (level >= IOMAP_LEVEL_MAX)
		level = IOMAP_LEVEL_HARDIRQ;
	return bpf_map_lookup_elem(&ipi_cpus, &level);
}

/* The record of the call site, made if there is none; NULL when there is no room. */
static __always_inline struct iomap_ipi_caller *ipi_caller_of(__u64 caller, __u32 id, __u32 kind,
							      __u32 backend)
{
	struct iomap_ipi_caller_key key = {
		.caller = caller, .id = id, .kind = kind, .backend = backend
	};
	struct iomap_ipi_caller *s = bpf_map_lookup_elem(&ipi_callers, &key);
	static const struct iomap_ipi_caller none;

	if (s)
		return s;
	bpf_map_update_elem(&ipi_callers, &key, &none, BPF_NOEXIST);
	return bpf_map_lookup_elem(&ipi_callers, &key);
}

/* Adds ranges that the caller queued in that epoch, and settles an older epoch. */
static __always_inline void caller_queued(struct iomap_ipi_caller *s, __u64 epoch, __u64 ranges)
{
	__u32 at = s->open[1].epoch & (IOMAP_PURGES - 1);
	struct iomap_ipi_purge *p;

	s->queued += ranges;
	if (epoch > s->open[0].epoch) {
		p = bpf_map_lookup_elem(&ipi_purges, &at);
		if (p && s->open[1].ranges && !iomap_ipi_settle(s, &s->open[1], p))
			s->expired += s->open[1].ranges;
		s->open[1] = s->open[0];
		s->open[0].epoch = epoch;
		s->open[0].ranges = 0;
	}
	/* A purge may have begun since the caller queued them. */
	if (epoch == s->open[1].epoch)
		s->open[1].ranges += ranges;
	else
		s->open[0].ranges += ranges;
}

/* Adds the cost of the map or unmap to its call site. */
static __always_inline void ipi_op_settle(struct iomap_ipi_op *op, __u64 caller, __u32 id,
					  __u32 kind, __u32 backend)
{
	struct iomap_ipi_caller *s = ipi_caller_of(caller, id, kind, backend);
	struct iomap_ipi_cpu *ic;

	if (s) {
		iomap_ipi_add(&s->direct, &op->count);
		if (op->queued)
			caller_queued(s, op->epoch, op->queued);
	} else {
		ic = ipi_cpu_at(IOMAP_LEVEL_TASK);
		if (ic)
			ic->unplaced++;
	}
	__builtin_memset(&op->count, 0, sizeof(op->count));
	op->queued = 0;
	op->used = 0;
}

static __always_inline void op_time(__u32 op, __u32 backend, __u32 kind, __u64 ns)
{
	__u32 key = iomap_op_index(op, backend, kind);
	struct iomap_hist *h = bpf_map_lookup_elem(&op_hists, &key);

	if (h)
		hist_add(h, ns);
}

/* The hold of the map may be timed. Its call site is not known yet. */
static __always_inline int hold_expected(const struct iomap_cpu *cpu, __u32 id, __u32 kind)
{
	struct iomap_counters *c;

	if (cfg_timing == IOMAP_TIMING_ALL || (cfg_max_hold_ns && kind == IOMAP_ATOMIC))
		return 1;
	if (cfg_timing == IOMAP_TIMING_OFF || kind >= IOMAP_KIND_MAX)
		return 0;
	if (kind == IOMAP_SLEEPABLE || !cpu->sample_left)
		return 1;
	c = counters_of(id);
	return c && c->kind[kind].maps < IOMAP_SAMPLE_FIRST;
}

/* A map begins. It is timed if its hold is. */
static __always_inline void ipi_op_map_start(struct iomap_cpu *cpu, __u32 id, __u32 kind)
{
	struct iomap_ipi_op *op = &cpu->stack.op;

	if (!in_task())
		return;
	op->caller = 0;
	op->open = 1;
	op->start = hold_expected(cpu, id, kind) ? bpf_ktime_get_ns() : 0;
}

/* A map is done, and its hold begins. */
static __always_inline void ipi_op_map_end(struct iomap_cpu *cpu, const struct iomap_opened *o)
{
	struct iomap_ipi_op *op = &cpu->stack.op;

	if (!cfg_ipi || !op->open || !in_task())
		return;
	op->open = 0;
	if (op->start && o->start)
		op_time(IOMAP_OP_MAP, o->backend, o->kind, o->start - op->start);
	if (op->used)
		ipi_op_settle(op, o->caller, o->id, o->kind, o->backend);
}

/* An unmap of a known map begins. held_ns: hold time until now; 0: not known. */
static __always_inline void ipi_op_unmap(struct iomap_cpu *cpu, const struct iomap_opened *o,
					 __u64 held_ns)
{
	struct iomap_ipi_op *op = &cpu->stack.op;
	struct iomap_ipi_caller *s;
	struct iomap_ipi_cpu *ic;
	__u32 level;

	if (!cfg_ipi || o->backend == IOMAP_LINEAR)
		return;
	level = level_now();
	if (o->backend == IOMAP_IOREMAP && o->kind != IOMAP_SLEEPABLE) {
		s = ipi_caller_of(o->caller, o->id, o->kind, o->backend);
		if (s)
			s->slots++;
		ic = ipi_cpu_at(level);
		if (ic) {
			ic->slots++;
			ic->unplaced += !s;
		}
	}
	if (level != IOMAP_LEVEL_TASK || !(shared.ipi_hooks & IOMAP_HAS_UNMAP_DONE))
		return;
	op->start = o->start && held_ns ? o->start + held_ns : 0;
	op->caller = o->caller;
	op->id = o->id;
	op->kind = o->kind;
	op->backend = o->backend;
	op->open = 1;
}

/* An unmap is done. */
static __always_inline void ipi_op_unmap_end(struct iomap_cpu *cpu)
{
	struct iomap_ipi_op *op = &cpu->stack.op;
	__u32 backend, kind;

	if (!op->open || !in_task())
		return;
	op->open = 0;
	backend = op->backend;
	kind = op->kind;
	if (op->start)
		op_time(IOMAP_OP_UNMAP, backend, kind, bpf_ktime_get_ns() - op->start);
	if (op->used)
		ipi_op_settle(op, op->caller, op->id, kind, backend);
}

#endif
