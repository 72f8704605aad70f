// SPDX-License-Identifier: GPL-2.0-or-later
/* Many tasks on all CPUs: no event is lost or counted for another task, at any time. */
#include "tests/bpf/harness.h"

#include <bpf/bpf.h>
#include <pthread.h>
#include <sched.h>
#include <stdatomic.h>

enum {
	THREADS = 6,
	ROUNDS = 20000
};

struct load {
	struct bench *b;
	int cpu; /* -1: wherever it runs */
	uint32_t id;
	uint64_t vaddr;
	uint32_t kind;
	atomic_int *running;
};

/*
 * Real-time tasks switch only where they yield, so none is preempted while a program runs for it.
 * The kernel's own events run with interrupts off.
 */
static void be_real_time(void)
{
	const struct sched_param param = { .sched_priority = 1 };

	assert_int_equal(sched_setscheduler(0, SCHED_FIFO, &param), 0);
}

static void *work(void *arg)
{
	struct load *l = arg;

	be_real_time();
	if (l->cpu >= 0)
		on_cpu(l->cpu);
	for (int i = 0; i < ROUNDS; i++) {
		if (i % 16 == 0)
			sched_yield();
		ev_map(l->b, l->id, l->vaddr, l->kind, IOMAP_LINEAR, SITE + l->id);
		if (i % 16 == 8)
			sched_yield();
		ev_unmap(l->b, l->vaddr, l->kind);
	}
	atomic_fetch_sub(l->running, 1);
	return NULL;
}

/* Runs the loads in parallel. sampling: samples meanwhile. */
static void run(struct load *loads, struct bench *b, bool sampling)
{
	pthread_t thread[THREADS];
	atomic_int running = THREADS;
	unsigned int samples = 0;

	for (int i = 0; i < THREADS; i++) {
		loads[i].b = b;
		loads[i].running = &running;
		assert_int_equal(pthread_create(&thread[i], NULL, work, &loads[i]), 0);
	}
	be_real_time();
	while (sampling && atomic_load(&running)) {
		sched_yield();
		model_reset(&b->m);
		assert_int_equal(collector_sample(b->collector, &b->m), 0);
		assert_int_equal(b->m.seen, b->m.counted + total_lost(b));
		samples++;
	}
	for (int i = 0; i < THREADS; i++)
		pthread_join(thread[i], NULL);
	if (sampling)
		printf("# %u samples under load\n", samples);
	assert_true(!sampling || samples > 3);
}

static void one_address_many_tasks(void **state)
{
	struct load loads[THREADS] = {};
	struct bench b;

	(void)state;
	bench_open(&b, NULL);
	ev_create(&b, 1, 0x1000, 0x100000, IOMAP_LINEAR, SITE);
	for (int i = 0; i < THREADS; i++)
		loads[i] = (struct load){
			.cpu = -1, .id = 1, .vaddr = 0xc0000000, .kind = IOMAP_SLEEPABLE
		};
	run(loads, &b, false);
	bench_sample(&b);
	assert_int_equal(get_mapping(&b, 1)->kind[IOMAP_SLEEPABLE].maps, THREADS * ROUNDS);
	assert_int_equal(get_mapping(&b, 1)->kind[IOMAP_SLEEPABLE].unmaps, THREADS * ROUNDS);
	assert_int_equal(b.m.unmatched_unmaps, 0);
	assert_int_equal(total_lost(&b), 0);
	assert_int_equal(live_entries(&b), 0);
	bench_close(&b);
}

/*
 * Each task has its own mapping, so an unmap that ends the map of another task shows. The programs
 * see the real switches of this kernel: the tasks move between CPUs, and so do their local maps.
 */
