// SPDX-License-Identifier: GPL-2.0-or-later
#include <ctype.h>
#include <errno.h>
#include <stdbool.h>
#include <string.h>

#include "cli/recording/text.h"
#include "daemon/base/util.h"

#define SECS_MAX 1e10 /* of a time: beyond the year 2200 */

/* Reads a number without a sign or an exponent. Returns the text behind it, or NULL. */
static const char *number(const char *s, double *ret)
{
	size_t n = strspn(s, "0123456789.");
	char copy[32], *end;

	if (!n || n >= sizeof(copy) || !isdigit((unsigned char)*s))
		return NULL;
	memcpy(copy, s, n);
	copy[n] = '\0';
	*ret = strtod(copy, &end);
	return *end ? NULL : s + n;
}

int size_from_text(const char *s, uint64_t *ret)
{
	static const char units[] = "KMGT";
	const char *end, *unit;
	double v;

	end = number(s, &v);
	if (!end)
		return -EINVAL;
	if (*end) {
		unit = strchr(units, toupper((unsigned char)*end));
		if (!unit || end[1])
			return -EINVAL;
		v *= (double)(1ULL << 10 * (unit - units + 1));
	}
	if (!(v >= 1 && v < 0x1p60))
		return -EINVAL;
	*ret = (uint64_t)v;
	return 0;
}

/* Reads a length of time: 90, 90s, 1m30s, 1h, 1.5h. Returns -1 if it is none. */
static double length(const char *s)
{
	static const struct {
		char unit;
		double secs;
	} units[] = { { 'h', 3600 }, { 'm', 60 }, { 's', 1 } };
	double sum = 0, v;
	size_t i = 0;

	do {
		s = number(s, &v);
		if (!s)
			return -1;
		if (!*s)
			return sum + v;
		while (i < ARRAY_SIZE(units) && units[i].unit != *s)
			i++;
		if (i == ARRAY_SIZE(units))
			return -1;
		sum += v * units[i++].secs;
	} while (*++s);
	return sum;
}

/* Reads hours, minutes and seconds: 12:30, 12:30:05, 12:30:05.25. */
static bool time_of_day(const char *s, struct tm *tm, double *fraction)
{
	int n = 0;

	*fraction = 0;
	tm->tm_sec = 0;
	if (sscanf(s, "%2d:%2d%n", &tm->tm_hour, &tm->tm_min, &n) < 2 || !n)
		return false;
	s += n;
	n = 0;
	if (*s && (sscanf(s, ":%2d%n", &tm->tm_sec, &n) < 1 || !n))
		return false;
	s += n;
	if (*s &&
	    (*s != '.' || !isdigit((unsigned char)s[1]) || s[1 + strspn(s + 1, "0123456789")]))
		return false;
	if (*s)
		*fraction = strtod(s, NULL);
	return tm->tm_hour >= 0 && tm->tm_hour < 24 && tm->tm_min >= 0 && tm->tm_min < 60 &&
	       tm->tm_sec >= 0 && tm->tm_sec < 61;
}

static int take_local(struct tm *tm, double fraction, uint64_t *ret_ns)
{
	time_t secs;

	tm->tm_isdst = -1;
	secs = mktime(tm);
	if (secs < 0 || (double)secs > SECS_MAX)
		return -EINVAL;
	*ret_ns = (uint64_t)secs * NSEC_PER_SEC + (uint64_t)(fraction * (double)NSEC_PER_SEC);
	return 0;
}

static int take_date(const char *s, uint64_t *ret_ns)
{
	struct tm tm = {};
	double fraction;
	int n = 0;

	if (sscanf(s, "%4d-%2d-%2d%n", &tm.tm_year, &tm.tm_mon, &tm.tm_mday, &n) < 3 || !n ||
	    (s[n] != ' ' && s[n] != 'T') || !time_of_day(s + n + 1, &tm, &fraction))
		return -EINVAL;
	if (tm.tm_mon < 1 || tm.tm_mon > 12 || tm.tm_mday < 1 || tm.tm_mday > 31)
		return -EINVAL;
	tm.tm_year -= 1900;
	tm.tm_mon--;
	return take_local(&tm, fraction, ret_ns);
}

/* A time of day on the day of the start, or on the next day if it is before the start. */
static int take_time_of_day(const char *s, uint64_t from_ns, uint64_t *ret_ns)
{
	time_t start = (time_t)(from_ns / NSEC_PER_SEC);
	struct tm tm;
	double fraction;
	int r;

	if (!localtime_r(&start, &tm) || !time_of_day(s, &tm, &fraction))
		return -EINVAL;
	r = take_local(&tm, fraction, ret_ns);
	if (r || *ret_ns / NSEC_PER_SEC >= from_ns / NSEC_PER_SEC)
		return r;
	tm.tm_mday++;
	return take_local(&tm, fraction, ret_ns);
}

int when_from_text(const char *s, uint64_t from_ns, uint64_t to_ns, uint64_t *ret_ns)
{
	double secs;
	uint64_t ns;

	if (*s == '+' || *s == '-') {
		secs = length(s + 1);
		if (secs < 0 || secs > SECS_MAX)
			return -EINVAL;
		ns = (uint64_t)(secs * (double)NSEC_PER_SEC);
		if (*s == '-' && ns > to_ns)
			return -EINVAL;
		*ret_ns = *s == '+' ? from_ns + ns : to_ns - ns;
		return 0;
	}
	if (*s == '@') {
		s = number(s + 1, &secs);
		if (!s || *s || secs > SECS_MAX)
			return -EINVAL;
		*ret_ns = (uint64_t)(secs * (double)NSEC_PER_SEC);
		return 0;
	}
	return strchr(s, '-') ? take_date(s, ret_ns) : take_time_of_day(s, from_ns, ret_ns);
}
