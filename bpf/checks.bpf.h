/* SPDX-License-Identifier: GPL-2.0-only */
/* Checks of the rules: arguments of maps and unmaps, frees, and tasks that sleep or exit. */
#ifndef IOMAP_CHECKS_BPF_H
#define IOMAP_CHECKS_BPF_H

#include "canary.bpf.h"
#include "rules.bpf.h"
#include "sections.bpf.h"
#include "unmatched.bpf.h"
#include "tasks.bpf.h"

/* Atomic and local maps map a whole page: it is in range if the region has a part of it. */
static __always_inline int out_of_range(const struct iomap_mapping *m, __u32 kind, __u64 offset,
					__u64 size)
{
	if (kind != IOMAP_SLEEPABLE)
		return offset >= m->size;
	return size > m->size || offset > m->size - size;
}

/*
 * The rules that a map breaks by its arguments, as bits. The page begins at base + offset, and the
 * base may lie inside a page. A base that is not known is taken for aligned.
 */
static __always_inline __u32 broken_by_map(const struct iomap_mapping *m, __u32 kind, __u64 offset,
					   __u64 size)
{
	__u64 base = m && m->state != IOMAP_EMPTY ? m->base : 0;
	__u32 broken = 0;

	if ((base + offset) & (cfg_page_size - 1))
		broken |= IOMAP_RULE(IOMAP_OFFSET_ALIGN);
	if (!m || m->state == IOMAP_EMPTY)
		return broken;
	if (m->state == IOMAP_FREED)
		broken |= IOMAP_RULE(IOMAP_USE_AFTER_FREE);
	if (m->size && out_of_range(m, kind, offset, size))
		broken |= IOMAP_RULE(IOMAP_OFFSET_RANGE);
	return broken;
}

static __always_inline void check_map(void *ctx, struct iomap_cpu *cpu,
				      const struct iomap_opened *o, const struct iomap_mapping *m,
				      __u64 offset, __u64 size)
{
	static const __u8 rules[] = { IOMAP_OFFSET_RANGE, IOMAP_OFFSET_ALIGN,
				      IOMAP_USE_AFTER_FREE };
	__u32 broken = broken_by_map(m, o->kind, offset, size), i;
	struct iomap_violation *v;

	broken = hide_value(broken);
	if (!broken)
		return;
	v = violation_new(IRQS_OFF, o->id, o->kind, o->backend, o->caller);
	if (!v)
		return;
	v->offset = offset;
	v->map_size = size;
#pragma clang loop unroll(full)
	for (i = 0; i < sizeof(rules); i++) {
		if (broken & IOMAP_RULE(rules[i]))
			violate(ctx, cpu, v, rules[i], 0, 0, IRQS_OFF);
	}
}

/* The rule that an unmap broke; IOMAP_RULE_MAX: none. */
static __always_inline __u32 broken_by_unmap(enum closed closed, __u32 kind, __u64 held_ns)
{
	switch (closed) {
	case CLOSED_INSIDE:
	case CLOSED_NOTHING:
		return IOMAP_UNMAP_UNKNOWN;
	case CLOSED_NOT_LAST:
		return IOMAP_UNMAP_ORDER;
	case CLOSED_OTHER_KIND:
		return IOMAP_UNMAP_KIND;
	case CLOSED_UNKNOWN:
		return IOMAP_RULE_MAX;
	case CLOSED:
		break;
	}
	if (cfg_max_hold_ns && kind == IOMAP_ATOMIC && held_ns > cfg_max_hold_ns)
		return IOMAP_HOLD_TIME;
	return IOMAP_RULE_MAX;
}

/* Reports the maps of that kind that are open while their mapping is freed. */
static __always_inline void leaked_at_free(void *ctx, struct iomap_cpu *cpu, __u32 id, __u32 kind,
					   const struct iomap_mapping *m)
{
	__u64 open = 0, callers = 0;
	struct iomap_violation *v;
	struct iomap_counters *c;
	__u32 i;

	for (i = 0; i < cfg_cpus; i++) {
		c = bpf_map_lookup_percpu_elem(&counters, &id, i);
		if (!c)
			break;
		open += c->kind[kind].maps - c->kind[kind].unmaps - c->kind[kind].gone;
		callers += c->kind[kind].callers;
	}
	open -= m->at_create.kind[kind].maps - m->at_create.kind[kind].unmaps -
		m->at_create.kind[kind].gone;
	callers -= m->at_create.kind[kind].callers;
	if (!open || open >> 63)
		return;
	c = counters_of(id);
	if (c) {
		c->kind[kind].gone += open;
		c->kind[kind].callers -= callers;
	}
	/* Several maps have a sum of callers. The reader finds out if they have one in common. */
	v = violation_new(IRQS_OFF, id, kind, m->backend, open == 1 ? callers : 0);
	if (!v)
		return;
	v->maps = open;
	v->callers = open == 1 ? 0 : callers;
	violate(ctx, cpu, v, IOMAP_LEAK, 0, 0, IRQS_OFF);
}

