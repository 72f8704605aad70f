// SPDX-License-Identifier: GPL-2.0-or-later
/* The kernel's counts of probes: only those of one process are taken. */
#include "tests/lib/test.h"

#include "daemon/base/util.h"
#include "daemon/collector/probe-events.h"

static void parse(const char *text, struct probe_counts *counts, size_t n)
{
	char *copy = strdup(text);

	assert_non_null(copy);
	memset(counts, 0, n * sizeof(*counts));
	probe_events_parse(copy, 12, counts, n);
	free(copy);
}

static void own_probes(void **state)
{
	struct probe_counts c[3];

	(void)state;
	parse("  iomap_12_0                                  5               1\n"
	      "  iomap_12_2                     18446744073709551615            0\n"
	      "  iomap_13_1                                  7               7\n"
	      "  p_do_exit_0                                 8               8\n",
	      c, ARRAY_SIZE(c));
	assert_int_equal(c[0].hits, 5);
	assert_int_equal(c[0].missed, 1);
	assert_int_equal(c[1].hits, 0);
	assert_int_equal(c[2].hits, UINT64_MAX);
}

/* Anybody with the right to trace may name a probe as ours are named. */
static void other_text(void **state)
{
	static const char *const texts[] = {
		"",
		"\n\n",
		"iomap_12_3 1 1\n", /* there is no such probe */
		"iomap_12_4294967295 1 1",
		"iomap_12_4294967296 1\n",
		"iomap_12_99999999999999999999 1 1\n",
		"iomap_12_1x 1 1\n",
		"iomap_12_ 1 1\n",
		"iomap_-12_1 1 1\n",
		"iomap_12_1 1\n",
		"iomap_12_1 x y\n",
		"iomap_12_1",
		"iomap_120000000000000000000000000000000000000000000000000000000000000000000_1 1 1",
	};
	struct probe_counts c[2];

	(void)state;
	for (size_t i = 0; i < ARRAY_SIZE(texts); i++) {
		parse(texts[i], c, ARRAY_SIZE(c));
		if (c[1].hits || c[1].missed)
			fail_msg("\"%s\" was taken", texts[i]);
	}
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(own_probes),
		cmocka_unit_test(other_text),
	};

	return cmocka_run_group_tests_name("unit/probe-events", tests, NULL, NULL);
}
