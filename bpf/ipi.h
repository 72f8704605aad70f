/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * The records of interrupts between CPUs and of their causes, shared with user space; see
 * docs/ipi.md. Part of iomap.h, and under its rules.
 */
#ifndef IOMAP_IPI_H
#define IOMAP_IPI_H

#include <linux/types.h>

#define IOMAP_INLINE static inline __attribute__((always_inline, unused))

/* The cause of an interrupt. */
enum iomap_ipi_class {
	IOMAP_IPI_OTHER,
	IOMAP_IPI_DIRECT,  /* by a task inside a map or an unmap */
	IOMAP_IPI_PURGE,   /* in a purge of vmalloc's queue: shared by all that queued ranges */
	IOMAP_IPI_RESERVE, /* in a flush of the ioremap backend's reserve: all io_mapping's */
	IOMAP_IPI_CLASS_MAX,
};

/* The purpose of an interrupt, as in /proc/interrupts. */
enum iomap_ipi_vector {
	IOMAP_IPI_CALL,	    /* CAL */
	IOMAP_IPI_RESCHED,  /* RES */
	IOMAP_IPI_IRQ_WORK, /* IWI; a CPU sends these to itself */
	IOMAP_IPI_VECTOR_MAX,
};

/* Levels of interrupts on a CPU. Programs on one level do not interrupt each other. */
enum iomap_level {
	IOMAP_LEVEL_TASK,
	IOMAP_LEVEL_SOFTIRQ,
	IOMAP_LEVEL_HARDIRQ,
	IOMAP_LEVEL_NMI,
	/*
	 * Not looked up, as no map or unmap is in flight. Each counter has one program, which does
	 * not nest.
	 */
	IOMAP_LEVEL_NONE,
	IOMAP_LEVEL_MAX,
};

struct iomap_ipi_count {
	__aligned_u64 broadcasts; /* calls of a function on other CPUs */
	__aligned_u64 sends;	  /* calls that send interrupts, to one CPU or to several */
	__aligned_u64 ipis;	  /* interrupts: one for each target CPU */
	__aligned_u64 calls;	  /* functions queued for a CPU, with or without an interrupt */
	__aligned_u64 wait_ns;	  /* time of the sender in broadcasts */
	__aligned_u64 stolen_ns;  /* time of the functions on the other CPUs */
};

/* Value of the per-CPU array `ipi_cpus`, by level. */
struct iomap_ipi_cpu {
	struct iomap_ipi_count count[IOMAP_IPI_CLASS_MAX];
	__aligned_u64 sent[IOMAP_IPI_VECTOR_MAX];
	__aligned_u64 received[IOMAP_IPI_VECTOR_MAX];
	__aligned_u64 queued;	/* ranges put into vmalloc's queue by any task */
	__aligned_u64 slots;	/* pages of the reserve to flush before their next use */
	__aligned_u64 unread;	/* sends whose CPUs could not be read */
	__aligned_u64 unjoined; /* calls by maps and unmaps whose time counts as other */
	__aligned_u64 unplaced; /* maps and unmaps whose cost has no call site */
};

/* Value of the per-CPU array `ipi_matrix`, by level and target: interrupts that the CPU sent. */
struct iomap_ipi_cell {
	__aligned_u64 ipis[IOMAP_IPI_CLASS_MAX];
};

/* The array is not used with more CPUs: it would take too much memory. */
#define IOMAP_MATRIX_CPUS 128

IOMAP_INLINE __u32 iomap_matrix_index(__u32 level, __u32 target, __u32 cpus)
{
	return level * cpus + target;
}

/* A map or unmap in flight. It moves with its task, as the open sections do. */
struct iomap_ipi_op {
	struct iomap_ipi_count count; /* its cost so far */
	__aligned_u64 start;	      /* 0: not timed */
	__aligned_u64 caller;	      /* of the map; 0: known at its end */
	__aligned_u64 epoch;	      /* of the queued ranges */
	__u32 queued;		      /* ranges */
	__u32 id;
	__u8 kind;
	__u8 backend;
	__u8 open;
	__u8 used;    /* count or queued are not 0 */
	__u8 reserve; /* the task flushes the reserve, in a map or outside */
	__u8 pad[3];
};

/* The only value of the per-CPU array `ipi_state`. */
struct iomap_ipi_state {
	/* The broadcast in flight */
	__aligned_u64 call_ts;
	__u32 call_class;
	__u32 calls; /* functions that it queued */
	__u32 calling;
	/* The function that runs for another CPU */
	__s32 sender; /* -1: not called by a map or unmap */
	__aligned_u64 csd;
	__aligned_u64 func_ts;
	__aligned_u64 preempt_count; /* its address; 0: not looked up yet */
	__aligned_u64 stolen; /* time on all CPUs so far, by this CPU's broadcasts for maps */
};

/*
 * Value of the array `ipi_purges`, by epoch modulo its size: the purge of vmalloc's queue with that
 * number. A range belongs to the epoch of the next purge; epochs start at 1.
 */
#define IOMAP_PURGES 1024

