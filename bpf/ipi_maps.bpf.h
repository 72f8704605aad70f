/* SPDX-License-Identifier: GPL-2.0-only */
/* What is kept of interrupts between CPUs. The loader gives the maps their sizes. */
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

/* Time that a CPU lost to functions of ours, by the CPU that sent them. */
struct {
	__uint(type, BPF_MAP_TYPE_PERCPU_ARRAY);
	__uint(max_entries, 1);
	__type(key, __u32);
	__type(value, __u64);
} ipi_stolen SEC(".maps");

/* Functions of ours that wait for their CPU, with the CPU that sent them. */
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

/* Where a set of CPUs is copied to; its senders are not preempted. */
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
