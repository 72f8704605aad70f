/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * The programs for interrupts between CPUs; iomap.bpf.c includes this file once. Each interrupt is
 * counted once, in the class of its cause. Most of these programs run with interrupts on. A
 * program that interrupts another one runs on a higher level and has counters of its own.
 */
#ifndef IOMAP_IPI_PROGS_BPF_H
#define IOMAP_IPI_PROGS_BPF_H

#include "ipi_op.bpf.h"

struct pt_regs;

/* The counters for an event on this CPU. */
struct sender {
	struct iomap_cpu *cpu;
	struct iomap_ipi_cpu *ic;
	__u32 level;
	__u32 class;
};

/* The class of the CPU's current work. */
static __always_inline __u32 class_now(const struct iomap_cpu *cpu, __u32 level)
{
	if (level != IOMAP_LEVEL_TASK)
		return IOMAP_IPI_OTHER;
	if (cpu->stack.op.reserve)
		return IOMAP_IPI_RESERVE;
	if (shared.purging.task && shared.purging.task == bpf_get_current_task())
		return IOMAP_IPI_PURGE;
	return cpu->stack.op.open ? IOMAP_IPI_DIRECT : IOMAP_IPI_OTHER;
}

/* class_now() is IOMAP_IPI_OTHER on each level. */
static __always_inline int nothing_ours(const struct iomap_cpu *cpu)
{
	return !cpu->stack.op.open && !cpu->stack.op.reserve && !shared.purging.task;
}

/*
 * Returns 0 when nothing is to be counted. alone: no other program counts the same counters on
 * IOMAP_LEVEL_NONE. Finding the level takes longer than all the rest.
 */
static __always_inline int sender_now(struct sender *s, int alone)
{
	s->cpu = shared.armed ? this_cpu() : NULL;
	if (!s->cpu)
		return 0;
	if (alone && nothing_ours(s->cpu)) {
		s->level = IOMAP_LEVEL_NONE;
		s->class = IOMAP_IPI_OTHER;
	} else {
		s->level = level_now();
		s->class = class_now(s->cpu, s->level);
	}
	s->ic = ipi_cpu_at(s->level);
	return s->ic != NULL;
}

_Static_assert(IOMAP_IPI_CLASS_MAX == 4, "a mask bounds the class");

/* The class as an index that the verifier sees the bound of, see total_of(). */
static __always_inline __u32 class_index(__u32 class)
{
	class &= IOMAP_IPI_CLASS_MAX - 1;
	barrier_var(class);
	return class;
}

static __always_inline struct iomap_ipi_count *class_count(struct iomap_ipi_cpu *ic, __u32 class)
{
	return &ic->count[class_index(class)];
}

/* The count of the map, unmap or purge in flight; NULL: none. */
static __always_inline struct iomap_ipi_count *op_count(const struct sender *s)
{
	if (s->class == IOMAP_IPI_PURGE)
		return &shared.purging.count;
	if (s->class != IOMAP_IPI_DIRECT)
		return NULL;
	s->cpu->stack.op.used = 1;
	return &s->cpu->stack.op.count;
}

static __always_inline void count_sent(const struct sender *s, __u64 ipis)
{
	struct iomap_ipi_count *c = class_count(s->ic, s->class), *op = op_count(s);

	c->sends++;
	c->ipis += ipis;
	if (op) {
		op->sends++;
		op->ipis += ipis;
	}
}

static __always_inline void count_target(const struct sender *s, __u32 target)
{
	__u32 level = s->level < IOMAP_LEVEL_MAX ? s->level : IOMAP_LEVEL_HARDIRQ;
	__u32 key = iomap_matrix_index(level, target, cfg_cpus);
	struct iomap_ipi_cell *cell;

	if (cfg_cpus > IOMAP_MATRIX_CPUS || target >= cfg_cpus)
		return;
	cell = bpf_map_lookup_elem(&ipi_matrix, &key);
	if (cell)
		cell->ipis[class_index(s->class)]++;
}

