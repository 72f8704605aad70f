// SPDX-License-Identifier: GPL-2.0-or-later
/*
 * iomapctl assert: run a command, and fail if a rule was broken meanwhile or nothing was exercised.
 */
#include <errno.h>
#include <string.h>
#include <bpf/libbpf.h>

#include "cli/assert/report.h"
#include "cli/ctl/iomapctl.h"
#include "daemon/base/names.h"
#include "daemon/base/utf8.h"
#include "daemon/collector/collector.h"

const char *const assert_format_names[] = {
	"text", "tap", "junit", "sarif", "github", "json", NULL
};

static const struct {
	int (*write)(const struct assert_report *r, FILE *f);
	bool alone; /* a program cannot read the report if other output precedes it */
} formats[] = {
	{ assert_text, false }, { assert_tap, true },	  { assert_junit, true },
	{ assert_sarif, true }, { assert_github, false }, { assert_json, true },
};

/* Each step fills in more members; do_assert() frees all of them. */
struct run {
	struct assert_report report;
	struct assert_output output;
	struct collector *collector;
	struct model before;
	size_t format;
	struct sources_options sources;
	struct errbuf err;
};

static int usage(const char *sentence, const char *word)
{
	utf8_line(stderr, "iomapctl: %s%s%s%s: see 'iomapctl assert --help'", sentence,
		  word ? " '" : "", word ?: "", word ? "'" : "");
	return EXIT_USAGE;
}

static int no_rule(const char *name)
{
	fprintf(stderr, "iomapctl: --rule takes one of ");
	for (int i = 0; i < IOMAP_RULE_MAX; i++)
		fprintf(stderr, "%s%s", i ? ", " : "", rule_name(i));
	utf8_line(stderr, ", not '%s'", name);
	return EXIT_USAGE;
}

static int take_rules(const struct ctl_config *cfg, struct assert_report *r)
{
	int rule;

	for (size_t i = 0; i < cfg->rules.n; i++) {
		rule = rule_from_name(cfg->rules.value[i]);
		if (rule < 0)
			return no_rule(cfg->rules.value[i]);
		r->rules |= 1U << rule;
	}
	if (!cfg->rules.n)
		r->rules = (1U << IOMAP_RULE_MAX) - 1 - (1U << IOMAP_HOLD_TIME);
	if (assert_selected(r, IOMAP_HOLD_TIME) && !r->max_hold_ns)
		return usage("--rule hold-time needs a budget, --max-hold", NULL);
	if (r->max_hold_ns)
		r->rules |= 1U << IOMAP_HOLD_TIME;
	return 0;
}

static int take_options(const struct ctl_config *cfg, struct run *run)
{
	struct assert_report *r = &run->report;
	const char *format = cfg->format ?: cfg->json ? "json" : "text";

	if (!cfg->words)
		return usage("assert needs a command to run, after --", NULL);
	if (cfg->json && strcmp(format, "json"))
		return usage("--json does not go with --format", format);
	while (strcmp(assert_format_names[run->format], format))
		run->format++;
	if (cfg->max_hold && time_from_text(cfg->max_hold, &r->max_hold_ns))
		return usage(
			"--max-hold takes a time from 1ns to 1000s, such as 50us or 1.5ms, not",
			cfg->max_hold);
	r->argv = cfg->words;
	r->signals = &cfg->signals;
	gethostname(r->host, sizeof(r->host) - 1);
	return take_rules(cfg, r);
}

static int read_suppressions(const char *path, struct run *run)
{
	FILE *f = fopen(path, "re");
	int r;

	if (!f) {
		r = set_error(&run->err, -errno, "cannot read %s: %s", path, strerror(errno));
		return ctl_fail(r, &run->err);
	}
	r = suppressions_read(f, path, &run->report.suppressions, &run->err);
	fclose(f);
	if (r == -EINVAL) {
		fprintf(stderr, "iomapctl: %s\n", run->err.text);
		return EXIT_USAGE;
	}
	return r ? ctl_fail(r, &run->err) : 0;
}

