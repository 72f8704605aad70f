// SPDX-License-Identifier: GPL-2.0-or-later
/* Prints the report of a fake run, for programs that read such reports. */
#include <string.h>

#include "tests/lib/assert-fixture.h"

static const struct {
	const char *name;
	int (*write)(const struct assert_report *r, FILE *f);
} formats[] = {
	{ "text", assert_text },   { "tap", assert_tap },	{ "junit", assert_junit },
	{ "sarif", assert_sarif }, { "github", assert_github }, { "json", assert_json },
};

int main(int argc, char **argv)
{
	struct assert_report r;

	if (argc == 1) {
		for (const char *const *name = fixture_names; *name; name++)
			puts(*name);
		return 0;
	}
	for (size_t i = 0; i < ARRAY_SIZE(formats) && argc == 3; i++) {
		if (strcmp(formats[i].name, argv[2]) || !fixture_report(argv[1], &r))
			continue;
		if (formats[i].write == assert_sarif)
			r.fallback_file = "driver.c";
		if (formats[i].write(&r, stdout) || fflush(stdout))
			return 1;
		assert_report_free(&r);
		return 0;
	}
	fputs("Usage: fake-report [RUN FORMAT]\nWithout arguments it lists the runs.\n", stderr);
	return 2;
}
