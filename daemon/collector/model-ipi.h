/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * Interrupts between CPUs: the sums of the per-CPU records of bpf/ipi.h, by cause. Part of the
 * model.
 */
#ifndef IOMAP_DAEMON_COLLECTOR_MODEL_IPI_H
#define IOMAP_DAEMON_COLLECTOR_MODEL_IPI_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "bpf/iomap.h"

/* Figures that some kernels cannot give. */
enum ipi_figure {
	IPI_IPIS,
	IPI_CALLS,
	IPI_WAIT, /* and broadcasts */
	IPI_STOLEN,
	IPI_DIRECT,
	IPI_DEFERRED,
	IPI_RECEIVED,
	IPI_FIGURE_MAX,
};

/* The cost of the maps by one caller of one mapping, and of their unmaps. */
struct ipi_caller {
	uint64_t addr;
	const char *name; /* owned by the filler of the model */
	const char *module;
	uint32_t mapping_id;
	uint8_t kind;
	uint8_t backend;
	struct iomap_ipi_count direct;
	struct iomap_ipi_count deferred; /* all but the times in 1/IOMAP_SHARE_ONE */
	uint64_t queued;		 /* ranges, ever */
	uint64_t pending;		 /* ranges that no purge took yet */
	uint64_t expired;		 /* ranges whose share is lost */
	uint64_t slots;			 /* pages of the reserve, ever */
};

struct model_ipi {
	bool on;			     /* interrupts are counted */
	const char *missing[IPI_FIGURE_MAX]; /* why a figure is not known; NULL: it is */

	struct iomap_ipi_count class[IOMAP_IPI_CLASS_MAX];
	uint64_t sent[IOMAP_IPI_VECTOR_MAX];
	uint64_t received[IOMAP_IPI_VECTOR_MAX];
	uint64_t queued; /* ranges of vmalloc, by all of the kernel */
	uint64_t slots;
	uint64_t unread, unjoined, unplaced;
	/*
	 * Shares that the programs have settled for the callers, in 1/IOMAP_SHARE_ONE. Shares that
	 * are not settled yet are in deferred alone, until the record of their purge is overwritten
	 * IOMAP_PURGES later. This sum never decreases.
	 */
	struct iomap_ipi_count noted[IOMAP_BACKEND_MAX];
	/* Events for which the kernel skipped a program, as it was busy */
	uint64_t missed_sends, missed_calls, missed;
	struct iomap_ipi_purging purging;

	struct ipi_caller *callers; /* after ipi_finish(): most expensive first */
	size_t nr_callers, cap_callers;
	struct iomap_ipi_cell *matrix; /* sender * matrix_cpus + target */
	size_t matrix_cpus;	       /* 0: too many CPUs for a matrix */
	struct iomap_ipi_cell offline; /* interrupts from or to CPUs that are offline now */

	/* Set by ipi_finish(); counts of deferred and other in 1/IOMAP_SHARE_ONE */
	struct iomap_ipi_count direct[IOMAP_BACKEND_MAX];
	struct iomap_ipi_count deferred[IOMAP_BACKEND_MAX];
	struct iomap_ipi_count other;
	struct iomap_ipi_count total; /* plain */
	uint64_t own_queued, own_pending, own_expired, pending_slots;
};

/* Empties the model and keeps the memory of the callers. */
void ipi_reset(struct model_ipi *m);
void ipi_free(struct model_ipi *m);

void ipi_add_cpu(struct model_ipi *m, const struct iomap_ipi_cpu *c);
/*
 * Adds a CPU's record of a caller, and settles its open ranges. purges: the records of purges, at
 * epoch modulo IOMAP_PURGES. Returns 0 or -ENOMEM.
 */
int ipi_add_caller(struct model_ipi *m, const struct iomap_ipi_caller_key *key,
		   const struct iomap_ipi_caller *site, const struct iomap_ipi_purge *purges);
/* Adds the interrupts from sender to target. cpus: of the machine. Returns 0 or -ENOMEM. */
int ipi_add_cell(struct model_ipi *m, size_t cpus, size_t sender, size_t target,
		 const struct iomap_ipi_cell *cell);
/* Adds interrupts from or to a CPU that is offline. */
void ipi_add_offline(struct model_ipi *m, const struct iomap_ipi_cell *cell);
/* Distributes the cost of purges and computes sums. To be called once, after the last record. */
void ipi_finish(struct model_ipi *m);

#endif
