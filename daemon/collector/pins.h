/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * The folder of the BPF file system in which iomapd pins its objects. Each set of maps, programs
 * and links has a folder of its own, named by its schema. A process locks the folder while it uses
 * it.
 *
 * Every user may make files in a BPF file system with its default mode. So the folder is used only
 * if root made it and no other user can write to it, and all calls are relative to its descriptor.
 */
#ifndef IOMAP_DAEMON_COLLECTOR_PINS_H
#define IOMAP_DAEMON_COLLECTOR_PINS_H

#include <stdbool.h>
#include <stddef.h>

#include "daemon/base/util.h"

#define PINS_BASE "/sys/fs/bpf/iomap"

/* The set that is being made, and the folder of the sets that cannot be used any more. */
#define PINS_NEW   "new"
#define PINS_ASIDE "aside"

struct pins {
	int fd;		  /* of the folder, with the lock; -1: none */
	int parent;	  /* of the folder around it */
	const char *base; /* its path */
};

/*
 * Opens and locks the folder at base. make: makes the folder and mounts a BPF file system at its
 * parent if missing. Returns 0, or with a sentence in e: -EBUSY when another process holds the
 * lock, -ENOENT when there is no folder, -EPERM when another user controls it, or another negative
 * errno. Changes nothing in the folder.
 */
int pins_open(const char *base, bool make, struct pins *ret, struct errbuf *e);
/* Unlocks the folder. The pins stay. */
void pins_close(struct pins *p);

/* Makes a set. Returns 0 or a negative errno. */
int pins_make(const struct pins *p, const char *set);
/* Pins the object; a dot in its name becomes an underscore. Returns 0 or a negative errno. */
int pins_put(const struct pins *p, const char *set, const char *kind, const char *name, int fd);
/* Returns a descriptor of the pinned object, or a negative errno. */
int pins_get(const struct pins *p, const char *set, const char *kind, const char *name);
/* Returns the number of objects of that kind, or a negative errno. */
int pins_count(const struct pins *p, const char *set, const char *kind);
/* Gives the set a new name that no set has. Returns 0 or a negative errno. */
int pins_rename(const struct pins *p, const char *from, const char *to);

/* Finds an entry other than `new` and `aside`. Returns false: there is none. */
bool pins_find(const struct pins *p, char *ret, size_t size);
/*
 * Removes a set, or any other file or folder of that name. The kernel frees objects that no process
 * has open. Returns the number of objects or a negative errno.
 */
int pins_remove(const struct pins *p, const char *set);
/*
 * Moves the maps of a set to PINS_ASIDE/set, and removes its programs and all else in it. Returns
 * 0, -ENOTDIR when set is no folder, or another negative errno.
 */
int pins_set_aside(const struct pins *p, const char *set);
/* Removes the folder, which has to be empty. Returns 0 or a negative errno. */
int pins_remove_folder(const struct pins *p);
/* Removes all sets and the folder. Returns the number of objects or a negative errno. */
int pins_remove_all(const struct pins *p);

#endif
