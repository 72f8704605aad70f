// SPDX-License-Identifier: GPL-2.0-or-later
/* Call sites, violations and events in a report. */
#include <inttypes.h>
#include <math.h>
#include <string.h>

#include "cli/fmt.h"
#include "cli/json.h"
#include "cli/report/html.h"
#include "cli/report/digest.h"

#define EVENTS_SHOWN 200

void page_sites(const struct digest *r, FILE *f)
{
	static const char maps[] = "maps:";
	char text[FMT_MAX], name[768];
	unsigned int n = 0;

	fputs("<h2 id=\"sites\">Call sites</h2>\n", f);
	for (size_t i = 0; i < r->series.n; i++) {
		const struct metric *m = &r->series.metrics[i], *ipis;

		if (!m->site || strncmp(m->name, maps, strlen(maps)))
			continue;
		if (!n++)
			fputs("<table><thead><tr><th>function</th><th>maps</th><th>maps/s</th>"
			      "<th>interrupts per 1000 maps</th></tr></thead><tbody>\n",
			      f);
		snprintf(name, sizeof(name), "ipis:%s", m->name + strlen(maps));
		ipis = series_find(&r->series, name);
		fputs("<tr><th scope=\"row\">", f);
		html_text(f, m->name + strlen(maps));
		fprintf(f, "</th><td>%s</td>", fmt_count(text, m->total_num));
		fprintf(f, "<td>%s</td>",
			isnan(metric_total(m)) ? "-" : fmt_rate(text, metric_total(m)));
		if (ipis && !isnan(metric_total(ipis)))
			fprintf(f, "<td>%.3g</td></tr>\n", metric_total(ipis));
		else
			fputs("<td>-</td></tr>\n", f);
	}
	fputs(n ? "</tbody></table>\n" : "<p>No call site is known.</p>\n", f);
}

/* Writes the source lines of a symbol, if they are known. */
static void put_lines(const struct digest *r, FILE *f, const char *symbol, const char *module)
{
	const struct source_lines *l = r->sources ? sources_find(r->sources, symbol, module) : NULL;
	_cleanup_free_ char *text = NULL;
	size_t size;
	FILE *t;

	t = l ? open_memstream(&text, &size) : NULL;
	if (!t)
		return;
	sources_print(t, l);
	if (!fclose(t)) {
		fputs(": ", f);
		html_text(f, text);
	}
}

static void put_stack(const struct digest *r, FILE *f, const char *title, const json_t *frames)
{
	const json_t *frame;
	size_t i;

	if (!json_array_size(frames))
		return;
	fprintf(f, "<h4>%s</h4>\n<pre>", title);
	json_array_foreach(frames, i, frame) {
		html_text(f, json_string_value(frame));
		put_lines(r, f, json_string_value(frame), NULL);
		fputc('\n', f);
	}
	fputs("</pre>\n", f);
}

static void put_symbol(const struct digest *r, FILE *f, const char *what, const json_t *v,
		       const char *symbol, const char *module)
{
	if (!rec_has(v, symbol))
		return;
	fprintf(f, "<dt>%s</dt><dd>", what);
	html_text(f, rec_text(v, symbol, "?"));
	if (rec_has(v, module))
		html_textf(f, " [%s]", rec_text(v, module, "?"));
	put_lines(r, f, rec_text(v, symbol, NULL), rec_text(v, module, NULL));
	fputs("</dd>\n", f);
}

