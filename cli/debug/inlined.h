/* SPDX-License-Identifier: GPL-2.0-or-later */
/* Finds the inlined copies of io_mapping's functions in debug information. */
#ifndef IOMAP_CLI_DEBUG_INLINED_H
#define IOMAP_CLI_DEBUG_INLINED_H

#include "cli/debug/debuginfo.h"
#include "daemon/collector/site-table.h"

struct debug_progress {
	/* Called for each compilation unit that is done; NULL: not called. */
	void (*step)(void *arg, size_t done, size_t all);
	void *arg;
};

/*
 * Makes the table of a module. Returns 0, or a negative errno with a sentence: -ENOENT if the
 * module has no code of io_mapping, -ENOTSUP if it is not for x86_64, where all of the API is
 * inline. *ret is untouched on failure.
 */
int inlined_find(const struct debuginfo *d, const struct debug_progress *progress,
		 struct site_table *ret, struct errbuf *e);

/*
 * Tells whether this is the name of a function of io_mapping, or of one that those consist of. NULL
 * is none.
 */
bool inlined_is_api(const char *function);

#endif
