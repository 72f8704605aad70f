/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * Figures for people: at most three significant digits once they no longer fit as they are.
 * Programs that want exact ones ask for --json.
 */
#ifndef IOMAP_CLI_FMT_H
#define IOMAP_CLI_FMT_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#define FMT_MAX 24 /* bytes that hold any figure made here */

/* 0 … 9999 as is, then 12.3k, 1.23M, 4.56G. */
const char *fmt_count(char *buf, double v);
/* A rate: like a count, with one decimal below 10. */
const char *fmt_rate(char *buf, double v);
/* Nanoseconds: 850ns, 1.23us, 45.6ms, 12.3s, 16.7m, 2.50h. */
const char *fmt_ns(char *buf, double ns);
/* Bytes in powers of 1024: 512, 4K, 64M, 1.50G. */
const char *fmt_bytes(char *buf, double bytes);
/* A length of time in seconds: 45s, 12m34s, 3h05m, 4d02h. */
const char *fmt_duration(char *buf, double secs);

/*
 * Reads one character of UTF-8 at *@p and moves *@p behind it. What is not valid UTF-8, a control
 * character or not exactly one column wide comes back as '?': text from other processes must not
 * steer the terminal. Returns 0 at the end of the string and stays there.
 */
uint32_t utf8_next(const char **p);
/* Writes @ch as UTF-8 into @buf (5 bytes at least, NUL-terminated); returns the length. */
size_t utf8_put(char *buf, uint32_t ch);
/* Copies @s as utf8_next() reads it, as far as it fits; returns @buf. */
const char *fmt_clean(char *buf, size_t size, const char *s);
/* Columns that @s takes on the screen. */
size_t utf8_width(const char *s);

#endif