static void put_violation(const struct digest *r, FILE *f, const json_t *v)
{
	char when[REPLAY_TIME_MAX], held[FMT_MAX];

	fputs("<section class=\"violation\"><h3>", f);
	html_textf(f, "%s: %s", rec_text(v, "rule", "?"), rec_text(v, "text", "?"));
	fputs("</h3>\n<dl>\n<dt>count</dt><dd>", f);
	html_textf(f, "%" PRIu64 ", first at %s", rec_u64(v, "count"),
		   replay_time_text(when, rec_u64(v, "time_unix_ns")));
	fputs("</dd>\n<dt>map</dt><dd>", f);
	if (rec_has(v, "mapping_id"))
		html_textf(f, "mapping %" PRIu64 " at %s, ", rec_u64(v, "mapping_id"),
			   rec_text(v, "base", "?"));
	else
		fputs("mapping unknown, ", f);
	html_textf(f, "%s %s", rec_text(v, "backend", "?"), rec_text(v, "kind", "?"));
	if (rec_has(v, "held_ns"))
		html_textf(f, ", held %s", fmt_ns(held, (double)rec_u64(v, "held_ns")));
	fputs("</dd>\n<dt>task</dt><dd>", f);
	html_textf(f, "%s[%" PRIu64 "] on CPU %" PRIu64, rec_text(v, "comm", "?"),
		   rec_u64(v, "pid"), rec_u64(v, "cpu"));
	fputs("</dd>\n", f);
	put_symbol(r, f, "mapped by", v, "caller", "module");
	put_symbol(r, f, "offence in", v, "offender", "offender_module");
	fputs("</dl>\n", f);
	put_stack(r, f, "Stack", json_object_get(v, "stack"));
	put_stack(r, f, "Stack of the map", json_object_get(v, "map_stack"));
	fputs("</section>\n", f);
}

void page_violations(const struct digest *r, FILE *f)
{
	const json_t *reply = json_object_get(r->last, "violations"), *v;
	const json_t *list = json_object_get(reply, "violations");
	size_t i;

	fputs("<h2 id=\"violations\">Violations</h2>\n", f);
	if (!json_array_size(list)) {
		fputs("<p>None.</p>\n", f);
		return;
	}
	fputs("<p>All since iomapd began to count, each site once.</p>\n", f);
	json_array_foreach(list, i, v)
		put_violation(r, f, v);
	if (rec_u64(reply, "unlisted"))
		fprintf(f, "<p>%" PRIu64 " more at sites that are not listed.</p>\n",
			rec_u64(reply, "unlisted"));
}

static void put_event(FILE *f, const json_t *e)
{
	const json_t *violation = json_object_get(e, "violation");
	char when[REPLAY_TIME_MAX], size[FMT_MAX];

	fputs("<tr><td class=\"text\">", f);
	html_text(f, replay_time_text(when, rec_u64(e, "time_unix_ns")));
	fputs("</td><td class=\"text\">", f);
	html_text(f, rec_text(e, "type", "?"));
	fprintf(f, "</td><td>%" PRIu64 "</td><td>%s</td><td class=\"text\">",
		rec_u64(e, "mapping_id"), fmt_bytes(size, (double)rec_u64(e, "size")));
	if (json_is_object(violation))
		html_textf(f, "%s ", rec_text(violation, "rule", "?"));
	html_text(f, rec_text(e, "caller", NULL));
	if (rec_has(e, "module"))
		html_textf(f, " [%s]", rec_text(e, "module", "?"));
	fputs("</td><td class=\"text\">", f);
	html_textf(f, "%s[%" PRIu64 "]", rec_text(e, "comm", "?"), rec_u64(e, "pid"));
	fputs("</td></tr>\n", f);
}

void page_events(const struct digest *r, FILE *f)
{
	size_t n = json_array_size(r->events);
	size_t from = n > EVENTS_SHOWN ? n - EVENTS_SHOWN : 0;

	fputs("<h2 id=\"events\">Events</h2>\n", f);
	if (!n) {
		fputs("<p>None.</p>\n", f);
		return;
	}
	if (r->nr_events > n - from)
		fprintf(f, "<p>The last %zu of %" PRIu64 ".</p>\n", n - from, r->nr_events);
	fputs("<table><thead><tr><th>time</th><th class=\"text\">type</th>"
	      "<th>mapping</th><th>size</th>"
	      "<th class=\"text\">what, where</th><th class=\"text\">task</th>"
	      "</tr></thead><tbody>\n",
	      f);
	for (size_t i = from; i < n; i++)
		put_event(f, json_array_get(r->events, i));
	fputs("</tbody></table>\n", f);
}
