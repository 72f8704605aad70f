// SPDX-License-Identifier: GPL-2.0-or-later
/* Interrupts between CPUs: each is counted once, in the class of its cause. */
#include "tests/bpf/ipi-fixture.h"

#include <string.h>
#include <unistd.h>
#include <bpf/bpf.h>
#include <bpf/libbpf.h>
#include <linux/bpf.h>

static void outside_is_other(void **state)
{
	const struct model_ipi *m;
	struct bench b;

	(void)state;
	ipi_open(&b);
	ipi_send_cpu(&b, 1, 0);
	ipi_send_cpu(&b, 1, CALLBACK);
	ipi_send_cpu(&b, 1, CALLBACK);
	ipi_send_cpu(&b, 0, CALLBACK);
	ipi_queue_call(&b, 1, 0xc5d);
	ipi_run_func(&b, 1, 0xc5d);
	m = ipi_sample(&b);
	assert_int_equal(m->sent[IOMAP_IPI_RESCHED], 1);
	assert_int_equal(m->sent[IOMAP_IPI_CALL], 2);
	assert_int_equal(m->sent[IOMAP_IPI_IRQ_WORK], 1);
	assert_int_equal(m->class[IOMAP_IPI_OTHER].sends, 4);
	assert_int_equal(m->class[IOMAP_IPI_OTHER].ipis, 4);
	assert_int_equal(m->class[IOMAP_IPI_OTHER].calls, 1);
	assert_true(m->class[IOMAP_IPI_OTHER].stolen_ns >= 1000000);
	assert_int_equal(m->matrix[0 * m->matrix_cpus + 1].ipis[IOMAP_IPI_OTHER], 3);
	assert_int_equal(m->matrix[0].ipis[IOMAP_IPI_OTHER], 1);
	assert_int_equal(m->nr_callers, 0);
	bench_close(&b);
}

static void inside_is_direct(void **state)
{
	const struct ipi_caller *c;
	const struct model_ipi *m;
	struct bench b;

	(void)state;
	ipi_open(&b);
	ipi_map_start(&b, 1, IOMAP_SLEEPABLE);
	ipi_send_cpu(&b, 1, CALLBACK);
	/* An interrupt that the CPU sends to itself is not charged to the map. */
	ipi_send_cpu(&b, 0, CALLBACK);
	ev_map(&b, 1, PAGE(1), IOMAP_SLEEPABLE, IOMAP_IOREMAP, SITE);
	ipi_send_cpu(&b, 1, CALLBACK);
	ev_unmap(&b, PAGE(1), IOMAP_SLEEPABLE);
	ipi_broadcast(&b);
	ipi_broadcast(&b);
	ipi_unmap_done(&b, PAGE(1), IOMAP_SLEEPABLE);
	ipi_send_cpu(&b, 1, CALLBACK);
	ipi_map_start(&b, 2, IOMAP_SLEEPABLE);
	ipi_send_cpu(&b, 1, 0);
	ev_map_failed(&b, 2, 0, IOMAP_SLEEPABLE, IOMAP_IOREMAP, SITE + 16);
	m = ipi_sample(&b);
	c = ipi_get(&b, SITE, 1);
	assert_int_equal(c->direct.ipis, 3);
	assert_int_equal(c->direct.sends, 3);
	assert_int_equal(c->direct.calls, 2);
	assert_int_equal(c->direct.broadcasts, 2);
	assert_true(c->direct.stolen_ns >= 2000000);
	/* The time on the other CPU is a part of the wait. */
	assert_true(c->direct.wait_ns >= c->direct.stolen_ns);
	assert_int_equal(ipi_get(&b, SITE + 16, 2)->direct.ipis, 1);
	assert_int_equal(m->class[IOMAP_IPI_DIRECT].ipis, 4);
	assert_int_equal(m->class[IOMAP_IPI_DIRECT].stolen_ns, c->direct.stolen_ns);
	assert_int_equal(m->class[IOMAP_IPI_OTHER].ipis, 3);
	assert_int_equal(m->class[IOMAP_IPI_OTHER].stolen_ns, 0);
	assert_int_equal(b.m.op[IOMAP_OP_MAP][IOMAP_IOREMAP][IOMAP_SLEEPABLE].count, 1);
	assert_int_equal(b.m.op[IOMAP_OP_UNMAP][IOMAP_IOREMAP][IOMAP_SLEEPABLE].count, 1);
	assert_true(b.m.op[IOMAP_OP_UNMAP][IOMAP_IOREMAP][IOMAP_SLEEPABLE].max >= 2000000);
	bench_close(&b);
}

