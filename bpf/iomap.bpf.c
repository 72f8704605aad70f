// SPDX-License-Identifier: GPL-2.0-only
/*
 * Counts what io_mapping users do. One program for each tracepoint; their arguments are scalars,
 * so that nothing of the kernel's is read.
 *
 * The kernel calls the tracepoints with interrupts off: on one CPU a program runs to its end
 * before the next begins. There are no atomics and no calls between functions: the i386 JIT has
 * neither.
 */
#include <linux/bpf.h>
#include <linux/errno.h>
#include <bpf/bpf_helpers.h>

#include "iomap.h"
#include "ring.bpf.h"
#include "sections.bpf.h"
#include "sites.bpf.h"

char LICENSE[] SEC("license") = "GPL";

/*
 * Sets the counters' values so far aside, so that an id that is used again starts at 0 while
 * counters only grow. Nobody maps this id meanwhile: its creator has not returned.
 */
static __always_inline void set_baseline(__u32 id, struct iomap_counters *sum)
{
	struct iomap_counters *c;
	__u32 cpu;
	int k;

	__builtin_memset(sum, 0, sizeof(*sum));
	for (cpu = 0; cpu < cfg_cpus; cpu++) {
		c = bpf_map_lookup_percpu_elem(&counters, &id, cpu);
		if (!c)
			continue;
#pragma clang loop unroll(full)
		for (k = 0; k < IOMAP_KIND_MAX; k++) {
			sum->kind[k].maps += c->kind[k].maps;
			sum->kind[k].unmaps += c->kind[k].unmaps;
			sum->kind[k].failed += c->kind[k].failed;
			sum->kind[k].hold_count += c->kind[k].hold_count;
			sum->kind[k].hold_sum += c->kind[k].hold_sum;
			c->kind[k].hold_max = 0;
		}
	}
}

/* io_mapping_create(u32 id, u64 base, unsigned long size, u32 backend, unsigned long caller) */
SEC("raw_tp/io_mapping_create")
int iomap_create(struct bpf_raw_tracepoint_args *ctx)
{
	struct iomap_cpu *cpu = event_seen();
	__u32 id = ctx->args[0], backend = ctx->args[3];
	int lost = IOMAP_LOST_NONE;
	struct iomap_mapping *m;
	struct iomap_event *e;

	if (!cpu)
		return 0;
	cpu->created++;
	e = ring_event(IOMAP_EVENT_CREATE, id);
	if (!e)
		lost = IOMAP_LOST_RING_FULL;
	m = mapping_of(id);
	if (!m)
		lost = IOMAP_LOST_TABLE_FULL;
	if (backend >= IOMAP_BACKEND_MAX)
		lost = IOMAP_LOST_BAD_ARGS;
	if (m && backend < IOMAP_BACKEND_MAX) {
		m->state = IOMAP_EMPTY;
		m->gen++;
		m->base = ctx->args[1];
		m->size = ctx->args[2];
		m->owner = ctx->args[4];
		m->created_ns = bpf_ktime_get_ns();
		m->freed_ns = 0;
		m->backend = backend;
		set_baseline(id, &m->at_create);
		m->state = IOMAP_LIVE;
		if (id > cpu->max_id)
			cpu->max_id = id;
	}
	if (e) {
		e->caller = ctx->args[4];
		e->base = ctx->args[1];
		e->size = ctx->args[2];
		e->backend = backend;
		e->gen = m ? m->gen : 0;
		bpf_ringbuf_submit(e, 0);
	}
	event_done(cpu, lost);
	return 0;
}

/* io_mapping_free(u32 id) */
SEC("raw_tp/io_mapping_free")
int iomap_free(struct bpf_raw_tracepoint_args *ctx)
{
	struct iomap_cpu *cpu = event_seen();
	int lost = IOMAP_LOST_NONE;
	__u32 id = ctx->args[0];
	struct iomap_mapping *m;
	struct iomap_event *e;

	if (!cpu)
		return 0;
	cpu->freed++;
	e = ring_event(IOMAP_EVENT_FREE, id);
	if (!e)
		lost = IOMAP_LOST_RING_FULL;
	m = mapping_of(id);
	if (m) {
		m->freed_ns = bpf_ktime_get_ns();
		m->state = IOMAP_FREED;
	} else {
		lost = IOMAP_LOST_TABLE_FULL;
	}
	if (e) {
		if (m) {
			e->base = m->base;
			e->size = m->size;
			e->backend = m->backend;
			e->gen = m->gen;
		}
		bpf_ringbuf_submit(e, 0);
	}
	event_done(cpu, lost);
	return 0;
}

