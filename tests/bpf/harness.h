/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * Runs the BPF programs on fake tracepoint arguments in the kernel of this machine, and checks the
 * accounting. Each test loads one collector and does not attach it.
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

/* A call site outside of modules, addresses of mapped pages, tasks, and the state of a task. */
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
	const struct worker *running[2]; /* the task that a CPU was switched to; NULL: idle */
	bool preempt;			 /* how and in which state tasks are switched out */
	uint32_t state;
	uint64_t sent;	/* events given to the programs */
	struct model m; /* as of bench_sample() */
};

/* Loads the programs. The test fails when they do not load. */
void bench_open(struct bench *b, const struct collector_options *opts);
/* The same on CPU 0, with the linear mapping 1. */
void bench_open_one(struct bench *b, const struct collector_options *opts);
/* Samples a last time, checks the accounting and unloads the programs. */
void bench_close(struct bench *b);
/* Reads all counters into b->m and checks the accounting: each event is counted or lost once. */
void bench_sample(struct bench *b);

/* Sets the number of mappings that are older than the programs; bench_open() sets 0. */
void bench_set_old(struct bench *b, uint32_t old);

/* The programs look for the saved sections of each task that is switched in. */
bool bench_looks_for_saved(struct bench *b);

/* Each sends one event. */
void ev_create(struct bench *b, uint32_t id, uint64_t base, uint64_t size, uint32_t backend,
	       uint64_t caller);
void ev_free(struct bench *b, uint32_t id);
void ev_map(struct bench *b, uint32_t id, uint64_t vaddr, uint32_t kind, uint32_t backend,
	    uint64_t caller);
void ev_map_failed(struct bench *b, uint32_t id, uint64_t offset, uint32_t kind, uint32_t backend,
		   uint64_t caller);
void ev_unmap(struct bench *b, uint64_t vaddr, uint32_t kind);
/* Sends an event with any arguments. fd: of its program. */
void ev_raw(struct bench *b, int fd, const uint64_t *args, size_t n);

/* Runs a program by its name. It does not count as an event. */
void run_program(struct bench *b, const char *name, const uint64_t *args, size_t n);

/* Switches from one task to another on this CPU. It does not count as an event. */
void ev_switch(struct bench *b, bool preempt, uint64_t prev, uint64_t next, uint32_t state);
/* The task on this CPU exits. */
void ev_exit(struct bench *b);

/* Moves the calling thread to a CPU. Tests use 0 and, if the machine has it, 1. */
void on_cpu(int cpu);
int cpus_online(void);

/* The record in the model; NULL or zeros when there is none. */
const struct model_mapping *get_mapping(const struct bench *b, uint32_t id);
const struct model_caller *get_caller(const struct bench *b, uint64_t ip, uint32_t id,
				      uint32_t kind);
uint64_t total_lost(const struct bench *b);
/* The only site of that rule. The test fails when there is no site, or more than one. */
const struct model_violation *get_site(const struct bench *b, unsigned int rule);
/* The number of violations of all rules. */
uint64_t total_violations(const struct bench *b);
/* The number of entries in the hash of open sleepable maps. */
size_t live_entries(const struct bench *b);

/* A thread that runs functions on demand: a second task. */
struct worker *worker_start(void);
/* Runs fn(arg) in the worker and waits for it. */
void worker_run(struct worker *w, void (*fn)(void *arg), void *arg);
void worker_stop(struct worker *w);

/*
 * Send a map or an unmap from a worker on a CPU. Before that, the programs see a switch to the
 * worker on this CPU, and one from it on the CPU where it ran before.
 */
void on_map(struct bench *b, struct worker *w, int cpu, uint32_t id, uint64_t vaddr, uint32_t kind,
	    uint32_t backend, uint64_t caller);
void on_unmap(struct bench *b, struct worker *w, int cpu, uint64_t vaddr, uint32_t kind);

#endif
