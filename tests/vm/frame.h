/* SPDX-License-Identifier: GPL-2.0-or-later */
/* The protocol between bridge.c on the host and init.c, the first process of the guest, over a
 * virtio-serial port: frames with a fixed head and a payload, in both directions.
 */
#ifndef IOMAP_TESTS_VM_FRAME_H
#define IOMAP_TESTS_VM_FRAME_H

#include <stddef.h>
#include <stdint.h>
#include <sys/types.h>

enum frame_type {
	/* host to guest */
	FRAME_START = 1, /* struct frame_start, then its strings; once, first */
	FRAME_STDIN,	 /* bytes for the command's standard input */
	FRAME_STDIN_EOF, /* end of the input */
	FRAME_WINSIZE,	 /* struct frame_winsize: new size of the terminal */
	FRAME_BYE,	 /* the host has the exit status: stop the machine; once, last */
	/* guest to host */
	FRAME_HELLO,  /* the guest starts the command now */
	FRAME_STDOUT, /* bytes of the command's standard output; on a terminal, of both outputs */
	FRAME_STDERR,
	FRAME_EXIT, /* uint32_t: the command's exit status, 128 + N after signal N; once, last */
};

struct frame_head {
	uint32_t type;
	uint32_t len; /* of the payload, in bytes, at most FRAME_MAX */
};

struct frame_winsize {
	uint16_t rows;
	uint16_t cols;
};

struct frame_start {
	struct frame_winsize winsize;
	uint8_t tty;	 /* give the command a terminal */
	uint8_t share;	 /* mount the 9p tag "share" on /share */
	uint16_t n_env;	 /* number of strings NAME=VALUE, which come first */
	uint16_t n_arg;	 /* number of words of the command, which follow; 0: a shell */
	uint8_t systemd; /* make systemd the first process */
	uint8_t pad;
	char nonce[32]; /* marks the kernel log of this run; NUL-terminated */
			/* The strings follow, each with a NUL. */
};

#define FRAME_MAX  (1024 * 1024)
#define FRAME_DATA 32768 /* most bytes of one read */

/* A growing queue of bytes. All zero: empty. */
struct buf {
	char *data;
	size_t start; /* first byte of the queue */
	size_t end;
	size_t size;
};

size_t buf_len(const struct buf *b);

/* Appends all bytes and returns 0, or none and returns -ENOMEM. */
int buf_add(struct buf *b, const void *data, size_t len);

/* Removes bytes from the front. */
void buf_drop(struct buf *b, size_t len);

/* Reads once from fd, at most FRAME_DATA bytes.
 * Returns the number of bytes, 0 at the end of the file, or a negative errno.
 */
ssize_t buf_read(struct buf *b, int fd);

/* Writes once to fd, at most max bytes, and removes the written bytes from the queue.
 * Returns the number of bytes or a negative errno.
 */
ssize_t buf_write(struct buf *b, int fd, size_t max);

void buf_free(struct buf *b);

/* Appends a frame. Returns 0 or -ENOMEM. */
int frame_add(struct buf *b, enum frame_type type, const void *payload, size_t len);

/* Finds the first frame in the queue. *ret_payload is valid until the queue changes. frame_drop()
 * removes the frame. Returns 1, 0 if the frame is incomplete, or -EPROTO.
 */
int frame_peek(const struct buf *b, struct frame_head *ret_head, const char **ret_payload);

void frame_drop(struct buf *b, const struct frame_head *head);

#endif
