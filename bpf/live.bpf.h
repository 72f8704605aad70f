/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * The open sleepable maps: a multiset in a hash. An address held several times has several entries,
 * told apart by n; a map takes the lowest n that is free, and whoever deletes an entry has consumed
 * it, so that two CPUs at the same address never count one map twice.
 */
#ifndef IOMAP_LIVE_BPF_H
#define IOMAP_LIVE_BPF_H

#include "account.bpf.h"

/* Remembers a map. Returns IOMAP_LOST_NONE or why not. */
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

/* The entry is of a mapping that was freed and whose id has a new one. */
static __always_inline int live_stale(const struct iomap_live *entry)
{
	struct iomap_mapping *m = mapping_of(entry->id);

	return m && m->gen != entry->gen;
}

/* Which entry of an address is looked for. */
enum live_want {
	LIVE_OWN,
	LIVE_ANY,
	LIVE_STALE
};

/*
 * Takes out one such entry and copies it to cpu->taken. Returns 1 when there was one: by way of
 * memory, as iomap_stack_find() does.
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

/*
 * Takes out an entry of the address, this task's by preference, and only when there is no other one
 * of a mapping that is gone. Returns 1 when there was one.
 */
static __always_inline int live_take(struct iomap_cpu *cpu, __u64 vaddr, __u64 task)
{
	return live_take_pass(cpu, vaddr, task, LIVE_OWN) ||
	       live_take_pass(cpu, vaddr, task, LIVE_ANY) ||
	       live_take_pass(cpu, vaddr, task, LIVE_STALE);
}

#endif
