// SPDX-License-Identifier: GPL-2.0-or-later
/*
 * Converts a captured terminal screen (text with SGR colours, as printed by `tmux capture-pane -e
 * -N -p`) to an SVG picture:
 *
 *         ansi2svg [TITLE] < screen > picture.svg
 *
 * Text stays text, placed by column whatever the font; block characters become rectangles.
 */
#include <stdbool.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "cli/fmt.h"
#include "daemon/base/utf8.h"

#define MAX_COLS 512
#define MAX_ROWS 256

/* Geometry, in pixels. */
#define CELL_W 8
#define CELL_H 17
#define BASE_Y 13 /* of the text in its cell */
#define PAD    14
#define BAR_H  28 /* of the title */

struct look {
	uint32_t fg, bg; /* 0xrrggbb */
	bool bold, dim, reverse;
};

struct cell {
	uint32_t ch;
	struct look look;
};

struct screen {
	struct cell cells[MAX_ROWS][MAX_COLS];
	int w, h;
};

static const uint32_t text_color = 0xd8dee9, page_color = 0x161b22;

/* The 16 named colours. */
static const uint32_t named[16] = {
	0x2e3440, 0xff6b6b, 0x5fd38d, 0xe5c07b, 0x61afef, 0xc678dd, 0x56c8d8, 0xd8dee9,
	0x5c6370, 0xff8787, 0x7ee2a8, 0xf0d399, 0x82c0f5, 0xd79bea, 0x7fdbe8, 0xffffff,
};

/* A colour of the 256. */
static uint32_t indexed(int n)
{
	static const uint32_t steps[] = { 0, 95, 135, 175, 215, 255 };

	if (n < 16)
		return named[n < 0 ? 0 : n];
	if (n >= 232)
		return (uint32_t)(8 + (n - 232) * 10) * 0x010101;
	n -= 16;
	return steps[n / 36 % 6] << 16 | steps[n / 6 % 6] << 8 | steps[n % 6];
}

/* The colour after a 38 or 48: 5;n or 2;r;g;b. Moves *i over what it used. */
static uint32_t extended(const int *p, int n, int *i)
{
	if (*i + 2 < n && p[*i + 1] == 5) {
		*i += 2;
		return indexed(p[*i] & 255);
	}
	if (*i + 4 < n && p[*i + 1] == 2) {
		*i += 4;
		return (uint32_t)(p[*i - 2] & 255) << 16 | (uint32_t)(p[*i - 1] & 255) << 8 |
		       (uint32_t)(p[*i] & 255);
	}
	return text_color;
}

static void apply_sgr(struct look *l, const int *p, int n)
{
	for (int i = 0; i < n; i++) {
		if (p[i] == 0)
			*l = (struct look){ .fg = text_color, .bg = page_color };
		else if (p[i] == 1)
			l->bold = true;
		else if (p[i] == 2)
			l->dim = true;
		else if (p[i] == 22)
			l->bold = l->dim = false;
		else if (p[i] == 7 || p[i] == 27)
			l->reverse = p[i] == 7;
		else if (p[i] >= 30 && p[i] <= 37)
			l->fg = named[p[i] - 30];
		else if (p[i] >= 90 && p[i] <= 97)
			l->fg = named[p[i] - 90 + 8];
		else if (p[i] == 38)
			l->fg = extended(p, n, &i);
		else if (p[i] == 39)
			l->fg = text_color;
		else if (p[i] >= 40 && p[i] <= 47)
			l->bg = named[p[i] - 40];
		else if (p[i] >= 100 && p[i] <= 107)
			l->bg = named[p[i] - 100 + 8];
		else if (p[i] == 48)
			l->bg = extended(p, n, &i);
		else if (p[i] == 49)
			l->bg = page_color;
	}
}

/*
 * Reads an escape sequence at @s (after the ESC) and returns what follows it. Only SGR has an
 * effect.
 */
static const char *read_escape(const char *s, struct look *l)
{
	int p[32] = { 0 }, n = 0;

	if (*s != '[') {
		/* A character set or a shift: one letter, with another before it. */
		if (*s == '(' || *s == ')')
			s++;
		return *s ? s + 1 : s;
	}
	for (s++; *s && !(*s >= '@' && *s <= '~'); s++) {
		if (*s >= '0' && *s <= '9')
			p[n] = p[n] < 10000 ? p[n] * 10 + (*s - '0') : p[n];
		else if ((*s == ';' || *s == ':') && n + 1 < 32)
			n++;
	}
	if (*s == 'm')
		apply_sgr(l, p, n + 1);
	return *s ? s + 1 : s;
}

static void read_screen(struct screen *sc, FILE *f)
{
	struct look look = { .fg = text_color, .bg = page_color };
	char *line = NULL;
	size_t cap = 0;
	ssize_t len;

	while (sc->h < MAX_ROWS && (len = getline(&line, &cap, f)) >= 0) {
		const char *s = line;
		int x = 0;

		if (len && line[len - 1] == '\n')
			line[len - 1] = 0;
		while (*s && x < MAX_COLS) {
			if (*s == 033)
				s = read_escape(s + 1, &look);
			else if (*s == 016 || *s == 017 || *s == '\r')
				s++;
			else
				sc->cells[sc->h][x++] = (struct cell){ fmt_next(&s), look };
		}
		sc->w = x > sc->w ? x : sc->w;
		sc->h++;
	}
	free(line);
}

static bool same_look(const struct look *a, const struct look *b)
{
	return a->fg == b->fg && a->bg == b->bg && a->bold == b->bold && a->dim == b->dim &&
	       a->reverse == b->reverse;
}