/* Tells of a map that failed. Returns IOMAP_LOST_NONE or why not. */
static __always_inline int tell_failed(const struct opened *o, __u64 offset, __u64 size)
{
	struct iomap_event *e = ring_event(IOMAP_EVENT_MAP_FAILED, o->id);
	struct iomap_mapping *m;

	if (!e)
		return IOMAP_LOST_RING_FULL;
	m = mapping_of(o->id);
	if (m) {
		e->base = m->base;
		e->gen = m->gen;
	}
	e->caller = o->caller;
	e->offset = offset;
	e->size = size;
	e->kind = o->kind;
	e->backend = o->backend;
	bpf_ringbuf_submit(e, 0);
	return IOMAP_LOST_NONE;
}

/*
 * io_mapping_map(u32 id, unsigned long vaddr, unsigned long offset, unsigned long size, u32 kind,
 *		  u32 backend, unsigned long caller)
 */
SEC("raw_tp/io_mapping_map")
int iomap_map(struct bpf_raw_tracepoint_args *ctx)
{
	struct iomap_cpu *cpu = shared.armed ? event_seen() : NULL;
	struct opened o = {
		.id = ctx->args[0],
		.vaddr = ctx->args[1],
		.kind = ctx->args[4],
		.backend = ctx->args[5],
		.caller = ctx->args[6],
	};
	struct iomap_counters *c;
	int lost, open;

	if (!cpu)
		return 0;
	if (o.kind >= IOMAP_KIND_MAX || o.backend >= IOMAP_BACKEND_MAX) {
		event_done(cpu, IOMAP_LOST_BAD_ARGS);
		return 0;
	}
	c = counters_of(o.id);
	if (!c)
		return 0;
	lost = site_add(o.caller, o.id, o.kind, o.backend, !o.vaddr);
	if (o.vaddr) {
		cpu->total[o.backend][o.kind].maps++;
		c->kind[o.kind].maps++;
		open = section_open(cpu, &o);
		if (open != IOMAP_LOST_NONE)
			lost = open;
	} else {
		cpu->total[o.backend][o.kind].failed++;
		c->kind[o.kind].failed++;
		if (lost == IOMAP_LOST_NONE)
			lost = tell_failed(&o, ctx->args[2], ctx->args[3]);
		else
			tell_failed(&o, ctx->args[2], ctx->args[3]);
	}
	event_done(cpu, lost);
	return 0;
}

/* io_mapping_unmap(unsigned long vaddr, u32 kind, unsigned long caller) */
SEC("raw_tp/io_mapping_unmap")
int iomap_unmap(struct bpf_raw_tracepoint_args *ctx)
{
	struct iomap_cpu *cpu = shared.armed ? event_seen() : NULL;
	__u64 vaddr = ctx->args[0], start = 0;
	__u32 kind = ctx->args[1];
	struct iomap_counters *c;
	struct opened o = {};

	if (!cpu)
		return 0;
	if (kind >= IOMAP_KIND_MAX) {
		event_done(cpu, IOMAP_LOST_BAD_ARGS);
		return 0;
	}
	if (!section_close(cpu, vaddr, kind, &o, &start)) {
		cpu->stray[kind]++;
		event_done(cpu, IOMAP_LOST_NONE);
		return 0;
	}
	c = counters_of(o.id);
	if (!c || o.backend >= IOMAP_BACKEND_MAX)
		return 0;
	cpu->total[o.backend][kind].unmaps++;
	hold_end(&c->kind[kind], o.backend, kind, start);
	event_done(cpu, IOMAP_LOST_NONE);
	return 0;
}
