/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * Events from kprobes at sites, on kernels without the tracepoints of io_mapping. A program finds
 * the arguments of the inlined function, puts them in the order of the tracepoint and calls the
 * code of the tracepoint's program.
 *
 * The programs run with interrupts on. An interrupt that reaches another site meanwhile is skipped
 * by the kernel, which counts it, so these programs never interrupt each other.
 */
#ifndef IOMAP_SITES_BPF_H
#define IOMAP_SITES_BPF_H

#include "fast.bpf.h"
#include "site_value.bpf.h"
#include "slow.bpf.h"

/* Ids that a search for a free one tries. */
#define IDS_TRIED 128
/* A freed mapping keeps its id for this time, to be shown and to find its later uses. */
#define FREED_NS 10000000000ULL

/* The arguments of an event, in the order of its tracepoint. */
static __always_inline struct bpf_raw_tracepoint_args *site_event(struct iomap_site_cpu *s)
{
	return (struct bpf_raw_tracepoint_args *)s->event;
}

/* Takes the id from its mapping, if that was freed some time ago. */
static __always_inline void take_back(__u32 id, __u64 now)
{
	struct iomap_mapping *m = mapping_of(id);
	__u64 *p, object;

	if (!m || m->state != IOMAP_FREED || now - m->freed_ns < FREED_NS)
		return;
	p = bpf_map_lookup_elem(&site_objects, &id);
	if (!p)
		return;
	object = *p;
	/* Only one CPU succeeds. */
	if (!bpf_map_delete_elem(&site_objects, &id))
		bpf_map_delete_elem(&site_ids, &object);
}

/* Finds a free id and makes it that of the object. Returns 0 when there is none. */
static __always_inline __u32 find_id(__u64 object)
{
	__u64 now = bpf_ktime_get_ns();
	__u32 i, id;

	for (i = 0; i < IDS_TRIED; i++) {
		id = shared.next_id;
		if (!id || id >= cfg_max_mappings)
			id = 1;
		shared.next_id = id + 1;
		take_back(id, now);
		if (!bpf_map_update_elem(&site_objects, &id, &object, BPF_NOEXIST))
			return id;
	}
	return 0;
}

/* Enters a mapping that is older than the programs, from its struct in s->object. */
static __always_inline void adopt(struct iomap_cpu *cpu, const struct iomap_site_cpu *s,
				  const struct iomap_site *site, __u32 id)
{
	struct iomap_mapping *m = mapping_of(id);

	if (!m)
		return;
	m->state = IOMAP_EMPTY;
	m->gen++;
	m->base = s->object[site->base & (IOMAP_SITE_OBJECT - 1)];
	m->size = s->object[site->size & (IOMAP_SITE_OBJECT - 1)];
	m->owner = 0;
	m->created_ns = 0;
	m->freed_ns = 0;
	m->vbase = s->object[site->iomem & (IOMAP_SITE_OBJECT - 1)];
	m->backend = IOMAP_LINEAR;
	sum_counters(id, &m->at_create);
	m->state = IOMAP_LIVE;
	if (id > cpu->max_id)
		cpu->max_id = id;
}

/* The id of the object; 0: the programs have not met it. */
static __always_inline __u32 known_id(__u64 object)
{
	__u32 *id = bpf_map_lookup_elem(&site_ids, &object);

	return id ? *id : 0;
}

/*
 * Publishes the id of an object. Another CPU may have met the object at the same time: then its id
 * counts.
 */
static __always_inline __u32 publish_id(__u64 object, __u32 id)
{
	if (!bpf_map_update_elem(&site_ids, &object, &id, BPF_NOEXIST))
		return id;
	bpf_map_delete_elem(&site_objects, &id);
	return known_id(object);
}

/* The id of a mapping, which is entered if it is new to the programs; 0: there is no room. */
static __always_inline __u32 id_of(struct iomap_cpu *cpu, const struct iomap_site_cpu *s,
				   const struct iomap_site *site, __u64 object)
{
	__u32 id = known_id(object);

	if (id)
		return id;
	id = find_id(object);
	if (!id)
		return 0;
	adopt(cpu, s, site, id);
	return publish_id(object, id);
}

/* Reads struct io_mapping. Returns 1 when that was possible. */
static __always_inline int read_object(struct iomap_site_cpu *s, __u64 object)
{
	return !site_read(s->object, sizeof(s->object), object);
}

/*
 * Finds the id and the address of a map. A mapping whose free or init has no probe may have been
 * replaced by another one at the same place.
 */
static __always_inline void map_place(struct iomap_cpu *cpu, struct iomap_site_cpu *s,
				      const struct iomap_site *site, __u32 known)
{
	__u64 object = s->value[0], offset = s->value[1], iomem;
	struct iomap_mapping *m;
	__u32 id;

	s->event[0] = 0;
	s->event[1] = IOMAP_SITE_NO_ADDRESS;
	s->event[2] = 0;
	if (!(known & 1) || !read_object(s, object))
		return;
	id = id_of(cpu, s, site, object);
	m = mapping_of(id);
	if (!m)
		return;
	iomem = s->object[site->iomem & (IOMAP_SITE_OBJECT - 1)];
	if (m->state == IOMAP_LIVE && m->vbase && m->vbase != iomem)
		adopt(cpu, s, site, id);
	s->event[0] = id;
	if (known & 2) {
		s->event[1] = iomem + offset;
		s->event[2] = offset;
	} else {
		/* An offset that breaks no rule. */
		s->event[2] = -m->base & (cfg_page_size - 1);
	}
}