/* Reports a violation that is not a call of io_mapping. f: the section. */
static __always_inline void section_broken(void *ctx, struct iomap_cpu *cpu, __u32 rule,
					   const struct iomap_frame *f, __u64 entered, __u32 slot)
{
	struct iomap_violation *v = violation_new(slot, f->id, f->kind, f->backend, f->caller);
	__u64 held_ns;

	if (!v)
		return;
	v->map_stack = f->map_stack;
	v->at_exit = rule == IOMAP_LEAK;
	held_ns = (bpf_ktime_get_ns() - f->ts) & -is_set(f->ts);
	violate(ctx, cpu, v, rule, entered, held_ns, slot);
}

/* On PREEMPT_RT the holder of an atomic map may be preempted, and may wait for a spin lock. */
static __always_inline int by_choice(__u64 preempt, __u32 state)
{
	return !(preempt & 1) && state && !(state & TASK_RTLOCK_STATE);
}

/* Reports the sections that an exiting task leaves behind, and closes them. */
static __always_inline int leaked_at_exit(void *ctx, __u64 entered)
{
	struct iomap_cpu *cpu = this_cpu();
	struct iomap_frame *f;
	__u32 i;

	if (!cpu || !cpu->stack.used)
		return 0;
	iomap_stack_for_each(&cpu->stack, i, f)
	{
		if (!iomap_frame_open(f))
			continue;
		section_broken(ctx, cpu, IOMAP_LEAK, f, entered, IRQS_ON);
		map_gone(f->id, f->gen, f->kind, f->caller);
	}
	cpu->stack.used = 0;
	cpu->stack.forgotten = 0;
	return 0;
}

/* The registers at a probe that the programs read. */
struct pt_regs {
	unsigned long r15, r14, r13, r12, bp, bx, r11, r10, r9, r8, ax, cx, dx, si, di;
	unsigned long ip;
	unsigned long sp;
} __attribute__((preserve_access_index));

/* The return address of the probed function; 0: not known. */
static __always_inline __u64 entered_from(struct pt_regs *ctx)
{
	__u64 addr = 0;

	if (cfg_ret_on_stack)
		bpf_probe_read_kernel(&addr, cfg_ret_on_stack, (void *)ctx->sp);
	return addr;
}

/* The bit of the canary for the probed function. */
static __always_inline __u32 canary_of_probe(struct pt_regs *ctx)
{
	if (cfg_cond_resched_start && ctx->ip >= cfg_cond_resched_start &&
	    ctx->ip < cfg_cond_resched_end)
		return IOMAP_CANARY_COND_RESCHED;
	return IOMAP_CANARY_SLEEPER;
}

/* Frames on a stack above the function of a trampoline: the program and the trampoline. */
#define TRAMPOLINE_FRAMES 2

/* Frames in which a call of a hooked function by another one shows, such as flush_work(). */
#define SLEEPER_FRAMES 16

/*
 * 1 if the address from which the last reported function was called is on the stack: that function
 * is running, and calls this one. Without branches: the verifier would check each combination of
 * them. Only for 0, the sign bits of a number and of its negative are both clear.
 */
static __always_inline __u64 reported_already(const __u64 stack[SLEEPER_FRAMES], __u64 slept_from)
{
	__u64 found = 0, differs;
	__u32 i;

	if (!slept_from)
		return 0;
#pragma clang loop unroll(full)
	for (i = 1; i < SLEEPER_FRAMES; i++) {
		differs = stack[i] ^ slept_from;
		found |= ~(differs | -differs);
	}
	return found >> 63;
}

/* The CPU's record when its task has atomic or local maps, or a canary; else NULL. */
static __always_inline struct iomap_cpu *busy_cpu(void)
{
	struct iomap_cpu *cpu = this_cpu();

	return cpu && cpu->stack.busy ? cpu : NULL;
}

/*
 * A function that may sleep begins. skip: frames of the stack above it. bit: of the canary, for
 * this hook.
 */
static __always_inline int may_sleep(void *ctx, struct iomap_cpu *cpu, __u64 entered, __u32 skip,
				     __u32 bit)
{
	struct iomap_frame *f = iomap_stack_atomic(&cpu->stack);
	__u64 stack[SLEEPER_FRAMES] = {};

	canary_fired(cpu, bit);
	if (!f)
		return 0;
	bpf_get_stack(ctx, stack, sizeof(stack), skip);
	/* The first frame is the hooked function, the second one its caller if it is shown. */
	if (!entered) {
		stack[0] = stack[1];
		stack[1] = 0;
	} else {
		stack[0] = entered;
	}
	if (reported_already(stack, cpu->stack.slept_from))
		return 0;
	cpu->stack.slept_from = stack[0];
	section_broken(ctx, cpu, IOMAP_MAY_SLEEP_IN_ATOMIC, f, entered, IRQS_ON);
	return 0;
}

#endif
