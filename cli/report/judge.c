// SPDX-License-Identifier: GPL-2.0-or-later
/* The outcome of a recording, and what it lacks. */
#include <inttypes.h>
#include <stdarg.h>
#include <string.h>

#include "cli/json.h"
#include "cli/report/html.h"
#include "cli/report/digest.h"
#include "cli/violation.h"

static uint64_t missing_hooks(const json_t *status)
{
	const json_t *hook;
	uint64_t n = 0;
	size_t i;

	json_array_foreach(json_object_get(status, "hooks"), i, hook)
		n += strcmp(rec_text(hook, "state", ""), "attached") != 0;
	return n;
}

static bool lacks_something(const struct digest *r)
{
	return r->series.incomplete || r->series.lost || r->missed || json_array_size(r->away) ||
	       missing_hooks(json_object_get(r->last, "status")) ||
	       rule_totals(json_object_get(r->last, "violations")).missing;
}

enum digest_verdict digest_judge(const struct digest *r, struct errbuf *sentence)
{
	const json_t *violations = json_object_get(r->last, "violations");
	const struct metric *maps = series_find(&r->series, "maps");
	struct rule_totals t = rule_totals(violations);
	uint64_t rules, n = digest_violations(r, &rules);
	char older[64] = "";

	if (n) {
		set_error(sentence, 0, "%" PRIu64 " violation%s of %" PRIu64 " rule%s", n,
			  n > 1 ? "s" : "", rules, rules > 1 ? "s" : "");
		return DIGEST_BROKEN;
	}
	if (t.violations)
		snprintf(older, sizeof(older), "; %" PRIu64 " violations are older", t.violations);
	if (lacks_something(r)) {
		set_error(sentence, 0, "No violation was seen, but something is missing%s", older);
		return DIGEST_UNKNOWN;
	}
	if (!maps || !(maps->total_num > 0)) {
		set_error(sentence, 0, "Nothing was exercised: no map%s", older);
		return DIGEST_NOTHING;
	}
	set_error(sentence, 0, "No rule was broken: %zu of %zu were checked, %.0f maps%s",
		  t.checked, t.rules, maps->total_num, older);
	return DIGEST_GOOD;
}

/* Writes an item of the list. */
static void check_printf(3, 4) item(FILE *f, unsigned int *n, const char *fmt, ...)
{
	char text[1024];
	va_list ap;

	va_start(ap, fmt);
	vsnprintf(text, sizeof(text), fmt, ap);
	va_end(ap);
	fputs((*n)++ ? "<li>" : "<ul>\n<li>", f);
	html_text(f, text);
	fputs("</li>\n", f);
}

static void put_losses(const struct digest *r, FILE *f, unsigned int *n)
{
	const json_t *now = json_object_get(json_object_get(r->last, "stats"), "accounting");
	const json_t *was = json_object_get(json_object_get(r->first, "stats"), "accounting");
	const json_t *lost = json_object_get(now, "lost"), *v;
	const char *name;

	json_object_foreach((json_t *)lost, name, v) {
		uint64_t count = digest_growth(lost, json_object_get(was, "lost"), name);

		if (!count)
			continue;
		item(f, n, "%" PRIu64 " events were lost: %s", count, name);
	}
}

static void put_away(const struct digest *r, FILE *f, unsigned int *n)
{
	char when[REPLAY_TIME_MAX];
	const json_t *v;
	size_t i;

	json_array_foreach(r->away, i, v) {
		replay_time_text(when, replay_time(v));
		if (!strcmp(replay_type(v), "away"))
			item(f, n, "%s: iomapd went away: %s", when, rec_text(v, "reason", "?"));
		else
			item(f, n, "%s: iomapd came back, %s", when,
			     json_is_true(json_object_get(v, "continued"))
				     ? "with its counters"
				     : "its counters start at zero");
	}
}

static void put_hooks(const struct digest *r, FILE *f, unsigned int *n)
{
	const json_t *status = json_object_get(r->last, "status"), *hook, *rule;
	const json_t *missing = json_object_get(json_object_get(r->last, "ipi"), "missing");
	const json_t *rules = json_object_get(json_object_get(r->last, "violations"), "rules");
	const char *name;
	size_t i;

	json_array_foreach(json_object_get(status, "hooks"), i, hook) {
		if (!strcmp(rec_text(hook, "state", ""), "attached"))
			continue;
		item(f, n, "%s is missing: %s", rec_text(hook, "name", "?"),
		     rec_text(hook, "reason", "no reason is known"));
	}
	json_object_foreach((json_t *)rules, name, rule) {
		if (strcmp(rec_text(rule, "state", ""), "missing"))
			continue;
		item(f, n, "rule %s was not checked: %s", name,
		     rec_text(rule, "reason", "no reason is known"));
	}
	json_object_foreach((json_t *)missing, name, rule) {
		item(f, n, "interrupts, %s: %s", name, json_string_value(rule) ?: "?");
	}
}

void page_losses(const struct digest *r, FILE *f)
{
	unsigned int n = 0;
	struct errbuf why;
	if (replay_losses(r->replay, &why)) {
		item(f, &n, "%s", why.text);
	}
	put_losses(r, f, &n);
	if (r->missed) {
		item(f, &n, "%" PRIu64 " events that iomapd did not have any more", r->missed);
	}
	put_away(r, f, &n);
	put_hooks(r, f, &n);
	fputs(n ? "</ul>\n" : "<p>Nothing: each event was counted, and each figure is known.</p>\n",
	      f);
}

void page_missing(const struct digest *r, FILE *f)
{
	fputs("<h2 id=\"missing\">What is missing</h2>\n", f);
	page_losses(r, f);
}
