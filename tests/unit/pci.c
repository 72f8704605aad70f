// SPDX-License-Identifier: GPL-2.0-or-later
#include "tests/lib/test.h"

#include <ftw.h>
#include <sys/stat.h>

#include "daemon/collector/pci.h"

static char dir[] = "/tmp/iomap-pci-XXXXXX";

static void put(const char *device, const char *text)
{
	char path[256];
	FILE *f;

	snprintf(path, sizeof(path), "%s/%s", dir, device);
	mkdir(path, 0755);
	if (!text)
		return;
	snprintf(path, sizeof(path), "%s/%s/resource", dir, device);
	f = fopen(path, "w");
	assert_non_null(f);
	fputs(text, f);
	fclose(f);
}

static int make(void **state)
{
	(void)state;
	if (!mkdtemp(dir))
		return -1;
	/* A bridge: its windows, which are not BARs, contain the BARs behind it. */
	put("0000:00:01.0", "0x0000000000000000 0x0000000000000000 0x0000000000000000\n"
			    "0x0000000000000000 0x0000000000000000 0x0000000000000000\n"
			    "0x0000000000000000 0x0000000000000000 0x0000000000000000\n"
			    "0x0000000000000000 0x0000000000000000 0x0000000000000000\n"
			    "0x0000000000000000 0x0000000000000000 0x0000000000000000\n"
			    "0x0000000000000000 0x0000000000000000 0x0000000000000000\n"
			    "0x0000000000000000 0x0000000000000000 0x0000000000000000\n"
			    "0x0000000000001000 0x0000000000001fff 0x0000000000000101\n"
			    "0x00000000f0000000 0x00000000ffffffff 0x0000000000000200\n");
	put("0000:00:02.0", "0x00000000f4000000 0x00000000f7ffffff 0x0000000000040208\n"
			    "0x00000000f8000000 0x00000000fbffffff 0x0000000000040200\n"
			    "0x00000000febd4000 0x00000000febd5fff 0x0000000000040200\n"
			    "0x000000000000c060 0x000000000000c07f 0x0000000000040101\n"
			    "0x0000000000000000 0x0000000000000000 0x0000000000000000\n"
			    "0x0000000000000000 0x0000000000000000 0x0000000000000000\n"
			    "0x00000000febc0000 0x00000000febcffff 0x0000000000046200\n");
	put("0000:3b:00.1", "0x0000000000000000 0x0000000000000000 0x0000000000000000\n"
			    "0x0000000000000000 0x0000000000000000 0x0000000000000000\n"
			    "0x0000380000000000 0x00003800ffffffff 0x000000000014220c\n");
	put("0000:04:00.0", NULL);
	put("0000:05:00.0", "nonsense\n\nmore\n");
	return 0;
}

static int remove_one(const char *path, const struct stat *st, int type, struct FTW *ftw)
{
	(void)st;
	(void)type;
	(void)ftw;
	return remove(path);
}

static int remove_all(void **state)
{
	(void)state;
	return nftw(dir, remove_one, 8, FTW_DEPTH | FTW_PHYS);
}

static void expect(uint64_t addr, const char *device, int bar)
{
	struct pci_bar got = { "untouched", 42 };
	int err = pci_find(dir, addr, &got);

	if (device) {
		assert_int_equal(err, 0);
		assert_string_equal(got.device, device);
		assert_int_equal(got.bar, bar);
	} else {
		assert_int_equal(err, -ENOENT);
		assert_string_equal(got.device, "untouched");
		assert_int_equal(got.bar, 42);
	}
}

static void finds_the_bar(void **state)
{
	(void)state;
	expect(0xf4000000, "0000:00:02.0", 0);
	expect(0xf7ffffff, "0000:00:02.0", 0);
	expect(0xf8001000, "0000:00:02.0", 1);
	expect(0xfebd4000, "0000:00:02.0", 2);
	expect(0xfebc0000, "0000:00:02.0", 6);
	expect(0x380000100000, "0000:3b:00.1", 2);
}

static void finds_none(void **state)
{
	(void)state;
	expect(0xf3ffffff, NULL, 0);
	expect(0xfc000000, NULL, 0); /* in the bridge's window only */
	expect(0xc060, NULL, 0);     /* ports are not memory */
	expect(0, NULL, 0);	     /* an unused BAR */
}

static void no_pci_at_all(void **state)
{
	struct pci_bar got;

	(void)state;
	assert_int_equal(pci_find("/nonexistent/devices", 0x1000, &got), -ENOENT);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(finds_the_bar),
		cmocka_unit_test(finds_none),
		cmocka_unit_test(no_pci_at_all),
	};

	return cmocka_run_group_tests_name("unit/pci", tests, make, remove_all);
}
