// SPDX-License-Identifier: GPL-2.0-or-later
#include "daemon/metricw.h"

#include <inttypes.h>
#include <stdarg.h>
#include <string.h>

/* The first and the last bucket of the text end below these powers of two, in nanoseconds. */
#define FIRST_LOG2 6
#define LAST_LOG2  34

static const char *const types[] = {
	[METRIC_COUNTER] = "counter", [METRIC_GAUGE] = "gauge", [METRIC_HISTOGRAM] = "histogram",
	[METRIC_SUMMARY] = "summary", [METRIC_INFO] = "info",
};

check_printf(2, 3) static void put(struct metricw *w, const char *fmt, ...)
{
	char text[128];
	va_list ap;
	int n;

	va_start(ap, fmt);
	n = vsnprintf(text, sizeof(text), fmt, ap);
	va_end(ap);
	if (n > 0)
		buf_append(w->buf, text, (size_t)n < sizeof(text) ? (size_t)n : sizeof(text) - 1);
}

void metricw_init(struct metricw *w, struct buf *buf, bool openmetrics)
{
	*w = (struct metricw){ .buf = buf, .openmetrics = openmetrics };
}

void metricw_end(struct metricw *w)
{
	if (w->openmetrics)
		put(w, "# EOF\n");
}

/* Suffix that a family's samples add to its name. */
static const char *suffix(const struct metricw *w)
{
	if (w->type == METRIC_COUNTER)
		return "_total";
	return w->type == METRIC_INFO ? "_info" : "";
}

void metricw_family(struct metricw *w, enum metric_type type, const char *name, const char *help)
{
	static const char *const units[] = { "seconds", "bytes" };
	const char *type_name = types[type], *end = "", *last = strrchr(name, '_');

	w->type = type;
	w->name = name;
	/* The older format uses the samples' name for the family and has no info type. */
	if (!w->openmetrics) {
		end = suffix(w);
		if (type == METRIC_INFO)
			type_name = types[METRIC_GAUGE];
	}
	put(w, "# TYPE %s%s %s\n", name, end, type_name);
	for (size_t i = 0; w->openmetrics && last && i < ARRAY_SIZE(units); i++) {
		if (!strcmp(last + 1, units[i]))
			put(w, "# UNIT %s %s\n", name, units[i]);
	}
	put(w, "# HELP %s%s ", name, end);
	buf_puts(w->buf, help);
	buf_puts(w->buf, "\n");
}

/* Writes the value of a label, with '?' for bytes that are not printable ASCII. */
static void quote(struct metricw *w, const char *value)
{
	char text[2 * METRIC_VALUE_MAX];
	size_t n = 0;

	for (size_t i = 0; i < METRIC_VALUE_MAX && value[i]; i++) {
		unsigned char c = value[i];

		if (c == '\\' || c == '"' || c == '\n')
			text[n++] = '\\';
		if (c == '\n')
			c = 'n';
		text[n++] = c < ' ' || c > '~' ? '?' : c;
	}
	buf_puts(w->buf, "\"");
	buf_append(w->buf, text, n);
	buf_puts(w->buf, "\"");
}

/* Writes a sample up to its value: name, labels, and le if it is not NULL. */
static void begin(struct metricw *w, const char *end, const struct metric_label *labels,
		  const char *le)
{
	const char *sep = "{";

	put(w, "%s%s", w->name, end);
	for (; labels && labels->name; labels++, sep = ",") {
		put(w, "%s%s=", sep, labels->name);
		quote(w, labels->value);
	}
	if (le)
		put(w, "%sle=\"%s\"", sep, le);
	buf_puts(w->buf, le || *sep == ',' ? "} " : " ");
}

/* Formats whole + part / 10^digits without trailing zeros. */
static void decimal(char *buf, size_t size, uint64_t whole, uint64_t part, int digits)
{
	int n = snprintf(buf, size, "%" PRIu64 ".%0*" PRIu64, whole, digits, part);

	while (n > 0 && buf[n - 1] == '0')
		buf[--n] = '\0';
	if (n > 0 && buf[n - 1] == '.')
		buf[n - 1] = '\0';
}

static void seconds(char buf[32], uint64_t ns)
{
	decimal(buf, 32, ns / NSEC_PER_SEC, ns % NSEC_PER_SEC, 9);
}

static void end_ns(struct metricw *w, uint64_t ns)
{
	char text[32];

	seconds(text, ns);
	put(w, "%s\n", text);
}

void metricw_u64(struct metricw *w, const struct metric_label *labels, uint64_t value)
{
	begin(w, suffix(w), labels, NULL);
	put(w, "%" PRIu64 "\n", value);
}

void metricw_ns(struct metricw *w, const struct metric_label *labels, uint64_t ns)
{
	begin(w, suffix(w), labels, NULL);
	end_ns(w, ns);
}

void metricw_fraction(struct metricw *w, const struct metric_label *labels, uint64_t value,
		      unsigned int bits)
{
	uint64_t part = value & ((1ULL << bits) - 1);
	char text[32];

	begin(w, suffix(w), labels, NULL);
	decimal(text, sizeof(text), value >> bits, part * 1000000 >> bits, 6);
	put(w, "%s\n", text);
}

void metricw_created(struct metricw *w, const struct metric_label *labels, uint64_t unix_ns)
{
	if (!w->openmetrics)
		return;
	begin(w, "_created", labels, NULL);
	end_ns(w, unix_ns);
}

static void count_and_sum(struct metricw *w, const struct metric_label *labels, uint64_t count,
			  uint64_t sum_ns)
{
	begin(w, "_count", labels, NULL);
	put(w, "%" PRIu64 "\n", count);
	begin(w, "_sum", labels, NULL);
	end_ns(w, sum_ns);
}

void metricw_summary(struct metricw *w, const struct metric_label *labels, uint64_t count,
		     uint64_t sum_ns)
{
	count_and_sum(w, labels, count, sum_ns);
}

void metricw_hist(struct metricw *w, const struct metric_label *labels,
		  const struct model_hist *hist)
{
	uint64_t sum = 0, end;
	uint32_t bucket = 0;
	char le[32];

	for (int log2 = FIRST_LOG2; log2 <= LAST_LOG2; log2++) {
		end = 1ULL << log2;
		for (; bucket < IOMAP_HIST_BUCKETS && iomap_bucket_low(bucket) < end; bucket++)
			sum += hist->bucket[bucket];
		/* Times are whole nanoseconds: below `end` means up to end - 1. */
		seconds(le, end - 1);
		begin(w, "_bucket", labels, le);
		put(w, "%" PRIu64 "\n", sum);
	}
	begin(w, "_bucket", labels, "+Inf");
	put(w, "%" PRIu64 "\n", hist->count);
	count_and_sum(w, labels, hist->count, hist->sum);
}
