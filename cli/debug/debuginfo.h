/* SPDX-License-Identifier: GPL-2.0-or-later */
/* Finds and opens the debug information of a kernel module, or of the kernel, with libdwfl. */
#ifndef IOMAP_CLI_DEBUG_DEBUGINFO_H
#define IOMAP_CLI_DEBUG_DEBUGINFO_H

#include <elfutils/libdwfl.h>

#include "daemon/base/symbol.h"
#include "daemon/base/util.h"

struct debuginfo {
	Dwfl_Callbacks callbacks;
	Dwfl *dwfl;
	Dwfl_Module *mod;
	char *path;			/* of the folders with debug files, as libdwfl takes it */
	char *file;			/* that was opened */
	unsigned int machine;		/* EM_X86_64, … */
	char module[SYMBOL_MODULE_MAX]; /* as in /proc/modules; DEBUGINFO_KERNEL: the kernel */
};

#define DEBUGINFO_KERNEL "vmlinux"

/*
 * Opens a file of a module, or vmlinux. The debug information is in the file itself, or libdwfl
 * finds it by build-id or name: beside the file, in @dir (NULL: /usr/lib/debug), and with
 * debuginfod where $DEBUGINFOD_URLS is set. Returns 0, or a negative errno with a sentence;
 * -ENODATA if there is no debug information.
 */
int debuginfo_open(const char *file, const char *dir, struct debuginfo **ret, struct errbuf *e);

/*
 * The same for a module of an installed kernel, or its DEBUGINFO_KERNEL. The folder may have the
 * file of the module, as a driver's build leaves it.
 */
int debuginfo_open_installed(const char *module, const char *release, const char *dir,
			     struct debuginfo **ret, struct errbuf *e);

/* Accepts NULL. */
void debuginfo_free(struct debuginfo *d);

static inline void debuginfo_freep(struct debuginfo **d)
{
	debuginfo_free(*d);
}

#define _cleanup_debuginfo_ _cleanup_(debuginfo_freep)

/* Returns the number of bytes of the build-id, or 0 if the file has none. */
size_t debuginfo_build_id(const struct debuginfo *d, const unsigned char **ret);

#endif
