/* SPDX-License-Identifier: GPL-2.0-or-later */
/* The kernel's list of mappings in debugfs, as text. */
#ifndef IOMAP_DAEMON_COLLECTOR_LISTED_H
#define IOMAP_DAEMON_COLLECTOR_LISTED_H

#include <stdint.h>

#include "daemon/base/symbol.h"

/* A line of the list. */
struct listed {
	uint32_t id;
	uint64_t base;
	uint64_t size;
	int backend;
	char owner[SYMBOL_NAME_MAX + 20]; /* function+0x12; empty: not known */
	char module[SYMBOL_MODULE_MAX];	  /* empty: the kernel itself */
};

/*
 * Calls fn for each mapping in the file; skips other lines, such as the header. Returns 1 if any
 * call returned 1, else 0; or a negative errno: -ENOENT without the file, or that of a call.
 */
int listed_each(const char *path, int (*fn)(void *ctx, const struct listed *l), void *ctx);

#endif
