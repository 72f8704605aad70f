/* SPDX-License-Identifier: GPL-2.0-or-later */
/* Names of kernel addresses as text: "function+0x12/0x34 [module]", as the kernel prints them. */
#ifndef IOMAP_DAEMON_BASE_SYMBOL_H
#define IOMAP_DAEMON_BASE_SYMBOL_H

#include <stdbool.h>
#include <stdint.h>

/* The kernel's limits for the name of a symbol and of a module, each with its NUL. */
#define SYMBOL_NAME_MAX	  512
#define SYMBOL_MODULE_MAX 64
/* Holds a name with its offset and module. */
#define SYMBOL_TEXT_MAX 640

struct symbol_text {
	char name[SYMBOL_NAME_MAX];
	char module[SYMBOL_MODULE_MAX]; /* empty: the kernel itself */
	bool has_offset;
	uint64_t offset;
	uint64_t size; /* of the function; 0: the text has none */
};

/*
 * Parses such a text. Size, offset and module are optional; longer names are cut off. Returns false
 * if the text has no name.
 */
bool symbol_parse(const char *text, struct symbol_text *ret);

/*
 * Cuts off what the compiler appends to the name of a function, such as ".isra.0", ".cold" or
 * ".llvm.123". The rest is its name in the source, which is the same in all builds: compare that.
 */
void symbol_strip_suffix(char *name);

#endif
