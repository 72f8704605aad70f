// SPDX-License-Identifier: GPL-2.0-or-later
/* iomapctl report: a page about a recording, or its figures for programs. */
#include <errno.h>
#include <string.h>

#include "cli/assert/report.h"
#include "cli/ctl/iomapctl.h"
#include "cli/json.h"
#include "cli/report/digest.h"
#include "daemon/base/utf8.h"

const char *const report_format_names[] = { "html", "json", "csv", NULL };

static int (*const formats[])(const struct digest *r, FILE *f) = { digest_html, digest_json,
								   digest_csv };

/* Writes the report in memory first: a part of it is never taken for the whole. */
static int write_report(const struct ctl_config *cfg, const struct digest *report,
			struct assert_output *output, struct errbuf *err)
{
	const char *format = cfg->format ?: cfg->json ? "json" : "html";
	_cleanup_free_ char *text = NULL;
	size_t size = 0, i = 0;
	FILE *f = open_memstream(&text, &size);
	int r = -ENOMEM;

	while (strcmp(report_format_names[i], format))
		i++;
	if (f) {
		r = formats[i](report, f);
		if (fclose(f))
			r = -ENOMEM;
	}
	return r ? set_error(err, r, "out of memory")
		 : assert_output_write(output, text, size, err);
}

static int make_report(const struct ctl_config *cfg, struct replay *replay,
		       struct assert_output *output, struct errbuf *err)
{
	struct sources_options opts = { .debug_dir = cfg->debug_dir,
					.roots = cfg->roots.value,
					.nr_roots = cfg->roots.n };
	struct digest report = {};
	int r = digest_read(replay, &report, err);

	opts.release = rec_text(json_object_get(replay_start(replay), "kernel"), "release", "");
	if (!r && sources_new(&opts, &report.sources))
		r = set_error(err, -ENOMEM, "out of memory");
	if (!r)
		r = write_report(cfg, &report, output, err);
	sources_free(report.sources);
	digest_free(&report);
	return r;
}

int do_report(void *config)
{
	const struct ctl_config *cfg = config;
	struct assert_output output = { .fd = -1, .folder = -1 };
	struct replay *replay = NULL;
	struct errbuf err = {};
	int r;

	if (!cfg->words || cfg->words[1]) {
		fputs("iomapctl: report takes one recording: see 'iomapctl report --help'\n",
		      stderr);
		return EXIT_USAGE;
	}
	if (cfg->json && cfg->format && strcmp(cfg->format, "json")) {
		fprintf(stderr, "iomapctl: --json does not go with --format %s\n", cfg->format);
		return EXIT_USAGE;
	}
	r = replay_open(cfg->words[0], &replay, &err);
	if (!r)
		r = assert_output_open(&output, cfg->output, &err);
	if (!r)
		r = make_report(cfg, replay, &output, &err);
	if (!r)
		ctl_print_losses(replay);
	assert_output_close(&output);
	replay_close(replay);
	return r ? ctl_fail(r, &err) : EXIT_GOOD;
}
