// SPDX-License-Identifier: GPL-2.0-or-later
#include <stdarg.h>

#include "daemon/base/utf8.h"

#define REPLACEMENT 0xfffd

uint32_t utf8_next(const char **p)
{
	static const uint32_t least[] = { 0, 0x80, 0x800, 0x10000 };
	const unsigned char *s = (const unsigned char *)*p;
	unsigned int more = s[0] < 0xc0 || s[0] >= 0xf8 ? 0 : s[0] < 0xe0 ? 1 : s[0] < 0xf0 ? 2 : 3;
	uint32_t ch = more ? s[0] & 0x3f >> more : s[0];
	unsigned int i;

	if (!s[0])
		return 0;
	for (i = 1; i <= more && (s[i] & 0xc0) == 0x80; i++)
		ch = ch << 6 | (s[i] & 0x3f);
	*p += i;
	if (i <= more || (!more && ch >= 0x80) || ch < least[more] || ch > 0x10ffff ||
	    (ch >= 0xd800 && ch < 0xe000))
		return REPLACEMENT;
	return ch;
}

bool utf8_steers(uint32_t ch)
{
	return ch < 0x20 || (ch >= 0x7f && ch < 0xa0) || (ch >= 0x2028 && ch <= 0x202e) ||
	       (ch >= 0x2066 && ch <= 0x2069) || ch == 0xfffe || ch == 0xffff;
}

uint32_t utf8_next_safe(const char **p)
{
	uint32_t ch = utf8_next(p);

	return ch && utf8_steers(ch) ? '?' : ch;
}

size_t utf8_put(char *buf, uint32_t ch)
{
	size_t n = ch < 0x80 ? 1 : ch < 0x800 ? 2 : ch < 0x10000 ? 3 : 4;

	buf[n] = '\0';
	for (size_t i = n - 1; i; i--, ch >>= 6)
		buf[i] = (char)(0x80 | (ch & 0x3f));
	buf[0] = (char)(n == 1 ? ch : (0xf00 >> n & 0xff) | ch);
	return n;
}

void utf8_putc(FILE *f, uint32_t ch)
{
	char buf[5];

	utf8_put(buf, ch);
	fputs(buf, f);
}

void utf8_print(FILE *f, const char *s)
{
	uint32_t ch;

	while ((ch = utf8_next_safe(&s)))
		utf8_putc(f, ch);
}

void utf8_line(FILE *f, const char *fmt, ...)
{
	_cleanup_free_ char *text = NULL;
	va_list ap;

	va_start(ap, fmt);
	if (vasprintf(&text, fmt, ap) < 0)
		text = NULL;
	va_end(ap);
	utf8_print(f, text ?: "out of memory");
	fputc('\n', f);
}

void utf8_clean(char *s)
{
	const char *from = s;
	char buf[5];
	uint32_t ch;

	while ((ch = utf8_next_safe(&from))) {
		size_t n = utf8_put(buf, ch == REPLACEMENT ? '?' : ch);

		for (size_t i = 0; i < n; i++)
			*s++ = buf[i];
	}
	*s = '\0';
}
