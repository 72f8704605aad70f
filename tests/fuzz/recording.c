// SPDX-License-Identifier: GPL-2.0-or-later
/*
 * A recording of any bytes: as they are; with the sums of the heads made right, so that it is read
 * further; and as the lines of a block.
 */
#include "tests/lib/fuzz.h"

#include <string.h>
#include <zstd.h>

#include "cli/compare/compare.h"
#include "cli/recording/read.h"
#include "cli/recording/replay.h"
#include "cli/report/digest.h"

#define RECORDS_MAX 1000 /* to read from one input */

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

static void read_blocks(const char *path)
{
	struct errbuf err = {};
	struct recording *r;
	const char *lines;
	size_t n;

	if (recording_open(path, &r, &err)) {
		fuzz_check_text(err.text);
		return;
	}
	for (size_t i = 0; i < recording_blocks(r) && i < RECORDS_MAX; i++) {
		if (recording_read(r, i, &lines, &n, &err))
			fuzz_check_text(err.text);
		else
			CHECK(strlen(lines) == n);
	}
	if (recording_describe_losses(r, &err))
		fuzz_check_text(err.text);
	recording_close(r);
}

/* Makes the reports, and compares the recording with itself. */
static void report(struct replay *r)
{
	struct comparison c;
	struct errbuf err = {};
	struct digest d;
	char *text;
	size_t n;
	FILE *f;

	if (digest_read(r, &d, &err)) {
		fuzz_check_text(err.text);
		return;
	}
	f = open_memstream(&text, &n);
	CHECK(f && !digest_html(&d, f) && !digest_json(&d, f) && !digest_csv(&d, f));
	CHECK(!compare(&d.series, &d.series, &c));
	CHECK(!digest_diff_html(&d, &d, &c, NULL, 0, f));
	CHECK(!fclose(f));
	/* JSON has a blank at the begin of its lines, and the parts end in newlines. */
	for (char *save, *line = strtok_r(text, "\n", &save); line;
	     line = strtok_r(NULL, "\n", &save))
		fuzz_check_text(line);
	CHECK(!strstr(text, "<script"));
	free(text);
	comparison_free(&c);
	digest_free(&d);
}

static void replay(const char *path)
{
	static const char *const methods[] = { "Snapshot", "Status", "List", "Stats",
					       "Hist",	   "Ipi",    "None" };
	struct errbuf err = {};
	struct replay *r;
	json_t *v;
	uint64_t ns;
	int e = 1;

	if (replay_open(path, &r, &err)) {
		fuzz_check_text(err.text);
		return;
	}
	for (int i = 0; e > 0 && i < RECORDS_MAX; i++) {
		e = replay_next(r, &v, &err);
		if (e <= 0)
			break;
		CHECK(replay_type(v));
		if (replay_check(r, "Events", json_object_get(v, "reply"), &err))
			fuzz_check_text(err.text);
		json_decref(v);
	}
	for (size_t i = 0; i < ARRAY_SIZE(methods); i++) {
		if (!replay_call(r, i % 2 ? UINT64_MAX : replay_to_ns(r), methods[i], NULL, &v, &ns,
				 &err))
			json_decref(v);
		else
			fuzz_check_text(err.text);
	}
	report(r);
	replay_close(r);
}

static void read_file(const uint8_t *data, size_t size)
{
	struct fuzz_file f;

	fuzz_file_open(&f, data, size);
	read_blocks(f.path);
	replay(f.path);
	fuzz_file_close(&f);
}

/* A good block with these lines. */
static void read_lines(const uint8_t *data, size_t size)
{
	size_t bound = ZSTD_compressBound(size), n;
	struct recording_block b = {
		.records = 1, .content = (uint32_t)size, .from_ns = 1, .to_ns = 2000000000
	};
	uint8_t *file = malloc(RECORDING_FILE_HEAD + RECORDING_BLOCK_HEAD + bound);

	CHECK(file);
	n = ZSTD_compress(file + RECORDING_FILE_HEAD + RECORDING_BLOCK_HEAD, bound, data, size, 1);
	CHECK(!ZSTD_isError(n));
	b.packed = (uint32_t)n;
	recording_put_file_head(file);
	recording_put_block_head(file + RECORDING_FILE_HEAD, &b);
	read_file(file, RECORDING_FILE_HEAD + RECORDING_BLOCK_HEAD + n);
	free(file);
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	uint8_t *copy = malloc(size ?: 1);

	CHECK(copy);
	memcpy(copy, data, size);
	read_file(copy, size);
	mend(copy, size);
	read_file(copy, size);
	read_lines(data, size);
	free(copy);
	return 0;
}
