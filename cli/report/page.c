// SPDX-License-Identifier: GPL-2.0-or-later
/* The page: one file that needs no network, no server and no script. */
#include <inttypes.h>

#include "cli/fmt.h"
#include "cli/json.h"
#include "cli/report/html.h"
#include "cli/report/digest.h"
#include "cli/report/style.h"

void page_begin(FILE *f, const char *title)
{
	/* The policy forbids every request, whatever a recording may have as text. */
	fputs("<!DOCTYPE html>\n<html lang=\"en\">\n<head>\n<meta charset=\"utf-8\"/>\n"
	      "<meta http-equiv=\"Content-Security-Policy\" "
	      "content=\"default-src 'none'; style-src 'unsafe-inline'\"/>\n"
	      "<meta name=\"viewport\" content=\"width=device-width\"/>\n"
	      "<title>",
	      f);
	html_text(f, title);
	fputs("</title>\n<style>\n", f);
	fputs(report_style, f);
	fputs("</style>\n</head>\n<body>\n<main>\n<h1>", f);
	html_text(f, title);
	fputs("</h1>\n", f);
}

void page_end(FILE *f)
{
	fputs("<footer><p class=\"summary\">", f);
	html_textf(f, "Made by iomapctl %s.", IOMAP_VERSION);
	fputs("</p></footer>\n</main>\n</body>\n</html>\n", f);
}

static void put_verdict(const struct digest *r, FILE *f)
{
	static const char *const classes[DIGEST_VERDICT_MAX] = {
		[DIGEST_GOOD] = "good",
		[DIGEST_BROKEN] = "bad",
		[DIGEST_UNKNOWN] = "warn",
		[DIGEST_NOTHING] = "warn",
	};
	struct errbuf sentence;
	enum digest_verdict v = digest_judge(r, &sentence);

	fprintf(f, "<p class=\"verdict %s\">", classes[v]);
	html_text(f, sentence.text);
	fputs("</p>\n", f);
}

static void fact(FILE *f, const char *name, const char *text)
{
	fprintf(f, "<dt>%s</dt><dd>", name);
	html_text(f, text);
	fputs("</dd>\n", f);
}

static void put_command(const struct digest *r, FILE *f)
{
	const json_t *words = json_object_get(replay_start(r->replay), "command"), *word;
	const json_t *status = json_object_get(r->end, "exit_status");
	size_t i;

	if (!json_array_size(words))
		return;
	fputs("<dt>command</dt><dd><code>", f);
	json_array_foreach(words, i, word) {
		if (i)
			fputc(' ', f);
		html_text(f, json_string_value(word));
	}
	fputs("</code>", f);
	if (json_is_integer(status))
		fprintf(f, ", exit status %" JSON_INTEGER_FORMAT, json_integer_value(status));
	fputs("</dd>\n", f);
}

void page_facts(const struct digest *r, FILE *f)
{
	const json_t *start = replay_start(r->replay);
	const json_t *kernel = json_object_get(start, "kernel");
	const json_t *status = json_object_get(r->last, "status");
	uint64_t from = replay_from_ns(r->replay), to = replay_to_ns(r->replay);
	char a[REPLAY_TIME_MAX], b[REPLAY_TIME_MAX], time[FMT_MAX];

	fputs("<dl>\n", f);
	fact(f, "recording", replay_path(r->replay));
	put_command(r, f);
	fact(f, "machine", rec_text(start, "host", "?"));
	fputs("<dt>kernel</dt><dd>", f);
	html_textf(f, "%s %s, %" PRIu64 " CPUs", rec_text(kernel, "release", "?"),
		   rec_text(kernel, "machine", "?"), rec_u64(start, "cpus"));
	fputs("</dd>\n<dt>time</dt><dd>", f);
	fmt_duration(time, (double)(to - from) / (double)NSEC_PER_SEC);
	html_textf(f, "%s to %s: %s, %" PRIu64 " snapshots, %" PRIu64 " events",
		   replay_time_text(a, from), replay_time_text(b, to), time, r->series.snapshots,
		   r->nr_events);
	fputs("</dd>\n<dt>iomapd</dt><dd>", f);
	html_textf(f, "%s; hold times: %s", rec_text(status, "version", "?"),
		   rec_text(status, "hold_timing", "?"));
	fputs("</dd>\n</dl>\n", f);
}

int digest_html(const struct digest *r, FILE *f)
{
	int e;

	page_begin(f, "iomap report");
	put_verdict(r, f);
	page_facts(r, f);
	fputs("<nav aria-label=\"parts\"><a href=\"#missing\">Missing</a>"
	      "<a href=\"#violations\">Violations</a><a href=\"#time\">Time</a>"
	      "<a href=\"#ipi\">Interrupts</a><a href=\"#sites\">Call sites</a>"
	      "<a href=\"#events\">Events</a></nav>\n",
	      f);
	page_missing(r, f);
	page_violations(r, f);
	e = page_charts(r, f);
	fputs("<div class=\"wide\">\n", f);
	if (!e)
		e = page_ipi(r, f);
	page_sites(r, f);
	page_events(r, f);
	fputs("</div>\n", f);
	page_end(f);
	return e;
}
