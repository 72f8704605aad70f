/* SPDX-License-Identifier: GPL-2.0-or-later */
/* The settings of iomapd: one table for the command line, the configuration file and --help. */
#ifndef IOMAP_DAEMON_OPTIONS_H
#define IOMAP_DAEMON_OPTIONS_H

#include "daemon/base/names.h"
#include "daemon/base/opts.h"
#include "daemon/collector/collector.h"

#define CONFIG_DEFAULT "/etc/iomapd.conf"

enum options_task {
	OPTIONS_RUN,
	OPTIONS_CHECK,
	OPTIONS_HELP,
	OPTIONS_VERSION,
};

struct options {
	enum options_task task;
	char *config;  /* NULL: CONFIG_DEFAULT, if it exists */
	char *socket;  /* NULL: not set, use IOMAPD_SOCKET */
	char *metrics; /* NULL: do not serve metrics */
	struct collector_options collector;
};

extern const struct prog iomapd_prog;

/*
 * Reads the file, then the environment, then the command line; the later source wins. Overwrites
 * *o; the caller frees it, after an error too. Returns 0, or a negative errno with a sentence in e.
 * Reads no file for OPTIONS_HELP and OPTIONS_VERSION.
 */
int options_read(int argc, char **argv, struct options *o, struct errbuf *e);
void options_free(struct options *o);

/*
 * Names the settings that differ and need a restart to take effect. text is empty if there are
 * none.
 */
void options_fixed(const struct options *a, const struct options *b, char *text, size_t size);

/*
 * Reads the file into the options; missing_ok: it need not exist. Returns 0, or a negative errno
 * with a sentence in e that begins with the file and the line.
 */
int config_read(const char *path, bool missing_ok, struct options *o, struct errbuf *e);

#endif
