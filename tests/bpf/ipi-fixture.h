/* SPDX-License-Identifier: GPL-2.0-or-later */
/* What tests of interrupts between CPUs share: the events, each by its program, and the books. */
#ifndef IOMAP_TESTS_BPF_IPI_FIXTURE_H
#define IOMAP_TESTS_BPF_IPI_FIXTURE_H

#include "tests/bpf/harness.h"

#define CALLBACK 0xffffffff81000900

/* A share as the model has it. */
#define SHARE(part, of) (((uint64_t)(part) << IOMAP_SHARE_BITS) / (of))

/* On CPU 0, with two mappings, 1 and 2, of the ioremap backend. */
void ipi_open(struct bench *b);
void ipi_map_start(struct bench *b, uint32_t id, uint32_t kind);
void ipi_unmap_done(struct bench *b, uint64_t vaddr, uint32_t kind);
/* A map that does nothing of interest. */
void ipi_map(struct bench *b, uint32_t id, uint64_t vaddr, uint32_t kind, uint64_t caller);
void ipi_send_cpu(struct bench *b, uint32_t target, uint64_t callback);
void ipi_queue_call(struct bench *b, uint32_t target, uint64_t csd);
/* The function of that csd, for a millisecond or more. */
void ipi_run_func(struct bench *b, int cpu, uint64_t csd);
/* A program that looks at no argument. */
void ipi_simple(struct bench *b, const char *name);
/* A broadcast to the other CPU, with an interrupt. */
void ipi_broadcast(struct bench *b);
void ipi_range(struct bench *b);
/* An unmap that puts off its flush. */
void ipi_unmap_queues(struct bench *b, uint64_t vaddr);
void ipi_purged(struct bench *b, uint32_t ranges);
/* A purge with one broadcast. */
void ipi_purge(struct bench *b, uint32_t ranges);
/* The call site of that mapping; all zeros when there is none. */
const struct ipi_caller *ipi_get(const struct bench *b, uint64_t ip, uint32_t id);
/* Samples; the figures that are counted apart must agree, and the parts make the whole. */
const struct model_ipi *ipi_sample(struct bench *b);

#endif
