// SPDX-License-Identifier: GPL-2.0-or-later
#include <inttypes.h>
#include <string.h>

#include "cli/fmt.h"
#include "cli/violation.h"

/* Rules whose sentence has no figures: the offending call, if it is known, stands in the middle. */
static const struct sentence {
	const char *rule, *before, *link, *after; /* link: NULL where the call adds nothing */
} sentences[] = {
	{ "sleep-in-atomic", "the task slept", " in ", " while it held this atomic map" },
	{ "unmap-order", "unmapped", " by ", " before a later map: the last one goes first" },
	{ "unmap-kind", "unmapped", " by ", " as another kind of map" },
	{ "unmap-unknown", "unmapped", " by ",
	  ", but not mapped: unmapped twice, or a stray pointer" },
	{ "use-after-free", "mapped after the mapping was freed", NULL, "" },
	{ "hold-time", "held for longer than the budget", NULL, "" },
};

static const char *may_sleep_text(const json_t *v, char *buf)
{
	char name[SYMBOL_TEXT_MAX];

	snprintf(buf, VIOLATION_TEXT,
		 "the task came to %s, which may sleep, while it held this atomic map",
		 rec_symbol_text(v, "offender", "offender_module", name) ?: "a function");
	return buf;
}

static const char *range_text(const json_t *v, char *buf)
{
	char size[FMT_MAX], end[FMT_MAX];

	if (!rec_has(v, "offset") || !rec_has(v, "size"))
		return "past the end of the mapping";
	if (rec_has(v, "map_size"))
		fmt_bytes(size, (double)rec_u64(v, "map_size"));
	snprintf(buf, VIOLATION_TEXT,
		 "offset 0x%" PRIx64 "%s%s is past the end of the mapping (%s)",
		 rec_u64(v, "offset"), rec_has(v, "map_size") ? " + " : "",
		 rec_has(v, "map_size") ? size : "", fmt_bytes(end, (double)rec_u64(v, "size")));
	return buf;
}

static const char *align_text(const json_t *v, char *buf)
{
	if (!rec_has(v, "offset"))
		return "the offset is not a multiple of the page size";
	snprintf(buf, VIOLATION_TEXT, "offset 0x%" PRIx64 " is not a multiple of the page size",
		 rec_u64(v, "offset"));
	return buf;
}

static const char *leak_text(const json_t *v)
{
	const char *at = rec_text(v, "leaked_at", "");

	if (!strcmp(at, "free"))
		return "still mapped when the mapping was freed";
	if (!strcmp(at, "exit"))
		return "still mapped when the task ended";
	return "still mapped when the mapping was freed or the task ended";
}

const char *violation_text(const json_t *v, char buf[VIOLATION_TEXT])
{
	const char *rule = rec_text(v, "rule", "");
	char name[SYMBOL_TEXT_MAX];
	bool known;

	if (!strcmp(rule, "may-sleep-in-atomic"))
		return may_sleep_text(v, buf);
	if (!strcmp(rule, "offset-range"))
		return range_text(v, buf);
	if (!strcmp(rule, "offset-align"))
		return align_text(v, buf);
	if (!strcmp(rule, "leak"))
		return leak_text(v);
	for (size_t i = 0; i < ARRAY_SIZE(sentences); i++) {
		const struct sentence *s = &sentences[i];

		if (strcmp(rule, s->rule))
			continue;
		known = s->link && rec_symbol_text(v, "offender", "offender_module", name);
		snprintf(buf, VIOLATION_TEXT, "%s%s%s%s", s->before, known ? s->link : "",
			 known ? name : "", s->after);
		return buf;
	}
	return "a rule that this program does not know";
}

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
		return rec_u64(rule, "missed")
			       ? "at times not checked, as BPF was at work on the CPU"
			       : NULL;
	if (off && !strcmp(name, "hold-time"))
		return rec_text(rule, "reason", "no budget is set: see --max-hold of iomapd");
	return rec_text(rule, "reason", off ? "not asked for" : "what it needs is not there");
}
