/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * The records and the arithmetic that the BPF programs and user space share. One object file serves
 * 64-bit and 32-bit user space, so every 64-bit member is aligned to 8 bytes. Assertions at the end
 * check the sizes.
 *
 * Times are nanoseconds of CLOCK_MONOTONIC, except for tai_ns: CLOCK_TAI has the time of day of an
 * event, also if the machine is suspended or its clock is set later. Counters only ever grow; a
 * reader takes differences.
 */
#ifndef IOMAP_H
#define IOMAP_H

#include <linux/types.h>

#include "ipi.h"

/* Version of these records and of the JSON made from them. */
#define IOMAP_SCHEMA 2

/* How an address was mapped; the `kind` argument of the tracepoints. */
enum iomap_kind {
	IOMAP_ATOMIC,
	IOMAP_LOCAL,
	IOMAP_SLEEPABLE,
	IOMAP_KIND_MAX,
};

/* The implementation of a map; the `backend` argument of the tracepoints. */
enum iomap_backend {
	IOMAP_LINEAR,
	IOMAP_KMAP,
	IOMAP_IOREMAP,
	IOMAP_BACKEND_MAX,
};

/*
 * Why an event is lost. Each lost event has one reason; when two things fail for one event, the
 * later one in this list names it.
 */
enum iomap_lost {
	IOMAP_LOST_RING_FULL,	   /* no room for the record in the ring buffer */
	IOMAP_LOST_CALLERS_FULL,   /* counted, but not for its call site */
	IOMAP_LOST_LIVE_FULL,	   /* counted, but not remembered until its unmap */
	IOMAP_LOST_DEPTH_OVERFLOW, /* counted, and the oldest open section is forgotten */
	IOMAP_LOST_SAVED_FULL,	   /* a task was switched out, and its open sections forgotten */
	IOMAP_LOST_TABLE_FULL,	   /* the table has no room for the id, or the id is 0 */
	IOMAP_LOST_BAD_ARGS,	   /* a kind or backend that this version does not know */
	IOMAP_LOST_RECURSION,	   /* the kernel skipped the program (filled in by the reader) */
	IOMAP_LOST_MAX,
};
#define IOMAP_LOST_NONE (-1)

/* The hold times that are measured. Counts are exact in every mode. */
enum iomap_timing {
	IOMAP_TIMING_OFF,
	IOMAP_TIMING_ALL,
	IOMAP_TIMING_SAMPLED, /* of atomic and local maps, see below */
	IOMAP_TIMING_MAX,
};
/* Where the events come from. */
enum iomap_source {
	IOMAP_SOURCE_AUTO,	  /* the tracepoints if the kernel has them, else the sites */
	IOMAP_SOURCE_TRACEPOINTS, /* of the patch series */
	IOMAP_SOURCE_SITES,	  /* probes on inlined copies, see sites.h */
	IOMAP_SOURCE_MAX,
};

/*
 * Sampling takes the first maps of each call site on each CPU, so rare maps are seen too, and then
 * one of about IOMAP_SAMPLE_PERIOD maps on each CPU.
 */
#define IOMAP_SAMPLE_FIRST  64
#define IOMAP_SAMPLE_PERIOD 64

/*
 * The rules that callers of io_mapping must keep. The violations of a site have in common the rule,
 * the kind and the calls involved.
 */
enum iomap_rule {
	IOMAP_SLEEP_IN_ATOMIC,	   /* the holder of an atomic map was switched out */
	IOMAP_MAY_SLEEP_IN_ATOMIC, /* the holder called a function that may sleep */
	IOMAP_UNMAP_ORDER,	   /* an unmap of a map that is not the last atomic or local one */
	IOMAP_UNMAP_KIND,	   /* a map unmapped by the call of another kind */
	IOMAP_UNMAP_UNKNOWN,	   /* an unmap of an address that is not mapped */
	IOMAP_OFFSET_RANGE,	   /* the map reaches past the end of the region */
	IOMAP_OFFSET_ALIGN,	   /* base + offset is not page aligned */
	IOMAP_USE_AFTER_FREE,	   /* a map of a freed mapping */
	IOMAP_LEAK,	 /* a map still held when its mapping is freed or the task exits */
	IOMAP_HOLD_TIME, /* an atomic map held for longer than the budget */
	IOMAP_RULE_MAX,
};

/* Life of an entry of the mapping table. */
enum iomap_state {
	IOMAP_EMPTY, /* never seen */
	IOMAP_LIVE,
	IOMAP_FREED, /* its facts stay readable until the id is used again */
};

