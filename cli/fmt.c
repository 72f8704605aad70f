// SPDX-License-Identifier: GPL-2.0-or-later
#include <math.h>
#include <stdio.h>
#include <string.h>

#include "cli/fmt.h"
#include "daemon/base/utf8.h"
#include "daemon/base/util.h"

/* Formats three significant digits of a number below 1000. */
static const char *digits3(char *buf, double v, const char *unit)
{
	int decimals = v < 9.995 ? 2 : v < 99.95 ? 1 : 0;

	snprintf(buf, FMT_MAX, "%.*f%s", decimals, v, unit);
	return buf;
}

/* Divides by @base until the number is below it. Returns the index of the unit. */
static unsigned int scale(double *v, double base, unsigned int n_units)
{
	unsigned int i = 0;

	while (*v >= base - 0.5 && i + 1 < n_units) {
		*v /= base;
		i++;
	}
	return i;
}

const char *fmt_count(char *buf, double v)
{
	static const char *const units[] = { "", "k", "M", "G", "T", "P", "E" };
	unsigned int i;

	if (isnan(v) || v < 0)
		v = 0;
	if (v < 9999.5) {
		snprintf(buf, FMT_MAX, "%.0f", v);
		return buf;
	}
	i = scale(&v, 1000, ARRAY_SIZE(units));
	return digits3(buf, v, units[i]);
}

const char *fmt_rate(char *buf, double v)
{
	if (v > 0 && v < 9.95) {
		snprintf(buf, FMT_MAX, v < 0.05 ? "<0.1" : "%.1f", v);
		return buf;
	}
	return fmt_count(buf, v);
}

const char *fmt_ns(char *buf, double ns)
{
	static const char *const units[] = { "ns", "us", "ms", "s" };
	unsigned int i;

	if (isnan(ns) || ns < 0)
		ns = 0;
	if (ns < 999.5) {
		snprintf(buf, FMT_MAX, "%.0fns", ns);
		return buf;
	}
	if (ns >= 999.5e9 && ns < 3599.5e9)
		return digits3(buf, ns / 60e9, "m");
	if (ns >= 3599.5e9)
		return digits3(buf, fmin(ns / 3600e9, 99999), "h");
	i = scale(&ns, 1000, ARRAY_SIZE(units));
	return digits3(buf, ns, units[i]);
}

const char *fmt_bytes(char *buf, double bytes)
{
	static const char *const units[] = { "", "K", "M", "G", "T", "P", "E" };
	unsigned int i;

	if (isnan(bytes) || bytes < 0)
		bytes = 0;
	i = scale(&bytes, 1024, ARRAY_SIZE(units));
	if (bytes == floor(bytes)) {
		snprintf(buf, FMT_MAX, "%.0f%s", bytes, units[i]);
		return buf;
	}
	return digits3(buf, bytes, units[i]);
}

const char *fmt_duration(char *buf, double secs)
{
	unsigned long long s = secs > 0 && secs < 1e15 ? (unsigned long long)secs : 0;

	if (s < 60)
		snprintf(buf, FMT_MAX, "%llus", s);
	else if (s < 3600)
		snprintf(buf, FMT_MAX, "%llum%02llus", s / 60, s % 60);
	else if (s < 86400)
		snprintf(buf, FMT_MAX, "%lluh%02llum", s / 3600, s / 60 % 60);
	else
		snprintf(buf, FMT_MAX, "%llud%02lluh", s / 86400, s / 3600 % 24);
	return buf;
}

/* Tells whether a character takes exactly one column. Any other one would break the alignment. */
static bool is_one_column(uint32_t ch)
{
	if (utf8_steers(ch))
		return false;
	if (ch < 0x300)
		return ch != 0xad;
	/*
	 * Combining marks, zero-width and direction marks, private use, surrogates, wide scripts
	 * and emoji.
	 */
	if (ch < 0x370 || (ch >= 0x0483 && ch < 0x048a) || (ch >= 0x0590 && ch < 0x1e00) ||
	    (ch >= 0x200b && ch < 0x2010) || (ch >= 0x2028 && ch < 0x2030) ||
	    (ch >= 0x205f && ch < 0x2070) || (ch >= 0x20d0 && ch < 0x2100) || ch >= 0x2e80)
		return false;
	return true;
}

uint32_t fmt_next(const char **p)
{
	uint32_t ch = utf8_next(p);

	return ch && !is_one_column(ch) ? '?' : ch;
}

size_t fmt_width(const char *s)
{
	size_t n = 0;

	while (fmt_next(&s))
		n++;
	return n;
}
