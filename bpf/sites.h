/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * The records of sites: inlined copies of the functions of io_mapping in a kernel without the
 * tracepoints. Part of iomap.h, and under its rules.
 */
#ifndef IOMAP_SITES_H
#define IOMAP_SITES_H

#include "iomap.h"

#define IOMAP_SITE_STEPS   28 /* of all arguments */
#define IOMAP_SITE_ARGS	   4  /* at most; a power of two */
#define IOMAP_SITE_REGS	   16 /* DWARF's numbers for x86_64 */
#define IOMAP_SITE_MODULES 64
#define IOMAP_SITE_NAME	   64 /* bytes of the name of a module */
#define IOMAP_SITE_ID	   20 /* bytes of a build-id */
#define IOMAP_SITE_OBJECT  4  /* words of struct io_mapping that are read */

/* The address of an atomic map whose address is not known. No map has it. */
#define IOMAP_SITE_NO_ADDRESS 1

/* A step of an expression in postfix notation. */
enum iomap_site_code {
	IOMAP_SITE_REG,	  /* pushes the register `arg`, plus `imm` */
	IOMAP_SITE_CONST, /* pushes `imm` */
	IOMAP_SITE_LOAD,  /* replaces the address on top by the `arg` bytes there */
	IOMAP_SITE_ADD,	  /* replaces the two topmost values, here and below */
	IOMAP_SITE_SUB,
	IOMAP_SITE_MUL,
	IOMAP_SITE_AND,
	IOMAP_SITE_OR,
	IOMAP_SITE_XOR,
	IOMAP_SITE_SHL,
	IOMAP_SITE_SHR,
	IOMAP_SITE_SAR,
};

struct iomap_site_step {
	__aligned_u64 imm;
	__u8 code; /* enum iomap_site_code */
	__u8 arg;
	__u8 store; /* 1 and up: the step ends the expression of that argument */
	__u8 pad[5];
};

/* Value of the array `sites`, by the cookie of the probe. */
struct iomap_site {
	__u32 module;	/* number in `site_modules` */
	__u8 kind;	/* of a map or unmap */
	__u8 called;	/* the copy is not inlined: its caller is at the return address */
	__u8 forgotten; /* of a free: inits are not seen, so the address may have a new mapping */
	__u8 pad;
	__u8 base, size, iomem; /* words of struct io_mapping */
	__u8 pad2;
	__u32 n; /* steps */
	struct iomap_site_step step[IOMAP_SITE_STEPS];
};

enum iomap_site_state {
	IOMAP_SITE_ABSENT,    /* the module is not loaded */
	IOMAP_SITE_WATCHED,   /* it is loaded, and of the build of the table */
	IOMAP_SITE_OTHER,     /* it is loaded, and of another build */
	IOMAP_SITE_UNCHECKED, /* it is loaded, and this kernel hides its build-id */
};

/* What the sites of a module cannot show, as counters of sites. */
enum iomap_site_gap {
	IOMAP_GAP_MAPS,	    /* maps that cannot be probed */
	IOMAP_GAP_UNMAPS,   /* atomic unmaps that cannot be probed */
	IOMAP_GAP_INITS,    /* creates and inits that cannot be probed, or have no known address */
	IOMAP_GAP_FREES,    /* likewise frees */
	IOMAP_GAP_ARGS,	    /* maps without a known mapping, offset or size */
	IOMAP_GAP_ADDRESS,  /* atomic unmaps without a known address */
	IOMAP_GAP_HALF_MAP, /* local and sleepable maps: their unmaps leave no code */
	IOMAP_GAP_MAX,
};

/* Key of the hash `site_names`; the rest is 0. */
struct iomap_site_name {
	char text[IOMAP_SITE_NAME];
};

/* Value of the array `site_modules`. The name "vmlinux" is the kernel itself. */
struct iomap_site_module {
	char name[IOMAP_SITE_NAME];
	__u8 build_id[IOMAP_SITE_ID]; /* the rest is 0 */
	__u32 build_id_len;	      /* 0: this entry is not used */
	__u32 state;		      /* enum iomap_site_state */
	__u32 nr_sites;		      /* that are probed */
	__u32 gap[IOMAP_GAP_MAX];
	__u32 pad;
};

/* Value of the per-CPU array `site_cpus`. Probes do not interrupt each other. */
struct iomap_site_cpu {
	__aligned_u64 hits; /* runs of the programs */
	__aligned_u64 regs[IOMAP_SITE_REGS];
	__aligned_u64 ip;
	__aligned_u64 value[IOMAP_SITE_ARGS];
	__aligned_u64 stack[8]; /* of the expression in work */
	__u8 sp;
	__u8 failed; /* a load of the expression failed */
	__u8 known;  /* bit 1 << n: value[n] is known */
	__u8 pad[5];
	__aligned_u64 object[IOMAP_SITE_OBJECT]; /* struct io_mapping */
	__aligned_u64 event[7];			 /* arguments as the tracepoints have them */
};

_Static_assert(sizeof(struct iomap_site) == 16 + 16 * IOMAP_SITE_STEPS, "site");
_Static_assert(sizeof(struct iomap_site_module) == 128, "site_module");
_Static_assert(sizeof(struct iomap_site_cpu) == 8 * (1 + 16 + 1 + 4 + 8 + 1 + 4 + 7), "site_cpu");

#endif
