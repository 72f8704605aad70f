// SPDX-License-Identifier: GPL-2.0-or-later
/* The list of mappings in debugfs. */
#include "tests/lib/fuzz.h"

#include <string.h>

#include "bpf/iomap.h"
#include "daemon/collector/listed.h"

static int on_mapping(void *ctx, const struct listed *l)
{
	size_t *n = ctx;

	CHECK(l->backend >= 0 && l->backend < IOMAP_BACKEND_MAX);
	CHECK(strlen(l->owner) < sizeof(l->owner) && strlen(l->module) < sizeof(l->module));
	CHECK(!strchr(l->owner, '\n') && !strchr(l->module, '\n'));
	CHECK(*l->owner || !*l->module);
	++*n;
	return 1;
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	struct fuzz_file f;
	size_t n = 0;
	int r;

	fuzz_file_open(&f, data, size);
	r = listed_each(f.path, on_mapping, &n);
	CHECK(r == !!n);
	fuzz_file_close(&f);
	return 0;
}
