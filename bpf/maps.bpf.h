/* SPDX-License-Identifier: GPL-2.0-only */
/* What the programs keep, and their settings, which the loader sets and the verifier knows. */
#ifndef IOMAP_MAPS_BPF_H
#define IOMAP_MAPS_BPF_H

#include "iomap.h"

/* Ids below this have their own counters; 1 at least. The loader sizes the maps alike. */
const volatile __u32 cfg_max_mappings = 1;
/* Possible CPUs. */
const volatile __u32 cfg_cpus = 1;
/* enum iomap_timing */
const volatile __u32 cfg_timing = IOMAP_TIMING_ALL;
/* The kernel is PREEMPT_RT: an atomic section belongs to a task. */
const volatile __u32 cfg_preempt_rt = 0;
/* Buckets of the site table - 1; their number is a power of two. */
const volatile __u32 cfg_site_mask = 0;

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
	__type(value, struct iomap_site_bucket);
} sites SEC(".maps");

struct {
	__uint(type, BPF_MAP_TYPE_HASH);
	__uint(max_entries, 16384);
	__type(key, struct iomap_live_key);
	__type(value, struct iomap_live);
} live SEC(".maps");

/* The open local sections of a task; on PREEMPT_RT the atomic ones too. */
struct {
	__uint(type, BPF_MAP_TYPE_TASK_STORAGE);
	__uint(map_flags, BPF_F_NO_PREALLOC);
	__type(key, int);
	__type(value, struct iomap_stack);
} tasks SEC(".maps");

struct {
	__uint(type, BPF_MAP_TYPE_RINGBUF);
	__uint(max_entries, 256 * 1024);
} events SEC(".maps");

#endif
