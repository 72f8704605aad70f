// SPDX-License-Identifier: GPL-2.0-or-later
/* The tables of iomapctl, and the values that iomapctl and iomapd have names for. */
#include <string.h>

#include "cli/completion/completion.h"
#include "cli/ctl/iomapctl.h"
#include "daemon/collector/collector.h"
#include "daemon/base/names.h"

_Static_assert(IOMAP_RULE_MAX + 1 < VALUE_WORDS, "VALUE_WORDS");

static void rules(struct value *v, bool all)
{
	size_t n = 0;

	for (unsigned int i = 0; i < IOMAP_RULE_MAX; i++)
		v->words[n++] = rule_name(i);
	if (all)
		v->words[n++] = "all";
}

static void hooks(struct value *v)
{
	const char *name;

	for (size_t i = 0; (name = collector_hook_name(i)) && i < VALUE_WORDS - 1; i++)
		v->words[i] = name;
}

static void timings(struct value *v)
{
	const char *name;

	for (unsigned int i = 0; timing_from_name(name = timing_name(i)) >= 0; i++)
		v->words[i] = name;
}

static void named(const struct opt *o, struct value *v)
{
	if (!strcmp(o->arg, "RULE"))
		rules(v, !strcmp(o->name, "without-check"));
	else if (!strcmp(o->arg, "HOOK"))
		hooks(v);
	else if (!strcmp(o->arg, "MODE"))
		timings(v);
}

const struct completion_source completion_source = { .prog = &iomapctl_prog, .value = named };
