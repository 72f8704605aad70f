// SPDX-License-Identifier: GPL-2.0-or-later
/* Deferred flushes: their cost is charged to the maps that deferred them, not to the flusher. */
#include "tests/bpf/ipi-fixture.h"

#include <string.h>

/* The cost of a purge is shared by queued ranges. Ranges that were not purged yet are pending. */
static void purges_are_shared(void **state)
{
	const struct model_ipi *m;
	uint64_t stolen;
	struct bench b;

	(void)state;
	ipi_open(&b);
	for (int i = 0; i < 3; i++)
		ipi_map(&b, 1 + i / 2, PAGE(i), IOMAP_SLEEPABLE, SITE + i / 2 * 16);
	for (int i = 0; i < 3; i++)
		ipi_unmap_queues(&b, PAGE(i));
	for (int i = 0; i < 5; i++)
		ipi_range(&b);
	m = ipi_sample(&b);
	assert_int_equal(m->queued, 8);
	assert_int_equal(m->own_queued, 3);
	assert_int_equal(m->own_pending, 3);
	assert_int_equal(m->deferred[IOMAP_IOREMAP].ipis, 0);

	ipi_purge(&b, 8);
	m = ipi_sample(&b);
	stolen = m->class[IOMAP_IPI_PURGE].stolen_ns;
	assert_int_equal(m->class[IOMAP_IPI_PURGE].ipis, 1);
	assert_int_equal(m->class[IOMAP_IPI_PURGE].broadcasts, 1);
	assert_true(stolen >= 1000000);
	assert_int_equal(m->own_pending, 0);
	assert_int_equal(m->deferred[IOMAP_IOREMAP].ipis, SHARE(3, 8));
	assert_int_equal(ipi_get(&b, SITE, 1)->deferred.ipis, SHARE(2, 8));
	assert_int_equal(ipi_get(&b, SITE, 1)->deferred.broadcasts, SHARE(2, 8));
	assert_int_equal(ipi_get(&b, SITE, 1)->deferred.stolen_ns, stolen * 2 / 8);
	assert_int_equal(ipi_get(&b, SITE + 16, 2)->deferred.ipis, SHARE(1, 8));
	assert_int_equal(m->other.ipis, SHARE(5, 8));
	assert_int_equal(m->purging.purges, 1);
	assert_int_equal(m->purging.ranges, 8);

	/* The next purge is charged separately: both of its ranges are of one call site. */
	for (int i = 0; i < 2; i++) {
		ipi_map(&b, 2, PAGE(i), IOMAP_SLEEPABLE, SITE + 16);
		ipi_unmap_queues(&b, PAGE(i));
	}
	m = ipi_sample(&b);
	assert_int_equal(m->own_pending, 2);
	ipi_purge(&b, 2);
	/* Queueing again settles the older epoch of the call site: the sums stay the same. */
	ipi_map(&b, 2, PAGE(1), IOMAP_SLEEPABLE, SITE + 16);
	ipi_unmap_queues(&b, PAGE(1));
	m = ipi_sample(&b);
	assert_int_equal(ipi_get(&b, SITE + 16, 2)->deferred.ipis, SHARE(1, 8) + SHARE(1, 1));
	assert_int_equal(ipi_get(&b, SITE, 1)->deferred.ipis, SHARE(2, 8));
	assert_int_equal(m->own_pending, 1);
	assert_int_equal(m->own_queued, 6);
	bench_close(&b);
}