struct iomap_ipi_purge {
	__aligned_u64 epoch;  /* 0: none yet */
	__aligned_u64 ranges; /* purged */
	__aligned_u64 part;   /* share of a range in the cost, in 1/2^32; rounded up */
	struct iomap_ipi_count count;
};

/* In `shared`: the purge in flight, of which there is one at most, and the sum of the others. */
struct iomap_ipi_purging {
	__aligned_u64 task;  /* that runs the purge; 0: none */
	__aligned_u64 epoch; /* of the ranges that are queued now */
	__aligned_u64 purges;
	__aligned_u64 ranges; /* purged by them */
	__aligned_u64 unseen; /* purges whose begin was not seen: not charged */
	__aligned_u64 slots;  /* `slots` of all CPUs when the reserve was last flushed */
	struct iomap_ipi_count count;
};

/* Ranges that wait for their purge to end. */
struct iomap_ipi_open {
	__aligned_u64 epoch;
	__aligned_u64 ranges;
};

/* Key and value of the per-CPU hash `ipi_callers`: a caller that caused interrupts, or will. */
struct iomap_ipi_caller_key {
	__aligned_u64 caller; /* of the map, also for the cost of its unmap */
	__u32 id;
	__u8 kind;
	__u8 backend;
	__u8 pad[2];
};

struct iomap_ipi_caller {
	struct iomap_ipi_count direct;
	struct iomap_ipi_count deferred; /* all but the times in 1/IOMAP_SHARE_ONE */
	__aligned_u64 queued;		 /* ranges */
	__aligned_u64 slots;
	__aligned_u64 expired; /* ranges whose purge was overwritten before it was shared out */
	struct iomap_ipi_open open[2]; /* the newest epoch, and one before it */
};

#define IOMAP_IPI_CALLERS 1024

#define IOMAP_SHARE_BITS 20
#define IOMAP_SHARE_ONE	 (1ULL << IOMAP_SHARE_BITS)

/* v * f / 2^32 for times of up to 2^48 and f of up to 2^32, without overflow. */
IOMAP_INLINE __u64 iomap_time_share(__u64 v, __u64 f)
{
	return ((v >> 16) * f >> 16) + ((v & 0xffff) * f >> 32);
}

/* v * f / 2^32 in 1/IOMAP_SHARE_ONE, for counts below 2^32. */
IOMAP_INLINE __u64 iomap_count_share(__u64 v, __u64 f)
{
	return v * f >> (32 - IOMAP_SHARE_BITS);
}

IOMAP_INLINE void iomap_ipi_add(struct iomap_ipi_count *sum, const struct iomap_ipi_count *c)
{
	sum->broadcasts += c->broadcasts;
	sum->sends += c->sends;
	sum->ipis += c->ipis;
	sum->calls += c->calls;
	sum->wait_ns += c->wait_ns;
	sum->stolen_ns += c->stolen_ns;
}

/* Adds to *sum the share of that many ranges in a purge. */
IOMAP_INLINE void iomap_ipi_share(struct iomap_ipi_count *sum, const struct iomap_ipi_purge *p,
				  __u64 ranges)
{
	__u64 f = ranges * p->part;

	/* The limit covers rounding, and ranges that were counted too late for their purge. */
	if (f > 1ULL << 32)
		f = 1ULL << 32;
	sum->broadcasts += iomap_count_share(p->count.broadcasts, f);
	sum->sends += iomap_count_share(p->count.sends, f);
	sum->ipis += iomap_count_share(p->count.ipis, f);
	sum->calls += iomap_count_share(p->count.calls, f);
	sum->wait_ns += iomap_time_share(p->count.wait_ns, f);
	sum->stolen_ns += iomap_time_share(p->count.stolen_ns, f);
}

/*
 * Settles the ranges of an epoch with its purge. p: the record at the epoch's index. Returns 0 and
 * does nothing if the purge has not ended yet.
 */
IOMAP_INLINE int iomap_ipi_settle(struct iomap_ipi_caller *s, struct iomap_ipi_open *o,
				  const struct iomap_ipi_purge *p)
{
	if (p->epoch < o->epoch)
		return 0;
	if (p->epoch == o->epoch)
		iomap_ipi_share(&s->deferred, p, o->ranges);
	else
		s->expired += o->ranges;
	o->ranges = 0;
	return 1;
}

_Static_assert(sizeof(struct iomap_ipi_count) == 48, "ipi_count");
_Static_assert(sizeof(struct iomap_ipi_cpu) == 4 * 48 + 11 * 8, "ipi_cpu");
_Static_assert(sizeof(struct iomap_ipi_op) == 48 + 24 + 16, "ipi_op");
_Static_assert(sizeof(struct iomap_ipi_state) == 56, "ipi_state");
_Static_assert(sizeof(struct iomap_ipi_purge) == 24 + 48, "ipi_purge");
_Static_assert(sizeof(struct iomap_ipi_purging) == 48 + 48, "ipi_purging");
_Static_assert(sizeof(struct iomap_ipi_caller_key) == 16, "ipi_caller_key");
_Static_assert(sizeof(struct iomap_ipi_caller) == 96 + 24 + 32, "ipi_caller");

#endif
