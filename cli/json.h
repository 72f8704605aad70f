/* SPDX-License-Identifier: GPL-2.0-or-later */
/* Reads the records of iomapd's replies. A missing member is reported as missing, never as zero. */
#ifndef IOMAP_CLI_JSON_H
#define IOMAP_CLI_JSON_H

#include <stdbool.h>
#include <stdint.h>

#include "bpf/iomap.h"
#include "cli/table.h"
#include "daemon/base/jansson.h"
#include "daemon/base/names.h"

/* A figure for each kind of map. */
struct kinds {
	uint64_t n[IOMAP_KIND_MAX];
};

uint64_t kinds_sum(const struct kinds *k);
uint64_t kinds_max(const struct kinds *k);

/* The member @name: 0, false or @missing if it is absent or of another type. */
uint64_t rec_u64(const json_t *obj, const char *name);
bool rec_has(const json_t *obj, const char *name);
const char *rec_text(const json_t *obj, const char *name, const char *missing);
struct kinds rec_kinds(const json_t *obj, const char *name);

/* The member as a cell of a table; unset if it is absent or null. */
struct cell rec_cell(const json_t *obj, const char *name);

/* "symbol+0x1c8 [module]", owned by the table; unset if there is no symbol. */
struct cell rec_symbol(struct table *t, const char *symbol, const char *module);

/* Every event seen is counted, or lost for a named reason. under_way: events not yet seen. */
struct accounting {
	uint64_t seen, counted, lost, under_way;
	const json_t *losses; /* borrowed: reason -> count */
};
struct accounting rec_accounting(const json_t *status_or_stats);

static inline bool accounting_balances(const struct accounting *b)
{
	return b->seen == b->counted + b->lost;
}

/* Tells whether a report has only maps of the kind, and neither unmaps nor hold times. */
bool rec_maps_only(const json_t *report, unsigned int kind);

#endif
