/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * Names of kernel addresses, from /proc/kallsyms. The file is large and is not held in memory: one
 * pass over the file finds the names of all new addresses, which are then cached.
 */
#ifndef IOMAP_DAEMON_COLLECTOR_SYMBOLS_H
#define IOMAP_DAEMON_COLLECTOR_SYMBOLS_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

struct symbol {
	const char *name;   /* symbol+0xoffset, or the address itself when it has no symbol */
	const char *module; /* NULL: the kernel itself */
};

struct symbols;

/* path: of the kallsyms file; NULL for /proc/kallsyms. Returns NULL when there is no memory. */
struct symbols *symbols_new(const char *path);
struct symbols *symbols_free(struct symbols *s);

/*
 * Returns 0 when the file shows addresses, -EACCES when the kernel hides them
 * (kernel.kptr_restrict, or no CAP_SYSLOG), or another negative errno when the file cannot be read.
 */
int symbols_check(const struct symbols *s);

/*
 * Caches the name of an address as the kernel prints it: "function+0x12/0x34 [module]". Returns 1
 * when the address has a name, 0 when the text is no name, or -ENOMEM.
 */
int symbols_learn(struct symbols *s, uint64_t addr, const char *text);

/*
 * A source of names that is asked before the file. It writes a text for symbols_learn() and returns
 * true, or returns false when it has no name.
 */
typedef bool (*symbols_source)(void *ctx, uint64_t addr, char *buf, size_t size);
void symbols_set_source(struct symbols *s, symbols_source source, void *ctx);

/* Looks up the addresses that are not cached. Returns 0 or a negative errno. */
int symbols_resolve(struct symbols *s, const uint64_t *addrs, size_t n);

/* A function of vmlinux. */
struct function {
	uint64_t start; /* 0: there is none of the name, or its address is hidden */
	uint64_t end;	/* of the first byte behind it; 0: not known */
	/* Functions of the name. Only static ones can share it; a global one wins over them. */
	unsigned int copies;
	bool global;
};

/*
 * Finds functions of vmlinux, ret[i] by names[i]. Functions of modules that have such a name are
 * others. Returns 0 or a negative errno.
 */
int symbols_find(const struct symbols *s, const char *const *names, size_t n, struct function *ret);

/* Finds variables of vmlinux, likewise. Kernels without KALLSYMS_ALL list none. */
int symbols_find_data(const struct symbols *s, const char *const *names, size_t n, uint64_t *addr);

/*
 * The name of an address, looked up if it is not cached. Valid until symbols_free(). NULL only when
 * there is no memory.
 */
const struct symbol *symbols_get(struct symbols *s, uint64_t addr);

#endif
