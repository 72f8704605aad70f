// SPDX-License-Identifier: GPL-2.0-or-later
/*
 * The report as SARIF 2.1.0. A location is a line in the driver's repository, and a function as a
 * logical location. GitHub refuses a file with a result that has no line: such results are left
 * out, and a notification says so.
 */
#include <errno.h>
#include <inttypes.h>
#include <string.h>

#include "cli/assert/report.h"
#include "daemon/base/names.h"
#include "daemon/base/symbol.h"
#include "daemon/collector/report.h"

#define LINE_TEXT_MAX 256

#define SCHEMA_URI                                                            \
	"https://docs.oasis-open.org/sarif/sarif/v2.1.0/errata01/os/schemas/" \
	"sarif-schema-2.1.0.json"

static void text(struct jsonw *w, const char *key, const char *s)
{
	jsonw_object_begin(w, key);
	jsonw_string(w, "text", s);
	jsonw_object_end(w);
}

static void rules(struct jsonw *w)
{
	jsonw_array_begin(w, "rules");
	for (int i = 0; i < IOMAP_RULE_MAX; i++) {
		jsonw_object_begin(w, NULL);
		jsonw_string(w, "id", rule_name(i));
		text(w, "shortDescription", rule_title(i));
		text(w, "fullDescription", rule_help(i));
		text(w, "help", rule_help(i));
		jsonw_object_begin(w, "defaultConfiguration");
		jsonw_string(w, "level", "error");
		jsonw_object_end(w);
		jsonw_object_end(w);
	}
	jsonw_array_end(w);
}

static void tool(struct jsonw *w)
{
	jsonw_object_begin(w, "tool");
	jsonw_object_begin(w, "driver");
	jsonw_string(w, "name", "iomapctl assert");
	jsonw_string(w, "version", IOMAP_VERSION);
	rules(w);
	jsonw_object_end(w);
	jsonw_object_end(w);
}

static const char *module_of(const struct symbol_text *t)
{
	return *t->module ? t->module : "vmlinux";
}

/* Writes a path as a relative URI. */
static void uri(struct jsonw *w, const char *path)
{
	static const char plain[] = "abcdefghijklmnopqrstuvwxyzABCDEFGHIJKLMNOPQRSTUVWXYZ"
				    "0123456789-._~/";
	_cleanup_free_ char *text = malloc(3 * strlen(path) + 1);
	char *p = text;

	for (; text && *path; path++) {
		if (strchr(plain, *path))
			*p++ = *path;
		else
			p += sprintf(p, "%%%02X", (unsigned char)*path);
	}
	if (text)
		*p = '\0';
	jsonw_string(w, "uri", text);
}

static void physical(struct jsonw *w, const struct assert_site *site)
{
	jsonw_object_begin(w, "physicalLocation");
	jsonw_object_begin(w, "artifactLocation");
	uri(w, site->file);
	jsonw_string(w, "uriBaseId", "%SRCROOT%");
	jsonw_object_end(w);
	jsonw_object_begin(w, "region");
	jsonw_u64(w, "startLine", site->line);
	if (site->column)
		jsonw_u64(w, "startColumn", site->column);
	jsonw_object_end(w);
	jsonw_object_end(w);
}

/* Writes a function as a location: its line (NULL: not known), module, name, and offset. */
static void location(struct jsonw *w, const char *key, const struct assert_site *site,
		     const char *symbol, const char *module)
{
	char full[2 * SYMBOL_TEXT_MAX];
	struct symbol_text t;

	symbol_parse(symbol, &t);
	snprintf(full, sizeof(full), "%s!%s", module ?: module_of(&t), t.name);
	jsonw_object_begin(w, key);
	if (site)
		physical(w, site);
	jsonw_array_begin(w, "logicalLocations");
	jsonw_object_begin(w, NULL);
	jsonw_string(w, "name", t.name);
	jsonw_string(w, "fullyQualifiedName", full);
	jsonw_string(w, "kind", "function");
	jsonw_object_end(w);
	jsonw_array_end(w);
	text(w, "message", symbol);
	jsonw_object_end(w);
}

/* The function that a result is about: the call site of the map, else that of the offence. */
static const char *main_symbol(const struct model_violation *v, const char **module)
{
	*module = v->caller ? v->module : v->offender_module;
	return v->caller ?: v->offender ?: v->nr_stack ? v->stack[0] : "?";
}