static uint32_t ink(const struct look *l)
{
	return l->reverse ? l->bg : l->fg;
}

static uint32_t paper(const struct look *l)
{
	return l->reverse ? l->fg : l->bg;
}

static void put_escaped(uint32_t ch)
{
	if (ch == '&')
		fputs("&amp;", stdout);
	else if (ch == '<')
		fputs("&lt;", stdout);
	else if (ch == '>')
		fputs("&gt;", stdout);
	else
		utf8_putc(stdout, ch ?: ' ');
}

/* Lower blocks ▁ … █ and left blocks ▉ … ▏. */
static bool is_block(uint32_t ch)
{
	return ch >= 0x2581 && ch <= 0x258f;
}

static void put_block(int x, int y, const struct cell *c, int n)
{
	double w = n * CELL_W, h = CELL_H;

	if (c->ch <= 0x2588)
		h = CELL_H * (double)(c->ch - 0x2580) / 8;
	else
		w = CELL_W * (double)(0x2590 - c->ch) / 8;
	printf("<rect x=\"%d\" y=\"%.2f\" width=\"%.2f\" height=\"%.2f\" fill=\"#%06x\"%s/>\n", x,
	       y + CELL_H - h, w, h, ink(&c->look), c->look.dim ? " opacity=\".55\"" : "");
}

static void put_text(int x, int y, const struct cell *c, int n)
{
	printf("<text x=\"%d\" y=\"%d\" textLength=\"%d\" fill=\"#%06x\"%s%s>", x, y + BASE_Y,
	       n * CELL_W, ink(&c->look), c->look.bold ? " font-weight=\"bold\"" : "",
	       c->look.dim ? " opacity=\".55\"" : "");
	for (int i = 0; i < n; i++)
		put_escaped(c[i].ch);
	puts("</text>");
}

/* Number of cells from @x on that can be drawn in one piece. */
static int run_length(const struct cell *row, int x, int w)
{
	int n = 1;

	if (is_block(row[x].ch)) {
		/* Left blocks narrower than a column stay single. */
		while (row[x].ch <= 0x2588 && x + n < w && row[x + n].ch == row[x].ch &&
		       same_look(&row[x].look, &row[x + n].look))
			n++;
		return n;
	}
	while (x + n < w && row[x + n].ch && row[x + n].ch != ' ' && !is_block(row[x + n].ch) &&
	       same_look(&row[x].look, &row[x + n].look))
		n++;
	return n;
}

static void put_row(const struct screen *sc, int r)
{
	const struct cell *row = sc->cells[r];
	int y = BAR_H + PAD + r * CELL_H, n;

	for (int x = 0; x < sc->w; x += n) {
		for (n = 1; x + n < sc->w && row[x + n].ch &&
			    paper(&row[x].look) == paper(&row[x + n].look);)
			n++;
		if (row[x].ch && paper(&row[x].look) != page_color)
			printf("<rect x=\"%d\" y=\"%d\" width=\"%d\" height=\"%d\" "
			       "fill=\"#%06x\"/>\n",
			       PAD + x * CELL_W, y, n * CELL_W, CELL_H, paper(&row[x].look));
	}
	for (int x = 0; x < sc->w; x += n) {
		n = 1;
		if (!row[x].ch || row[x].ch == ' ')
			continue;
		n = run_length(row, x, sc->w);
		if (is_block(row[x].ch))
			put_block(PAD + x * CELL_W, y, &row[x], n);
		else
			put_text(PAD + x * CELL_W, y, &row[x], n);
	}
}

int main(int argc, char **argv)
{
	static struct screen sc;
	const char *title = argc > 1 ? argv[1] : "";
	int w, h;

	if (argc > 2 || (argc == 2 && title[0] == '-')) {
		fprintf(stderr, "Usage: ansi2svg [TITLE] < SCREEN > SVG\n");
		return 2;
	}
	read_screen(&sc, stdin);
	if (!sc.w) {
		fprintf(stderr, "ansi2svg: standard input holds no screen\n");
		return 5;
	}
	w = 2 * PAD + sc.w * CELL_W;
	h = BAR_H + 2 * PAD + sc.h * CELL_H;
	printf("<svg xmlns=\"http://www.w3.org/2000/svg\" width=\"%d\" height=\"%d\" "
	       "viewBox=\"0 0 %d %d\" font-size=\"13\" xml:space=\"preserve\" "
	       "font-family=\"DejaVu Sans Mono, Menlo, Consolas, monospace\">\n",
	       w, h, w, h);
	printf("<rect width=\"%d\" height=\"%d\" rx=\"8\" fill=\"#%06x\"/>\n", w, h, page_color);
	for (int i = 0; i < 3; i++)
		printf("<circle cx=\"%d\" cy=\"%d\" r=\"5\" fill=\"#%06x\"/>\n", PAD + 6 + i * 17,
		       BAR_H / 2 + 2, (const uint32_t[]){ 0xff5f57, 0xfebc2e, 0x28c840 }[i]);
	printf("<text x=\"%d\" y=\"%d\" text-anchor=\"middle\" fill=\"#8b949e\">", w / 2,
	       BAR_H / 2 + 7);
	while (*title)
		put_escaped(fmt_next(&title));
	puts("</text>");
	for (int r = 0; r < sc.h; r++)
		put_row(&sc, r);
	puts("</svg>");
	return fflush(stdout) || ferror(stdout) ? 5 : 0;
}
