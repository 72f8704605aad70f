// SPDX-License-Identifier: GPL-2.0-or-later
/* iomapctl status */
#include <inttypes.h>
#include <stdarg.h>
#include <string.h>

#include "cli/fmt.h"
#include "cli/iomapctl.h"
#include "cli/record.h"

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
			   rec_text(hook, "gap", "what it measures is unknown here"));
	}
	return missing;
}

/* Prints the books; true if every event seen is accounted for and none was lost. */
static bool print_books(const json_t *status)
{
	struct books b = rec_books(status);
	const json_t *un = json_object_get(status, "unattributed"), *v;
	const char *name;

	print_line("events seen", "%" PRIu64, b.seen);
	print_line("  counted", "%" PRIu64, b.counted);
	print_line("  lost", "%" PRIu64, b.lost);
	json_object_foreach((json_t *)b.losses, name, v)
		print_line("", "%-16s %" PRIu64, name, rec_u64(b.losses, name));
	if (books_balance(&b))
		print_line("books", "balance: seen = counted + lost");
	else
		print_line("books",
			   "DO NOT BALANCE: %" PRIu64 " seen, %" PRIu64
			   " counted + lost; report this as a bug "
			   "of iomapd",
			   b.seen, b.counted + b.lost);
	print_line("unattributed",
		   "%" PRIu64 " maps, %" PRIu64
		   " unmaps (counted, of mappings or maps that iomapd did "
		   "not see)",
		   rec_u64(un, "maps"), rec_u64(un, "unmaps"));
	return books_balance(&b) && !b.lost;
}

int do_status(void *config)
{
	const struct ctl_config *cfg = config;
	_cleanup_json_ json_t *st = NULL;
	const json_t *kernel, *maps;
	char up[FMT_MAX];
	unsigned int missing;
	struct books b;
	size_t i;
	json_t *hook;
	bool whole;
	int r;

	r = ctl_call(cfg, "Status", NULL, &st);
	if (r)
		return r;
	if (cfg->json) {
		ctl_print_json(st);
		b = rec_books(st);
		whole = books_balance(&b) && !b.lost;
		missing = 0;
		json_array_foreach(json_object_get(st, "hooks"), i, hook)
			missing += !!strcmp(rec_text(hook, "state", "missing"), "attached");
		return whole && !missing ? EXIT_GOOD : EXIT_INCONCLUSIVE;
	}
	kernel = json_object_get(st, "kernel");
	maps = json_object_get(st, "mappings");
	fmt_duration(up, difftime(time(NULL), (time_t)rec_u64(st, "started_unix")));
	print_line("iomapd", "%s, pid %" PRIu64 ", up %s", rec_text(st, "version", "?"),
		   rec_u64(st, "pid"), up);
	print_line("kernel", "%s %s", rec_text(kernel, "release", "?"),
		   rec_text(kernel, "machine", "?"));
	print_backends(st);
	print_line("mappings", "%" PRIu64 " live, %" PRIu64 " created, %" PRIu64 " freed",
		   rec_u64(maps, "live"), rec_u64(maps, "created"), rec_u64(maps, "freed"));
	if (rec_has(st, "hold_timing"))
		print_line("hold times", "%s", rec_text(st, "hold_timing", "?"));
	missing = print_hooks(st);
	whole = print_books(st);
	return whole && !missing ? EXIT_GOOD : EXIT_INCONCLUSIVE;
}