/* An io_mapping_map_*() begins: mapping, offset; sleepable: size, too. */
SEC("?kprobe")
int iomap_site_map(struct pt_regs *ctx)
{
	struct iomap_site_cpu *s = site_hit();
	const struct iomap_site *site = s ? site_at(ctx, s) : NULL;
	struct iomap_cpu *cpu;
	__u32 known, kind;

	if (!site)
		return 0;
	cpu = event_seen();
	if (!cpu)
		return 0;
	known = site_values(s, site);
	map_place(cpu, s, site, known);
	kind = site->kind;
	s->event[3] = kind == IOMAP_SLEEPABLE ? 0 : cfg_page_size;
	if (kind == IOMAP_SLEEPABLE && known & 4)
		s->event[3] = s->value[2];
	s->event[4] = kind;
	s->event[5] = IOMAP_LINEAR;
	s->event[6] = site_caller(s, site);
	if (kind == IOMAP_ATOMIC && fast_map(site_event(s), cpu))
		return 0;
	cpu->slow++;
	return map_seen(ctx, site_event(s), cpu, FROM_SITE);
}

/* An io_mapping_unmap_atomic() begins: vaddr. */
SEC("?kprobe")
int iomap_site_unmap(struct pt_regs *ctx)
{
	struct iomap_site_cpu *s = site_hit();
	const struct iomap_site *site = s ? site_at(ctx, s) : NULL;
	struct iomap_frame *f;
	struct iomap_cpu *cpu;
	__u32 known;

	if (!site)
		return 0;
	cpu = event_seen();
	if (!cpu)
		return 0;
	known = site_values(s, site);
	f = iomap_stack_frame(&cpu->stack, 1);
	/* The compiler drops an address that nothing uses: then the newest map is meant. */
	s->event[0] = s->value[0];
	if (!cpu->stack.used)
		s->event[0] = known & 1 ? s->value[0] : 0;
	else if (!(known & 1) || f->vaddr == IOMAP_SITE_NO_ADDRESS)
		s->event[0] = f->vaddr;
	s->event[1] = IOMAP_ATOMIC;
	s->event[2] = site_caller(s, site);
	if (fast_unmap(site_event(s), cpu))
		return 0;
	cpu->slow++;
	return unmap_seen(ctx, site_event(s), cpu, FROM_SITE);
}

/* An io_mapping_init_wc() begins: iomap, base, size. */
SEC("?kprobe")
int iomap_site_init(struct pt_regs *ctx)
{
	struct iomap_site_cpu *s = site_hit();
	const struct iomap_site *site = s ? site_at(ctx, s) : NULL;
	struct iomap_cpu *cpu;
	__u64 object;
	__u32 known, id;
	int err;

	if (!site)
		return 0;
	cpu = event_seen();
	if (!cpu)
		return 0;
	known = site_values(s, site);
	object = s->value[0];
	if (!(known & 1)) {
		/* Its first map will enter it. */
		cpu->created++;
		event_done(cpu, IOMAP_LOST_NONE);
		return 0;
	}
	id = known_id(object);
	if (!id)
		id = find_id(object);
	s->event[0] = id;
	s->event[1] = known & 2 ? s->value[1] : 0;
	s->event[2] = known & 4 ? s->value[2] : 0;
	s->event[3] = IOMAP_LINEAR;
	s->event[4] = site_caller(s, site);
	err = create_seen(site_event(s), cpu, FROM_SITE);
	if (id)
		bpf_map_update_elem(&site_ids, &object, &id, BPF_ANY);
	return err;
}

/* An io_mapping_free() or io_mapping_fini() begins: the mapping. */
SEC("?kprobe")
int iomap_site_free(struct pt_regs *ctx)
{
	struct iomap_site_cpu *s = site_hit();
	const struct iomap_site *site = s ? site_at(ctx, s) : NULL;
	struct iomap_cpu *cpu;
	__u64 object;
	__u32 id;

	if (!site)
		return 0;
	cpu = event_seen();
	if (!cpu)
		return 0;
	if (!(site_values(s, site) & 1) || !read_object(s, s->value[0])) {
		cpu->freed++;
		event_done(cpu, IOMAP_LOST_NONE);
		return 0;
	}
	object = s->value[0];
	id = id_of(cpu, s, site, object);
	s->event[0] = id;
	free_seen(ctx, site_event(s), cpu, FROM_SITE);
	if (id && site->forgotten && !bpf_map_delete_elem(&site_ids, &object))
		bpf_map_delete_elem(&site_objects, &id);
	return 0;
}

#endif
