/* SPDX-License-Identifier: GPL-2.0-only */
/* The maps and the settings of the programs. Settings are constants for the verifier. */
#ifndef IOMAP_MAPS_BPF_H
#define IOMAP_MAPS_BPF_H

#include "hist.h"
#include "persistent.h"
#include "sites.h"

/* Ids below this have counters; 1 at least. The loader sizes the maps to match. */
const volatile __u32 cfg_max_mappings = 1;
/* Possible CPUs. */
const volatile __u32 cfg_cpus = 1;
/* enum iomap_timing */
const volatile __u32 cfg_timing = IOMAP_TIMING_ALL;
/* The kernel is PREEMPT_RT: the holder of an atomic map may be preempted. */
const volatile __u32 cfg_preempt_rt = 0;
/* Bytes of a return address that lies on the stack when a function begins; 0: it does not. */
const volatile __u32 cfg_ret_on_stack = 0;
/* Buckets of the table of callers - 1; their number is a power of two. */
const volatile __u32 cfg_caller_mask = 0;

/* Count interrupts between CPUs. */
const volatile __u32 cfg_ipi = 0;
/* Address of the preempt count; 0: not known. See level_now(). */
const volatile __u64 cfg_preempt_count = 0;
const volatile __u64 cfg_per_cpu_offset = 0;
const volatile __u32 cfg_pcpu_hot = 0;
const volatile __u32 cfg_long_size = 8;
/* A test runs the programs, always on the level of a task. */
const volatile __u32 cfg_always_task = 0;
/* All maps take the slow path, to save their stacks or for a test. */
const volatile __u32 cfg_slow_maps = 0;
/* All unmaps take the slow path, to check the budget or for a test. */
const volatile __u32 cfg_slow_unmaps = 0;

/* Bits of the rules that are not checked. */
const volatile __u32 cfg_rules_off = 0;
/* Budget of hold-time in nanoseconds; 0: none. */
const volatile __u64 cfg_max_hold_ns = 0;
/* Save the kernel stack of each map. */
const volatile __u32 cfg_map_stacks = 0;
const volatile __u32 cfg_page_size = 4096;

/* Begin and end of __cond_resched() if it has a kprobe; else 0. */
const volatile __u64 cfg_cond_resched_start = 0;
const volatile __u64 cfg_cond_resched_end = 0;
/* The flag of an allocation that may sleep: __GFP_DIRECT_RECLAIM. */
const volatile __u32 cfg_gfp_may_sleep = 0x400;

/* A test runs the programs of sites: the number of the site and the registers are arguments. */
const volatile __u32 cfg_site_test = 0;

struct iomap_shared shared;

struct {
	__uint(type, BPF_MAP_TYPE_PERCPU_ARRAY);
	__uint(max_entries, 1);
	__type(key, __u32);
	__type(value, struct iomap_cpu);
} cpus SEC(".maps");

struct {
	__uint(type, BPF_MAP_TYPE_ARRAY);
	__uint(max_entries, 1);
	__type(key, __u32);
	__type(value, struct iomap_mapping);
} mappings SEC(".maps");

struct {
	__uint(type, BPF_MAP_TYPE_PERCPU_ARRAY);
	__uint(max_entries, 1);
	__type(key, __u32);
	__type(value, struct iomap_counters);
} counters SEC(".maps");

struct {
	__uint(type, BPF_MAP_TYPE_PERCPU_ARRAY);
	__uint(max_entries, IOMAP_BACKEND_MAX *IOMAP_KIND_MAX);
	__type(key, __u32);
	__type(value, struct iomap_hist);
} hists SEC(".maps");

struct {
	__uint(type, BPF_MAP_TYPE_PERCPU_ARRAY);
	__uint(max_entries, 1);
	__type(key, __u32);
	__type(value, struct iomap_caller_bucket);
} callers SEC(".maps");

struct {
	__uint(type, BPF_MAP_TYPE_HASH);
	__uint(max_entries, 16384);
	__type(key, struct iomap_live_key);
	__type(value, struct iomap_live);
} live SEC(".maps");

/* The open sections of tasks that are switched out, by address of their task_struct. */
struct {
	__uint(type, BPF_MAP_TYPE_HASH);
	__uint(max_entries, 512);
	__type(key, __u64);
	__type(value, struct iomap_stack);
} saved SEC(".maps");