static void locations(struct jsonw *w, const struct assert_report *r,
		      const struct model_violation *v, const struct assert_site *site)
{
	const char *module, *symbol = main_symbol(v, &module);
	struct assert_site offence;
	bool known = assert_offence_site(r, v, &offence);

	jsonw_array_begin(w, "locations");
	location(w, NULL, site, symbol, module);
	jsonw_array_end(w);
	jsonw_array_begin(w, "relatedLocations");
	if (v->caller && v->offender)
		location(w, NULL, known ? &offence : NULL, v->offender, v->offender_module);
	jsonw_array_end(w);
}

static void flow_step(struct jsonw *w, const struct assert_site *site, const char *what)
{
	jsonw_object_begin(w, NULL);
	jsonw_object_begin(w, "location");
	physical(w, site);
	text(w, "message", what);
	jsonw_object_end(w);
	jsonw_object_end(w);
}

/* Writes the way from the map to the offence, if both have a line. */
static void code_flow(struct jsonw *w, const struct assert_report *r,
		      const struct model_violation *v, const char *offence)
{
	struct assert_site from, to;

	jsonw_array_begin(w, "codeFlows");
	if (assert_map_site(r, v, &from) && assert_offence_site(r, v, &to)) {
		jsonw_object_begin(w, NULL);
		jsonw_array_begin(w, "threadFlows");
		jsonw_object_begin(w, NULL);
		jsonw_array_begin(w, "locations");
		flow_step(w, &from, "the page is mapped here");
		flow_step(w, &to, offence);
		jsonw_array_end(w);
		jsonw_object_end(w);
		jsonw_array_end(w);
		jsonw_object_end(w);
	}
	jsonw_array_end(w);
}

static void stack(struct jsonw *w, const char *what, const char *const *frames, size_t n,
		  uint32_t pid)
{
	struct symbol_text t;

	if (!n)
		return;
	jsonw_object_begin(w, NULL);
	text(w, "message", what);
	jsonw_array_begin(w, "frames");
	for (size_t i = 0; i < n; i++) {
		symbol_parse(frames[i], &t);
		jsonw_object_begin(w, NULL);
		location(w, "location", NULL, frames[i], NULL);
		jsonw_string(w, "module", module_of(&t));
		jsonw_u64(w, "threadId", pid);
		jsonw_object_end(w);
	}
	jsonw_array_end(w);
	jsonw_object_end(w);
}

#define PRINT_MAX (2 * SYMBOL_TEXT_MAX + LINE_TEXT_MAX)

/*
 * Writes what stays the same from build to build. It has no offsets, no line numbers and no
 * suffixes of the compiler: the text of the line tells two places of one function apart.
 */
static void print_place(const struct model_violation *v, const struct source_line *l,
			char ret[PRINT_MAX])
{
	char line[LINE_TEXT_MAX] = "";
	struct symbol_text at, by;

	symbol_parse(v->caller ?: "", &at);
	symbol_parse(v->offender ?: "", &by);
	symbol_strip_suffix(at.name);
	symbol_strip_suffix(by.name);
	if (l)
		assert_source_text(l->file, l->line, line, sizeof(line));
	snprintf(ret, PRINT_MAX, "%s/%s/%s/%s%s%s", rule_name(v->rule), kind_name(v->kind),
		 l && l->function ? l->function : at.name, by.name, *line ? "/" : "", line);
}

/* The number of lines above this one from which violations have the same print. */
static unsigned int equal_lines_above(const struct assert_report *r,
				      const struct model_violation *v, const struct source_line *l,
				      const char *print)
{
	const struct model *m = &r->model;
	unsigned int n = 0, last = 0;

	/* The lines in ascending order: the lowest one above `last`, until it is this one. */
	for (;;) {
		unsigned int next = l->line;
		char other[PRINT_MAX];

		for (size_t i = 0; i < m->nr_violations; i++) {
			const struct model_violation *w = &m->violations[i];
			const struct source_line *k;

			if (w->rule != v->rule)
				continue;
			k = assert_driver_line(assert_caller_lines(r, w));
			if (!k || k->line <= last || k->line >= next || strcmp(k->file, l->file) ||
			    strcmp(k->function ?: "", l->function ?: ""))
				continue;
			print_place(w, k, other);
			if (!strcmp(other, print))
				next = k->line;
		}
		if (next == l->line)
			return n;
		last = next;
		n++;
	}
}