/* ipi_send_cpu(unsigned int cpu, unsigned long callsite, void *callback) */
SEC("raw_tp/ipi_send_cpu")
int iomap_ipi_send_cpu(struct bpf_raw_tracepoint_args *ctx)
{
	__u32 target = ctx->args[0];
	struct sender s;

	if (!sender_now(&s, 1))
		return 0;
	if (!ctx->args[2]) {
		s.ic->sent[IOMAP_IPI_RESCHED]++;
	} else if (target != bpf_get_smp_processor_id()) {
		s.ic->sent[IOMAP_IPI_CALL]++;
	} else {
		/* Deferred work of the CPU, as by our own ring: not caused by the map. */
		s.ic->sent[IOMAP_IPI_IRQ_WORK]++;
		s.class = IOMAP_IPI_OTHER;
	}
	count_sent(&s, 1);
	count_target(&s, target);
	return 0;
}

/* ipi_send_cpumask(const struct cpumask *cpumask, unsigned long callsite, void *callback) */
SEC("raw_tp/ipi_send_cpumask")
int iomap_ipi_send_cpumask(struct bpf_raw_tracepoint_args *ctx)
{
	const void *cpumask = (const void *)(unsigned long)ctx->args[0];
	__u32 zero = 0, bytes = (cfg_cpus + 63) / 64 * 8, i;
	struct cpu_mask *mask;
	struct sender s;
	__u64 ipis = 0;

	mask = bpf_map_lookup_elem(&ipi_masks, &zero);
	if (!mask || !sender_now(&s, 0))
		return 0;
	if (bytes > sizeof(*mask) || bpf_probe_read_kernel(mask, bytes, cpumask)) {
		s.ic->unread++;
		count_sent(&s, 0);
		return 0;
	}
	for (i = 0; i < cfg_cpus; i++) {
		if (!(mask->word[(i / 64) & (MASK_WORDS - 1)] >> (i & 63) & 1))
			continue;
		ipis++;
		count_target(&s, i);
	}
	s.ic->sent[IOMAP_IPI_CALL] += ipis;
	count_sent(&s, ipis);
	return 0;
}

/* csd_queue_cpu(unsigned int cpu, unsigned long callsite, smp_call_func_t func, csd) */
SEC("raw_tp/csd_queue_cpu")
int iomap_ipi_queue(struct bpf_raw_tracepoint_args *ctx)
{
	__u32 zero = 0, me = bpf_get_smp_processor_id();
	__u64 csd = ctx->args[3];
	struct iomap_ipi_state *st;
	struct iomap_ipi_count *op;
	struct sender s;

	st = bpf_map_lookup_elem(&ipi_state, &zero);
	if (!st || !sender_now(&s, !st->calling))
		return 0;
	class_count(s.ic, s.class)->calls++;
	op = op_count(&s);
	if (op)
		op->calls++;
	if (!st->calling || s.level != IOMAP_LEVEL_TASK)
		return 0;
	st->calls++;
	if (s.class == IOMAP_IPI_OTHER)
		return 0;
	shared.joined = 1;
	if (bpf_map_update_elem(&ipi_joins, &csd, &me, BPF_ANY))
		s.ic->unjoined++;
	return 0;
}

/* csd_function_entry(smp_call_func_t func, call_single_data_t *csd) */
SEC("raw_tp/csd_function_entry")
int iomap_ipi_func(struct bpf_raw_tracepoint_args *ctx)
{
	__u64 csd = ctx->args[1];
	struct iomap_ipi_state *st;
	__u32 zero = 0, *sender;

	/* Without a csd, the function runs on the CPU that called it. */
	st = bpf_map_lookup_elem(&ipi_state, &zero);
	if (!st || !csd || !shared.armed)
		return 0;
	st->csd = csd;
	st->sender = -1;
	st->func_ts = bpf_ktime_get_ns();
	if (!shared.joined)
		return 0;
	sender = bpf_map_lookup_elem(&ipi_joins, &csd);
	if (!sender)
		return 0;
	st->sender = *sender;
	bpf_map_delete_elem(&ipi_joins, &csd);
	return 0;
}

