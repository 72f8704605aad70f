/* SPDX-License-Identifier: GPL-2.0-or-later */
/* Checks replies of iomapd against the description of its interface. */
#ifndef IOMAP_CLI_REPLY_H
#define IOMAP_CLI_REPLY_H

#include "daemon/base/jansson.h"

/*
 * Checks the parameters of a reply to org.iomap.Monitor.@method: every member of the interface
 * exists, unless it may be null, and has its type. Other members are allowed. Returns 0, or -EPROTO
 * with a sentence that names the first wrong member and the socket @path.
 */
int reply_check(const char *method, const json_t *params, const char *path, struct errbuf *err);

/*
 * Returns at least the bytes that json_loadb() needs for the text: a few bytes of text may become a
 * hundred times as many in memory.
 */
size_t reply_memory(const char *text, size_t len);

#endif
