// SPDX-License-Identifier: GPL-2.0-or-later
#include <errno.h>
#include <math.h>
#include <stdarg.h>
#include <string.h>

#include "cli/fmt.h"
#include "cli/top/screen.h"
#include "daemon/base/utf8.h"

#define SIZE_MAX_CELLS 10000 /* per side; no terminal is larger */

int screen_resize(struct screen *s, int w, int h)
{
	struct screen_cell *cells;

	w = w < 0 ? 0 : w > SIZE_MAX_CELLS ? SIZE_MAX_CELLS : w;
	h = h < 0 ? 0 : h > SIZE_MAX_CELLS ? SIZE_MAX_CELLS : h;
	cells = reallocarray(s->cells, (size_t)w * (size_t)h + 1, sizeof(*cells));
	if (!cells) {
		s->w = s->h = 0;
		return -ENOMEM;
	}
	s->cells = cells;
	s->w = w;
	s->h = h;
	screen_clear(s);
	return 0;
}

void screen_free(struct screen *s)
{
	free(s->cells);
	*s = (struct screen){};
}

void screen_clear(struct screen *s)
{
	for (size_t i = 0; i < (size_t)s->w * (size_t)s->h; i++)
		s->cells[i] = (struct screen_cell){ .ch = ' ' };
}

void screen_char(struct screen *s, int x, int y, enum style style, uint32_t ch)
{
	if (x >= 0 && x < s->w && y >= 0 && y < s->h)
		s->cells[(size_t)y * (size_t)s->w + (size_t)x] =
			(struct screen_cell){ ch, (uint8_t)style };
}

int screen_put(struct screen *s, int x, int y, enum style style, const char *text)
{
	for (uint32_t ch; (ch = fmt_next(&text)); x++)
		screen_char(s, x, y, style, ch < 0x80 || s->unicode ? ch : '?');
	return x;
}

int screen_putf(struct screen *s, int x, int y, enum style style, const char *fmt, ...)
{
	char buf[1024];
	va_list ap;

	va_start(ap, fmt);
	vsnprintf(buf, sizeof(buf), fmt, ap);
	va_end(ap);
	return screen_put(s, x, y, style, buf);
}

void screen_field(struct screen *s, int x, int y, int width, bool right, enum style style,
		  const char *text)
{
	int len = (int)fmt_width(text);
	int keep = len <= width ? len : width > 3 ? width - 2 : width;
	int from = right && len < width ? x + width - len : x;

	for (int i = 0; i < keep; i++) {
		uint32_t ch = fmt_next(&text);

		screen_char(s, from + i, y, style, ch < 0x80 || s->unicode ? ch : '?');
	}
	if (len > width && width > 3)
		screen_put(s, x + keep, y, style, "..");
}

void screen_style(struct screen *s, int x, int y, int width, enum style style)
{
	if (y < 0 || y >= s->h)
		return;
	for (int i = x < 0 ? 0 : x; i < x + width && i < s->w; i++)
		s->cells[(size_t)y * (size_t)s->w + (size_t)i].style = (uint8_t)style;
}

void screen_bar(struct screen *s, int x, int y, int width, double share)
{
	/* Eighths of a column. */
	static const uint32_t eighths[] = { ' ',    0x258f, 0x258e, 0x258d, 0x258c,
					    0x258b, 0x258a, 0x2589, 0x2588 };
	int n = share > 0 ? (int)lround(fmin(share, 1) * width * 8) : 0;

	if (share > 0 && !n)
		n = 1;
	for (int i = 0; i < width && n > 0; i++, n -= 8)
		screen_char(s, x + i, y, ST_GRAPH,
			    s->unicode ? eighths[n < 8 ? n : 8]
			    : n >= 4   ? '|'
				       : '.');
}

void screen_print(const struct screen *s, int rows, FILE *f)
{
	for (int y = 0; y < s->h && y < rows; y++) {
		const struct screen_cell *row = s->cells + (size_t)y * (size_t)s->w;
		int end = s->w;

		while (end && row[end - 1].ch == ' ')
			end--;
		for (int x = 0; x < end; x++)
			utf8_putc(f, row[x].ch);
		fputc('\n', f);
	}
}