/* A map that runs a purge is charged its share only. */
static void a_purge_in_an_op_is_shared(void **state)
{
	const struct model_ipi *m;
	struct bench b;

	(void)state;
	ipi_open(&b);
	ipi_map(&b, 1, PAGE(0), IOMAP_SLEEPABLE, SITE);
	ipi_unmap_queues(&b, PAGE(0));
	for (int i = 0; i < 3; i++)
		ipi_range(&b);
	ipi_map_start(&b, 2, IOMAP_SLEEPABLE);
	ipi_purge(&b, 4);
	ipi_send_cpu(&b, 1, CALLBACK);
	ev_map(&b, 2, PAGE(1), IOMAP_SLEEPABLE, IOMAP_IOREMAP, SITE + 16);
	m = ipi_sample(&b);
	assert_int_equal(ipi_get(&b, SITE, 1)->deferred.ipis, SHARE(1, 4));
	assert_int_equal(ipi_get(&b, SITE + 16, 2)->deferred.ipis, 0);
	assert_int_equal(ipi_get(&b, SITE + 16, 2)->direct.ipis, 1);
	assert_int_equal(m->class[IOMAP_IPI_PURGE].ipis, 1);
	bench_close(&b);
}

static void do_send(void *arg)
{
	on_cpu(0);
	ipi_send_cpu(arg, 1, CALLBACK);
}

/* Ranges that are queued during a purge wait for the next one. Sends of other tasks are theirs. */
static void queued_during_a_purge(void **state)
{
	struct worker *w = worker_start();
	const struct model_ipi *m;
	struct bench b;

	(void)state;
	ipi_open(&b);
	ipi_map(&b, 1, PAGE(0), IOMAP_SLEEPABLE, SITE);
	ipi_map(&b, 1, PAGE(1), IOMAP_SLEEPABLE, SITE);
	ipi_unmap_queues(&b, PAGE(0));
	ipi_simple(&b, "iomap_ipi_purge");
	ipi_unmap_queues(&b, PAGE(1));
	worker_run(w, do_send, &b);
	ipi_broadcast(&b);
	m = ipi_sample(&b);
	/* Neither purge has ended. */
	assert_int_equal(m->own_pending, 2);
	ipi_purged(&b, 1);
	m = ipi_sample(&b);
	assert_int_equal(m->own_pending, 1);
	assert_int_equal(m->class[IOMAP_IPI_PURGE].ipis, 1);
	assert_int_equal(m->class[IOMAP_IPI_OTHER].ipis, 1);
	assert_int_equal(ipi_get(&b, SITE, 1)->deferred.ipis, SHARE(1, 1));
	worker_stop(w);
	bench_close(&b);
}

/* A purge whose begin was not seen is not charged, but counted as unseen. */
static void unseen_purge(void **state)
{
	const struct model_ipi *m;
	struct bench b;

	(void)state;
	ipi_open(&b);
	ipi_map(&b, 1, PAGE(0), IOMAP_SLEEPABLE, SITE);
	ipi_unmap_queues(&b, PAGE(0));
	ipi_broadcast(&b);
	ipi_purged(&b, 1);
	/* A purge without ranges divides by zero if the program is wrong. */
	ipi_purge(&b, 0);
	m = ipi_sample(&b);
	assert_int_equal(m->purging.unseen, 1);
	assert_int_equal(m->own_pending, 0);
	assert_int_equal(m->deferred[IOMAP_IOREMAP].ipis, 0);
	assert_int_equal(m->other.ipis, SHARE(2, 1));
	bench_close(&b);
}

/* A share that is not settled before the record of its purge is overwritten has expired. */
static void overwritten_purges(void **state)
{
	const struct model_ipi *m;
	struct bench b;

	(void)state;
	ipi_open(&b);
	ipi_map(&b, 1, PAGE(0), IOMAP_SLEEPABLE, SITE);
	ipi_unmap_queues(&b, PAGE(0));
	for (int i = 0; i < IOMAP_PURGES; i++) {
		ipi_simple(&b, "iomap_ipi_purge");
		ipi_send_cpu(&b, 1, CALLBACK);
		ipi_purged(&b, 2);
	}
	m = ipi_sample(&b);
	assert_int_equal(m->deferred[IOMAP_IOREMAP].ipis, SHARE(1, 2));
	assert_int_equal(m->own_expired, 0);
	ipi_simple(&b, "iomap_ipi_purge");
	ipi_purged(&b, 2);
	m = ipi_sample(&b);
	assert_int_equal(m->deferred[IOMAP_IOREMAP].ipis, 0);
	assert_int_equal(m->own_expired, 1);
	bench_close(&b);
}

