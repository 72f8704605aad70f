// SPDX-License-Identifier: GPL-2.0-or-later
/* The rules in words. */
#include "cli/assert/report.h"

static const struct {
	const char *title, *judges, *help;
} rules[IOMAP_RULE_MAX] = {
	[IOMAP_SLEEP_IN_ATOMIC] = {
		"No sleep with an atomic map",
		"atomic maps",
		"Between io_mapping_map_atomic_wc() and io_mapping_unmap_atomic() the task may not "
		"sleep. With per-CPU slots, another task would see the map, or replace it. Use "
		"io_mapping_map_local_wc() or io_mapping_map_wc() if the code in "
		"between has to sleep.",
	},
	[IOMAP_MAY_SLEEP_IN_ATOMIC] = {
		"No call that may sleep with an atomic map",
		"atomic maps",
		"A function that may sleep was called between io_mapping_map_atomic_wc() and "
		"io_mapping_unmap_atomic(). It did not have to sleep this time; one day it will.",
	},
	[IOMAP_UNMAP_ORDER] = {
		"The last map is unmapped first",
		"unmaps of atomic and local maps",
		"Atomic and local maps are a stack: io_mapping_unmap_atomic() and "
		"io_mapping_unmap_local() take the address of the last map that is still there. "
		"With per-CPU slots, any other order unmaps the wrong page.",
	},
	[IOMAP_UNMAP_KIND] = {
		"Each map has its own unmap",
		"unmaps",
		"Pass an address from io_mapping_map_atomic_wc() to io_mapping_unmap_atomic(), "
		"from io_mapping_map_local_wc() to io_mapping_unmap_local(), from "
		"io_mapping_map_wc() to io_mapping_unmap().",
	},
	[IOMAP_UNMAP_UNKNOWN] = {
		"Only mapped addresses are unmapped",
		"unmaps",
		"An unmap takes an address that a map returned, once. This one was unmapped twice, "
		"was never mapped, or lies inside a map.",
	},
	[IOMAP_OFFSET_RANGE] = {
		"The offset lies in the region",
		"maps",
		"The offset of a map, and the end of what it maps, must lie in the region that the "
		"io_mapping was created with. Past its end is another device, or none.",
	},
	[IOMAP_OFFSET_ALIGN] = {
		"Base plus offset is a multiple of the page size",
		"maps",
		"The base of the mapping plus the offset of a map must be page aligned. A backend "
		"that maps single pages drops the rest and returns the start of the page.",
	},
	[IOMAP_USE_AFTER_FREE] = {
		"No map of a freed mapping",
		"maps",
		"After io_mapping_free() or io_mapping_fini() the io_mapping must not be used: "
		"its memory may belong to somebody else.",
	},
	[IOMAP_LEAK] = {
		"Every map is unmapped",
		"unmaps and maps left over",
		"All maps of an io_mapping must be unmapped before it is freed, atomic and local "
		"ones before their task ends.",
	},
	[IOMAP_HOLD_TIME] = {
		"No atomic map is held longer than the budget",
		"atomic maps",
		"While an atomic map is held, nothing else runs on that CPU. Map later, unmap "
		"earlier, or do the work in smaller pieces.",
	},
};

const char *rule_title(unsigned int rule)
{
	return rules[rule].title;
}

const char *rule_judges(unsigned int rule)
{
	return rules[rule].judges;
}

const char *rule_help(unsigned int rule)
{
	return rules[rule].help;
}
