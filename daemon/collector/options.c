// SPDX-License-Identifier: GPL-2.0-or-later
/* The collector's options: defaults, and how two sets of them differ. */
#include <string.h>

#include "daemon/collector/collector.h"

/* By the names of iomapd's settings. */
#define OPTION(name, member)                                               \
	{                                                                  \
		name, offsetof(struct collector_options, member),          \
			sizeof(((struct collector_options *)NULL)->member) \
	}
static const struct {
	const char *name;
	size_t offset, size;
} options[] = {
	OPTION("max-mappings", max_mappings),
	OPTION("hold-times", timing),
	OPTION("max-hold", max_hold_ns),
	OPTION("without-check", rules_off),
	OPTION("without-ipi", ipi),
	OPTION("without-hook", hidden),
	OPTION("map-stacks", map_stacks),
	OPTION("max-live", max_live),
	OPTION("max-callers", max_callers),
	OPTION("ring-bytes", ring_bytes),
	OPTION("source", source),
	OPTION("tables of sites", tables),
};

void collector_options_complete(struct collector_options *o)
{
	if (!o->max_mappings)
		o->max_mappings = COLLECTOR_MAPPINGS_DEFAULT;
	if (!o->max_hold_ns)
		o->rules_off |= IOMAP_RULE(IOMAP_HOLD_TIME);
}

bool collector_options_differ(const struct collector_options *a, const struct collector_options *b,
			      char *text, size_t size)
{
	struct collector_options full[] = { *a, *b };
	size_t n = 0;

	*text = '\0';
	for (size_t i = 0; i < ARRAY_SIZE(full); i++)
		collector_options_complete(&full[i]);
	/* Without a budget, its rule is off: name only the budget. */
	if (!full[0].max_hold_ns != !full[1].max_hold_ns) {
		full[0].rules_off |= IOMAP_RULE(IOMAP_HOLD_TIME);
		full[1].rules_off |= IOMAP_RULE(IOMAP_HOLD_TIME);
	}
	for (size_t i = 0; i < ARRAY_SIZE(options); i++) {
		if (memcmp((char *)&full[0] + options[i].offset,
			   (char *)&full[1] + options[i].offset, options[i].size) &&
		    n < size)
			n += snprintf(text + n, size - n, "%s%s", n ? ", " : "", options[i].name);
	}
	return n;
}
