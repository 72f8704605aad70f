/* SPDX-License-Identifier: GPL-2.0-or-later */
/* Source lines for the functions of a report: finds debug information, and makes paths relative. */
#ifndef IOMAP_CLI_DEBUG_SOURCES_H
#define IOMAP_CLI_DEBUG_SOURCES_H

#include "cli/debug/lines.h"

struct sources_options {
	const char *release;	  /* of the kernel, as in struct utsname */
	const char *debug_dir;	  /* NULL: /usr/lib/debug */
	const char *const *files; /* modules with debug information to try first, or NULL */
	size_t nr_files;
	/*
	 * Prefixes of paths: "FROM" is dropped, "FROM=TO" is replaced. The current folder is
	 * dropped, too.
	 */
	const char *const *roots;
	size_t nr_roots;
};

struct sources;

/* Returns 0 or -ENOMEM. The options must outlive *ret. */
int sources_new(const struct sources_options *opts, struct sources **ret);

/* Accepts NULL. */
void sources_free(struct sources *s);

/*
 * The lines of the call that returns to "symbol+0xoffset[/0xsize] [module]", innermost first.
 * @module: if the text has none. NULL: not known, or @s is NULL. The file of each line is a path
 * that sources_options made relative, else as the compiler had it. The result lives as long as @s.
 */
const struct source_lines *sources_find(struct sources *s, const char *symbol, const char *module);

/* Writes "draw_line at fb.c:88 inlined into blit at fb.c:140", without io_mapping's functions. */
void sources_print(FILE *f, const struct source_lines *l);

/*
 * A sentence that says why a module has no lines, and how to get them; NULL: no look-up failed for
 * want of debug information.
 */
const char *sources_missing(const struct sources *s);

#endif
