/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * Loads the BPF programs, attaches them, and reads what they counted. iomapd and tests share this.
 */
#ifndef IOMAP_DAEMON_COLLECTOR_COLLECTOR_H
#define IOMAP_DAEMON_COLLECTOR_COLLECTOR_H

#include <stdbool.h>
#include <stdint.h>

#include "daemon/collector/cost.h"
#include "daemon/collector/history.h"
#include "daemon/collector/model.h"
#include "daemon/base/util.h"

#define COLLECTOR_MAPPINGS_DEFAULT 1024
#define COLLECTOR_MAPPINGS_MAX	   65536

struct collector_options {
	enum iomap_source source;
	uint32_t max_mappings; /* size of the table; 0: COLLECTOR_MAPPINGS_DEFAULT */
	uint32_t max_live;     /* open sleepable maps; 0: as in the object */
	uint32_t max_callers;  /* call sites a CPU; 0: 1024. Rounded up to a power of two */
	uint32_t ring_bytes;   /* 0: as in the object; a power of two, of pages */
	enum iomap_timing timing;
	uint32_t rules_off;   /* bits 1 << enum iomap_rule: these are not checked */
	uint64_t max_hold_ns; /* budget of hold-time; 0: that rule is not checked */
	bool ipi;	      /* count interrupts between CPUs */
	uint64_t hidden;      /* bits 1 << collector_hook(): hooks that are not attached */
	bool map_stacks;      /* save the kernel stack of each map, for the violations */
	/*
	 * For a gate: prove the hooks on each CPU, and see allocations that may sleep even where
	 * that takes a hook on each allocation.
	 */
	bool thorough;
	uint64_t tables;  /* filled in by collector_new(): hash of the tables of sites */
	int preempt_rt;	  /* -1: as the running kernel */
	bool no_attach;	  /* load only: for tests that run the programs themselves */
	bool slow_only;	  /* for tests: no event takes the fast path */
	const char *root; /* comes before /sys and /proc; NULL: nothing */
	/*
	 * Folder for the pins, in a BPF file system. The collector takes over the set that an
	 * earlier iomapd pinned there. NULL: pin nothing.
	 */
	const char *pins;
};

/* Fills in the defaults. Without a budget, the rule hold-time is off. */
void collector_options_complete(struct collector_options *o);
/*
 * Compares the options that are fixed when the programs load. Returns true when two sets differ,
 * with the names of these options in text.
 */
bool collector_options_differ(const struct collector_options *a, const struct collector_options *b,
			      char *text, size_t size);

struct collector;

/*
 * Loads and attaches the programs, or takes over pinned ones. Leaves nothing in the kernel if the
 * process ends before collector_pin(). Returns 0, or with a sentence in e:
 * -EPERM without the privilege, -ENOTSUP when the kernel lacks the tracepoints or BTF, or another
 * negative errno.
 */
int collector_new(const struct collector_options *opts, struct collector **ret, struct errbuf *e);
/*
 * Pins everything that collector_new() loaded for the next iomapd, or notes why that fails. A
 * process that is killed here may leave programs that count: block the signals. Returns 0, or
 * -EBUSY or -ENOMEM with a sentence in e.
 */
int collector_pin(struct collector *c, struct errbuf *e);
/*
 * Removes the pins that this collector made, for a start that failed later. A set that was taken
 * over stays. Returns 0 or a negative errno.
 */
int collector_undo(struct collector *c);
/* Pinned programs continue to count, others are detached. */
struct collector *collector_free(struct collector *c);

/* The i-th sentence on the start, such as why a set was not taken over. NULL: there are no more. */
const char *collector_note(const struct collector *c, size_t i);

/* Reads all counters into an empty model and finishes it. The strings belong to the collector. */
int collector_sample(struct collector *c, struct model *m);

/* Fills in the cost of the BPF programs and maps. Returns 0 or a negative errno. */
int collector_cost(const struct collector *c, struct cost *cost);

/* A descriptor that is readable when events wait (for epoll). */
int collector_event_fd(const struct collector *c);
/*
 * Adds the waiting events to the history; the first call also adds those that an earlier iomapd
 * reported. Returns their number, or a negative errno.
 */
int collector_consume(struct collector *c, struct history *h);

/* The number of a hook that counts interrupts between CPUs, by its name; or -EINVAL. */
int collector_hook(const char *name);
/* The name of the i-th such hook; NULL: there are no more. */
const char *collector_hook_name(size_t i);

/* For tests: the descriptor of a program or map by its name in bpf/, or -ENOENT. */
int collector_program_fd(const struct collector *c, const char *name);
int collector_map_fd(const struct collector *c, const char *name);

#endif
