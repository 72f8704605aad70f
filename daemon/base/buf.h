/* SPDX-License-Identifier: GPL-2.0-or-later */
/* A growing byte buffer. Errors latch: check `err` once, after the last append. */
#ifndef IOMAP_DAEMON_BASE_BUF_H
#define IOMAP_DAEMON_BASE_BUF_H

#include <stddef.h>

struct buf {
	char *data;
	size_t len;
	size_t cap;
	int err; /* 0 or -ENOMEM; once set, appends do nothing */
};

/*
 * Makes room for n more bytes and leaves len alone. Returns a pointer to the room, or NULL with err
 * set.
 */
char *buf_reserve(struct buf *b, size_t n);
void buf_append(struct buf *b, const void *data, size_t n);
void buf_puts(struct buf *b, const char *s);
/* Drops the first n bytes. */
void buf_consume(struct buf *b, size_t n);
/* Frees the contents and leaves an empty buffer. */
void buf_free(struct buf *b);

#endif
