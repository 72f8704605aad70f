/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * Figures for people: three significant digits at most if the whole number does not fit. Programs
 * get exact figures with --json.
 */
#ifndef IOMAP_CLI_FMT_H
#define IOMAP_CLI_FMT_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#define FMT_MAX 24 /* bytes that hold any figure of these functions */

/* A count: 0 … 9999 as it is, then 12.3k, 1.23M, 4.56G. */
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
 * Reads one character for a table, like utf8_next(): '?' if it is not exactly one column wide, as
 * are all characters that utf8_steers().
 */
uint32_t fmt_next(const char **p);
/* Columns that @s takes on the screen. */
size_t fmt_width(const char *s);

#endif
