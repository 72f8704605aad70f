// SPDX-License-Identifier: GPL-2.0-or-later
#include "daemon/base/names.h"

#include <stdlib.h>
#include <string.h>

#include "bpf/iomap.h"
#include "daemon/base/util.h"

const char *const kind_names[IOMAP_KIND_MAX + 1] = {
	[IOMAP_ATOMIC] = "atomic",
	[IOMAP_LOCAL] = "local",
	[IOMAP_SLEEPABLE] = "sleepable",
};

static const char *const backends[IOMAP_BACKEND_MAX] = {
	[IOMAP_LINEAR] = "linear",
	[IOMAP_KMAP] = "kmap",
	[IOMAP_IOREMAP] = "ioremap",
};

static const char *const reasons[IOMAP_LOST_MAX] = {
	[IOMAP_LOST_RING_FULL] = "ring_full",	[IOMAP_LOST_CALLERS_FULL] = "callers_full",
	[IOMAP_LOST_LIVE_FULL] = "live_full",	[IOMAP_LOST_DEPTH_OVERFLOW] = "depth_overflow",
	[IOMAP_LOST_SAVED_FULL] = "saved_full", [IOMAP_LOST_TABLE_FULL] = "table_full",
	[IOMAP_LOST_BAD_ARGS] = "bad_args",	[IOMAP_LOST_RECURSION] = "recursion",
};

static const char *const rules[IOMAP_RULE_MAX] = {
	[IOMAP_SLEEP_IN_ATOMIC] = "sleep-in-atomic",
	[IOMAP_MAY_SLEEP_IN_ATOMIC] = "may-sleep-in-atomic",
	[IOMAP_UNMAP_ORDER] = "unmap-order",
	[IOMAP_UNMAP_KIND] = "unmap-kind",
	[IOMAP_UNMAP_UNKNOWN] = "unmap-unknown",
	[IOMAP_OFFSET_RANGE] = "offset-range",
	[IOMAP_OFFSET_ALIGN] = "offset-align",
	[IOMAP_USE_AFTER_FREE] = "use-after-free",
	[IOMAP_LEAK] = "leak",
	[IOMAP_HOLD_TIME] = "hold-time",
};

static const char *const states[] = {
	[IOMAP_EMPTY] = "unknown",
	[IOMAP_LIVE] = "live",
	[IOMAP_FREED] = "freed",
};

static const char *const events[IOMAP_EVENT_MAX] = {
	[IOMAP_EVENT_CREATE] = "create",
	[IOMAP_EVENT_FREE] = "free",
	[IOMAP_EVENT_MAP_FAILED] = "map_failed",
	[IOMAP_EVENT_VIOLATION] = "violation",
};

static const char *const vectors[IOMAP_IPI_VECTOR_MAX] = {
	[IOMAP_IPI_CALL] = "call",
	[IOMAP_IPI_RESCHED] = "reschedule",
	[IOMAP_IPI_IRQ_WORK] = "irq_work",
};

static const char *const timings[IOMAP_TIMING_MAX] = {
	[IOMAP_TIMING_OFF] = "off",
	[IOMAP_TIMING_ALL] = "all",
	[IOMAP_TIMING_SAMPLED] = "sampled",
};

const char *const source_names[] = { "auto", "tracepoints", "sites", NULL };

static const char *name_of(const char *const *names, unsigned int n, unsigned int v)
{
	return v < n && names[v] ? names[v] : "unknown";
}

static int value_of(const char *const *names, unsigned int n, const char *name)
{
	for (unsigned int i = 0; i < n; i++) {
		if (names[i] && !strcmp(names[i], name))
			return i;
	}
	return -EINVAL;
}

const char *kind_name(unsigned int kind)
{
	return name_of(kind_names, IOMAP_KIND_MAX, kind);
}

const char *rule_name(unsigned int rule)
{
	return name_of(rules, IOMAP_RULE_MAX, rule);
}

const char *rule_word(size_t i)
{
	return i < IOMAP_RULE_MAX ? rules[i] : NULL;
}

const char *backend_name(unsigned int backend)
{
	return name_of(backends, ARRAY_SIZE(backends), backend);
}

const char *lost_name(unsigned int reason)
{
	return name_of(reasons, ARRAY_SIZE(reasons), reason);
}

const char *state_name(unsigned int state)
{
	return name_of(states, ARRAY_SIZE(states), state);
}

const char *event_name(unsigned int type)
{
	return name_of(events, ARRAY_SIZE(events), type);
}

const char *vector_name(unsigned int vector)
{
	return name_of(vectors, ARRAY_SIZE(vectors), vector);
}

const char *timing_name(unsigned int timing)
{
	return name_of(timings, ARRAY_SIZE(timings), timing);
}

const char *source_name(unsigned int source)
{
	return name_of(source_names, IOMAP_SOURCE_MAX, source);
}

const char *source_word(size_t i)
{
	return i < IOMAP_SOURCE_MAX ? source_names[i] : NULL;
}

int kind_from_name(const char *name)
{
	return value_of(kind_names, IOMAP_KIND_MAX, name);
}

int backend_from_name(const char *name)
{
	return value_of(backends, ARRAY_SIZE(backends), name);
}

int timing_from_name(const char *name)
{
	return value_of(timings, ARRAY_SIZE(timings), name);
}

int source_from_name(const char *name)
{
	return value_of(source_names, IOMAP_SOURCE_MAX, name);
}

int rule_from_name(const char *name)
{
	return value_of(rules, IOMAP_RULE_MAX, name);
}

int time_from_text(const char *s, uint64_t *ret_ns)
{
	static const struct {
		const char *unit;
		double ns;
	} units[] = { { "ns", 1 }, { "us", 1e3 }, { "ms", 1e6 }, { "s", 1e9 } };
	char *end;
	double v;

	if (*s < '0' || *s > '9' || strspn(s, "0123456789.") + 2 < strlen(s))
		return -EINVAL;
	v = strtod(s, &end);
	for (size_t i = 0; i < ARRAY_SIZE(units); i++) {
		if (strcmp(end, units[i].unit))
			continue;
		v *= units[i].ns;
		if (!(v >= 1 && v <= 1e12))
			return -EINVAL;
		*ret_ns = (uint64_t)(v + 0.5);
		return 0;
	}
	return -EINVAL;
}
