// SPDX-License-Identifier: GPL-2.0-or-later
/*
 * /proc/kallsyms, and names as the kernel prints them. The file is read in blocks of 64 KiB: the
 * same lines across the end of a block give the same names.
 */
#include "tests/lib/fuzz.h"

#include <string.h>

#include "daemon/base/util.h"
#include "daemon/collector/symbols.h"

#define BLOCK (64 * 1024)

static const uint64_t addrs[] = { 0xffffffff81000010, 0xffffffffc0400010, 0, UINT64_MAX };
static const char *const names[] = { "do_exit", "start", "" };

#define ADDRS ARRAY_SIZE(addrs)
#define NAMES ARRAY_SIZE(names)

struct found {
	int check;
	char *name[ADDRS];
	char *module[ADDRS];
	struct function function[NAMES];
	uint64_t data[NAMES];
};

static void look(const struct fuzz_file *f, struct found *ret)
{
	struct symbols *s = symbols_new(f->path);

	CHECK(s);
	ret->check = symbols_check(s);
	CHECK(!symbols_resolve(s, addrs, ADDRS));
	CHECK(!symbols_find(s, names, NAMES, ret->function));
	CHECK(!symbols_find_data(s, names, NAMES, ret->data));
	for (size_t i = 0; i < ADDRS; i++) {
		const struct symbol *sym = symbols_get(s, addrs[i]);

		CHECK(sym && *sym->name);
		ret->name[i] = strdup(sym->name);
		ret->module[i] = strdup(sym->module ?: "");
	}
	symbols_free(s);
}

static void drop(struct found *f)
{
	for (size_t i = 0; i < ADDRS; i++) {
		free(f->name[i]);
		free(f->module[i]);
	}
}

static void expect_same(const struct found *a, const struct found *b)
{
	CHECK(a->check == b->check);
	for (size_t i = 0; i < ADDRS; i++) {
		CHECK(!strcmp(a->name[i], b->name[i]));
		CHECK(!strcmp(a->module[i], b->module[i]));
	}
	for (size_t i = 0; i < NAMES; i++) {
		CHECK(a->function[i].start == b->function[i].start);
		CHECK(a->function[i].end == b->function[i].end);
		CHECK(a->function[i].copies == b->function[i].copies);
	}
	CHECK(!memcmp(a->data, b->data, sizeof(a->data)));
}

/* The first line as the text of a name. */
static void learn(const char *text)
{
	struct symbols *s = symbols_new("/dev/null");
	int r;

	CHECK(s);
	r = symbols_learn(s, addrs[0], text);
	CHECK(r == 0 || r == 1);
	CHECK(symbols_get(s, addrs[0]));
	symbols_free(s);
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	struct found plain = {}, across = {};
	size_t before = BLOCK - size / 2;
	char *text = fuzz_string(data, size), *padded;
	struct fuzz_file f;

	if (size >= BLOCK)
		goto out;
	text[strcspn(text, "\n")] = '\0';
	learn(text);
	fuzz_file_open(&f, data, size);
	look(&f, &plain);
	fuzz_file_close(&f);
	padded = malloc(BLOCK + size);
	CHECK(padded);
	/* Lines that hold no symbol */
	memset(padded, 'x', before);
	for (size_t i = 1; i < before; i += 1000)
		padded[before - i] = '\n';
	memcpy(padded + before, data, size);
	fuzz_file_open(&f, padded, before + size);
	look(&f, &across);
	fuzz_file_close(&f);
	expect_same(&plain, &across);
	free(padded);
	drop(&plain);
	drop(&across);
out:
	free(text);
	return 0;
}
