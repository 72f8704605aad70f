// SPDX-License-Identifier: GPL-2.0-or-later
/* iomapctl hist */
#include <inttypes.h>
#include <langinfo.h>
#include <string.h>

#include "cli/ctl/iomapctl.h"
#include "cli/fmt.h"
#include "cli/json.h"
#include "daemon/base/utf8.h"

#define BAR_MAX 50

/* Prints a bar of up to @width columns; with UTF-8 to an eighth of a column. */
static void print_bar(double share, size_t width)
{
	static const char *const parts[] = { "", "▏", "▎", "▍", "▌", "▋", "▊", "▉" };
	bool unicode = !strcmp(nl_langinfo(CODESET), "UTF-8");
	size_t n = (size_t)(share * (double)width * 8 + 0.5);

	if (!n)
		n = 1;
	for (size_t i = 0; i < n / 8; i++)
		fputs(unicode ? "█" : "#", stdout);
	if (unicode)
		fputs(parts[n % 8], stdout);
	else if (n % 8)
		putchar(n % 8 >= 4 ? '#' : '.');
}

static void print_buckets(const json_t *buckets, size_t width)
{
	uint64_t most = 1, end = 0;
	const json_t *b;
	size_t i;

	json_array_foreach(buckets, i, b)
		most = rec_u64(b, "count") > most ? rec_u64(b, "count") : most;
	json_array_foreach(buckets, i, b) {
		uint64_t n = rec_u64(b, "count"), from = rec_u64(b, "ge_ns");
		char lo[FMT_MAX], hi[FMT_MAX], count[FMT_MAX];

		if (i && from != end)
			printf("  %8s\n", "...");
		end = rec_u64(b, "lt_ns");
		printf("  %8s - %-8s %7s ", fmt_ns(lo, (double)from),
		       rec_has(b, "lt_ns") ? fmt_ns(hi, (double)end) : "",
		       fmt_count(count, (double)n));
		if (n)
			print_bar((double)n / (double)most, width);
		putchar('\n');
	}
}

static void print_hist(const json_t *h, bool first, size_t width)
{
	uint64_t n = rec_u64(h, "count");
	char count[FMT_MAX], avg[FMT_MAX], p50[FMT_MAX], p99[FMT_MAX], max[FMT_MAX];

	if (!first)
		putchar('\n');
	utf8_line(stdout, "%s %s: held %s times%s, average %s, p50 %s, p99 %s, longest %s",
		  rec_text(h, "backend", "?"), rec_text(h, "kind", "?"),
		  fmt_count(count, (double)n),
		  json_is_true(json_object_get(h, "sampled")) ? " (a sample)" : "",
		  fmt_ns(avg, (double)rec_u64(h, "sum_ns") / (double)n),
		  fmt_ns(p50, (double)rec_u64(h, "p50_ns")),
		  fmt_ns(p99, (double)rec_u64(h, "p99_ns")),
		  fmt_ns(max, (double)rec_u64(h, "max_ns")));
	print_buckets(json_object_get(h, "buckets"), width);
}

int do_hist(void *config)
{
	const struct ctl_config *cfg = config;
	_cleanup_json_ json_t *reply = NULL;
	json_t *h, *params = NULL;
	size_t i, shown = 0, width = ctl_width();
	int r;

	if (cfg->kind)
		params = json_pack("{s:s}", "kind", cfg->kind);
	r = ctl_call(cfg, "Hist", params, &reply, NULL);
	if (r)
		return r;
	if (cfg->json) {
		ctl_print_json(reply, JSON_INDENT(2));
		return EXIT_GOOD;
	}
	width = width > 40 && width < BAR_MAX + 32 ? width - 32
		: width && width <= 40		   ? 8
						   : BAR_MAX;
	json_array_foreach(json_object_get(reply, "hists"), i, h)
		if (rec_u64(h, "count"))
			print_hist(h, !shown++, width);
	if (!shown)
		printf("No %s%smap has been held and unmapped yet.\n", cfg->kind ?: "",
		       cfg->kind ? " " : "");
	return EXIT_GOOD;
}