/* The maps of one kind of one mapping on one CPU. hold_* in nanoseconds. */
struct iomap_count {
	__aligned_u64 maps;    /* that succeeded */
	__aligned_u64 unmaps;  /* matched ones */
	__aligned_u64 failed;  /* maps that returned no address */
	__aligned_u64 gone;    /* maps that no unmap will end: leaked or forgotten */
	__aligned_u64 callers; /* sum of the callers of open maps; wraps */
	__aligned_u64 hold_count;
	__aligned_u64 hold_sum;
	__aligned_u64 hold_max; /* since the mapping was created */
};

/* Value of the per-CPU array `counters`, by mapping id; id 0 takes the ids the table lacks. */
struct iomap_counters {
	struct iomap_count kind[IOMAP_KIND_MAX];
};

/* Value of the array `mappings`, by mapping id. */
struct iomap_mapping {
	__aligned_u64 base;	  /* bus address */
	__aligned_u64 size;	  /* bytes */
	__aligned_u64 owner;	  /* return address of the creating call; 0: not known */
	__aligned_u64 created_ns; /* 0: before the tracer */
	__aligned_u64 freed_ns;
	__aligned_u64 vbase; /* linear: virtual address, known after the first map; else 0 */
	__u32 gen;	     /* number of creations seen under this id */
	__u8 backend;
	__u8 state; /* enum iomap_state */
	__u8 pad[2];
	struct iomap_counters at_create; /* sums over all CPUs at the creation; hold_max unused */
};

/* One open atomic or local section. */
struct iomap_frame {
	__aligned_u64 vaddr; /* 0: a hole, taken out from below others */
	__aligned_u64 ts;    /* 0: not timed */
	__aligned_u64 caller;
	__u32 id;
	__u32 gen;	 /* of the mapping when mapped */
	__s32 map_stack; /* number in `map_stacks`; negative: not saved */
	__u8 kind;
	__u8 backend; /* and a flag, see stack.h */
	__u8 pad[2];
};

/* Addresses saved of a kernel stack, innermost first. */
#define IOMAP_STACK_FRAMES 24

/* Open sections saved for a task; a power of two. kmap has 16 slots, linear has no limit. */
#define IOMAP_STACK_DEPTH 32

/*
 * Bits of the canary of a task: user space sets the first one for its own thread, makes system
 * calls, and finds out which hooks fired for it.
 */
enum iomap_canary {
	IOMAP_CANARY_SET = 1,
	IOMAP_CANARY_TRACEPOINT = 2, /* a tracepoint */
	IOMAP_CANARY_KPROBE = 4,     /* a kprobe */
	IOMAP_CANARY_SLEEPER = 8,    /* the probe of a function that may sleep, or of the check */
	IOMAP_CANARY_COND_RESCHED = 16, /* the probe of __cond_resched() */
};

/*
 * The newest IOMAP_STACK_DEPTH open sections of a task, its canary, and its map or unmap in flight.
 */
struct iomap_stack {
	__u32 top;	 /* where the next frame goes, modulo the depth */
	__u32 forgotten; /* open sections that lost their frame */
	union {
		struct {
			__u32 used; /* frames below top, holes included; frames[top - 1] is open */
			__u32 canary; /* bits of enum iomap_canary */
		};
		__aligned_u64 busy; /* both: 0 if there is nothing to do for the task */
	};
	__u8 hit, fit, open_above, not_last; /* of iomap_stack_find() */
	__u32 pad;
	/*
	 * Functions that may sleep call each other: only the outer call counts. This is the return
	 * address of the last one that was reported; 0: none, or not known.
	 */
	__aligned_u64 slept_from;
	struct iomap_ipi_op op;
	struct iomap_frame frames[IOMAP_STACK_DEPTH];
};

/*
 * Key and value of the hash `live`: the open sleepable maps. Each hold of an address has its own n,
 * the lowest free one.
 */
#define IOMAP_LIVE_SLOTS 32

struct iomap_live_key {
	__aligned_u64 vaddr;
	__aligned_u64 n;
};

struct iomap_live {
	__aligned_u64 ts; /* 0: not timed */
	__aligned_u64 caller;
	__aligned_u64 task; /* identity only */
	__aligned_u64 size; /* bytes */
	__u32 id;
	__u32 gen;	 /* of the mapping when mapped */
	__s32 map_stack; /* as in struct iomap_frame */
	__u8 backend;
	__u8 pad[3];
};

/* The map that an event begins or ends. */
struct iomap_opened {
	__aligned_u64 vaddr;
	__aligned_u64 caller;
	__aligned_u64 start;  /* of its hold; 0: not timed */
	__aligned_u64 mapped; /* the address that the map returned; an unmap may have another one */
	__aligned_u64 size;
	__u32 id;
	__u32 gen; /* of the mapping when mapped */
	__u32 kind;
	__u32 backend;
	__s32 map_stack;
	__u32 early; /* one of the first of its call site */
	__u32 doubted;
	__u32 asked; /* the kind that an unmap asks for; `kind` is that of the map */
};

