/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * Streams JSON into a buffer: a reply with thousands of mappings needs no tree in memory. The
 * caller balances begin and end. The key is NULL inside an array and at the top level. Errors latch
 * in the buffer.
 */
#ifndef IOMAP_DAEMON_BASE_JSONW_H
#define IOMAP_DAEMON_BASE_JSONW_H

#include <stdbool.h>
#include <stdint.h>

#include "daemon/base/buf.h"

struct jsonw {
	struct buf *buf;
	bool comma; /* the next value needs a comma before it */
};

void jsonw_init(struct jsonw *w, struct buf *buf);

void jsonw_object_begin(struct jsonw *w, const char *key);
void jsonw_object_end(struct jsonw *w);
void jsonw_array_begin(struct jsonw *w, const char *key);
void jsonw_array_end(struct jsonw *w);

/* Values above INT64_MAX are written as INT64_MAX, the most that common JSON readers take. */
void jsonw_u64(struct jsonw *w, const char *key, uint64_t v);
/* Writes v / 2^bits with six decimals. bits: up to 32. */
void jsonw_fraction(struct jsonw *w, const char *key, uint64_t v, unsigned int bits);
/* Writes a string such as "0x1f00". */
void jsonw_hex(struct jsonw *w, const char *key, uint64_t v);
void jsonw_bool(struct jsonw *w, const char *key, bool v);
void jsonw_null(struct jsonw *w, const char *key);
/*
 * NULL is written as null, bytes that are not UTF-8 as U+FFFD. A character that could steer a
 * terminal (see utf8_steers()) is written as an escape.
 */
void jsonw_string(struct jsonw *w, const char *key, const char *s);

#endif