/* Flushes of the ioremap backend's reserve are shared by the pages that each call site unmapped. */
static void reserve_is_shared(void **state)
{
	const struct model_ipi *m;
	struct bench b;

	(void)state;
	ipi_open(&b);
	for (int i = 0; i < 4; i++) {
		ipi_map(&b, 1 + i / 3, PAGE(i), IOMAP_ATOMIC, SITE + i / 3 * 16);
		ev_unmap(&b, PAGE(i), IOMAP_ATOMIC);
		ipi_unmap_done(&b, PAGE(i), IOMAP_ATOMIC);
	}
	m = ipi_sample(&b);
	assert_int_equal(m->slots, 4);
	assert_int_equal(m->pending_slots, 4);
	/* A map finds the reserve empty and flushes it. */
	ipi_map_start(&b, 2, IOMAP_LOCAL);
	ipi_simple(&b, "iomap_ipi_reserve");
	ipi_broadcast(&b);
	ipi_simple(&b, "iomap_ipi_reserve_done");
	ev_map(&b, 2, PAGE(8), IOMAP_LOCAL, IOMAP_IOREMAP, SITE + 32);
	ipi_send_cpu(&b, 1, CALLBACK);
	m = ipi_sample(&b);
	assert_int_equal(m->pending_slots, 0);
	assert_int_equal(m->class[IOMAP_IPI_RESERVE].ipis, 1);
	assert_int_equal(m->class[IOMAP_IPI_OTHER].ipis, 1);
	assert_int_equal(ipi_get(&b, SITE, 1)->deferred.ipis, SHARE(3, 4));
	assert_int_equal(ipi_get(&b, SITE + 16, 2)->deferred.ipis, SHARE(1, 4));
	assert_int_equal(m->deferred[IOMAP_IOREMAP].ipis, SHARE(1, 1));
	/* A flush with nothing to do. */
	ipi_simple(&b, "iomap_ipi_reserve");
	ipi_simple(&b, "iomap_ipi_reserve_done");
	ipi_send_cpu(&b, 1, CALLBACK);
	m = ipi_sample(&b);
	assert_int_equal(m->class[IOMAP_IPI_RESERVE].ipis, 1);
	ev_unmap(&b, PAGE(8), IOMAP_LOCAL);
	m = ipi_sample(&b);
	assert_int_equal(m->pending_slots, 1);
	bench_close(&b);
}

/* The shares of a purge add up to its cost but for rounding, and never to more. */
static void shares_add_up(void **state)
{
	struct iomap_ipi_purge p = { .count = {
					     .broadcasts = 1, .ipis = 7, .wait_ns = 123456789 } };

	(void)state;
	for (uint32_t ranges = 1; ranges < 40000; ranges += 1 + ranges / 7) {
		struct iomap_ipi_count sum = {};

		p.part = 0xffffffffU / ranges + 1ULL;
		for (uint32_t i = 0; i < ranges; i++)
			iomap_ipi_share(&sum, &p, 1);
		assert_true(sum.ipis <= 7 * IOMAP_SHARE_ONE);
		assert_true(sum.ipis + ranges >= 7 * IOMAP_SHARE_ONE);
		memset(&sum, 0, sizeof(sum));
		iomap_ipi_share(&sum, &p, ranges);
		assert_int_equal(sum.ipis, 7 * IOMAP_SHARE_ONE);
		assert_int_equal(sum.wait_ns, 123456789);
	}
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(purges_are_shared),
		cmocka_unit_test(a_purge_in_an_op_is_shared),
		cmocka_unit_test(queued_during_a_purge),
		cmocka_unit_test(unseen_purge),
		cmocka_unit_test(overwritten_purges),
		cmocka_unit_test(reserve_is_shared),
		cmocka_unit_test(shares_add_up),
	};

	return cmocka_run_group_tests_name("bpf/ipi-deferred", tests, NULL, NULL);
}
