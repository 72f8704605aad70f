/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * The settings of iomapd. One table in options.c says what there is: for the command line, for the
 * file of the configuration, and for --help.
 */
#ifndef IOMAP_DAEMON_OPTIONS_H
#define IOMAP_DAEMON_OPTIONS_H

#include "daemon/base/names.h"
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
	char *config;  /* NULL: CONFIG_DEFAULT, which need not be there */
	char *socket;  /* NULL: nothing says where; IOMAPD_SOCKET */
	char *metrics; /* NULL: not to be served */
	struct collector_options collector;
};

/*
 * Reads the file, then the environment, then the command line; what comes later wins. Whatever
 * there is gets overwritten. Returns 0, or a negative errno with a sentence in e; o has to be
 * freed in any case. For OPTIONS_HELP and OPTIONS_VERSION, no file is read.
 */
int options_read(int argc, char **argv, struct options *o, struct errbuf *e);
void options_free(struct options *o);

/* What --help shows. */
void options_help(FILE *f);

/*
 * Names the settings in which the two differ, but for those that can change while iomapd runs.
 * text is empty when there are none.
 */
void options_fixed(const struct options *a, const struct options *b, char *text, size_t size);

/* A setting by its name in the file, for config.c. -EINVAL with a sentence in e. */
struct options_pass {
	struct options *options;
	uint32_t seen; /* settings that came up in this pass: bits by their place in the table */
};
int options_set(struct options_pass *pass, const char *name, const char *value, struct errbuf *e);

/*
 * Reads the file into the options; missing_ok: it need not be there. Returns 0, or a negative errno
 * with a sentence in e that begins with the file and the line.
 */
int config_read(const char *path, bool missing_ok, struct options *o, struct errbuf *e);

#endif
