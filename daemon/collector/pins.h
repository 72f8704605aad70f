/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * The folder of the BPF file system in which iomapd pins its objects: a set of maps,
 * programs and links in a folder of its own, by its schema. Whoever works with it holds its lock.
 */
#ifndef IOMAP_DAEMON_COLLECTOR_PINS_H
#define IOMAP_DAEMON_COLLECTOR_PINS_H

#include <stdbool.h>
#include <stddef.h>

#include "daemon/base/util.h"

#define PINS_BASE "/sys/fs/bpf/iomap"

/* Names of sets that are of no schema: one that is being made, one that is of no use any more. */
#define PINS_NEW   "new"
#define PINS_ASIDE "aside"

struct pins {
	int fd;		  /* of the folder, with the lock; -1: none */
	const char *base; /* its path */
};

/*
 * Opens and locks the folder at base. make: makes it, and mounts the BPF file system where its
 * parent is not one. Returns 0, or with a sentence in e: -EBUSY when somebody holds the lock,
 * -ENOENT when it is not there, or another negative errno. Changes nothing in the folder.
 */
int pins_open(const char *base, bool make, struct pins *ret, struct errbuf *e);
/* Gives up the lock. The pins stay. */
void pins_close(struct pins *p);

/* Makes a set. Returns 0 or a negative errno. */
int pins_make(const struct pins *p, const char *set);
/* Pins the object under the name, in which a dot becomes an underscore. As above. */
int pins_put(const struct pins *p, const char *set, const char *kind, const char *name, int fd);
/* A descriptor of the pinned object, or a negative errno. */
int pins_get(const struct pins *p, const char *set, const char *kind, const char *name);
/* How many of that kind there are, or a negative errno. */
int pins_count(const struct pins *p, const char *set, const char *kind);
/* Gives the set another name, which is free. Returns 0 or a negative errno. */
int pins_rename(const struct pins *p, const char *from, const char *to);

/* Name of a set other than the two above and `but` (NULL: none); false: there is none. */
bool pins_find(const struct pins *p, const char *but, char *ret, size_t size);
/*
 * Removes a set. The kernel frees the objects that nobody else has open. Returns their number, or
 * a negative errno.
 */
int pins_remove(const struct pins *p, const char *set);
/* Moves the maps of a set to PINS_ASIDE and removes its programs. Returns as pins_remove(). */
int pins_set_aside(const struct pins *p, const char *set);
/* Removes all sets and the folder. Returns how many objects that were, or a negative errno. */
int pins_remove_all(struct pins *p);

#endif