/* The linear backend has no unmap_done event, so its unmaps must not stay in flight. */
static void linear_has_no_op(void **state)
{
	const struct model_ipi *m;
	struct bench b;

	(void)state;
	ipi_open(&b);
	ev_map(&b, 1, PAGE(1), IOMAP_ATOMIC, IOMAP_LINEAR, SITE);
	ev_unmap(&b, PAGE(1), IOMAP_ATOMIC);
	ipi_send_cpu(&b, 1, CALLBACK);
	/* Unmatched unmaps must not stay in flight either. */
	ev_unmap(&b, PAGE(9), IOMAP_SLEEPABLE);
	ipi_send_cpu(&b, 1, CALLBACK);
	m = ipi_sample(&b);
	assert_int_equal(m->class[IOMAP_IPI_OTHER].ipis, 2);
	assert_int_equal(m->nr_callers, 0);
	bench_close(&b);
}

struct sends {
	struct bench *b;
	int cpu;
};

static void do_start(void *arg)
{
	struct sends *s = arg;

	on_cpu(s->cpu);
	ipi_map_start(s->b, 1, IOMAP_SLEEPABLE);
}

static void do_send(void *arg)
{
	struct sends *s = arg;

	on_cpu(s->cpu);
	ipi_send_cpu(s->b, !s->cpu, CALLBACK);
}

static void do_end(void *arg)
{
	struct sends *s = arg;

	on_cpu(s->cpu);
	ev_map(s->b, 1, PAGE(1), IOMAP_SLEEPABLE, IOMAP_IOREMAP, SITE);
}

/* A map sleeps and goes on on another CPU. Other tasks on its first CPU are not charged to it. */
static void follows_its_task(void **state)
{
	struct worker *w = worker_start(), *v = worker_start();
	const struct model_ipi *m;
	struct bench b;
	struct sends s = { .b = &b };

	(void)state;
	if (cpus_online() < 2)
		skip();
	ipi_open(&b);
	worker_run(w, do_start, &s);
	worker_run(w, do_send, &s);
	on_cpu(0);
	ev_switch(&b, false, (uintptr_t)w, (uintptr_t)v, 1);
	worker_run(v, do_send, &s);
	worker_run(v, do_send, &s);
	on_cpu(1);
	ev_switch(&b, false, 0, (uintptr_t)w, 0);
	s.cpu = 1;
	worker_run(w, do_send, &s);
	worker_run(w, do_end, &s);
	worker_run(w, do_send, &s);
	m = ipi_sample(&b);
	assert_int_equal(m->class[IOMAP_IPI_DIRECT].ipis, 2);
	assert_int_equal(m->class[IOMAP_IPI_OTHER].ipis, 3);
	assert_int_equal(ipi_get(&b, SITE, 1)->direct.ipis, 2);
	assert_int_equal(m->matrix[1].ipis[IOMAP_IPI_DIRECT], 1);
	assert_int_equal(m->matrix[m->matrix_cpus].ipis[IOMAP_IPI_DIRECT], 1);
	worker_stop(w);
	worker_stop(v);
	bench_close(&b);
}

/* A set of CPUs in kernel memory: the value of a BPF map. A program finds its address. */
struct kernel_mask {
	int map_fd;
	uint64_t addr;
};

static void kernel_mask_open(struct kernel_mask *k, uint64_t bits)
{
	int fd = bpf_map_create(BPF_MAP_TYPE_ARRAY, "mask", 4, 16, 1, NULL), prog;
	const struct bpf_insn insns[] = {
		/* *(u32 *)(r10 - 4) = 0; r0 = bpf_map_lookup_elem(map, r10 - 4) */
		{ .code = BPF_ST | BPF_MEM | BPF_W, .dst_reg = 10, .off = -4 },
		{ .code = BPF_ALU64 | BPF_MOV | BPF_X, .dst_reg = 2, .src_reg = 10 },
		{ .code = BPF_ALU64 | BPF_ADD | BPF_K, .dst_reg = 2, .imm = -4 },
		{ .code = BPF_LD | BPF_IMM | BPF_DW,
		  .dst_reg = 1,
		  .src_reg = BPF_PSEUDO_MAP_FD,
		  .imm = fd },
		{},
		{ .code = BPF_JMP | BPF_CALL, .imm = BPF_FUNC_map_lookup_elem },
		/* if (r0) *(u64 *)(r0 + 8) = r0 */
		{ .code = BPF_JMP | BPF_JEQ | BPF_K, .dst_reg = 0, .off = 1 },
		{ .code = BPF_STX | BPF_MEM | BPF_DW, .dst_reg = 0, .src_reg = 0, .off = 8 },
		{ .code = BPF_ALU64 | BPF_MOV | BPF_K, .dst_reg = 0 },
		{ .code = BPF_JMP | BPF_EXIT },
	};
	LIBBPF_OPTS(bpf_test_run_opts, opts);
	uint64_t value[2] = { bits };
	uint32_t zero = 0;

	assert_true(fd >= 0);
	assert_int_equal(bpf_map_update_elem(fd, &zero, value, 0), 0);
	prog = bpf_prog_load(BPF_PROG_TYPE_RAW_TRACEPOINT, "address", "GPL", insns,
			     ARRAY_SIZE(insns), NULL);
	assert_true(prog >= 0);
	assert_int_equal(bpf_prog_test_run_opts(prog, &opts), 0);
	assert_int_equal(bpf_map_lookup_elem(fd, &zero, value), 0);
	close(prog);
	k->map_fd = fd;
	k->addr = value[1];
}

