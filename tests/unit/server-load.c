// SPDX-License-Identifier: GPL-2.0-or-later
/*
 * Five hundred hostile clients and a well-behaved one: that one gets its answers in time, and the
 * memory of the server stays bounded. tests/bpf/load-clients.c does the same with the collector.
 */
#include "tests/lib/load.h"

#include <sys/resource.h>
#include <sys/socket.h>
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

enum {
	EQUAL = 400,
	ROUNDS = 5
};

/* The CPU time of the server for the same call of many clients at once. */
static uint64_t cost_of(struct fixture *f, const int *fd, const char *text)
{
	uint64_t best = UINT64_MAX, began, ns;
	static char some[1 << 20];

	for (int round = 0; round < ROUNDS; round++) {
		unsigned int samples = f->samples;

		for (int i = 0; i < EQUAL; i++)
			call(fd[i], text);
		began = worked_ns();
		pump(f);
		pump(f);
		ns = worked_ns() - began;
		/* All calls were in one batch. */
		assert_int_equal(f->samples, samples + 1);
		best = ns < best ? ns : best;
		for (int i = 0; i < EQUAL; i++) {
			ssize_t n = recv(fd[i], some, sizeof(some), 0);

			assert_true(n > 0);
			assert_int_equal(some[n - 1], 0);
		}
	}
	print_message("# %d times %s: %.1f ms\n", EQUAL, text, best / 1e6);
	return best;
}

/* Equal calls share a reply, with parameters and without. */
static void equal_calls(void **state)
{
	struct rlimit files = { 4096, 4096 };
	int fd[EQUAL];
	uint64_t plain, freed;
	struct fixture f;

	(void)state;
	setrlimit(RLIMIT_NOFILE, &files);
	set_up(&f, 200);
	for (int i = 0; i < EQUAL; i++)
		fd[i] = connect_client(&f);
	plain = cost_of(&f, fd, LIST);
	freed = cost_of(&f, fd, LIST_FREED);
	for (int i = 0; i < EQUAL; i++)
		close(fd[i]);
	tear_down(&f);
	/* A reply of its own for each client takes over thirty times as long. */
	assert_true(freed < 3 * plain);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(equal_calls),
		cmocka_unit_test(answers),
	};

	return cmocka_run_group_tests_name("unit/server-load", tests, NULL, NULL);
}