/* Readers follow a finding by its fingerprint. Equal lines of one function are numbered. */
static void fingerprint(struct jsonw *w, const struct assert_report *r,
			const struct model_violation *v)
{
	const struct source_line *l = assert_driver_line(assert_caller_lines(r, v));
	char print[PRINT_MAX + sizeof("#4294967295")], hash[sizeof("0123456789abcdef:4294967295")];
	unsigned int above;

	print_place(v, l, print);
	above = l ? equal_lines_above(r, v, l, print) : 0;
	snprintf(hash, sizeof(hash), "%016" PRIx64 ":%u",
		 hash_bytes(HASH_START, print, strlen(print)), above + 1);
	if (above)
		sprintf(print + strlen(print), "#%u", above + 1);
	jsonw_object_begin(w, "partialFingerprints");
	jsonw_string(w, "site/v1", print);
	/* The only one that GitHub reads: a hash and a number, as its own tools make them. */
	jsonw_string(w, "primaryLocationLineHash", hash);
	jsonw_object_end(w);
}

static void result(struct jsonw *w, const struct assert_report *r, size_t i,
		   const struct assert_site *site)
{
	const struct model_violation *v = &r->model.violations[i];
	const struct suppression *s = r->suppressed[i];
	char sentence[VIOLATION_TEXT_MAX];

	violation_text(v, sentence);
	jsonw_object_begin(w, NULL);
	jsonw_string(w, "ruleId", rule_name(v->rule));
	jsonw_u64(w, "ruleIndex", v->rule);
	jsonw_string(w, "level", "error");
	text(w, "message", sentence);
	locations(w, r, v, site);
	code_flow(w, r, v, sentence);
	jsonw_array_begin(w, "stacks");
	stack(w, "kernel stack of the offence", v->stack, v->nr_stack, v->pid);
	stack(w, "kernel stack of the map", v->map_stack, v->nr_map_stack, v->pid);
	jsonw_array_end(w);
	jsonw_u64(w, "occurrenceCount", v->count);
	fingerprint(w, r, v);
	/* SARIF wants this member on all results or on none. */
	jsonw_array_begin(w, "suppressions");
	if (s) {
		jsonw_object_begin(w, NULL);
		jsonw_string(w, "kind", "external");
		jsonw_string(w, "status", "accepted");
		jsonw_string(w, "justification", s->reason);
		jsonw_object_end(w);
	}
	jsonw_array_end(w);
	jsonw_object_begin(w, "properties");
	assert_json_violation(w, "violation", r, v);
	jsonw_object_end(w);
	jsonw_object_end(w);
}

/* The number of violations without a line, which are left out of the results. */
static size_t left_out(const struct assert_report *r)
{
	struct assert_site site;
	size_t n = 0;

	for (size_t i = 0; i < r->model.nr_violations; i++)
		n += !assert_site(r, &r->model.violations[i], &site);
	return n;
}

static void notification(struct jsonw *w, const char *level, const char *what)
{
	jsonw_object_begin(w, NULL);
	jsonw_string(w, "level", level);
	text(w, "message", what);
	jsonw_object_end(w);
}

static void time_utc(struct jsonw *w, const char *key, uint64_t ns)
{
	char s[64] = "";
	FILE *f = fmemopen(s, sizeof(s), "w");

	if (f) {
		assert_put_time(f, ns, 'T');
		fprintf(f, ".%03uZ", (unsigned int)(ns % NSEC_PER_SEC / 1000000));
		fclose(f);
	}
	jsonw_string(w, key, s);
}

static void notifications(struct jsonw *w, const struct assert_report *r, const char *verdict)
{
	size_t left = left_out(r);
	char what[SYMBOL_TEXT_MAX];

	jsonw_array_begin(w, "toolExecutionNotifications");
	notification(w, r->verdict == ASSERT_GOOD ? "note" : "error", verdict);
	for (size_t i = 0; i < r->nr_doubts; i++)
		notification(w, "warning", r->doubts[i]);
	if (left) {
		snprintf(what, sizeof(what),
			 "%zu violation%s no source line, and %s not among the results: see "
			 "properties.violations_without_line",
			 left, left == 1 ? " has" : "s have", left == 1 ? "is" : "are");
		notification(w, "error", what);
	}
	if (sources_missing(r->sources))
		notification(w, "warning", sources_missing(r->sources));
	jsonw_array_end(w);
	jsonw_array_begin(w, "toolConfigurationNotifications");
	for (size_t i = 0; i < r->suppressions.nr; i++) {
		const struct suppression *s = &r->suppressions.entries[i];

		snprintf(what, sizeof(what), "unused suppression, line %u: %s %s", s->line,
			 rule_name(s->rule), s->symbol);
		if (assert_unused(r, s))
			notification(w, "warning", what);
	}
	jsonw_array_end(w);
}

