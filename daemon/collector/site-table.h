/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * A table of sites: the places where a kernel module, or the kernel, has an inlined copy of a
 * function of io_mapping, and how the arguments of that function are found there. `iomapctl sites`
 * writes tables from debug information. A table belongs to one build, which its build-id names.
 *
 * The file is text. The first line is "iomap-sites 1". After "#" follows a comment.
 *
 *	iomap-sites 1
 *	module qxl
 *	build-id 53a2bd01e2a0b1b2a6d5c2a3d9f0c1d2e3f40516
 *	struct base=0 size=8 iomem=24
 *	map atomic qxl_bo_kmap_atomic_page+0x4f mapping=r12+680 offset=rax # qxl_object.c:187
 *	unmap atomic qxl_bo_kunmap_atomic_page+0x22 vaddr=?
 *	init qxl_device_init+0x1c8 iomap=rax base=rdi size=rbx+16,*8
 *	end 3
 *
 * A value is an expression in postfix notation, its steps separated by commas: a register of
 * x86_64 with an optional number to add, a number, *N to load N bytes from the address on top of
 * the stack, or an operation (add sub mul and or xor shl shr sar) on the two topmost values. "?"
 * stands for a value that the debug information does not have, and SYMBOL+? for a copy whose first
 * instruction it does not name: such a copy cannot be probed.
 */
#ifndef IOMAP_DAEMON_COLLECTOR_SITE_TABLE_H
#define IOMAP_DAEMON_COLLECTOR_SITE_TABLE_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>

#include "daemon/base/symbol.h"
#include "daemon/base/util.h"
#include "daemon/collector/build-id.h"

#define SITE_VERSION	 1
#define SITE_STEPS_MAX	 14	       /* of a value */
#define SITE_STACK_MAX	 8	       /* values on the stack of an expression */
#define SITE_ARGS_MAX	 3	       /* of a site */
#define SITE_TABLE_MAX	 4096	       /* sites */
#define SITE_FILE_MAX	 (1024 * 1024) /* bytes */
#define SITE_COMMENT_MAX 256

enum site_code {
	SITE_REG,   /* push the register number .arg (DWARF's numbers for x86_64), plus .imm */
	SITE_CONST, /* push .imm */
	SITE_LOAD,  /* replace the address on top by the .arg bytes there: 1, 2, 4 or 8 */
	SITE_ADD,   /* replace the two topmost values, here and below */
	SITE_SUB,
	SITE_MUL,
	SITE_AND,
	SITE_OR,
	SITE_XOR,
	SITE_SHL,
	SITE_SHR,
	SITE_SAR,
	SITE_CODE_MAX,
	SITE_CODE_INVALID = -EINVAL,
};

#define SITE_REGS_MAX 16

struct site_step {
	enum site_code code;
	unsigned int arg;
	int64_t imm;
};

struct site_value {
	size_t n; /* steps; 0: not known */
	struct site_step step[SITE_STEPS_MAX];
};

enum site_what {
	SITE_MAP,    /* mapping, offset; sleepable: size, too */
	SITE_UNMAP,  /* vaddr */
	SITE_CREATE, /* base, size: a create without a nested init */
	SITE_INIT,   /* iomap, base, size */
	SITE_FREE,   /* iomap */
	SITE_FINI,   /* mapping */
	SITE_WHAT_MAX,
	SITE_WHAT_INVALID = -EINVAL,
};

struct api_site {
	enum site_what what;
	unsigned int kind; /* enum iomap_kind, of a map or an unmap */
	bool called;	   /* a copy that is not inlined: the caller is at the return address */
	char *symbol;	   /* as /proc/kallsyms has it, without the offset */
	bool has_offset;   /* false: it cannot be probed, and no argument is known */
	uint64_t offset;   /* from the symbol */
	struct site_value arg[SITE_ARGS_MAX];
	char *comment; /* for people: source line and inlining functions; or NULL */
};

struct site_table {
	char module[SYMBOL_MODULE_MAX]; /* "vmlinux": the kernel itself */
	struct build_id build_id;
	/* Offsets in struct io_mapping. */
	unsigned int base, size, iomem;
	struct api_site *sites;
	size_t n;
};

/* The names of the arguments of such a site, NULL-terminated. */
const char *const *site_args(enum site_what what, unsigned int kind);

/* Takes ownership of the strings of *site. Returns 0, -ENOMEM, or -E2BIG if the table is full. */
int site_table_add(struct site_table *t, const struct api_site *site);

/* Tells whether the steps leave exactly one value and never use a missing one. */
bool site_value_valid(const struct site_value *v);

void site_table_write(const struct site_table *t, FILE *f);

/*
 * Reads a table; the text need not end with NUL. Any text is safe. Returns 0, or a negative errno
 * with a sentence that names the line. *ret is untouched on failure.
 */
int site_table_parse(const char *text, size_t len, struct site_table *ret, struct errbuf *e);

void site_table_free(struct site_table *t);

#endif