/* csd_function_exit(smp_call_func_t func, call_single_data_t *csd) */
SEC("raw_tp/csd_function_exit")
int iomap_ipi_func_done(struct bpf_raw_tracepoint_args *ctx)
{
	__u64 csd = ctx->args[1], ns, *stolen;
	struct iomap_ipi_state *st;
	struct iomap_ipi_cpu *ic;
	__u32 zero = 0, sender;

	st = bpf_map_lookup_elem(&ipi_state, &zero);
	if (!st || !csd || st->csd != csd)
		return 0;
	st->csd = 0;
	ns = bpf_ktime_get_ns() - st->func_ts;
	if (st->sender >= 0) {
		sender = st->sender;
		stolen = bpf_map_lookup_elem(&ipi_stolen, &sender);
		if (stolen)
			*stolen += ns;
		return 0;
	}
	/* Interrupts are off while such functions run, as in received(). */
	ic = ipi_cpu_at(IOMAP_LEVEL_HARDIRQ);
	if (ic)
		ic->count[IOMAP_IPI_OTHER].stolen_ns += ns;
	return 0;
}

/* Pages of the reserve that were unmapped so far. */
static __always_inline __u64 slots_so_far(void)
{
	struct iomap_ipi_cpu *ic;
	__u32 cpu, level;
	__u64 sum = 0;

	for (cpu = 0; cpu < cfg_cpus; cpu++) {
#pragma clang loop unroll(full)
		for (level = 0; level < IOMAP_LEVEL_NMI; level++) {
			__u32 key = level;

			ic = bpf_map_lookup_percpu_elem(&ipi_cpus, &key, cpu);
			if (ic)
				sum += ic->slots;
		}
	}
	return sum;
}

/* smp_call_function_many_cond(): a broadcast begins. The task stays on the CPU until it ends. */
SEC("kprobe")
int iomap_ipi_broadcast(struct pt_regs *ctx)
{
	struct iomap_ipi_state *st;
	__u32 zero = 0;
	struct sender s;

	st = bpf_map_lookup_elem(&ipi_state, &zero);
	if (!st || !sender_now(&s, 0))
		return 0;
	if (s.class == IOMAP_IPI_RESERVE)
		shared.purging.slots = slots_so_far();
	st->call_class = s.class;
	st->calls = 0;
	st->calling = 1;
	st->call_ts = bpf_ktime_get_ns();
	return 0;
}

/* The time that this CPU's broadcasts took on other CPUs since the last call. */
static __always_inline __u64 newly_stolen(struct iomap_ipi_state *st)
{
	__u32 me = bpf_get_smp_processor_id(), cpu;
	__u64 sum = 0, before = st->stolen, *stolen;

	for (cpu = 0; cpu < cfg_cpus; cpu++) {
		stolen = bpf_map_lookup_percpu_elem(&ipi_stolen, &me, cpu);
		if (stolen)
			sum += *stolen;
	}
	st->stolen = sum;
	return sum - before;
}

/* The same returns: all CPUs have run the function. */
SEC("kretprobe")
int iomap_ipi_broadcast_done(struct pt_regs *ctx)
{
	struct iomap_ipi_count *c, *op;
	__u64 wait, stolen = 0;
	struct iomap_ipi_state *st;
	__u32 zero = 0;
	struct sender s;

	st = bpf_map_lookup_elem(&ipi_state, &zero);
	if (!st || !st->calling || !sender_now(&s, 0))
		return 0;
	st->calling = 0;
	/* No function was queued: the other CPUs are idle or offline. */
	if (!st->calls && shared.ipi_hooks & IOMAP_HAS_CSD_QUEUE)
		return 0;
	wait = bpf_ktime_get_ns() - st->call_ts;
	s.class = st->call_class;
	if (s.class != IOMAP_IPI_OTHER)
		stolen = newly_stolen(st);
	c = class_count(s.ic, s.class);
	c->broadcasts++;
	c->wait_ns += wait;
	c->stolen_ns += stolen;
	op = op_count(&s);
	if (op) {
		op->broadcasts++;
		op->wait_ns += wait;
		op->stolen_ns += stolen;
	}
	return 0;
}

/* Interrupts are off, and NMIs are not counted here, so nothing interrupts this. */
static __always_inline int received(__u32 vector)
{
	struct iomap_ipi_cpu *ic = shared.armed ? ipi_cpu_at(IOMAP_LEVEL_HARDIRQ) : NULL;

	if (ic)
		ic->received[vector]++;
	return 0;
}

/* call_function_entry(int vector), call_function_single_entry(int vector) */
SEC("raw_tp/call_function_entry")
int iomap_ipi_got_call(struct bpf_raw_tracepoint_args *ctx)
{
	return received(IOMAP_IPI_CALL);
}