static void each_unmap_takes_its_own(void **state)
{
	static const uint32_t kinds[] = { IOMAP_SLEEPABLE, IOMAP_LOCAL };
	struct load loads[THREADS] = {};
	struct bench b;
	int link;

	(void)state;
	bench_open(&b, NULL);
	link = bpf_raw_tracepoint_open("sched_switch", b.switch_fd);
	assert_true(link >= 0);
	for (int i = 0; i < THREADS; i++) {
		ev_create(&b, i + 1, 0x1000, 0x100000, IOMAP_LINEAR, SITE);
		loads[i] = (struct load){
			.cpu = -1, .id = i + 1, .vaddr = 0xc0000000, .kind = kinds[i % 2]
		};
	}
	/* Name the call sites now, as this reads a large file. */
	for (int i = 0; i < THREADS; i++)
		ev_map_failed(&b, i + 1, 0, kinds[i % 2], IOMAP_LINEAR, SITE + i + 1);
	bench_sample(&b);
	run(loads, &b, true);
	bench_sample(&b);
	for (int i = 0; i < THREADS; i++) {
		const struct model_count *c = &get_mapping(&b, i + 1)->kind[kinds[i % 2]];

		assert_int_equal(c->maps, ROUNDS);
		assert_int_equal(c->unmaps, ROUNDS);
		assert_int_equal(get_caller(&b, SITE + i + 1, i + 1, kinds[i % 2])->maps, ROUNDS);
	}
	assert_int_equal(total_violations(&b), 0);
	close(link);
	assert_int_equal(b.m.unmatched_unmaps, 0);
	assert_int_equal(total_lost(&b), 0);
	bench_close(&b);
}

enum {
	HELD = 32,
	TAKERS = 2,
	TURNS = 2000
};

struct race {
	struct bench *b;
	atomic_int turn;  /* that the takers may begin */
	atomic_int ready; /* turns that takers have finished */
	atomic_int cpus;  /* CPUs given to takers */
};

static void *take(void *arg)
{
	struct race *r = arg;

	on_cpu(atomic_fetch_add(&r->cpus, 1));
	for (int turn = 1; turn <= TURNS; turn++) {
		while (atomic_load(&r->turn) < turn)
			sched_yield();
		for (int i = 0; i < HELD / TAKERS + 2; i++)
			ev_unmap(r->b, 0xc0000000, IOMAP_SLEEPABLE);
		atomic_fetch_add(&r->ready, 1);
	}
	return NULL;
}

/* Two tasks unmap the maps of a third one, with more unmaps than maps: each map ends once. */
static void each_map_is_ended_once(void **state)
{
	pthread_t thread[TAKERS];
	struct race r = {};
	struct bench b;

	(void)state;
	if (cpus_online() < TAKERS)
		skip();
	bench_open(&b, NULL);
	r.b = &b;
	ev_create(&b, 1, 0x1000, 0x100000, IOMAP_LINEAR, SITE);
	for (int i = 0; i < TAKERS; i++)
		assert_int_equal(pthread_create(&thread[i], NULL, take, &r), 0);
	for (int turn = 1; turn <= TURNS; turn++) {
		for (int i = 0; i < HELD; i++)
			ev_map(&b, 1, 0xc0000000, IOMAP_SLEEPABLE, IOMAP_LINEAR, SITE);
		atomic_store(&r.turn, turn);
		while (atomic_load(&r.ready) < turn * TAKERS)
			sched_yield();
	}
	for (int i = 0; i < TAKERS; i++)
		pthread_join(thread[i], NULL);
	bench_sample(&b);
	assert_int_equal(get_mapping(&b, 1)->kind[IOMAP_SLEEPABLE].unmaps, TURNS * HELD);
	assert_int_equal(b.m.unmatched_unmaps, TURNS * TAKERS * 2);
	assert_int_equal(live_entries(&b), 0);
	bench_close(&b);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(one_address_many_tasks),
		cmocka_unit_test(each_unmap_takes_its_own),
		cmocka_unit_test(each_map_is_ended_once),
	};

	return cmocka_run_group_tests_name("bpf/load", tests, NULL, NULL);
}
