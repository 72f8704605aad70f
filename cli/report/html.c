// SPDX-License-Identifier: GPL-2.0-or-later
#include <stdarg.h>

#include "cli/report/html.h"
#include "daemon/base/utf8.h"

void html_text(FILE *f, const char *s)
{
	uint32_t ch;

	if (!s)
		s = "-";
	while ((ch = utf8_next_safe(&s))) {
		switch (ch) {
		case '&':
			fputs("&amp;", f);
			break;
		case '<':
			fputs("&lt;", f);
			break;
		case '>':
			fputs("&gt;", f);
			break;
		case '"':
			fputs("&quot;", f);
			break;
		case '\'':
			fputs("&#39;", f);
			break;
		default:
			utf8_putc(f, ch);
		}
	}
}

void html_textf(FILE *f, const char *fmt, ...)
{
	_cleanup_free_ char *text = NULL;
	va_list ap;

	va_start(ap, fmt);
	if (vasprintf(&text, fmt, ap) < 0)
		text = NULL;
	va_end(ap);
	html_text(f, text ?: "out of memory");
}
