// SPDX-License-Identifier: GPL-2.0-or-later
#include "daemon/base/jsonw.h"

#include <inttypes.h>
#include <stdio.h>
#include <string.h>

void jsonw_init(struct jsonw *w, struct buf *buf)
{
	*w = (struct jsonw){ .buf = buf };
}

/* Length of the UTF-8 sequence at s, 0 when it is none. */
static size_t utf8_len(const unsigned char *s)
{
	uint32_t cp;
	size_t n;

	if (s[0] < 0x80)
		return 1;
	if (s[0] >= 0xc2 && s[0] <= 0xdf)
		n = 2;
	else if ((s[0] & 0xf0) == 0xe0)
		n = 3;
	else if (s[0] >= 0xf0 && s[0] <= 0xf4)
		n = 4;
	else
		return 0;
	cp = s[0] & (0x7f >> n);
	for (size_t i = 1; i < n; i++) {
		if ((s[i] & 0xc0) != 0x80)
			return 0;
		cp = cp << 6 | (s[i] & 0x3f);
	}
	if ((n == 3 && (cp < 0x800 || (cp >= 0xd800 && cp <= 0xdfff))) ||
	    (n == 4 && (cp < 0x10000 || cp > 0x10ffff)))
		return 0;
	return n;
}

static void quote(struct jsonw *w, const char *str)
{
	const unsigned char *s = (const unsigned char *)str;
	char esc[8];
	size_t n;

	buf_puts(w->buf, "\"");
	while (*s) {
		n = utf8_len(s);
		if (!n) {
			buf_puts(w->buf, "\xef\xbf\xbd");
			n = 1;
		} else if (*s == '"' || *s == '\\') {
			esc[0] = '\\';
			esc[1] = *s;
			buf_append(w->buf, esc, 2);
		} else if (*s < 0x20 || *s == 0x7f) {
			snprintf(esc, sizeof(esc), "\\u%04x", *s);
			buf_puts(w->buf, esc);
		} else {
			buf_append(w->buf, s, n);
		}
		s += n;
	}
	buf_puts(w->buf, "\"");
}

/* Comma and key, whatever comes before a value. */
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
