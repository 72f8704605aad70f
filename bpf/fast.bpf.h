/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * The fast path takes nearly all maps and unmaps: those of the linear backend, of a known mapping,
 * from a known call site, and without a violation. The slow path takes all other events. The fast
 * path changes nothing before it decides to take an event. It does not check ids: the look-ups fail
 * for ids outside of the tables. tests/bpf/paths.c checks that both paths count the same.
 */
#ifndef IOMAP_FAST_BPF_H
#define IOMAP_FAST_BPF_H

#include "checks.bpf.h"
#include "callers.bpf.h"

/* The record of the call site if it is in the first of its two buckets, else NULL. */
static __always_inline struct iomap_caller *fast_caller(__u64 caller, __u32 id, __u32 kind)
{
	struct iomap_caller_bucket *b = caller_bucket(iomap_caller_hash(caller, id, kind), 0);

	return b ? iomap_caller_find(b, caller, id, kind, shared.modules) : NULL;
}

/* Counts the map as map_seen() does. */
static __always_inline void fast_count(struct iomap_cpu *cpu, struct iomap_counters *c,
				       struct iomap_caller *s, __u64 caller, __u32 kind)
{
	barrier_var(kind);
	if (kind >= IOMAP_KIND_MAX)
		return;
	cpu->total[IOMAP_LINEAR][kind].maps++;
	c->kind[kind].maps++;
	c->kind[kind].callers += caller;
	s->maps++;
	cpu->counted++;
}

/* Returns 1 when it counted the map, 0 to leave it to the slow path. */
static __always_inline int fast_map(struct bpf_raw_tracepoint_args *ctx, struct iomap_cpu *cpu)
{
	__u32 id = ctx->args[0], kind = ctx->args[4], gen;
	__u64 vaddr = ctx->args[1], offset = ctx->args[2], caller = ctx->args[6];
	struct iomap_counters *c;
	struct iomap_mapping *m;
	struct iomap_frame *f;
	struct iomap_caller *s;

	/* A linear mapping keeps the position in the page: vaddr is aligned if base + offset is. */
	if ((__u32)ctx->args[5] != IOMAP_LINEAR || kind >= IOMAP_KIND_MAX || !vaddr ||
	    cfg_slow_maps || cpu->stack.op.open)
		return 0;
	m = bpf_map_lookup_elem(&mappings, &id);
	if (!m || m->state != IOMAP_LIVE || !m->vbase || vaddr & (cfg_page_size - 1) ||
	    out_of_range(m, kind, offset, ctx->args[3]))
		return 0;
	gen = m->gen;
	s = fast_caller(caller, id, kind);
	c = bpf_map_lookup_elem(&counters, &id);
	if (!s || !c)
		return 0;
	caller = s->caller;
	if (kind == IOMAP_SLEEPABLE) {
		struct iomap_live_key key = { .vaddr = vaddr };
		struct iomap_live entry = {
			.ts = cfg_timing == IOMAP_TIMING_OFF ? 0 : bpf_ktime_get_ns(),
			.caller = caller,
			.task = bpf_get_current_task(),
			.size = ctx->args[3],
			.id = id,
			.gen = gen,
			.map_stack = -1,
		};

		if (!shared.live_used[0] || bpf_map_update_elem(&live, &key, &entry, BPF_NOEXIST))
			return 0;
		fast_count(cpu, c, s, caller, IOMAP_SLEEPABLE);
		return 1;
	}
	if (iomap_stack_full(&cpu->stack))
		return 0;
	f = iomap_stack_next(&cpu->stack);
	f->vaddr = vaddr;
	f->caller = caller;
	f->id = id;
	f->gen = gen;
	f->map_stack = -1;
	f->kind = kind;
	f->backend = IOMAP_LINEAR;
	f->ts = hold_start(cpu, kind, s->maps < IOMAP_SAMPLE_FIRST);
	iomap_stack_push(&cpu->stack);
	fast_count(cpu, c, s, caller, kind);
	return 1;
}

/* Counts the unmap as unmap_seen() does. */
static __always_inline void fast_end(struct iomap_cpu *cpu, struct iomap_counters *c, __u32 kind,
				     __u64 caller, __u64 start)
{
	barrier_var(kind);
	if (kind >= IOMAP_KIND_MAX)
		return;
	cpu->total[IOMAP_LINEAR][kind].unmaps++;
	c->kind[kind].callers -= caller;
	hold_end(&c->kind[kind], IOMAP_LINEAR, kind, start);
	cpu->counted++;
}

/* fast_unmap() of a sleepable map. */
static __always_inline int fast_unmap_sleepable(__u64 vaddr, struct iomap_cpu *cpu)
{
	struct iomap_live_key key = { .vaddr = vaddr };
	struct iomap_counters *c;
	struct iomap_live *entry;
	struct iomap_mapping *m;
	__u64 caller, start;
	__u32 id;

	entry = bpf_map_lookup_elem(&live, &key);
	if (!entry || entry->task != bpf_get_current_task() || entry->backend != IOMAP_LINEAR)
		return 0;
	id = entry->id;
	m = bpf_map_lookup_elem(&mappings, &id);
	c = bpf_map_lookup_elem(&counters, &id);
	if (!m || !c || m->gen != entry->gen)
		return 0;
	caller = entry->caller;
	start = entry->ts;
	if (bpf_map_delete_elem(&live, &key))
		return 0;
	fast_end(cpu, c, IOMAP_SLEEPABLE, caller, start);
	return 1;
}

/* Returns 1 when it counted the unmap, 0 to leave it to the slow path. */
static __always_inline int fast_unmap(struct bpf_raw_tracepoint_args *ctx, struct iomap_cpu *cpu)
{
	struct iomap_stack *st = &cpu->stack;
	struct iomap_frame *f = iomap_stack_frame(st, 1);
	__u32 kind = ctx->args[1], id;
	struct iomap_counters *c;
	struct iomap_mapping *m;

	if (cfg_slow_unmaps)
		return 0;
	if (kind == IOMAP_SLEEPABLE)
		return fast_unmap_sleepable(ctx->args[0], cpu);
	if (!st->used || f->vaddr != ctx->args[0] || f->kind != kind || f->backend != IOMAP_LINEAR)
		return 0;
	/* The slow path drops a hole below the frame. */
	if (st->used > 1 && !iomap_stack_frame(st, 2)->vaddr)
		return 0;
	id = f->id;
	m = bpf_map_lookup_elem(&mappings, &id);
	c = bpf_map_lookup_elem(&counters, &id);
	if (!m || !c || m->gen != f->gen)
		return 0;
	st->top--;
	st->used--;
	fast_end(cpu, c, kind, f->caller, f->ts);
	return 1;
}

#endif
