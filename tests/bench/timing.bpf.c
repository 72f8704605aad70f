// SPDX-License-Identifier: GPL-2.0-only
/*
 * Times the BPF programs on a real CPU. This file includes their source: each program becomes a
 * function that a loop calls with fake arguments. The loops for comparison are built alike.
 */
#include <linux/bpf.h>
#include <linux/errno.h>
#include <bpf/bpf_helpers.h>

#include "bpf/ipi_maps.bpf.h"
#include "tests/bench/timing.h"

char timing_license[] SEC("license") = "GPL";

struct {
	__uint(type, BPF_MAP_TYPE_PERCPU_ARRAY);
	__uint(max_entries, 1024);
	__type(key, __u32);
	__type(value, __u64);
} bare SEC(".maps");

struct {
	__uint(type, BPF_MAP_TYPE_HASH);
	__uint(max_entries, 16384);
	__type(key, struct iomap_live_key);
	__type(value, struct iomap_live);
} bare_hash SEC(".maps");

/* In .text the programs are functions: libbpf loads only those that a loop calls. */
#undef SEC
#define SEC(name)
/* The functions have no context for a stack, and only violations need one. */
#define bpf_get_stack(ctx, buf, size, flags) (0)

#define FUNCTION(name) \
	static __attribute__((noinline)) int name(struct bpf_raw_tracepoint_args *ctx)

FUNCTION(iomap_map);
FUNCTION(iomap_unmap);
FUNCTION(iomap_switch);
FUNCTION(iomap_ipi_send_cpu);
FUNCTION(iomap_ipi_got_resched);
FUNCTION(iomap_ipi_func);
FUNCTION(iomap_ipi_func_done);

#include "bpf/iomap.bpf.c"

#undef SEC
#define SEC(name) __attribute__((section(name), used))

struct timing timing;

/* A fake preempt count of a task, and its address. */
__u32 level_task;
__u64 level_addr;

FUNCTION(nothing)
{
	asm volatile("" : : "r"(ctx));
	return 0;
}

static __always_inline void increment(__u32 key)
{
	__u64 *v = bpf_map_lookup_elem(&bare, &key);

	if (v)
		(*v)++;
}

static __always_inline void read_clock(void)
{
	timing.sum += bpf_ktime_get_ns();
}

static __always_inline void insert(__u64 vaddr, __u32 id)
{
	struct iomap_live_key key = { .vaddr = vaddr };
	struct iomap_live value = { .id = id };

	bpf_map_update_elem(&bare_hash, &key, &value, BPF_NOEXIST);
}

static __always_inline void forget(__u64 vaddr)
{
	struct iomap_live_key key = { .vaddr = vaddr };
	struct iomap_live *value = bpf_map_lookup_elem(&bare_hash, &key);

	if (value)
		timing.sum += value->id;
	bpf_map_delete_elem(&bare_hash, &key);
}

/* Program timing_NAME measures the time of timing.loops loops of the body. */
#define LOOP(name, body)                                               \
	static long loop_##name(__u32 i, void *unused)                 \
	{                                                              \
		body;                                                  \
		return 0;                                              \
	}                                                              \
	SEC("raw_tp/timing")                                           \
	int timing_##name(struct bpf_raw_tracepoint_args *ctx)         \
	{                                                              \
		__u64 start = bpf_ktime_get_ns();                      \
		long n = bpf_loop(timing.loops, loop_##name, NULL, 0); \
                                                                       \
		timing.ns = bpf_ktime_get_ns() - start;                \
		return n == (long)timing.loops;                        \
	}
#define CALL(function, arguments) function((struct bpf_raw_tracepoint_args *)timing.arguments)
#define PAIR(first, second)	  ((CALL(first, map) | CALL(second, unmap)) != 0)

LOOP(loop, )
LOOP(calls, return PAIR(nothing, nothing))
LOOP(call, CALL(nothing, other))
LOOP(increments, increment(timing.map[0]); increment(timing.unmap[1]))
LOOP(clocks, read_clock(); read_clock())
LOOP(clocks_increments, increment(timing.map[0]); read_clock(); increment(timing.unmap[1]);
     read_clock())
LOOP(hash, insert(timing.map[1], timing.map[0]); forget(timing.unmap[0]))
LOOP(pair, return PAIR(iomap_map, iomap_unmap))
LOOP(switch, CALL(iomap_switch, other))
LOOP(send, CALL(iomap_ipi_send_cpu, other))
LOOP(received, CALL(iomap_ipi_got_resched, other))
LOOP(function, CALL(iomap_ipi_func, other); CALL(iomap_ipi_func_done, other))

/* A tracepoint that BPF can fire, and a program on it that does nothing. */
extern int bpf_modify_return_test_tp(int nonce) __attribute__((section(".ksyms"), weak));

LOOP(event, bpf_modify_return_test_tp(0))

SEC("raw_tp/bpf_trigger_tp")
int timing_on_event(struct bpf_raw_tracepoint_args *ctx)
{
	return 0;
}

SEC("raw_tp/timing")
int timing_setup(struct bpf_raw_tracepoint_args *ctx)
{
	level_addr = (__u64)&level_task;
	return 0;
}
