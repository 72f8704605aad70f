/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * Runs the BPF programs on made-up tracepoint arguments, on this machine's own kernel, and checks
 * the books after it. A test is one collector that is loaded and not attached.
 */
#ifndef IOMAP_TESTS_BPF_HARNESS_H
#define IOMAP_TESTS_BPF_HARNESS_H

#include <setjmp.h>
#include <stdarg.h>
#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>
#include <cmocka.h>

#include "daemon/collector/collector.h"

/* A call site, in no module; addresses of mapped pages; and what a switch tells of a task. */
#define SITE	 0xffffffff81000100
#define PAGE(n)	 (0xc0000000u + (n)*4096u)
#define TASK(n)	 (0xffff888000001000u + (n)*0x1000u)
#define SLEEPING 2 /* TASK_UNINTERRUPTIBLE */

/* Bytes of the mapping that bench_open_one() creates. */
#define REGION 0x10000

struct worker;

struct bench {
	struct collector *collector;
	int create_fd, free_fd, map_fd, unmap_fd, switch_fd, exit_fd;
	const struct worker *running[2]; /* on a CPU, as far as the programs know; NULL: idle */
	bool preempt;			 /* how and in which state tasks are switched out */
	uint32_t state;
	uint64_t sent;	/* events given to the programs */
	struct model m; /* as of bench_sample() */
};

/* Loads the programs; fails the test when they do not load. */
void bench_open(struct bench *b, const struct collector_options *opts);
/* The same on CPU 0, with the linear mapping 1. */
void bench_open_one(struct bench *b, const struct collector_options *opts);
/* Samples a last time, checks the books and unloads. */
void bench_close(struct bench *b);
/* Reads all counters into b->m and checks that the books balance and nothing was made up. */
void bench_sample(struct bench *b);

/* Has the programs believe that so many mappings are older than they; bench_open() says none. */
void bench_set_old(struct bench *b, uint32_t old);

/* One event each. */
void ev_create(struct bench *b, uint32_t id, uint64_t base, uint64_t size, uint32_t backend,
	       uint64_t caller);
void ev_free(struct bench *b, uint32_t id);
void ev_map(struct bench *b, uint32_t id, uint64_t vaddr, uint32_t kind, uint32_t backend,
	    uint64_t caller);
void ev_map_failed(struct bench *b, uint32_t id, uint64_t offset, uint32_t kind, uint32_t backend,
		   uint64_t caller);
void ev_unmap(struct bench *b, uint64_t vaddr, uint32_t kind);
/* An event of any arguments: fd is one of the program descriptors. */
void ev_raw(struct bench *b, int fd, const uint64_t *args, size_t n);

/* Runs a program by its name; no event of io_mapping. */
void run_program(struct bench *b, const char *name, const uint64_t *args, size_t n);

/* One task leaves the CPU that this thread is on, another one comes. No event of io_mapping. */
void ev_switch(struct bench *b, bool preempt, uint64_t prev, uint64_t next, uint32_t state);
/* The task on the CPU that this thread is on exits. */
void ev_exit(struct bench *b);

/* Moves the calling thread to a CPU; tests use 0 and, when there is one, 1. */
void on_cpu(int cpu);
int cpus_online(void);

/* What the model has; NULL or zeros when it has it not. */
const struct model_mapping *get_mapping(const struct bench *b, uint32_t id);
const struct model_caller *get_caller(const struct bench *b, uint64_t ip, uint32_t id,
				      uint32_t kind);
uint64_t total_lost(const struct bench *b);
/* The only site of that rule; fails the test when there is none, or another one. */
const struct model_violation *get_site(const struct bench *b, unsigned int rule);
/* All violations, of all rules. */
uint64_t total_violations(const struct bench *b);
/* Entries of the hash of open sleepable maps. */
size_t live_entries(const struct bench *b);

/* A thread, that is a task, that runs events on demand. */
struct worker *worker_start(void);
/* Runs fn(arg) in the worker and waits for it. */
void worker_run(struct worker *w, void (*fn)(void *arg), void *arg);
void worker_stop(struct worker *w);

/*
 * The events above, in a worker on a CPU. The worker is switched in there first, and out where it
 * was.
 */
void on_map(struct bench *b, struct worker *w, int cpu, uint32_t id, uint64_t vaddr, uint32_t kind,
	    uint32_t backend, uint64_t caller);
void on_unmap(struct bench *b, struct worker *w, int cpu, uint64_t vaddr, uint32_t kind);

#endif