static void overrides(struct jsonw *w, const struct assert_report *r)
{
	jsonw_array_begin(w, "ruleConfigurationOverrides");
	for (int i = 0; i < IOMAP_RULE_MAX; i++) {
		if (assert_selected(r, i))
			continue;
		jsonw_object_begin(w, NULL);
		jsonw_object_begin(w, "configuration");
		jsonw_bool(w, "enabled", false);
		jsonw_object_end(w);
		jsonw_object_begin(w, "descriptor");
		jsonw_string(w, "id", rule_name(i));
		jsonw_u64(w, "index", i);
		jsonw_object_end(w);
		jsonw_object_end(w);
	}
	jsonw_array_end(w);
}

static int invocations(struct jsonw *w, const struct assert_report *r)
{
	_cleanup_free_ char *verdict = assert_verdict(r);

	if (!verdict)
		return -ENOMEM;
	jsonw_array_begin(w, "invocations");
	jsonw_object_begin(w, NULL);
	/* If false, a reader does not take a short list of results for success. */
	jsonw_bool(w, "executionSuccessful",
		   r->verdict == ASSERT_GOOD || r->verdict == ASSERT_VIOLATIONS);
	jsonw_u64(w, "exitCode", assert_exit_status(r));
	jsonw_string(w, "exitCodeDescription", verdict);
	time_utc(w, "startTimeUtc", r->start_unix_ns);
	time_utc(w, "endTimeUtc", r->start_unix_ns + r->duration_ns);
	jsonw_string(w, "machine", *r->host ? r->host : "localhost");
	overrides(w, r);
	notifications(w, r, verdict);
	jsonw_object_begin(w, "properties");
	assert_json_command(w, "command", r);
	jsonw_object_end(w);
	jsonw_object_end(w);
	jsonw_array_end(w);
	return 0;
}

/* Runs of one category replace each other: one for each kernel and backend. */
static void automation(struct jsonw *w, const struct assert_report *r)
{
	const struct model *m = &r->model;
	char id[256];
	int n = snprintf(id, sizeof(id), "iomapctl-assert/%s/%s/", m->machine, m->release);

	for (int b = 0; b < IOMAP_BACKEND_MAX; b++) {
		if (m->backend_present[b])
			n += snprintf(id + n, sizeof(id) - n, "%s/", backend_name(b));
	}
	jsonw_object_begin(w, "automationDetails");
	jsonw_string(w, "id", id);
	jsonw_object_end(w);
}

static int write_run(struct jsonw *w, const struct assert_report *r)
{
	const struct model *m = &r->model;
	struct assert_site site;
	int err;

	jsonw_object_begin(w, NULL);
	tool(w);
	automation(w, r);
	err = invocations(w, r);
	jsonw_array_begin(w, "results");
	for (size_t i = 0; i < m->nr_violations; i++) {
		if (assert_site(r, &m->violations[i], &site))
			result(w, r, i, &site);
	}
	jsonw_array_end(w);
	jsonw_object_begin(w, "properties");
	assert_json_coverage(w, "coverage", r);
	jsonw_array_begin(w, "violations_without_line");
	for (size_t i = 0; i < m->nr_violations; i++) {
		if (!assert_site(r, &m->violations[i], &site))
			assert_json_violation(w, NULL, r, &m->violations[i]);
	}
	jsonw_array_end(w);
	jsonw_object_end(w);
	jsonw_object_end(w);
	return err;
}

int assert_sarif(const struct assert_report *r, FILE *f)
{
	struct buf buf = {};
	struct jsonw w;
	int err;

	jsonw_init(&w, &buf);
	jsonw_object_begin(&w, NULL);
	jsonw_string(&w, "$schema", SCHEMA_URI);
	jsonw_string(&w, "version", "2.1.0");
	jsonw_array_begin(&w, "runs");
	err = write_run(&w, r);
	jsonw_array_end(&w);
	jsonw_object_end(&w);
	buf_puts(&buf, "\n");
	err = err ?: buf.err;
	if (!err)
		fwrite(buf.data, 1, buf.len, f);
	buf_free(&buf);
	return err ?: ferror(f) ? -ENOMEM : 0;
}
