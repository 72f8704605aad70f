/* SPDX-License-Identifier: GPL-2.0-or-later */
/* The rules of a reply of Violations: how many are checked and broken, and why not. */
#ifndef IOMAP_CLI_VIOLATION_H
#define IOMAP_CLI_VIOLATION_H

#include "cli/json.h"

/* The rules of a reply of Violations, summed up. */
struct rule_totals {
	bool known;			     /* false: it is from an iomapd that checks nothing */
	size_t rules, checked, off, missing; /* missing: the kernel lacks something for it */
	size_t broken;			     /* rules with violations */
	uint64_t violations;
};
struct rule_totals rule_totals(const json_t *violations);

/* Why a rule is not checked, or not wholly; NULL: it is. @rule: its record. */
const char *rule_why(const char *name, const json_t *rule);

#endif
