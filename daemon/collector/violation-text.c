// SPDX-License-Identifier: GPL-2.0-or-later
#include <inttypes.h>
#include <stdio.h>
#include <unistd.h>

#include "daemon/base/symbol.h"
#include "daemon/collector/report.h"

#define put(buf, ...) snprintf(buf, VIOLATION_TEXT_MAX, __VA_ARGS__)

/* Says which part of base + offset is not aligned. */
static void put_align(const struct model_violation *v, char buf[VIOLATION_TEXT_MAX])
{
	uint64_t inside = sysconf(_SC_PAGESIZE) - 1;

	if (!(v->base & inside))
		put(buf, "offset 0x%" PRIx64 " is not a multiple of the page size", v->offset);
	else if (v->offset & inside)
		put(buf,
		    "base 0x%" PRIx64 " + offset 0x%" PRIx64 " is not a multiple of the page size",
		    v->base, v->offset);
	else
		put(buf,
		    "the mapping's base 0x%" PRIx64
		    " is not a multiple of the page size: offset 0x%" PRIx64 " lies inside a page",
		    v->base, v->offset);
}

const char *violation_text(const struct model_violation *v, char buf[VIOLATION_TEXT_MAX])
{
	const char *module = v->offender_module;
	char call[SYMBOL_TEXT_MAX] = "";

	if (v->offender)
		snprintf(call, sizeof(call), "%s%s%s%s", v->offender, module ? " [" : "",
			 module ?: "", module ? "]" : "");
	switch (v->rule) {
	case IOMAP_SLEEP_IN_ATOMIC:
		put(buf, "the task slept%s%s while it held this atomic map", *call ? " in " : "",
		    call);
		break;
	case IOMAP_MAY_SLEEP_IN_ATOMIC:
		put(buf, "the task called %s, which may sleep, while it held this atomic map",
		    *call ? call : "a function");
		break;
	case IOMAP_UNMAP_ORDER:
		put(buf, "unmapped%s%s before a later map: the last map must be unmapped first",
		    *call ? " by " : "", call);
		break;
	case IOMAP_UNMAP_KIND:
		put(buf, "unmapped%s%s as another kind of map", *call ? " by " : "", call);
		break;
	case IOMAP_UNMAP_UNKNOWN:
		if (v->offset)
			put(buf,
			    "unmapped%s%s, with an address inside the map: it takes the address "
			    "that the map returned",
			    *call ? " by " : "", call);
		else
			put(buf, "unmapped%s%s, but not mapped: unmapped twice, or a wrong pointer",
			    *call ? " by " : "", call);
		break;
	case IOMAP_OFFSET_RANGE:
		if (v->map_size && v->size)
			put(buf,
			    "offset 0x%" PRIx64 " + 0x%" PRIx64
			    " is past the end of the mapping (0x%" PRIx64 ")",
			    v->offset, v->map_size, v->size);
		else
			put(buf, "past the end of the mapping");
		break;
	case IOMAP_OFFSET_ALIGN:
		put_align(v, buf);
		break;
	case IOMAP_USE_AFTER_FREE:
		put(buf, "mapped after the mapping was freed");
		break;
	case IOMAP_LEAK:
		put(buf, "still mapped when the %s",
		    v->at_exit ? "task ended" : "mapping was freed");
		break;
	case IOMAP_HOLD_TIME:
		put(buf, "held for longer than the budget");
		break;
	default:
		put(buf, "unknown rule");
		break;
	}
	return buf;
}
