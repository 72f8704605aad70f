/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * The rules in a reply of Violations: how many are checked, how many are broken, and why a rule is
 * not checked.
 */
#ifndef IOMAP_CLI_VIOLATION_H
#define IOMAP_CLI_VIOLATION_H

#include "cli/json.h"

/* Totals of the rules. */
struct rule_totals {
	bool known; /* false: this iomapd checks no rules */
	size_t rules, checked, off,
		missing; /* missing: the kernel lacks something that they need */
	size_t broken;	 /* rules with violations */
	uint64_t violations;
};
struct rule_totals rule_totals(const json_t *violations);

/* Returns why a rule is not checked, or not always; NULL if it is checked. @rule: its record. */
const char *rule_why(const char *name, const json_t *rule);

#endif