/* Events of a CPU, by backend and kind. */
struct iomap_total {
	__aligned_u64 maps;
	__aligned_u64 unmaps;
	__aligned_u64 failed;
};

/* The only value of the per-CPU array `cpus`, which every event touches. */
struct iomap_cpu {
	__aligned_u64 seen; /* counted + the sum of lost, except while a handler runs */
	__aligned_u64 counted;
	__aligned_u64 lost[IOMAP_LOST_MAX];
	__aligned_u64 created;
	__aligned_u64 freed;
	__aligned_u64 unmatched[IOMAP_KIND_MAX]; /* unmaps without a known map */
	struct iomap_total total[IOMAP_BACKEND_MAX][IOMAP_KIND_MAX];
	__aligned_u64 violations[IOMAP_RULE_MAX];
	__aligned_u64 undecided[IOMAP_KIND_MAX]; /* unmatched ones that may end an older map */
	__aligned_u64 saves;			 /* tasks switched out with open sections */
	__aligned_u64 restores;			 /* and switched in again */
	__aligned_u64 slow;			 /* maps and unmaps that took the slow path */
	__u32 max_id;				 /* highest id that the table took */
	__u32 sample_left;
	__u32 sample_rnd;
	__u32 settled; /* it switched tasks since the start: no atomic section is older */
	__u32 misses;  /* tasks switched in without saved sections since clear_saved() */
	__u32 found;   /* a search for a sleepable map has found live_key */
	struct iomap_live_key live_key;
	struct iomap_live taken;    /* the map that the search has taken out */
	struct iomap_opened opened; /* of the event in work */
	struct iomap_stack stack;   /* of the running task, and of interrupts on top */
};

/*
 * The only global variable of the programs, `shared`. There are no atomics: CPUs that write a flag
 * at the same time write the same value.
 */
struct iomap_shared {
	/*
	 * The n of the live keys that were ever used: a look-up does not try the others. A flag is
	 * set before its n is first used and never cleared.
	 */
	__u8 live_used[IOMAP_LIVE_SLOTS];
	__aligned_u64 armed_ns; /* when armed was set */
	struct iomap_ipi_purging purging;
	/*
	 * Set when all programs are attached: maps and unmaps are seen from then on, and only maps
	 * that were open at that moment have unmatched unmaps.
	 */
	__u32 armed;
	__u32 old;	  /* living mappings older than the programs; too high if frees coincide */
	__u32 saved;	  /* tasks may be switched out with open sections */
	__u32 clearing;	  /* the same; see clear_saved() */
	__u32 unsaved;	  /* a task had no room: its atomic and local sections are forgotten */
	__u32 live_lost;  /* a sleepable map is forgotten */
	__u32 unreported; /* the ring had no room to report a site */
	__u32 ipi_hooks;  /* bits IOMAP_HAS_*: hooks that other programs rely on */
	__u32 joined;	  /* a map or unmap has called functions on other CPUs */
	__u16 modules;	  /* changes, to any number but 0, when a module is loaded */
	__u16 pad;
	__u32 next_id; /* at sites: where the search for a free id begins */
	__u32 pad2;
};

#define IOMAP_HAS_UNMAP_DONE 1
#define IOMAP_HAS_CSD_QUEUE  2

/* One call site of one mapping and kind on one CPU. */
struct iomap_caller {
	__aligned_u64 caller; /* code at the return address of the mapping call */
	__u32 id;
	__u8 kind;
	__u8 backend;
	__u16 modules; /* shared.modules when the code was last looked up; 0: no call site */
	__aligned_u64 maps;
	__aligned_u64 failed;
};

/* Value of the per-CPU array `callers`: the hash of a caller names two buckets for it. */
#define IOMAP_CALLER_WAYS 4

struct iomap_caller_bucket {
	struct iomap_caller way[IOMAP_CALLER_WAYS];
};

#define IOMAP_COMM_LEN 16

/*
 * Value of the hash `violations`: the first violation from a site. The key is a hash of the rule,
 * the kind, the calls involved and the top of the stack.
 */
struct iomap_violation {
	__aligned_u64 time_ns;
	__aligned_u64 tai_ns;
	__aligned_u64 caller;	/* of the map; 0: not known */
	__aligned_u64 callers;	/* of several leaked maps, the sum of their callers; else 0 */
	__aligned_u64 offender; /* return address of the call of io_mapping; 0: no such call */
	__aligned_u64 base;	/* of the mapping, 0: not known */
	__aligned_u64 size;	/* of the mapping */
	__aligned_u64 offset;	/* of the map; for unmap-unknown, of the unmap inside its map */
	__aligned_u64 map_size; /* likewise */
	__u32 id;
	__u32 gen;
	__u32 pid;
	__u32 cpu;
	__s32 map_stack;
	__u32 nr_stack;
	__u32 maps; /* leaked at once; else 1 */
	__u8 rule;
	__u8 kind; /* of the map */
	__u8 backend;
	__u8 at_exit; /* leak: found at the end of the task, not at the free of the mapping */
	char comm[IOMAP_COMM_LEN];
	__aligned_u64 stack[IOMAP_STACK_FRAMES]; /* of the offence, tracing functions included */
};

