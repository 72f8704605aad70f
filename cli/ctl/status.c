// SPDX-License-Identifier: GPL-2.0-or-later
/* iomapctl status */
#include <errno.h>
#include <inttypes.h>
#include <stdarg.h>
#include <string.h>

#include "cli/fmt.h"
#include "cli/ctl/iomapctl.h"
#include "cli/json.h"
#include "cli/violation.h"

check_printf(2, 3) static void print_line(const char *what, const char *fmt, ...)
{
	va_list ap;

	printf("%-14s", what);
	va_start(ap, fmt);
	vprintf(fmt, ap);
	va_end(ap);
	putchar('\n');
}

static void print_backends(const json_t *status)
{
	const json_t *list = json_object_get(status, "backends"), *v;
	char line[256] = "";
	size_t i, n = 0;

	json_array_foreach(list, i, v)
		if (json_is_string(v) && n < sizeof(line))
			n += (size_t)snprintf(line + n, sizeof(line) - n, "%s%s", n ? ", " : "",
					      json_string_value(v));
	print_line("backends", "%s", n ? line : "none seen yet");
}

/* Prints the hooks; returns how many are missing. */
static unsigned int print_hooks(const json_t *status)
{
	const json_t *hooks = json_object_get(status, "hooks"), *hook;
	unsigned int missing = 0, attached = 0;
	size_t i;

	json_array_foreach(hooks, i, hook)
		if (!strcmp(rec_text(hook, "state", "missing"), "attached"))
			attached++;
	print_line("hooks", "%u of %zu attached", attached, json_array_size(hooks));
	json_array_foreach(hooks, i, hook) {
		if (!strcmp(rec_text(hook, "state", "missing"), "attached"))
			continue;
		missing++;
		print_line("", "%s is missing: %s", rec_text(hook, "name", "?"),
			   rec_text(hook, "reason", "what it measures is unknown here"));
	}
	return missing;
}

/* Prints the books; true if every event seen is accounted for and none was lost. */
static bool print_books(const json_t *status)
{
	struct accounting b = rec_accounting(status);
	const json_t *un = json_object_get(status, "unattributed"), *v;
	const char *name;

	print_line("events seen", "%" PRIu64, b.seen);
	print_line("  counted", "%" PRIu64, b.counted);
	print_line("  lost", "%" PRIu64, b.lost);
	json_object_foreach((json_t *)b.losses, name, v)
		print_line("", "%-16s %" PRIu64, name, rec_u64(b.losses, name));
	if (b.under_way)
		print_line("  under way", "%" PRIu64 ", one a CPU: not yet among those seen",
			   b.under_way);
	if (accounting_balances(&b))
		print_line("accounting", "balance: seen = counted + lost");
	else
		print_line("accounting",
			   "DO NOT BALANCE: %" PRIu64 " seen, %" PRIu64
			   " counted + lost; report this as a bug "
			   "of iomapd",
			   b.seen, b.counted + b.lost);
	print_line("unattributed",
		   "%" PRIu64 " maps, %" PRIu64
		   " unmaps (counted, of mappings or maps that iomapd did "
		   "not see)",
		   rec_u64(un, "maps"), rec_u64(un, "unmaps"));
	return accounting_balances(&b) && !b.lost;
}

/* One rule: its state, and what it found. */
static void print_rule(const char *name, const json_t *rule)
{
	uint64_t n = rec_u64(rule, "count");
	const char *why = rule_why(name, rule);
	char found[64] = "";

	if (n)
		snprintf(found, sizeof(found), "%" PRIu64 " violation%s", n, n > 1 ? "s" : "");
	else if (!why)
		snprintf(found, sizeof(found), "no violation");
	print_line("", "%-20s %-8s %s%s%s", name, rec_text(rule, "state", "missing"), found,
		   n && why ? ": " : "", why ?: "");
}

