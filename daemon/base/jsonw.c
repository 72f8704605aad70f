// SPDX-License-Identifier: GPL-2.0-or-later
#include "daemon/base/jsonw.h"

#include <inttypes.h>
#include <stdio.h>

#include "daemon/base/utf8.h"

void jsonw_init(struct jsonw *w, struct buf *buf)
{
	*w = (struct jsonw){ .buf = buf };
}

static void quote(struct jsonw *w, const char *s)
{
	char text[12];
	uint32_t ch;

	buf_puts(w->buf, "\"");
	while ((ch = utf8_next(&s))) {
		if (ch == '"' || ch == '\\')
			buf_puts(w->buf, "\\");
		if (utf8_steers(ch))
			snprintf(text, sizeof(text), "\\u%04x", (unsigned int)ch);
		else
			utf8_put(text, ch);
		buf_puts(w->buf, text);
	}
	buf_puts(w->buf, "\"");
}

/* Writes the comma and the key that come before a value. */
static void lead(struct jsonw *w, const char *key)
{
	if (w->comma)
		buf_puts(w->buf, ",");
	w->comma = true;
	if (key) {
		quote(w, key);
		buf_puts(w->buf, ":");
	}
}

void jsonw_object_begin(struct jsonw *w, const char *key)
{
	lead(w, key);
	buf_puts(w->buf, "{");
	w->comma = false;
}

void jsonw_object_end(struct jsonw *w)
{
	buf_puts(w->buf, "}");
	w->comma = true;
}

void jsonw_array_begin(struct jsonw *w, const char *key)
{
	lead(w, key);
	buf_puts(w->buf, "[");
	w->comma = false;
}

void jsonw_array_end(struct jsonw *w)
{
	buf_puts(w->buf, "]");
	w->comma = true;
}

void jsonw_u64(struct jsonw *w, const char *key, uint64_t v)
{
	char text[24];

	lead(w, key);
	snprintf(text, sizeof(text), "%" PRIu64, v > INT64_MAX ? (uint64_t)INT64_MAX : v);
	buf_puts(w->buf, text);
}

void jsonw_fraction(struct jsonw *w, const char *key, uint64_t v, unsigned int bits)
{
	uint64_t part = (v & ((1ULL << bits) - 1)) * 1000000 + (bits ? 1ULL << (bits - 1) : 0);
	uint64_t whole = v >> bits, rest = part >> bits;
	char text[32];

	if (rest == 1000000) {
		whole++;
		rest = 0;
	}
	lead(w, key);
	snprintf(text, sizeof(text), "%" PRIu64 ".%06" PRIu64, whole, rest);
	buf_puts(w->buf, text);
}

void jsonw_hex(struct jsonw *w, const char *key, uint64_t v)
{
	char text[24];

	snprintf(text, sizeof(text), "0x%" PRIx64, v);
	jsonw_string(w, key, text);
}

void jsonw_bool(struct jsonw *w, const char *key, bool v)
{
	lead(w, key);
	buf_puts(w->buf, v ? "true" : "false");
}

void jsonw_null(struct jsonw *w, const char *key)
{
	lead(w, key);
	buf_puts(w->buf, "null");
}

void jsonw_string(struct jsonw *w, const char *key, const char *s)
{
	if (!s) {
		jsonw_null(w, key);
		return;
	}
	lead(w, key);
	quote(w, s);
}