static void masks_are_counted_bit_by_bit(void **state)
{
	const struct model_ipi *m;
	struct kernel_mask k;
	uint64_t args[3] = { 0, SITE, CALLBACK };
	struct bench b;

	(void)state;
	ipi_open(&b);
	/* Bits beyond the CPUs of the machine do not count. */
	kernel_mask_open(&k, ~0ULL);
	args[0] = k.addr;
	run_program(&b, "iomap_ipi_send_cpumask", args, ARRAY_SIZE(args));
	close(k.map_fd);
	kernel_mask_open(&k, 2);
	args[0] = k.addr;
	run_program(&b, "iomap_ipi_send_cpumask", args, ARRAY_SIZE(args));
	m = ipi_sample(&b);
	assert_int_equal(m->total.ipis, m->matrix_cpus + 1);
	assert_int_equal(m->total.sends, 2);
	assert_int_equal(m->sent[IOMAP_IPI_CALL], m->matrix_cpus + 1);
	assert_int_equal(m->matrix[0].ipis[IOMAP_IPI_OTHER], 1);
	assert_int_equal(m->matrix[1].ipis[IOMAP_IPI_OTHER], 2);
	assert_int_equal(m->unread, 0);
	args[0] = 0x10;
	run_program(&b, "iomap_ipi_send_cpumask", args, ARRAY_SIZE(args));
	m = ipi_sample(&b);
	assert_int_equal(m->unread, 1);
	assert_int_equal(m->total.sends, 3);
	assert_int_equal(m->total.ipis, m->matrix_cpus + 1);
	close(k.map_fd);
	bench_close(&b);
}

static void callers_full(void **state)
{
	const unsigned int more = 10;
	const struct model_ipi *m;
	struct bench b;

	(void)state;
	ipi_open(&b);
	for (unsigned int i = 0; i < IOMAP_IPI_CALLERS + more; i++) {
		ipi_map_start(&b, 1, IOMAP_LOCAL);
		ipi_send_cpu(&b, 1, 0);
		ev_map_failed(&b, 1, 0, IOMAP_LOCAL, IOMAP_IOREMAP, SITE + 16 * i);
	}
	m = ipi_sample(&b);
	assert_int_equal(m->nr_callers, IOMAP_IPI_CALLERS);
	assert_int_equal(m->unplaced, more);
	assert_int_equal(m->class[IOMAP_IPI_DIRECT].ipis, IOMAP_IPI_CALLERS + more);
	bench_close(&b);
}

/* Without the option ipi, interrupts are not counted and all else works. */
static void off(void **state)
{
	struct bench b;

	(void)state;
	bench_open(&b, NULL);
	ev_create(&b, 1, 0x1000, 0x100000, IOMAP_IOREMAP, SITE);
	ev_map(&b, 1, PAGE(1), IOMAP_ATOMIC, IOMAP_IOREMAP, SITE);
	ev_unmap(&b, PAGE(1), IOMAP_ATOMIC);
	bench_sample(&b);
	assert_false(b.m.ipi.on);
	assert_int_equal(b.m.ipi.nr_callers, 0);
	assert_true(collector_program_fd(b.collector, "iomap_ipi_send_cpu") < 0);
	bench_close(&b);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(outside_is_other),
		cmocka_unit_test(inside_is_direct),
		cmocka_unit_test(linear_has_no_op),
		cmocka_unit_test(follows_its_task),
		cmocka_unit_test(masks_are_counted_bit_by_bit),
		cmocka_unit_test(callers_full),
		cmocka_unit_test(off),
	};

	return cmocka_run_group_tests_name("bpf/ipi", tests, NULL, NULL);
}
