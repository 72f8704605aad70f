// SPDX-License-Identifier: GPL-2.0-or-later
/* The file of suppressions of iomapctl assert, and its patterns. */
#include "tests/lib/fuzz.h"

#include <string.h>
#include <unistd.h>

#include "cli/assert/report.h"

static const struct model_violation violation = {
	.rule = IOMAP_MAY_SLEEP_IN_ATOMIC,
	.caller = "do_map+0x12",
	.module = "driver",
	.offender = "mutex_lock+0x1",
	.stack = { "mutex_lock+0x1", "load_firmware.isra.0+0x69 [driver]", "0x1" },
	.nr_stack = 3,
};

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	struct suppressions s = {};
	struct errbuf e = {};
	struct fuzz_file f;
	FILE *stream;
	int err;

	fuzz_file_open(&f, data, size);
	stream = fopen(f.path, "re");
	CHECK(stream);
	err = suppressions_read(stream, "file", &s, &e);
	fclose(stream);
	fuzz_file_close(&f);
	if (err) {
		/* The error names file and line, and there is nothing to free. */
		CHECK(!strncmp(e.text, "file:", 5));
		CHECK(!s.nr && !s.entries);
	}
	fuzz_check_text(e.text);
	for (size_t i = 0; i < s.nr; i++) {
		CHECK(*s.entries[i].symbol && *s.entries[i].reason);
		CHECK(s.entries[i].rule < IOMAP_RULE_MAX);
	}
	if (suppressions_match(&s, &violation))
		CHECK(s.nr);
	suppressions_free(&s);
	return 0;
}
