/* SPDX-License-Identifier: GPL-2.0-or-later */
/* The build-ids of the running kernel and of its modules. A build-id names one build. */
#ifndef IOMAP_DAEMON_COLLECTOR_BUILD_ID_H
#define IOMAP_DAEMON_COLLECTOR_BUILD_ID_H

#include <stdbool.h>
#include <stddef.h>

#define BUILD_ID_MAX 20 /* bytes */

/* Room for a build-id as hexadecimal text. */
#define BUILD_ID_TEXT (2 * BUILD_ID_MAX + 1)

struct build_id {
	unsigned char bytes[BUILD_ID_MAX];
	size_t len;
};

bool build_id_equal(const struct build_id *a, const struct build_id *b);
/* Writes the build-id as hexadecimal digits to text, which it returns. */
const char *build_id_text(const struct build_id *id, char text[BUILD_ID_TEXT]);
/*
 * Finds the build-id in ELF notes. Any bytes are safe. Returns 0, or -ENOENT if the notes have no
 * build-id that fits.
 */
int build_id_from_notes(const void *notes, size_t size, struct build_id *ret);
/*
 * Reads the build-id of a loaded module; "vmlinux" is the kernel. root: comes before /sys; NULL:
 * nothing. Returns 0, -ENOENT if the module is not loaded, -ENODATA if it has no build-id, or
 * another negative errno.
 */
int build_id_of_loaded(const char *root, const char *module, struct build_id *ret);

#endif