/* The rules of the contract and what is known of their violations. */
static void print_rules(const json_t *v)
{
	struct rule_totals t = rule_totals(v);
	struct kinds undecided = rec_kinds(v, "undecided");
	const json_t *rule;
	const char *name;

	if (!t.known) {
		print_line("rules", "not checked: this iomapd is older than this program");
		return;
	}
	print_line("rules", "%zu of %zu checked", t.checked, t.rules);
	json_object_foreach(json_object_get(v, "rules"), name, rule)
		print_rule(name, rule);
	if (t.violations)
		print_line("violations",
			   "%" PRIu64 " (rules: %zu, sites: %zu): 'iomaptop -v violations' "
			   "shows them",
			   t.violations, t.broken,
			   json_array_size(json_object_get(v, "violations")));
	else
		print_line("violations", "none%s", t.missing ? " seen" : "");
	if (rec_u64(v, "unlisted"))
		print_line("  unlisted",
			   "%" PRIu64 " violations counted by rule only: too many sites",
			   rec_u64(v, "unlisted"));
	if (kinds_sum(&undecided))
		print_line("undecided",
			   "%" PRIu64 " unmaps that may have ended maps from before iomapd started",
			   kinds_sum(&undecided));
}

/* Prints the reply of Status as it is; what it says decides the exit status. */
static int print_json(const json_t *st)
{
	struct accounting b = rec_accounting(st);
	bool whole = accounting_balances(&b) && !b.lost;
	json_t *hook;
	size_t i;

	ctl_print_json(st);
	json_array_foreach(json_object_get(st, "hooks"), i, hook)
		whole &= !strcmp(rec_text(hook, "state", "missing"), "attached");
	return whole ? EXIT_GOOD : EXIT_INCONCLUSIVE;
}

/* Since when the figures are, and how the daemon came by them. */
static void print_since(const json_t *st)
{
	const json_t *notes = json_object_get(st, "notes"), *note;
	uint64_t starts = rec_u64(st, "starts");
	char since[FMT_MAX];
	size_t i;

	if (starts) {
		fmt_duration(since,
			     difftime(time(NULL), (time_t)(rec_u64(st, "counting_since_unix_ns") /
							   NSEC_PER_SEC)));
		print_line("counting", "for %s, through %" PRIu64 " start%s of iomapd", since,
			   starts, starts > 1 ? "s" : "");
	}
	json_array_foreach(notes, i, note)
		print_line("note", "%s", json_string_value(note) ?: "?");
}

/* What runs, and what it watches. */
static void print_daemon(const json_t *st)
{
	const json_t *kernel = json_object_get(st, "kernel"), *maps;
	char up[FMT_MAX];

	maps = json_object_get(st, "mappings");
	fmt_duration(up, difftime(time(NULL), (time_t)rec_u64(st, "started_unix")));
	print_line("iomapd", "%s, pid %" PRIu64 ", up %s", rec_text(st, "version", "?"),
		   rec_u64(st, "pid"), up);
	print_since(st);
	print_line("kernel", "%s %s", rec_text(kernel, "release", "?"),
		   rec_text(kernel, "machine", "?"));
	print_backends(st);
	print_line("mappings", "%" PRIu64 " live, %" PRIu64 " created, %" PRIu64 " freed",
		   rec_u64(maps, "live"), rec_u64(maps, "created"), rec_u64(maps, "freed"));
	if (rec_has(st, "hold_timing"))
		print_line("hold times", "%s", rec_text(st, "hold_timing", "?"));
}

int do_status(void *config)
{
	const struct ctl_config *cfg = config;
	_cleanup_json_ json_t *reply = NULL;
	const json_t *st;
	unsigned int missing;
	struct errbuf err;
	bool whole;
	int r;

	/* For a person, a snapshot: its rules and its books are of one moment. */
	r = ctl_call(cfg, cfg->json ? "Status" : "Snapshot", NULL, &reply);
	if (r)
		return r;
	if (cfg->json)
		return print_json(reply);
	st = json_object_get(reply, "status");
	if (!json_is_object(st))
		return ctl_fail(
			set_error(&err, -EPROTO,
				  "iomapd sent a snapshot without its status: install it and "
				  "this program from one version"),
			&err);
	print_daemon(st);
	missing = print_hooks(st);
	whole = print_books(st);
	print_rules(json_object_get(reply, "violations"));
	return whole && !missing ? EXIT_GOOD : EXIT_INCONCLUSIVE;
}
