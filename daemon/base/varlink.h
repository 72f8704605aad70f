/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * The Varlink protocol: JSON objects over a stream, each with a NUL at its end. Framing for both
 * sides, calls and replies for the server. Does no input or output.
 */
#ifndef IOMAP_DAEMON_BASE_VARLINK_H
#define IOMAP_DAEMON_BASE_VARLINK_H

#include <stdbool.h>
#include <jansson.h>

#include "daemon/base/buf.h"
#include "daemon/base/jsonw.h"

/* Bytes of a call without its NUL. The longest useful call has about 200. */
#define VARLINK_MESSAGE_MAX (4 * 1024 - 1)

/* Bytes received and not yet handed out as messages. */
struct varlink_input {
	size_t max; /* bytes of a message without its NUL; 0: VARLINK_MESSAGE_MAX */
	struct buf buf;
	size_t taken;	/* bytes at the start of buf that were handed out */
	size_t scanned; /* bytes after these that hold no NUL */
};

/*
 * Returns the place for the next read, and in *ret_room its size: no more than completes a message
 * of the allowed size. *ret_room is 0 if a message is too long or there is no memory.
 */
void *varlink_input_room(struct varlink_input *in, size_t *ret_room);
/* Adds the n bytes that were read there. */
void varlink_input_add(struct varlink_input *in, size_t n);
/*
 * Takes the next message; it ends in a NUL and is valid until varlink_input_room(). Returns 1, 0 if
 * no message is complete, or -EMSGSIZE if it is longer than allowed.
 */
int varlink_input_next(struct varlink_input *in, const char **ret_text, size_t *ret_len);
/* Tells whether a complete message is waiting, without taking it. */
bool varlink_input_ready(struct varlink_input *in);
/* Tells whether the next message is longer than allowed: it will never be complete. */
bool varlink_input_too_long(struct varlink_input *in);
void varlink_input_free(struct varlink_input *in);

struct varlink_call {
	json_t *root;	     /* owns the other members */
	char interface[256]; /* the part before the last dot */
	const char *method;  /* the part after it */
	json_t *params;	     /* an object, or NULL */
	bool more;
	bool oneway;
};

/* Returns 0, or -EBADMSG with *ret untouched if the text is not a call. */
int varlink_call_parse(const char *text, size_t len, struct varlink_call *ret);
void varlink_call_free(struct varlink_call *call);

/* Begins a reply. The caller writes the member "parameters" and ends the reply. */
void varlink_reply_begin(struct jsonw *w, struct buf *out);
void varlink_reply_end(struct jsonw *w, bool continues);

/* Writes an error reply with one parameter; name: NULL for an error without parameters. */
void varlink_error(struct buf *out, const char *error, const char *name, const char *value);

#endif
