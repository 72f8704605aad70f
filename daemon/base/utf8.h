/* SPDX-License-Identifier: GPL-2.0-or-later */
/* UTF-8 from kernels, tasks, files and sockets: the one decoder, and the one rule for terminals. */
#ifndef IOMAP_DAEMON_BASE_UTF8_H
#define IOMAP_DAEMON_BASE_UTF8_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>

#include "daemon/base/util.h"

/*
 * Reads one character at *p and moves *p behind it. Bytes that are not UTF-8 (overlong forms,
 * surrogates and values above U+10FFFF included) are read as U+FFFD. Returns 0 at the end of the
 * string and stays there.
 */
uint32_t utf8_next(const char **p);

/*
 * Tells whether a character may steer a terminal or deceive its reader: controls (C0, DEL, C1),
 * separators of lines, overrides of the writing direction, U+FFFE and U+FFFF. All characters that
 * XML forbids are among them.
 */
bool utf8_steers(uint32_t ch);

/* Like utf8_next(), with '?' for a character that utf8_steers(). */
uint32_t utf8_next_safe(const char **p);

/* Writes the character into buf (5 bytes at least) with a NUL. Returns its length. */
size_t utf8_put(char *buf, uint32_t ch);
/* Writes the character to f. */
void utf8_putc(FILE *f, uint32_t ch);
/* Writes a text of any origin to f: one line of UTF-8 that cannot steer a terminal. */
void utf8_print(FILE *f, const char *s);
/* Writes a line: the formatted text with utf8_print(), and a newline. */
check_printf(2, 3) void utf8_line(FILE *f, const char *fmt, ...);
/* Turns s into such a line in place; an invalid byte becomes '?'. */
void utf8_clean(char *s);

#endif
