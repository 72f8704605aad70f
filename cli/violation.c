// SPDX-License-Identifier: GPL-2.0-or-later
#include <string.h>

#include "cli/violation.h"

struct rule_totals rule_totals(const json_t *violations)
{
	const json_t *rules = json_object_get(violations, "rules"), *r;
	struct rule_totals t = { .known = json_is_object(rules) };
	const char *name;

	json_object_foreach((json_t *)rules, name, r) {
		const char *state = rec_text(r, "state", "missing");
		uint64_t n = rec_u64(r, "count");

		t.rules++;
		t.checked += !strcmp(state, "checked");
		t.off += !strcmp(state, "off");
		t.violations += n;
		t.broken += n > 0;
	}
	t.missing = t.rules - t.checked - t.off;
	return t;
}

const char *rule_why(const char *name, const json_t *rule)
{
	const char *state = rec_text(rule, "state", "missing");
	bool off = !strcmp(state, "off");

	if (!strcmp(state, "checked"))
		return rec_u64(rule, "missed") ? "sometimes not checked: BPF was running on the CPU"
					       : NULL;
	if (off && !strcmp(name, "hold-time"))
		return rec_text(rule, "reason", "no budget is set: see --max-hold of iomapd");
	return rec_text(rule, "reason", off ? "not asked for" : "no reason is known");
}
