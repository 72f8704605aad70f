/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * The Varlink protocol, both directions: JSON objects over a stream, each ended by a NUL.
 * Nothing here does input or output.
 */
#ifndef IOMAP_DAEMON_BASE_VARLINK_H
#define IOMAP_DAEMON_BASE_VARLINK_H

#include <stdbool.h>
#include <jansson.h>

#include "daemon/base/buf.h"
#include "daemon/base/jsonw.h"

/* Bytes of a call; the longest that means something has some 200. */
#define VARLINK_MESSAGE_MAX (4 * 1024)

/* Bytes received and not yet taken as messages. */
struct varlink_input {
	struct buf buf;
	size_t taken;	/* length of the message handed out last, its NUL included */
	size_t scanned; /* bytes known to hold no NUL */
};

/*
 * Where to read more bytes to, and how many at most: never more than what completes a message of
 * the allowed size. *ret_room is 0 when a message is too long or there is no memory.
 */
void *varlink_input_room(struct varlink_input *in, size_t *ret_room);
/* Says that n bytes were read there. */
void varlink_input_add(struct varlink_input *in, size_t n);
/*
 * Takes the next message, NUL-terminated and valid until the next call of any of these.
 * Returns 1, 0 when none is complete, or -EMSGSIZE when it is longer than VARLINK_MESSAGE_MAX.
 */
int varlink_input_next(struct varlink_input *in, const char **ret_text, size_t *ret_len);
/* Tells whether a whole message is waiting, without taking it. */
bool varlink_input_ready(struct varlink_input *in);
/* Tells whether the first message is longer than allowed, and will not be completed. */
bool varlink_input_too_long(struct varlink_input *in);
void varlink_input_free(struct varlink_input *in);

struct varlink_call {
	json_t *root;	     /* owns all of it */
	char interface[256]; /* all of method before the last dot */
	const char *method;  /* after it */
	json_t *params;	     /* an object, or NULL */
	bool more;
	bool oneway;
};

/* Returns 0, or -EBADMSG when the text is not a call; *ret is then untouched. */
int varlink_call_parse(const char *text, size_t len, struct varlink_call *ret);
void varlink_call_free(struct varlink_call *call);

/* Begins a reply; the caller then writes the value of "parameters" and ends it. */
void varlink_reply_begin(struct jsonw *w, struct buf *out);
void varlink_reply_end(struct jsonw *w, bool continues);

/* A whole error reply; name is NULL for an error without parameters. */
void varlink_error(struct buf *out, const char *error, const char *name, const char *value);

#endif
