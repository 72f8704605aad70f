// SPDX-License-Identifier: GPL-2.0-or-later
/* iomapctl status */
#include <inttypes.h>
#include <string.h>

#include "cli/ctl/iomapctl.h"
#include "cli/fmt.h"
#include "cli/json.h"
#include "cli/violation.h"
#include "daemon/base/names.h"
#include "daemon/base/utf8.h"

#define print_line(what, fmt, ...) utf8_line(stdout, "%-14s" fmt, what, ##__VA_ARGS__)

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

static bool is_attached(const json_t *hook)
{
	return !strcmp(rec_text(hook, "state", "missing"), "attached");
}

/* Tells whether every hook is attached and every event is counted; decides the exit status. */
static bool is_whole(const json_t *status)
{
	struct accounting b = rec_accounting(status);
	bool whole = accounting_balances(&b) && !b.lost;
	json_t *hook;
	size_t i;

	json_array_foreach(json_object_get(status, "hooks"), i, hook)
		whole &= is_attached(hook);
	return whole;
}

static void print_hooks(const json_t *status)
{
	const json_t *hooks = json_object_get(status, "hooks"), *hook;
	unsigned int attached = 0;
	size_t i;

	json_array_foreach(hooks, i, hook)
		attached += is_attached(hook);
	print_line("hooks", "%u of %zu attached", attached, json_array_size(hooks));
	json_array_foreach(hooks, i, hook)
		if (!is_attached(hook))
			print_line("", "%s is missing: %s", rec_text(hook, "name", "?"),
				   rec_text(hook, "reason", "no reason is known"));
}

static void print_may_sleep(const json_t *status)
{
	const json_t *m = json_object_get(status, "may_sleep");
	bool allocations = json_is_true(json_object_get(m, "allocations"));
	const char *by = rec_text(m, "might_sleep", NULL);
	size_t n = json_array_size(json_object_get(m, "functions"));

	if (!json_is_object(m))
		return;
	if (by) {
		print_line("may sleep",
			   "calls of might_sleep(), by %s(), and of %zu other functions are seen",
			   by, n);
		return;
	}
	print_line("may sleep", "calls of %zu functions%s are seen", n,
		   allocations ? ", and allocations of memory" : "");
	print_line("", "not seen: other functions%s, as might_sleep() calls nothing here",
		   allocations ? "" : ", allocations of memory");
}

static void print_accounting(const json_t *status)
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
		print_line("  under way",
			   "%" PRIu64 ", at most one per CPU: not yet among the events seen",
			   b.under_way);
	if (accounting_balances(&b))
		print_line("accounting", "balanced: seen = counted + lost");
	else
		print_line("accounting",
			   "DOES NOT BALANCE: %" PRIu64 " seen, %" PRIu64
			   " counted + lost; report this as a bug "
			   "of iomapd",
			   b.seen, b.counted + b.lost);
	print_line("unattributed",
		   "%" PRIu64 " maps, %" PRIu64
		   " unmaps (counted; iomapd did not see their mapping or map)",
		   rec_u64(un, "maps"), rec_u64(un, "unmaps"));
}

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

static void print_rules(const json_t *v)
{
	struct rule_totals t = rule_totals(v);
	struct kinds undecided = rec_kinds(v, "undecided");
	const json_t *rule;
	const char *name;

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

static void print_since(const json_t *st, time_t now)
{
	const json_t *notes = json_object_get(st, "notes"), *note;
	uint64_t starts = rec_u64(st, "starts");
	char since[FMT_MAX];
	size_t i;

	if (starts) {
		fmt_duration(since, difftime(now, (time_t)(rec_u64(st, "counting_since_unix_ns") /
							   NSEC_PER_SEC)));
		print_line("counting", "for %s, through %" PRIu64 " start%s of iomapd", since,
			   starts, starts > 1 ? "s" : "");
	}
	json_array_foreach(notes, i, note)
		print_line("note", "%s", json_string_value(note) ?: "?");
}

static void print_daemon(const json_t *st, time_t now)
{
	const json_t *kernel = json_object_get(st, "kernel"), *maps;
	char up[FMT_MAX];

	maps = json_object_get(st, "mappings");
	fmt_duration(up, difftime(now, (time_t)rec_u64(st, "started_unix")));
	print_line("iomapd", "%s, pid %" PRIu64 ", up %s", rec_text(st, "version", "?"),
		   rec_u64(st, "pid"), up);
	print_since(st, now);
	print_line("kernel", "%s %s", rec_text(kernel, "release", "?"),
		   rec_text(kernel, "machine", "?"));
	if (!strcmp(rec_text(st, "source", ""), source_name(IOMAP_SOURCE_SITES)))
		print_line("source", "sites in the drivers: this kernel is used without the "
				     "tracepoints of io_mapping");
	else if (rec_has(st, "source"))
		print_line("source", "tracepoints of io_mapping");
	print_backends(st);
	print_line("mappings", "%" PRIu64 " live, %" PRIu64 " created, %" PRIu64 " freed",
		   rec_u64(maps, "live"), rec_u64(maps, "created"), rec_u64(maps, "freed"));
	if (rec_has(st, "hold_timing"))
		print_line("hold times", "%s", rec_text(st, "hold_timing", "?"));
}

static void print_metrics(const json_t *st)
{
	const json_t *m = json_object_get(st, "metrics");
	const char *reason = rec_text(m, "reason", NULL);

	if (json_is_object(m))
		print_line("metrics", "%s%s%s",
			   rec_text(m, "url", NULL) ?: rec_text(m, "address", "?"),
			   reason ? ": " : "", reason ?: "");
}

int do_status(void *config)
{
	const struct ctl_config *cfg = config;
	_cleanup_json_ json_t *reply = NULL;
	const json_t *st;
	uint64_t now;
	int r;

	/* For people, a snapshot: rules and accounting of the same moment. */
	r = ctl_call(cfg, cfg->json ? "Status" : "Snapshot", NULL, &reply, &now);
	if (r)
		return r;
	st = cfg->json ? reply : json_object_get(reply, "status");
	if (cfg->json) {
		ctl_print_json(st, JSON_INDENT(2));
	} else {
		print_daemon(st, (time_t)(now / NSEC_PER_SEC));
		print_metrics(st);
		print_hooks(st);
		print_may_sleep(st);
		print_accounting(st);
		print_rules(json_object_get(reply, "violations"));
	}
	return is_whole(st) ? EXIT_GOOD : EXIT_INCONCLUSIVE;
}
