// SPDX-License-Identifier: GPL-2.0-or-later
#include "tests/bpf/ipi-fixture.h"

#include <unistd.h>

void ipi_open(struct bench *b)
{
	const struct collector_options opts = { .timing = IOMAP_TIMING_ALL, .ipi = true };

	bench_open(b, &opts);
	on_cpu(0);
	ev_create(b, 1, 0x1000, 0x100000, IOMAP_IOREMAP, SITE);
	ev_create(b, 2, 0x1000, 0x100000, IOMAP_IOREMAP, SITE);
}

void ipi_map_start(struct bench *b, uint32_t id, uint32_t kind)
{
	uint64_t args[] = { id, 0, 4096, kind, IOMAP_IOREMAP };

	run_program(b, "iomap_map_start", args, ARRAY_SIZE(args));
}

void ipi_unmap_done(struct bench *b, uint64_t vaddr, uint32_t kind)
{
	uint64_t args[] = { vaddr, kind };

	run_program(b, "iomap_unmap_done", args, ARRAY_SIZE(args));
}

void ipi_map(struct bench *b, uint32_t id, uint64_t vaddr, uint32_t kind, uint64_t caller)
{
	ipi_map_start(b, id, kind);
	ev_map(b, id, vaddr, kind, IOMAP_IOREMAP, caller);
}

void ipi_send_cpu(struct bench *b, uint32_t target, uint64_t callback)
{
	uint64_t args[] = { target, SITE, callback };

	run_program(b, "iomap_ipi_send_cpu", args, ARRAY_SIZE(args));
}

void ipi_queue_call(struct bench *b, uint32_t target, uint64_t csd)
{
	uint64_t args[] = { target, SITE, CALLBACK, csd };

	run_program(b, "iomap_ipi_queue", args, ARRAY_SIZE(args));
}

void ipi_run_func(struct bench *b, int cpu, uint64_t csd)
{
	uint64_t args[] = { CALLBACK, csd };

	on_cpu(cpu);
	run_program(b, "iomap_ipi_func", args, ARRAY_SIZE(args));
	usleep(1000);
	run_program(b, "iomap_ipi_func_done", args, ARRAY_SIZE(args));
	on_cpu(0);
}

void ipi_simple(struct bench *b, const char *name)
{
	uint64_t args[] = { 0 };

	run_program(b, name, args, ARRAY_SIZE(args));
}

void ipi_broadcast(struct bench *b)
{
	ipi_simple(b, "iomap_ipi_broadcast");
	ipi_queue_call(b, 1, 0xc5d);
	ipi_send_cpu(b, 1, CALLBACK);
	ipi_run_func(b, 1, 0xc5d);
	ipi_simple(b, "iomap_ipi_broadcast_done");
}

void ipi_range(struct bench *b)
{
	uint64_t args[] = { 0xc0000000, 1, 16384 };

	run_program(b, "iomap_ipi_range", args, ARRAY_SIZE(args));
}

void ipi_unmap_queues(struct bench *b, uint64_t vaddr)
{
	ev_unmap(b, vaddr, IOMAP_SLEEPABLE);
	ipi_range(b);
	ipi_unmap_done(b, vaddr, IOMAP_SLEEPABLE);
}

void ipi_purged(struct bench *b, uint32_t ranges)
{
	uint64_t args[] = { 0, 4096, ranges };

	run_program(b, "iomap_ipi_purged", args, ARRAY_SIZE(args));
}

void ipi_purge(struct bench *b, uint32_t ranges)
{
	ipi_simple(b, "iomap_ipi_purge");
	ipi_broadcast(b);
	ipi_purged(b, ranges);
}

const struct ipi_caller *ipi_get(const struct bench *b, uint64_t ip, uint32_t id)
{
	static const struct ipi_caller none;

	for (size_t i = 0; i < b->m.ipi.nr_callers; i++) {
		const struct ipi_caller *c = &b->m.ipi.callers[i];

		if (c->addr == ip && c->mapping_id == id)
			return c;
	}
	return &none;
}

const struct model_ipi *ipi_sample(struct bench *b)
{
	const struct model_ipi *m = &b->m.ipi;
	uint64_t sent = 0, cells = 0, ours = m->class[IOMAP_IPI_DIRECT].ipis;

	bench_sample(b);
	ours = m->class[IOMAP_IPI_DIRECT].ipis << IOMAP_SHARE_BITS;
	for (int i = 0; i < IOMAP_IPI_VECTOR_MAX; i++)
		sent += m->sent[i];
	for (size_t i = 0; i < m->matrix_cpus * m->matrix_cpus; i++) {
		for (int k = 0; k < IOMAP_IPI_CLASS_MAX; k++)
			cells += m->matrix[i].ipis[k];
	}
	for (int i = 0; i < IOMAP_BACKEND_MAX; i++)
		ours += m->deferred[i].ipis;
	assert_int_equal(m->total.ipis, sent);
	assert_int_equal(m->total.ipis, cells);
	assert_int_equal(m->total.ipis << IOMAP_SHARE_BITS, ours + m->other.ipis);
	return m;
}
