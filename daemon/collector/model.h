/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * One sampling: the sums of the per-CPU records of bpf/iomap.h. The collector fills the model, and
 * reports and metrics are made from it.
 */
#ifndef IOMAP_DAEMON_COLLECTOR_MODEL_H
#define IOMAP_DAEMON_COLLECTOR_MODEL_H

#include <stdbool.h>
#include <stdint.h>

#include "bpf/hist.h"
#include "daemon/collector/model-ipi.h"
#include "daemon/base/util.h"

/* Events of one kind; hold times in nanoseconds. */
struct model_count {
	uint64_t maps;
	uint64_t unmaps;
	uint64_t failed;
	uint64_t gone; /* maps that no unmap will end any more */
	uint64_t hold_count;
	uint64_t hold_sum;
	uint64_t hold_max;
};

struct model_mapping {
	uint32_t id;
	uint32_t gen;
	uint64_t base;
	uint64_t size;
	uint64_t owner_addr; /* 0: not known as an address */
	const char *owner;   /* symbol+0xoffset; NULL: not known. Outlives the model */
	const char *module;  /* NULL: the kernel itself */
	char device[32];     /* PCI address; empty: in no device */
	int bar;	     /* -1: none */
	uint8_t backend;
	uint8_t state;				 /* enum iomap_state */
	struct model_count kind[IOMAP_KIND_MAX]; /* since the mapping was created */
	struct model_count ever[IOMAP_KIND_MAX]; /* of all mappings that had the id */
};

struct model_caller {
	uint64_t addr;
	const char *name; /* as owner above */
	const char *module;
	uint32_t mapping_id;
	uint8_t kind;
	uint8_t backend;
	uint64_t maps;
	uint64_t failed;
};

struct model_cpu {
	uint32_t cpu;
	uint64_t maps[IOMAP_KIND_MAX];
	uint64_t unmaps[IOMAP_KIND_MAX]; /* unmatched ones included */
	uint64_t failed;
};

struct model_hist {
	uint64_t count; /* the sum of the buckets */
	uint64_t sum;
	uint64_t max;
	uint64_t bucket[IOMAP_HIST_BUCKETS];
};

/* A hook, which the kernel may lack. */
struct model_hook {
	const char *name;
	const char *missing; /* why it is missing and what that costs; NULL: attached */
};

/* A site that breaks a rule. The strings outlive the model. Times are in nanoseconds. */
struct model_violation {
	uint8_t rule; /* enum iomap_rule */
	uint8_t kind; /* of the map */
	uint8_t backend;
	uint32_t mapping_id;   /* mapping of the first violation; 0: not known */
	uint64_t count;	       /* violations */
	uint64_t time_ns;      /* of the first violation; CLOCK_MONOTONIC */
	uint64_t time_unix_ns; /* likewise; CLOCK_REALTIME */
	uint64_t base, size;   /* of the mapping; 0: not known */
	uint64_t offset;       /* of the map, for the offset rules and use-after-free */
	uint64_t map_size;     /* likewise; 0: not known */
	uint64_t held_ns;      /* the longest that the map was held; 0: not known */
	uint32_t pid;	       /* thread and CPU of the first violation */
	uint32_t cpu;
	char comm[IOMAP_COMM_LEN + 1];
	bool at_exit;	    /* a leak that was found at the end of the task, not at the free */
	const char *caller; /* call site of the map, symbol+0xoffset; NULL: not known */
	const char *module; /* NULL: the kernel itself, or not known */
	/* The offending call into io_mapping, or the function that may sleep; NULL: none */
	const char *offender;
	const char *offender_module;
	/* Kernel stack of the offence, innermost first: "symbol+0xoffset [module]" */
	const char *stack[IOMAP_STACK_FRAMES];
	size_t nr_stack;
	const char *map_stack[IOMAP_STACK_FRAMES]; /* of the map; only with map_stacks */
	size_t nr_map_stack;
};

/* The calls that the rule may-sleep-in-atomic sees. The strings outlive the model. */
struct model_may_sleep {
	const char *functions;	 /* names with blanks between them; NULL: the rule is not checked */
	const char *might_sleep; /* the function that shows each might_sleep(); NULL: none does */
	bool allocations;	 /* allocations of memory that may sleep are seen */
};

/* The metrics endpoint of iomapd, which fills this in. */
struct model_metrics {
	const char *address; /* the setting; NULL: off */
	char url[128];	     /* empty: not served */
	const char *reason;  /* why nobody can reach them; NULL: they are served */
};

#define MODEL_HOOKS_MAX 32

struct model {
	uint64_t time_ns;	  /* CLOCK_MONOTONIC when the sampling began */
	uint64_t started_unix;	  /* seconds */
	uint64_t since_unix_ns;	  /* when counting began; 0: not known */
	uint64_t starts;	  /* starts of iomapd since then */
	const char *const *notes; /* on the last start; outlive the model */
	size_t nr_notes;
	uint32_t pid;
	struct model_metrics metrics;
	const char *version;
	char release[65]; /* as in struct utsname */
	char machine[65];

