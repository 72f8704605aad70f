/* SPDX-License-Identifier: GPL-2.0-or-later */
/* A table of sites of a module that does not exist, and probes at them with fake registers. */
#ifndef IOMAP_TESTS_BPF_STOCK_FIXTURE_H
#define IOMAP_TESTS_BPF_STOCK_FIXTURE_H

#include "tests/bpf/harness.h"

/* The numbers of the sites in the table below: the order of its lines. */
enum {
	MAP,
	UNMAP,
	UNMAP_KNOWN,
	INIT,
	FREE,
	MAP_NO_OFFSET,
	MAP_NO_MAPPING,
	MAP_WC,
	MAP_LOCAL,
	MAP_FAR,
	MAP_MATH,
	MAP_CALLED,
};

enum reg {
	RAX,
	RDX,
	RCX,
	RBX,
	RSI,
	RDI,
	RBP,
	RSP,
	R8,
	IP = 16
};

/* As the kernel has it. */
struct object {
	uint64_t base, size, prot, iomem;
};

#define SIZE  0x10000
#define IOMEM 0xffffc90000100000
/* A site outside of modules, as SITE. */
#define AT(n) (SITE + 0x100 + (uint64_t)(n))

extern struct object object; /* a mapping of SIZE bytes */
extern char stock_root[];    /* the root of /etc and /sys */

/* Set-up and teardown of a group of tests. */
int stock_make_root(void **state);
int stock_remove_root(void **state);
/* Sets the build-id of the module that is loaded: 0x11 is that of the table. */
void stock_put_loaded(unsigned char id);

/* bench_open() on CPU 0, with the sites as the source of events. */
void stock_open_bench(struct bench *b);
void stock_open_with(struct bench *b, struct collector_options *opts);

/* A probe is reached, with these registers. */
void stock_at(struct bench *b, const char *program, uint64_t nr, const uint64_t regs[IP + 1]);
/* The same, with the arguments in the registers of most sites. */
void map_at(struct bench *b, uint64_t nr, struct object *o, uint64_t offset);
void unmap_at(struct bench *b, uint64_t nr, uint64_t vaddr);
void init_at(struct bench *b, struct object *o);
void free_at(struct bench *b, struct object *o);

/* Samples, and returns the only mapping. */
const struct model_mapping *stock_only(struct bench *b);

#endif
