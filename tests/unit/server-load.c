// SPDX-License-Identifier: GPL-2.0-or-later
/*
 * Five hundred hostile clients and a well-behaved one: that one gets its answers in time, and the
 * memory of the server stays bounded. tests/bpf/load-clients.c does the same with the collector.
 */
#include "tests/lib/load.h"

#include <time.h>

/* The duration of a sampling on a machine with two CPUs. */
#define SAMPLE_NS 1300000

static uint64_t worked_ns(void)
{
	struct timespec ts;

	clock_gettime(CLOCK_THREAD_CPUTIME_ID, &ts);
	return ts.tv_sec * 1000000000ULL + ts.tv_nsec;
}

/* Takes as long as the collector for a sampling. */
static int slow_sample(void *ctx, struct model *m)
{
	uint64_t end = worked_ns() + SAMPLE_NS;

	(void)ctx;
	m->version = "0.1";
	while (worked_ns() < end)
		;
	return 0;
}

static void answers(void **state)
{
	const struct service_source source = { .sample = slow_sample };
	static struct load c;

	(void)state;
	load_begin(&c, &source);
	load_ask(&c);
	load_expect(&c, "made-up figures");
	load_end(&c);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(answers),
	};

	return cmocka_run_group_tests_name("unit/server-load", tests, NULL, NULL);
}
