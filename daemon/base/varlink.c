// SPDX-License-Identifier: GPL-2.0-or-later
#include "daemon/base/varlink.h"

#include <string.h>

#include "daemon/base/util.h"

#define READ_MAX (64 * 1024) /* bytes of one read */

static size_t max_of(const struct varlink_input *in)
{
	return in->max ?: VARLINK_MESSAGE_MAX;
}

/* Length of the next message with its NUL, 0 if it is not complete. */
static size_t next_message(struct varlink_input *in)
{
	const char *start = in->buf.data + in->taken, *nul;
	size_t len = in->buf.len - in->taken;

	if (len <= in->scanned)
		return 0;
	nul = memchr(start + in->scanned, '\0', len - in->scanned);
	in->scanned = nul ? (size_t)(nul - start) : len;
	return nul ? in->scanned + 1 : 0;
}

void *varlink_input_room(struct varlink_input *in, size_t *ret_room)
{
	size_t room;
	void *p;

	buf_consume(&in->buf, in->taken);
	in->taken = 0;
	room = in->buf.len <= max_of(in) ? max_of(in) + 1 - in->buf.len : 0;
	if (room > READ_MAX)
		room = READ_MAX;
	p = buf_reserve(&in->buf, room);
	*ret_room = p ? room : 0;
	return p;
}

void varlink_input_add(struct varlink_input *in, size_t n)
{
	in->buf.len += n;
}

bool varlink_input_too_long(struct varlink_input *in)
{
	return in->buf.len - in->taken > max_of(in) && !next_message(in);
}

int varlink_input_next(struct varlink_input *in, const char **ret_text, size_t *ret_len)
{
	size_t n = next_message(in);

	if (!n)
		return varlink_input_too_long(in) ? -EMSGSIZE : 0;
	*ret_text = in->buf.data + in->taken;
	*ret_len = n - 1;
	in->taken += n;
	in->scanned = 0;
	return 1;
}

bool varlink_input_ready(struct varlink_input *in)
{
	return next_message(in) > 0;
}

void varlink_input_free(struct varlink_input *in)
{
	buf_free(&in->buf);
	*in = (struct varlink_input){};
}

static bool flag(const json_t *root, const char *name)
{
	return json_is_true(json_object_get(root, name));
}

int varlink_call_parse(const char *text, size_t len, struct varlink_call *ret)
{
	struct varlink_call call = {};
	const char *method, *dot;
	json_error_t err;
	json_t *root;

	root = json_loadb(text, len, JSON_REJECT_DUPLICATES, &err);
	if (!root)
		return -EBADMSG;
	method = json_string_value(json_object_get(root, "method"));
	dot = method ? strrchr(method, '.') : NULL;
	call.params = json_object_get(root, "parameters");
	if (json_is_null(call.params))
		call.params = NULL;
	if (!dot || (size_t)(dot - method) >= sizeof(call.interface) ||
	    (call.params && !json_is_object(call.params))) {
		json_decref(root);
		return -EBADMSG;
	}
	memcpy(call.interface, method, dot - method);
	call.method = dot + 1;
	call.more = flag(root, "more");
	call.oneway = flag(root, "oneway");
	call.root = root;
	*ret = call;
	return 0;
}

void varlink_call_free(struct varlink_call *call)
{
	json_decref(call->root);
	call->root = NULL;
}

void varlink_reply_begin(struct jsonw *w, struct buf *out)
{
	jsonw_init(w, out);
	jsonw_object_begin(w, NULL);
}

void varlink_reply_end(struct jsonw *w, bool continues)
{
	if (continues)
		jsonw_bool(w, "continues", true);
	jsonw_object_end(w);
	buf_append(w->buf, "", 1);
}

void varlink_error(struct buf *out, const char *error, const char *name, const char *value)
{
	struct jsonw w;

	varlink_reply_begin(&w, out);
	jsonw_string(&w, "error", error);
	jsonw_object_begin(&w, "parameters");
	if (name)
		jsonw_string(&w, name, value);
	jsonw_object_end(&w);
	varlink_reply_end(&w, false);
}
