/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * The files with tables of sites: finds them, and chooses those of this kernel and its modules.
 *
 * A table says where the kernel reads registers and memory, so a file that another user could have
 * written is not used.
 */
#ifndef IOMAP_DAEMON_COLLECTOR_SITE_FILES_H
#define IOMAP_DAEMON_COLLECTOR_SITE_FILES_H

#include <stdint.h>

#include "daemon/collector/site-table.h"

#define SITE_SUFFIX    ".sites"
#define SITE_FILES_MAX 1024 /* files that are read */

enum site_use {
	SITE_USE_LOADED,  /* the module is loaded, and the table is of its build */
	SITE_USE_WAITING, /* the module is not loaded */
	SITE_USE_OTHER,	  /* the module is loaded, and of another build */
	SITE_USE_OLDER,	  /* the module is not loaded, and has a newer table */
};

struct site_file {
	char *path;
	uint64_t written_ns; /* time of the last change */
	struct site_table table;
	enum site_use use;
};

struct site_files {
	struct site_file *file; /* by module, and by time: newest first */
	size_t n;
	uint64_t hash;	 /* of all tables; 0: there are none */
	char **problems; /* sentences about files that are not used */
	size_t nr_problems;
};

/*
 * The folder of the tables of the calling user, to be freed. Returns 0, -ENOENT if neither
 * $XDG_CACHE_HOME nor $HOME is set, or -ENOMEM.
 */
int site_cache_folder(char **ret);

/*
 * Reads all tables in /etc/iomap/sites, the calling user's cache and /usr/share/iomap/sites. Of
 * several tables of one build, the first one is taken. root: comes before the folders of the
 * system; NULL: nothing. Returns 0 or -ENOMEM. A file that cannot be used is a problem and no
 * error.
 */
int site_files_read(const char *root, struct site_files *ret);
/*
 * Compares the tables with the modules that are loaded. For a module that is loaded with another
 * build than all of its tables, adds a problem that names it. Returns 0 or -ENOMEM.
 */
int site_files_choose(const char *root, struct site_files *files);
void site_files_free(struct site_files *files);

#endif
