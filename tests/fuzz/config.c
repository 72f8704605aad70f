// SPDX-License-Identifier: GPL-2.0-or-later
/* The configuration file of iomapd. */
#include "tests/lib/fuzz.h"

#include <string.h>

#include "daemon/options.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	struct options o = {};
	struct errbuf e = {};
	struct fuzz_file f;
	int err;

	fuzz_file_open(&f, data, size);
	err = config_read(f.path, false, &o, &e);
	/* An error names the file. */
	CHECK(!err || !strncmp(e.text, f.path, strlen(f.path)));
	fuzz_check_text(e.text);
	options_free(&o);
	fuzz_file_close(&f);
	return 0;
}