struct {
	__uint(type, BPF_MAP_TYPE_HASH);
	__uint(max_entries, IOMAP_SITES);
	__type(key, __u64);
	__type(value, struct iomap_violation);
} violations SEC(".maps");

struct {
	__uint(type, BPF_MAP_TYPE_PERCPU_HASH);
	__uint(max_entries, IOMAP_SITES);
	__type(key, __u64);
	__type(value, struct iomap_violation_count);
} violation_counts SEC(".maps");

/*
 * Buffers for a violation: one for programs that run with interrupts off, one for the others, which
 * may be interrupted by the former.
 */
enum {
	IRQS_OFF,
	IRQS_ON
};

struct {
	__uint(type, BPF_MAP_TYPE_PERCPU_ARRAY);
	__uint(max_entries, 2);
	__type(key, __u32);
	__type(value, struct iomap_violation);
} scratch SEC(".maps");

struct {
	__uint(type, BPF_MAP_TYPE_HASH);
	__uint(max_entries, IOMAP_NAMES);
	__type(key, __u64);
	__type(value, struct iomap_name);
} names SEC(".maps");

struct {
	__uint(type, BPF_MAP_TYPE_HASH);
	__uint(max_entries, IOMAP_STACK_NAMES);
	__type(key, __u64);
	__type(value, struct iomap_stack_names);
} stack_names SEC(".maps");

/* Buffers for names, as `scratch`. */
struct {
	__uint(type, BPF_MAP_TYPE_PERCPU_ARRAY);
	__uint(max_entries, 2);
	__type(key, __u32);
	__type(value, struct iomap_stack_names);
} name_scratch SEC(".maps");

/* Sized by the loader when the stacks of maps are asked for. */
struct {
	__uint(type, BPF_MAP_TYPE_STACK_TRACE);
	__uint(max_entries, 1);
	__uint(key_size, sizeof(__u32));
	__uint(value_size, IOMAP_STACK_FRAMES * sizeof(__u64));
} map_stacks SEC(".maps");

struct {
	__uint(type, BPF_MAP_TYPE_RINGBUF);
	__uint(max_entries, 256 * 1024);
} events SEC(".maps");

/* Sites: see sites.h. The loader sizes the maps that the programs need. */
struct {
	__uint(type, BPF_MAP_TYPE_ARRAY);
	__uint(max_entries, 1);
	__type(key, __u32);
	__type(value, struct iomap_site);
} sites SEC(".maps");

struct {
	__uint(type, BPF_MAP_TYPE_ARRAY);
	__uint(max_entries, IOMAP_SITE_MODULES);
	__type(key, __u32);
	__type(value, struct iomap_site_module);
} site_modules SEC(".maps");

/* The number in `site_modules`, by name. */
struct {
	__uint(type, BPF_MAP_TYPE_HASH);
	__uint(max_entries, IOMAP_SITE_MODULES);
	__type(key, struct iomap_site_name);
	__type(value, __u32);
} site_names SEC(".maps");

struct {
	__uint(type, BPF_MAP_TYPE_PERCPU_ARRAY);
	__uint(max_entries, 1);
	__type(key, __u32);
	__type(value, struct iomap_site_cpu);
} site_cpus SEC(".maps");

/* The id of a mapping by the address of its struct, and the other way round. */
struct {
	__uint(type, BPF_MAP_TYPE_HASH);
	__uint(max_entries, 1);
	__type(key, __u64);
	__type(value, __u32);
} site_ids SEC(".maps");

struct {
	__uint(type, BPF_MAP_TYPE_HASH);
	__uint(max_entries, 1);
	__type(key, __u32);
	__type(value, __u64);
} site_objects SEC(".maps");

/* For user space alone: see persistent.h. */
struct {
	__uint(type, BPF_MAP_TYPE_ARRAY);
	__uint(map_flags, BPF_F_MMAPABLE);
	__uint(max_entries, IOMAP_SAVED_ALL);
	__type(key, __u32);
	__type(value, struct iomap_saved_event);
} saved_events SEC(".maps");

struct {
	__uint(type, BPF_MAP_TYPE_ARRAY);
	__uint(map_flags, BPF_F_MMAPABLE);
	__uint(max_entries, 1);
	__type(key, __u32);
	__type(value, struct iomap_persistent);
} persistent SEC(".maps");

#endif
