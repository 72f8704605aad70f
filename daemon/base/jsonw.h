/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * Writes JSON into a buffer as it goes, so that a reply with thousands of mappings needs no tree
 * of them in memory. The caller balances begin and end. A key is NULL inside an array and at the
 * top. Errors latch in the buffer.
 */
#ifndef IOMAP_DAEMON_BASE_JSONW_H
#define IOMAP_DAEMON_BASE_JSONW_H

#include <stdbool.h>
#include <stdint.h>

#include "daemon/base/buf.h"

struct jsonw {
	struct buf *buf;
	bool comma; /* the next value needs one before it */
};

void jsonw_init(struct jsonw *w, struct buf *buf);

void jsonw_object_begin(struct jsonw *w, const char *key);
void jsonw_object_end(struct jsonw *w);
void jsonw_array_begin(struct jsonw *w, const char *key);
void jsonw_array_end(struct jsonw *w);

/* Values above INT64_MAX are written as that: what reads JSON commonly has no more. */
void jsonw_u64(struct jsonw *w, const char *key, uint64_t v);
/* v / 2^bits, to six places. bits: up to 32. */
void jsonw_fraction(struct jsonw *w, const char *key, uint64_t v, unsigned int bits);
/* A string of the form 0x1f00. */
void jsonw_hex(struct jsonw *w, const char *key, uint64_t v);
void jsonw_bool(struct jsonw *w, const char *key, bool v);
void jsonw_null(struct jsonw *w, const char *key);
/* NULL is written as null; what is not UTF-8 is written as U+FFFD, a byte each. */
void jsonw_string(struct jsonw *w, const char *key, const char *s);

#endif
