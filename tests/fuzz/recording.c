// SPDX-License-Identifier: GPL-2.0-or-later
/* A recording of any bytes. The sum of a block's head is made right, so that it is read further. */
#include "tests/lib/fuzz.h"

#include <string.h>

#include "cli/recording/read.h"

/* The sums hide the code behind them from the fuzzer: mend those of the heads. */
static void mend(uint8_t *data, size_t size)
{
	uint8_t *at = data, *end = data + size;
	struct recording_block b;

	while ((at = (uint8_t *)recording_find_block_head(at, (size_t)(end - at))) &&
	       end - at >= RECORDING_BLOCK_HEAD) {
		memcpy(&b.number, at + 8, 4);
		memcpy(&b.records, at + 12, 4);
		memcpy(&b.packed, at + 16, 4);
		memcpy(&b.content, at + 20, 4);
		memcpy(&b.from_ns, at + 24, 8);
		memcpy(&b.to_ns, at + 32, 8);
		recording_put_block_head(at, &b);
		at += RECORDING_BLOCK_HEAD;
	}
}

static void read_all(struct recording *r)
{
	struct errbuf err = {};
	const char *lines;
	size_t n;

	for (size_t i = 0; i < recording_blocks(r) && i < 1000; i++) {
		if (recording_read(r, i, &lines, &n, &err))
			fuzz_check_text(err.text);
		else
			CHECK(strlen(lines) == n);
	}
	if (recording_describe_losses(r, &err))
		fuzz_check_text(err.text);
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	uint8_t *copy = malloc(size ?: 1);
	struct errbuf err = {};
	struct recording *r;
	struct fuzz_file f;

	CHECK(copy);
	for (int i = 0; i < 2; i++) {
		memcpy(copy, data, size);
		if (i)
			mend(copy, size);
		fuzz_file_open(&f, copy, size);
		if (recording_open(f.path, &r, &err)) {
			fuzz_check_text(err.text);
		} else {
			read_all(r);
			recording_close(r);
		}
		fuzz_file_close(&f);
	}
	free(copy);
	return 0;
}