/* reschedule_entry(int vector) */
SEC("raw_tp/reschedule_entry")
int iomap_ipi_got_resched(struct bpf_raw_tracepoint_args *ctx)
{
	return received(IOMAP_IPI_RESCHED);
}

/* irq_work_entry(int vector) */
SEC("raw_tp/irq_work_entry")
int iomap_ipi_got_irq_work(struct bpf_raw_tracepoint_args *ctx)
{
	return received(IOMAP_IPI_IRQ_WORK);
}

/* io_mapping_map_start(u32 id, unsigned long offset, unsigned long size, u32 kind, u32 backend) */
SEC("raw_tp/io_mapping_map_start")
int iomap_map_start(struct bpf_raw_tracepoint_args *ctx)
{
	struct iomap_cpu *cpu = this_cpu();

	if (cpu && shared.armed)
		ipi_op_map_start(cpu, ctx->args[0], ctx->args[3]);
	return 0;
}

/* io_mapping_unmap_done(unsigned long vaddr, u32 kind) */
SEC("raw_tp/io_mapping_unmap_done")
int iomap_unmap_done(struct bpf_raw_tracepoint_args *ctx)
{
	struct iomap_cpu *cpu = this_cpu();

	if (cpu && shared.armed)
		ipi_op_unmap_end(cpu);
	return 0;
}

/* free_vmap_area_noflush(unsigned long va_start, nr_lazy, nr_lazy_max) */
SEC("raw_tp/free_vmap_area_noflush")
int iomap_ipi_range(struct bpf_raw_tracepoint_args *ctx)
{
	struct iomap_ipi_op *op;
	struct sender s;

	if (!sender_now(&s, 0))
		return 0;
	s.ic->queued++;
	op = &s.cpu->stack.op;
	if (s.level != IOMAP_LEVEL_TASK || !op->open)
		return 0;
	op->epoch = shared.purging.epoch;
	op->queued++;
	op->used = 1;
	return 0;
}

/*
 * __purge_vmap_area_lazy(), with vmap_purge_lock held: ranges queued later wait for the next one.
 */
SEC("kprobe")
int iomap_ipi_purge(struct pt_regs *ctx)
{
	struct iomap_ipi_purging *p = &shared.purging;

	if (!shared.armed)
		return 0;
	__builtin_memset(&p->count, 0, sizeof(p->count));
	p->epoch++;
	p->task = bpf_get_current_task();
	return 0;
}

/* purge_vmap_area_lazy(unsigned long start, unsigned long end, unsigned int npurged): its end */
SEC("raw_tp/purge_vmap_area_lazy")
int iomap_ipi_purged(struct bpf_raw_tracepoint_args *ctx)
{
	struct iomap_ipi_purging *p = &shared.purging;
	__u32 ranges = ctx->args[2], at;
	struct iomap_ipi_purge *rec;
	__u64 epoch;

	if (!shared.armed)
		return 0;
	if (p->task != bpf_get_current_task()) {
		/* The purge began before the programs, or its probe was skipped. */
		__builtin_memset(&p->count, 0, sizeof(p->count));
		p->epoch++;
		p->unseen++;
	}
	p->task = 0;
	epoch = p->epoch - 1;
	at = epoch & (IOMAP_PURGES - 1);
	rec = bpf_map_lookup_elem(&ipi_purges, &at);
	if (!rec)
		return 0;
	rec->epoch = 0;
	barrier();
	rec->ranges = ranges;
	/* The JIT of i386 divides 32 bits only. */
	rec->part = ranges ? 0xffffffffU / ranges + 1ULL : 0;
	rec->count = p->count;
	barrier();
	rec->epoch = epoch;
	p->purges++;
	p->ranges += ranges;
	return 0;
}

/* reserve_flush() of the ioremap backend */
SEC("kprobe")
int iomap_ipi_reserve(struct pt_regs *ctx)
{
	struct iomap_cpu *cpu = this_cpu();

	if (cpu && shared.armed && in_task())
		cpu->stack.op.reserve = 1;
	return 0;
}

SEC("kretprobe")
int iomap_ipi_reserve_done(struct pt_regs *ctx)
{
	struct iomap_cpu *cpu = this_cpu();

	if (cpu && in_task())
		cpu->stack.op.reserve = 0;
	return 0;
}

#endif