	bool backend_present[IOMAP_BACKEND_MAX]; /* in force, or seen */
	enum iomap_timing timing;
	enum iomap_source source; /* IOMAP_SOURCE_AUTO: not known */

	uint64_t seen;	    /* without events under way */
	uint64_t under_way; /* CPUs that were in the middle of an event when they were read */
	uint64_t counted;
	uint64_t lost[IOMAP_LOST_MAX];
	uint64_t adopted; /* mappings that are older than the tracer */
	uint64_t created;
	uint64_t freed;
	uint64_t unmatched_unmaps;			 /* unmaps whose map was not seen */
	uint64_t unlisted_maps;				 /* maps of an id that the table lacks */
	struct model_count unattributed[IOMAP_KIND_MAX]; /* all counts of such ids */

	struct model_count total[IOMAP_BACKEND_MAX][IOMAP_KIND_MAX];
	struct model_hist hist[IOMAP_BACKEND_MAX][IOMAP_KIND_MAX];
	/* Durations of maps and unmaps by tasks; on the linear backend there are none */
	struct model_hist op[IOMAP_OP_MAX][IOMAP_BACKEND_MAX][IOMAP_KIND_MAX];
	struct model_ipi ipi;

	struct model_mapping *mappings; /* by id; live and freed ones */
	size_t nr_mappings, cap_mappings;
	struct model_caller *callers; /* after model_finish(): busiest first */
	size_t nr_callers, cap_callers;
	struct model_cpu *cpus; /* online ones, by number */
	size_t nr_cpus, cap_cpus;
	struct model_cpu offline; /* the sum of all others */
	struct model_hook hooks[MODEL_HOOKS_MAX];
	size_t nr_hooks;
	struct model_may_sleep may_sleep;

	struct model_violation *violations; /* oldest first */
	size_t nr_violations, cap_violations;
	uint64_t rule_count[IOMAP_RULE_MAX];	  /* violations */
	bool rule_off[IOMAP_RULE_MAX];		  /* disabled by the options */
	const char *rule_missing[IOMAP_RULE_MAX]; /* why it cannot be checked; NULL: it can */
	/*
	 * Times that the kernel skipped a program that checks the rule, as BPF was busy on that
	 * CPU. Skipped events of io_mapping are in lost.
	 */
	uint64_t rule_missed[IOMAP_RULE_MAX];
	uint64_t unlisted; /* violations whose site is not in the list */
	/* Unmatched unmaps that may belong to a map older than the programs */
	uint64_t undecided[IOMAP_KIND_MAX];
};

/* Empties the model for the next sampling and keeps its memory. */
void model_reset(struct model *m);
void model_free(struct model *m);

/*
 * Each adds one record to the model. A hook's strings must outlive it. All return 0 or -ENOMEM;
 * model_add_hook() -ENOSPC when MODEL_HOOKS_MAX is reached.
 */
int model_add_cpu(struct model *m, uint32_t cpu, const struct iomap_cpu *c, bool online);
int model_add_caller(struct model *m, const struct iomap_caller *s);
int model_add_hook(struct model *m, const char *name, const char *missing);
int model_add_violation(struct model *m, const struct model_violation *v);
void model_add_hist(struct model *m, unsigned int backend, unsigned int kind,
		    const struct iomap_hist *h);
void model_add_op_hist(struct model *m, unsigned int op, unsigned int backend, unsigned int kind,
		       const struct iomap_hist *h);
/*
 * Adds a mapping with its counters of nr CPUs, stride bytes apart. The caller may add facts to
 * *ret_mapping, which is valid until the next call.
 */
int model_add_mapping(struct model *m, uint32_t id, const struct iomap_mapping *map,
		      const void *counters, size_t nr, size_t stride,
		      struct model_mapping **ret_mapping);
/* Adds the counters of id 0, which counts the maps of ids that the table lacks. */
void model_add_unattributed(struct model *m, const void *counters, size_t nr, size_t stride);

/* Merges and sorts the callers. To be called once, after the last record. */
void model_finish(struct model *m);

/* Each returns one figure of a count, for functions that write one figure of several counts. */
uint64_t model_maps(const struct model_count *c);
uint64_t model_unmaps(const struct model_count *c);
uint64_t model_failed(const struct model_count *c);
/*
 * Only maps of this kind are seen, and no unmaps: there are no live maps and no hold times. On
 * 64-bit, the unmap of a local or sleepable map leaves no code for a probe.
 */
bool model_maps_only(const struct model *m, unsigned int kind);
/* Live maps: never below 0, even when the CPUs were read at different moments. */
uint64_t model_live(const struct model_count *c);

/*
 * The time that `percent` (1..100) of the counted times did not exceed, rounded up to the end of
 * its bucket, and at most the longest time. 0 for an empty histogram.
 */
uint64_t model_percentile(const struct model_hist *h, unsigned int percent);

#endif
