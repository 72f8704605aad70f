/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * The open sleepable maps: a multiset in a hash. An address that is held several times has several
 * entries with different n. A map takes the lowest free n. The CPU that deletes an entry has
 * consumed it, so two CPUs never count one map twice.
 */
#ifndef IOMAP_LIVE_BPF_H
#define IOMAP_LIVE_BPF_H

#include "account.bpf.h"

/* Remembers a map. Returns IOMAP_LOST_NONE or the reason why it cannot. */
static __always_inline int live_add(__u64 vaddr, const struct iomap_live *entry)
{
	struct iomap_live_key key = { .vaddr = vaddr };
	__u32 n;
	long err;

	for (n = 0; n < IOMAP_LIVE_SLOTS; n++) {
		key.n = n;
		if (!shared.live_used[n])
			shared.live_used[n] = 1;
		err = bpf_map_update_elem(&live, &key, entry, BPF_NOEXIST);
		if (!err)
			return IOMAP_LOST_NONE;
		if (err != -EEXIST)
			break;
	}
	shared.live_lost = 1;
	return IOMAP_LOST_LIVE_FULL;
}

/* The mapping of the entry was freed, and a new mapping has its id. */
static __always_inline int live_stale(const struct iomap_live *entry)
{
	struct iomap_mapping *m = mapping_of(entry->id);

	return m && m->gen != entry->gen;
}

/* The entry of an address to look for. */
enum live_want {
	LIVE_OWN,
	LIVE_ANY,
	LIVE_STALE
};

/*
 * Takes out one such entry and copies it to cpu->taken. Returns 1 when it found one. The result
 * passes through memory, as in iomap_stack_find().
 */
static __always_inline int live_take_pass(struct iomap_cpu *cpu, __u64 vaddr, __u64 task,
					  enum live_want want)
{
	struct iomap_live_key key = { .vaddr = vaddr };
	struct iomap_live *entry;
	__u32 n;

	cpu->hit = 0;
	for (n = 0; n < IOMAP_LIVE_SLOTS; n++) {
		if (!shared.live_used[n])
			break;
		key.n = n;
		entry = bpf_map_lookup_elem(&live, &key);
		if (!entry || live_stale(entry) != (want == LIVE_STALE))
			continue;
		if (want == LIVE_OWN && entry->task != task)
			continue;
		cpu->taken = *entry;
		if (!bpf_map_delete_elem(&live, &key)) {
			cpu->hit = 1;
			break;
		}
	}
	return *(volatile __u32 *)&cpu->hit;
}

/* Look-ups of live_take_inside(): so many pages, if no address is held twice. */
#define LIVE_PROBES 128

/*
 * Takes out an entry of a map that the address lies in, of this task or (any is 1) of any, as
 * live_take_pass() does. Its address is in cpu->taken_vaddr.
 */
static __always_inline int live_take_inside(struct iomap_cpu *cpu, __u64 vaddr, __u64 task,
					    __u64 any)
{
	struct iomap_live_key key = { .vaddr = vaddr & ~((__u64)cfg_page_size - 1) };
	struct iomap_live *entry;
	__u32 i;

	cpu->hit = 0;
	for (i = 0; i < LIVE_PROBES; i++) {
		entry = bpf_map_lookup_elem(&live, &key);
		if (entry && vaddr - key.vaddr < entry->size &&
		    !((entry->task ^ task) & (any - 1)) && !live_stale(entry)) {
			cpu->taken = *entry;
			cpu->taken_vaddr = key.vaddr;
			cpu->hit = !bpf_map_delete_elem(&live, &key);
			break;
		}
		cpu->next_n = key.n + 1;
		/* As the result: else the verifier would check the rest once for each n. */
		key.n = *(volatile __u64 *)&cpu->next_n;
		if (key.n < IOMAP_LIVE_SLOTS && shared.live_used[key.n])
			continue;
		cpu->next_n = 0;
		key.n = *(volatile __u64 *)&cpu->next_n;
		key.vaddr -= cfg_page_size;
	}
	return *(volatile __u32 *)&cpu->hit;
}

/*
 * Takes out an entry of the address: an entry of this task, else of any task, else of a mapping
 * that is gone. Returns 1 when it found one.
 */
static __always_inline int live_take(struct iomap_cpu *cpu, __u64 vaddr, __u64 task)
{
	return live_take_pass(cpu, vaddr, task, LIVE_OWN) ||
	       live_take_pass(cpu, vaddr, task, LIVE_ANY) ||
	       live_take_pass(cpu, vaddr, task, LIVE_STALE);
}

#endif
