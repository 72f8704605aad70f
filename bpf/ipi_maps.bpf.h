/* SPDX-License-Identifier: GPL-2.0-only */
/* The maps of interrupts between CPUs. The loader sets their sizes. */
#ifndef IOMAP_IPI_MAPS_BPF_H
#define IOMAP_IPI_MAPS_BPF_H

#include "maps.bpf.h"

struct {
	__uint(type, BPF_MAP_TYPE_PERCPU_ARRAY);
	__uint(max_entries, IOMAP_LEVEL_MAX);
	__type(key, __u32);
	__type(value, struct iomap_ipi_cpu);
} ipi_cpus SEC(".maps");

struct {
	__uint(type, BPF_MAP_TYPE_PERCPU_ARRAY);
	__uint(max_entries, 1);
	__type(key, __u32);
	__type(value, struct iomap_ipi_state);
} ipi_state SEC(".maps");

struct {
	__uint(type, BPF_MAP_TYPE_PERCPU_ARRAY);
	__uint(max_entries, 1);
	__type(key, __u32);
	__type(value, struct iomap_ipi_cell);
} ipi_matrix SEC(".maps");

/* Time that a CPU lost to functions called by maps and unmaps, by the CPU that sent them. */
struct {
	__uint(type, BPF_MAP_TYPE_PERCPU_ARRAY);
	__uint(max_entries, 1);
	__type(key, __u32);
	__type(value, __u64);
} ipi_stolen SEC(".maps");

/* Functions called by maps and unmaps that wait for their CPU, with the CPU that sent them. */
struct {
	__uint(type, BPF_MAP_TYPE_HASH);
	__uint(max_entries, 1);
	__type(key, __u64);
	__type(value, __u32);
} ipi_joins SEC(".maps");

struct {
	__uint(type, BPF_MAP_TYPE_ARRAY);
	__uint(max_entries, 1);
	__type(key, __u32);
	__type(value, struct iomap_ipi_purge);
} ipi_purges SEC(".maps");

struct {
	__uint(type, BPF_MAP_TYPE_PERCPU_HASH);
	__uint(max_entries, 1);
	__type(key, struct iomap_ipi_caller_key);
	__type(value, struct iomap_ipi_caller);
} ipi_callers SEC(".maps");

/* How long maps and unmaps take, by iomap_op_index(). */
struct {
	__uint(type, BPF_MAP_TYPE_PERCPU_ARRAY);
	__uint(max_entries, IOMAP_OP_MAX *IOMAP_BACKEND_MAX *IOMAP_KIND_MAX);
	__type(key, __u32);
	__type(value, struct iomap_hist);
} op_hists SEC(".maps");

/* Buffer for a set of CPUs; the programs that use it are not preempted. */
#define MASK_WORDS 128

struct cpu_mask {
	__u64 word[MASK_WORDS];
};

struct {
	__uint(type, BPF_MAP_TYPE_PERCPU_ARRAY);
	__uint(max_entries, 1);
	__type(key, __u32);
	__type(value, struct cpu_mask);
} ipi_masks SEC(".maps");

#endif
