/* SPDX-License-Identifier: GPL-2.0-or-later */
/* Helpers of the tests of interrupts between CPUs: the events, and checks of the sums. */
#ifndef IOMAP_TESTS_BPF_IPI_FIXTURE_H
#define IOMAP_TESTS_BPF_IPI_FIXTURE_H

#include "tests/bpf/harness.h"

#define CALLBACK 0xffffffff81000900

/* A share in the unit of the model. */
#define SHARE(part, of) (((uint64_t)(part) << IOMAP_SHARE_BITS) / (of))

/* Opens on CPU 0, with the mappings 1 and 2 of the ioremap backend. */
void ipi_open(struct bench *b);
void ipi_map_start(struct bench *b, uint32_t id, uint32_t kind);
void ipi_unmap_done(struct bench *b, uint64_t vaddr, uint32_t kind);
/* A map that sends nothing. */
void ipi_map(struct bench *b, uint32_t id, uint64_t vaddr, uint32_t kind, uint64_t caller);
void ipi_send_cpu(struct bench *b, uint32_t target, uint64_t callback);
void ipi_queue_call(struct bench *b, uint32_t target, uint64_t csd);
/* Runs the function of that csd for at least a millisecond. */
void ipi_run_func(struct bench *b, int cpu, uint64_t csd);
/* Runs a program that reads no argument. */
void ipi_simple(struct bench *b, const char *name);
/* A broadcast to the other CPU, with an interrupt. */
void ipi_broadcast(struct bench *b);
void ipi_range(struct bench *b);
/* An unmap that defers its flush. */
void ipi_unmap_queues(struct bench *b, uint64_t vaddr);
void ipi_purged(struct bench *b, uint32_t ranges);
/* A purge with one broadcast. */
void ipi_purge(struct bench *b, uint32_t ranges);
/* The record of the call site for that mapping; zeros when there is none. */
const struct ipi_caller *ipi_get(const struct bench *b, uint64_t ip, uint32_t id);
/* Samples, and checks that the sums by vector, by target and by class are equal. */
const struct model_ipi *ipi_sample(struct bench *b);

#endif