/* Value of the per-CPU hash `violation_counts`, by site. */
struct iomap_violation_count {
	__aligned_u64 count;
	__aligned_u64 held_ns; /* longest; 0: not known */
};

/* Sites that are saved; violations of others are counted by rule only. */
#define IOMAP_SITES 1024

/*
 * Value of the hash `names`, by address: its name as the kernel prints it, such as
 * "function+0x12/0x34 [module]". Saved when the address first occurs, as the module may be gone
 * when user space looks.
 */
#define IOMAP_NAME_LEN 128
#define IOMAP_NAMES    2048

struct iomap_name {
	char text[IOMAP_NAME_LEN];
};

/*
 * Value of the hash `stack_names`, by site: the names of its stack, a line for each address, in two
 * halves. Names without room are cut off.
 */
#define IOMAP_STACK_NAMES_LEN 1024
#define IOMAP_STACK_NAMES     256

struct iomap_stack_names {
	char text[2][IOMAP_STACK_NAMES_LEN];
};

/* A record of the ring buffer `events`: events that are rare enough to be reported one by one. */
enum iomap_event_type {
	IOMAP_EVENT_CREATE = 1,
	IOMAP_EVENT_FREE,
	IOMAP_EVENT_MAP_FAILED,
	IOMAP_EVENT_VIOLATION, /* the first from its site */
	IOMAP_EVENT_MAX,
};

struct iomap_event {
	__aligned_u64 time_ns;
	__aligned_u64 tai_ns;
	__aligned_u64 caller; /* 0: the event has none */
	__aligned_u64 base;   /* of the mapping, 0: not known */
	__aligned_u64 size;   /* of the mapping; of the map for map_failed */
	__aligned_u64 offset; /* map_failed only */
	__aligned_u64 site;   /* violation only: key of `violations` */
	__u32 id;
	__u32 gen;
	__u32 pid; /* thread id; in an interrupt, of the interrupted thread */
	__u32 cpu;
	__u8 type; /* enum iomap_event_type */
	__u8 kind; /* map_failed only */
	__u8 backend;
	__u8 pad[5];
	char comm[IOMAP_COMM_LEN]; /* may lack a final NUL, may hold any byte */
};

/* Bit of a rule in a mask of them. */
#define IOMAP_RULE(rule) (1U << (rule))

/*
 * Hash of a caller. Its upper and its lower 16 bits, masked, are the two buckets that the caller
 * may be in, so overflow from one bucket spreads over all others.
 */
IOMAP_INLINE __u32 iomap_caller_hash(__u64 caller, __u32 id, __u32 kind)
{
	__u64 h = caller + (__u64)(id * 4 + kind) * 0x9e3779b97f4a7c15ULL;

	/* The high bits of a product depend on all bits of its factors, its low bits do not. */
	h *= 0xff51afd7ed558ccdULL;
	return h >> 32;
}

_Static_assert(sizeof(struct iomap_count) == 64, "count");
_Static_assert(sizeof(struct iomap_counters) == 192, "counters");
_Static_assert(sizeof(struct iomap_mapping) == 248, "mapping");
_Static_assert(sizeof(struct iomap_frame) == 40, "frame");
_Static_assert(sizeof(struct iomap_stack) ==
		       32 + sizeof(struct iomap_ipi_op) + 40 * IOMAP_STACK_DEPTH,
	       "stack");
_Static_assert(sizeof(struct iomap_cpu) == 8 * 33 + 216 + 24 + 48 + 72 + sizeof(struct iomap_stack),
	       "cpu");
_Static_assert(sizeof(struct iomap_live_key) == 16, "live_key");
_Static_assert(sizeof(struct iomap_live) == 48, "live");
_Static_assert(sizeof(struct iomap_shared) == IOMAP_LIVE_SLOTS + 104 + 48, "shared");
_Static_assert(sizeof(struct iomap_caller) == 32, "caller");
_Static_assert(sizeof(struct iomap_violation) == 120 + 8 * IOMAP_STACK_FRAMES, "violation");
_Static_assert(sizeof(struct iomap_event) == 96, "event");
_Static_assert(IOMAP_STACK_FRAMES == 24, "the formats of stack_names");
_Static_assert(IOMAP_LOST_MAX == 8, "the reasons of struct iomap_cpu");

#endif
