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

/* 1: the mapping of the entry was freed, and a new mapping has its id. */
static __always_inline __u64 live_stale(const struct iomap_live *entry)
{
	struct iomap_mapping *m = bpf_map_lookup_elem(&mappings, &entry->id);

	return m ? is_set(m->gen ^ entry->gen) : 0;
}

/*
 * Takes out the entry that a loop has found, whose key is cpu->live_key, and copies it to
 * cpu->taken. Returns 0 when there is none, or when another CPU has taken it. The result of the
 * loop is in memory, as that of iomap_stack_find().
 */
static __always_inline int live_take_found(struct iomap_cpu *cpu)
{
	struct iomap_live *entry;

	if (!*(volatile __u32 *)&cpu->found)
		return 0;
	entry = bpf_map_lookup_elem(&live, &cpu->live_key);
	if (!entry)
		return 0;
	cpu->taken = *entry;
	return !bpf_map_delete_elem(&live, &cpu->live_key);
}

/* The entry of an address to look for. */
enum live_want {
	LIVE_OWN,
	LIVE_ANY,
	LIVE_STALE
};

/* Takes out one such entry. Returns 1 when it found one. */
static __always_inline int live_take_pass(struct iomap_cpu *cpu, __u64 vaddr, __u64 task,
					  enum live_want want)
{
	struct iomap_live *entry;
	__u64 other;
	__u32 n;

	cpu->found = 0;
	cpu->live_key.vaddr = vaddr;
	for (n = 0; n < IOMAP_LIVE_SLOTS; n++) {
		if (!shared.live_used[n])
			break;
		cpu->live_key.n = n;
		entry = bpf_map_lookup_elem(&live, &cpu->live_key);
		if (!entry)
			continue;
		other = live_stale(entry) ^ (want == LIVE_STALE);
		if (want == LIVE_OWN)
			other |= entry->task ^ task;
		if (!other) {
			cpu->found = 1;
			break;
		}
	}
	return live_take_found(cpu);
}

/* Look-ups of live_take_inside(): so many pages, if no address is held twice. */
#define LIVE_PROBES 64

/*
 * Takes out an entry of a map that the address lies in, of this task or (any is 1) of any, as
 * live_take_pass() does.
 */
static __always_inline int live_take_inside(struct iomap_cpu *cpu, __u64 vaddr, __u64 task,
					    __u64 any)
{
	volatile struct iomap_live_key *key = &cpu->live_key;
	struct iomap_live *entry;
	__u64 n, same_page, other;
	__u32 i;

	cpu->found = 0;
	key->vaddr = vaddr & ~((__u64)cfg_page_size - 1);
	key->n = 0;
	for (i = 0; i < LIVE_PROBES; i++) {
		entry = bpf_map_lookup_elem(&live, (void *)key);
		if (entry) {
			other = is_set((entry->task ^ task) & (any - 1)) | live_stale(entry);
			if (is_below(vaddr - key->vaddr, entry->size) & ~other) {
				cpu->found = 1;
				break;
			}
		}
		/* The next n, or the page below and the n 0. */
		n = (key->n + 1) & (IOMAP_LIVE_SLOTS - 1);
		same_page = is_set(n) & shared.live_used[n];
		key->n = n & -same_page;
		key->vaddr -= cfg_page_size & (same_page - 1);
	}
	return live_take_found(cpu);
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
