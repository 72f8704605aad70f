/* SPDX-License-Identifier: GPL-2.0-or-later */
/* What the runner on the host (bridge.c) and the guest's first process (init.c) say to each other
 * over one virtio-serial port: frames of a fixed head and a payload, in either direction.
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
	FRAME_STDIN_EOF, /* nothing more will come */
	FRAME_WINSIZE,	 /* struct frame_winsize: the terminal was resized */
	FRAME_BYE,	 /* the exit status has come, the machine may stop; once, last */
	/* guest to host */
	FRAME_HELLO,  /* the guest is up and about to start the command */
	FRAME_STDOUT, /* bytes of the command's standard output (of both outputs on a terminal) */
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
	uint8_t share;	 /* mount the folder with the tag "share" on /share */
	uint16_t n_env;	 /* strings NAME=VALUE that come first */
	uint16_t n_arg;	 /* the command's words, after those; 0: a shell */
	uint8_t systemd; /* the first process becomes systemd */
	uint8_t pad;
	char nonce[32]; /* marks the kernel log of this run; NUL-terminated */
			/* then the strings, each ended by a NUL */
};

#define FRAME_MAX  (1024 * 1024)
#define FRAME_DATA 32768 /* bytes that either side reads at once */

/* A growing queue of bytes. All zero is an empty one. */
struct buf {
	char *data;
	size_t start; /* first byte not taken yet */
	size_t end;
	size_t size;
};

size_t buf_len(const struct buf *b);

/* Appends bytes. Returns 0 or -ENOMEM, and then nothing was added. */
int buf_add(struct buf *b, const void *data, size_t len);

/* Takes bytes off the front. */
void buf_drop(struct buf *b, size_t len);

/* Reads once from fd, at most FRAME_DATA bytes.
 * Returns the number of bytes, 0 at the end of the file, or a negative errno.
 */
ssize_t buf_read(struct buf *b, int fd);

/* Writes once to fd, at most max bytes, and drops what was written.
 * Returns the number of bytes or a negative errno.
 */
ssize_t buf_write(struct buf *b, int fd, size_t max);

void buf_free(struct buf *b);

/* Appends a frame. Returns 0 or -ENOMEM. */
int frame_add(struct buf *b, enum frame_type type, const void *payload, size_t len);

/* Looks at the first frame in the buffer. *ret_payload stays valid until the buffer changes; take
 * the frame off with frame_drop(). Returns 1, 0 if no whole frame is there yet, or -EPROTO.
 */
int frame_peek(const struct buf *b, struct frame_head *ret_head, const char **ret_payload);

void frame_drop(struct buf *b, const struct frame_head *head);

#endif
