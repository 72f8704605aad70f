/* SPDX-License-Identifier: GPL-2.0-or-later */
/* From an address in a module, or in the kernel, to the source lines that it comes from. */
#ifndef IOMAP_CLI_DEBUG_LINES_H
#define IOMAP_CLI_DEBUG_LINES_H

#include "cli/debug/debuginfo.h"

#define LINES_MAX 32 /* inlined functions in each other */

/* A function that has the address, and the line in it. The strings belong to the debuginfo. */
struct source_line {
	const char *function;
	const char *file;   /* as the compiler has it; relative paths begin at .folder */
	const char *folder; /* of the compilation; may be NULL */
	unsigned int line;
	unsigned int column; /* 0: not known */
};

/* Innermost first: each function was inlined into the next one. */
struct source_lines {
	size_t n;
	struct source_line line[LINES_MAX];
};

/*
 * Finds the lines of the call that returns to SYMBOL+OFFSET. @size: of the function, as the kernel
 * prints it, to tell functions of one name apart; 0: not known. Returns 0, -ENOENT if there is no
 * such function or no line, or -ENOTUNIQ if several functions fit.
 */
int lines_find(const struct debuginfo *d, const char *symbol, uint64_t offset, uint64_t size,
	       struct source_lines *ret);

#endif
