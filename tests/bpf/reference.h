/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * The reference model for the test of random events: it counts as the programs should, by simpler
 * means.
 */
#ifndef IOMAP_TESTS_BPF_REFERENCE_H
#define IOMAP_TESTS_BPF_REFERENCE_H

#include "tests/bpf/harness.h"

enum {
	IDS = 5, /* the table takes 1 to 5; the events also use 0, 6 and 7 */
	TASKS = 4,
	PAGES = 7,
	SITES = 3,
	LIVE_MAX = 24,
};

struct open_map {
	uint64_t vaddr;
	uint32_t id;
	uint32_t kind;
	uint32_t backend;
	uint32_t gen;
	int task;
	int n;
	bool doubted; /* a wrong unmap may have ended it */
};

/* Open sections of a task, oldest first. A hole has vaddr 0. */
struct ref_stack {
	struct open_map map[IOMAP_STACK_DEPTH];
	int used;
	int forgotten;
};

struct reference {
	bool rt;
	struct ref_stack task[TASKS];
	int running[2]; /* task on a CPU, -1: none */
	struct open_map live[LIVE_MAX];
	int nr_live;
	uint32_t gen[IDS + 1];
	uint8_t state[IDS + 1];
	struct model_count by_id[IDS + 1][IOMAP_KIND_MAX]; /* since the creation; 0: the rest */
	struct model_count total[IOMAP_BACKEND_MAX][IOMAP_KIND_MAX];
	uint64_t site_maps[SITES][IDS + 3][IOMAP_KIND_MAX];
	uint64_t site_failed[SITES][IDS + 3][IOMAP_KIND_MAX];
	uint64_t created, freed, unmatched_unmaps, unlisted_maps;
	uint64_t lost[IOMAP_LOST_MAX];
	uint64_t broken[IOMAP_RULE_MAX];
	uint64_t undecided[IOMAP_KIND_MAX];
};

/* The map that an unmap ended, as enum closed of the programs. */
enum ref_closed {
	REF_LAST,
	REF_NOT_LAST,
	REF_OTHER_KIND,
	REF_NOTHING
};

/* The row of by_id that counts an id. */
uint32_t ref_row(uint32_t id);
/* Counts a lost event; IOMAP_LOST_NONE: does nothing. */
void ref_lose(struct reference *r, int lost);
/* The mapping of the map was replaced since. */
bool ref_stale(const struct reference *r, const struct open_map *m);
/* Counts a map that no unmap will end. */
void ref_gone(struct reference *r, const struct open_map *m);
/* Takes ref_gone() back. */
void ref_back(struct reference *r, const struct open_map *m);

/* Adds a map. Both return IOMAP_LOST_NONE or the reason why they forget one. */
int ref_push(struct ref_stack *s, const struct open_map *m);
int ref_live_add(struct reference *r, struct open_map *m);
/* Takes out the map that the unmap ends, and copies it to *ret. */
enum ref_closed ref_close(struct reference *r, uint64_t vaddr, uint32_t kind, int task,
			  struct open_map *ret);

/* The stack has an open atomic section. */
bool ref_atomic(const struct ref_stack *s);
/*
 * Counts an unmatched unmap: a violation, unless it may end a map that was forgotten. It makes the
 * newest map of the kind doubted.
 */
void ref_unmatched(struct reference *r, uint32_t kind, int task);

#endif