static int start_collector(const struct ctl_config *cfg, struct run *run)
{
	const struct collector_options opts = {
		.timing = IOMAP_TIMING_ALL,
		.preempt_rt = -1,
		.rules_off = ~run->report.rules,
		.max_hold_ns = run->report.max_hold_ns,
		.map_stacks = cfg->map_stacks,
		.source = cfg->source ? source_from_name(cfg->source) : IOMAP_SOURCE_AUTO,
		.thorough = true,
	};
	int r;

	libbpf_set_print(NULL);
	r = collector_new(&opts, &run->collector, &run->err);
	if (!r)
		return 0;
	fprintf(stderr, "iomapctl: %s\n", run->err.text);
	return r == -ENOTSUP ? EXIT_KERNEL : EXIT_CANNOT;
}

static int watch(struct run *run)
{
	int r = collector_sample(run->collector, &run->before);

	if (r)
		r = set_error(&run->err, r, "cannot read the counters: %s", strerror(-r));
	if (!r)
		r = assert_run(&run->report, run->collector, &run->err);
	if (r)
		return ctl_fail(r, &run->err);
	r = collector_sample(run->collector, &run->report.model);
	if (!r)
		r = assert_judge(&run->report, &run->before);
	if (r)
		r = set_error(&run->err, r, "cannot read the counters: %s", strerror(-r));
	return r ? ctl_fail(r, &run->err) : 0;
}

/* Source lines are looked for when the command has ended. */
static int open_sources(const struct ctl_config *cfg, struct run *run)
{
	run->report.fallback_file = cfg->fallback_file;
	run->sources = (struct sources_options){
		.release = run->report.model.release,
		.debug_dir = cfg->debug_dir,
		.roots = cfg->roots.value,
		.nr_roots = cfg->roots.n,
	};
	if (!sources_new(&run->sources, &run->report.sources))
		return 0;
	return ctl_fail(-ENOMEM, &(struct errbuf){ "out of memory" });
}

/* If the report goes to a file, prints its last line here. */
static void tell(const struct run *run)
{
	if (!run->output.path)
		return;
	fputs("iomapctl: ", stderr);
	assert_put_verdict(stderr, &run->report);
	fputc('\n', stderr);
}

/*
 * Returns the exit status of the outcome, even if the report of a bad outcome could not be written.
 */
static int report(struct run *run)
{
	int status = assert_exit_status(&run->report), r = -ENOMEM;
	_cleanup_free_ char *text = NULL;
	size_t size = 0;
	FILE *f = open_memstream(&text, &size);

	if (f) {
		/* The last line of the command's output may have no newline. */
		if (!run->output.path && !formats[run->format].alone && !assert_output_at_line())
			fputc('\n', f);
		r = formats[run->format].write(&run->report, f);
		if (fclose(f))
			r = -ENOMEM;
	}
	tell(run);
	if (r)
		set_error(&run->err, r, "out of memory");
	else
		r = assert_output_write(&run->output, text, size, &run->err);
	if (r)
		r = ctl_fail(r, &run->err);
	return status ?: r;
}

int do_assert(void *config)
{
	const struct ctl_config *cfg = config;
	struct run run = { .output = { .fd = -1, .folder = -1 } };
	int r;

	r = take_options(cfg, &run);
	if (!r && cfg->suppress)
		r = read_suppressions(cfg->suppress, &run);
	if (!r && assert_output_open(&run.output, cfg->output, &run.err))
		r = ctl_fail(-EIO, &run.err);
	run.report.command_to_stderr = !run.output.path && formats[run.format].alone;
	if (!r)
		r = start_collector(cfg, &run);
	if (!r)
		r = watch(&run);
	if (!r)
		r = open_sources(cfg, &run);
	if (!r)
		r = report(&run);
	assert_output_close(&run.output);
	model_free(&run.before);
	assert_report_free(&run.report);
	collector_free(run.collector);
	return r;
}
