// SPDX-License-Identifier: GPL-2.0-or-later
/*
 * Two tasks on two CPUs break a rule as often as they can, for IOMAP_SECONDS. Counts are exact,
 * there is one site and one record in the ring, and other tasks still get the CPU.
 */
#include "tests/bpf/harness.h"

#include <pthread.h>
#include <time.h>

#define THREADS	 2
#define RATE_MIN 100000
/*
 * Two tasks that never sleep leave a third one its share of a CPU every few milliseconds, and other
 * work on this machine may take most of it. Sampling reads some thousand values by system calls.
 */
#define LATE_MAX_NS   (1000 * 1000 * 1000LL)
#define SAMPLE_MAX_NS (2000 * 1000 * 1000LL)

struct offender {
	struct bench *b;
	pthread_t thread;
	int cpu;
	uint64_t n;	/* maps */
	int64_t cpu_ns; /* CPU time of the thread */
	bool stop;
};

/* Maps at an offset that is not aligned, and unmaps. */
static void *offend(void *arg)
{
	struct offender *o = arg;
	uint64_t vaddr = 0xc0000010 + o->cpu * 4096;
	uint64_t args[] = { 1, vaddr, 0x10, 16, IOMAP_LOCAL, IOMAP_LINEAR, SITE };

	on_cpu(o->cpu);
	while (!__atomic_load_n(&o->stop, __ATOMIC_RELAXED)) {
		ev_raw(o->b, o->b->map_fd, args, ARRAY_SIZE(args));
		ev_unmap(o->b, vaddr, IOMAP_LOCAL);
		o->n++;
	}
	o->cpu_ns = clock_ns(CLOCK_THREAD_CPUTIME_ID);
	return NULL;
}

static void worst(int64_t *max, int64_t ns)
{
	if (ns > *max)
		*max = ns;
}

/* Until that time, sleeps for a millisecond and samples, and measures both. */
static void watch(struct bench *b, int64_t until, int64_t *ret_late, int64_t *ret_sample)
{
	const struct timespec ms = { .tv_nsec = 1000000 };
	unsigned int bad = 0, n = 0;
	int64_t start;

	*ret_late = *ret_sample = 0;
	while ((int64_t)now_ns() < until) {
		start = now_ns();
		nanosleep(&ms, NULL);
		worst(ret_late, now_ns() - start - ms.tv_nsec);
		start = now_ns();
		model_reset(&b->m);
		assert_int_equal(collector_sample(b->collector, &b->m), 0);
		worst(ret_sample, now_ns() - start);
		/* The event in flight on the other CPU does not count as seen. */
		bad += b->m.seen != b->m.counted + total_lost(b);
		n++;
	}
	printf("# %u of %u samplings did not balance\n", bad, n);
	assert_int_equal(bad, 0);
}

static unsigned int violations_reported(const struct bench *b)
{
	struct history *h = history_new();
	uint64_t seq, missed;
	const struct event *e;
	unsigned int n = 0;

	assert_true(collector_consume(b->collector, h) > 0);
	seq = history_first(h);
	while ((e = history_next(h, &seq, &missed)))
		n += e->rec.type == IOMAP_EVENT_VIOLATION;
	history_free(h);
	return n;
}

static void flood(void **state)
{
	const char *text = getenv("IOMAP_SECONDS");
	int secs = text ? atoi(text) : 3;
	struct offender o[THREADS] = {};
	int64_t start, ns, late, sample, cpu_ns = 0;
	uint64_t n = 0;
	struct bench b;

	(void)state;
	bench_open(&b, NULL);
	alarm(120 + secs);
	on_cpu(0);
	ev_create(&b, 1, 0x100000, 0x100000, IOMAP_LINEAR, SITE);
	start = now_ns();
	for (int i = 0; i < THREADS; i++) {
		o[i].b = &b;
		o[i].cpu = i % cpus_online();
		assert_int_equal(pthread_create(&o[i].thread, NULL, offend, &o[i]), 0);
	}
	watch(&b, start + secs * 1000000000LL, &late, &sample);
	for (int i = 0; i < THREADS; i++)
		__atomic_store_n(&o[i].stop, true, __ATOMIC_RELAXED);
	for (int i = 0; i < THREADS; i++) {
		pthread_join(o[i].thread, NULL);
		n += o[i].n;
		cpu_ns += o[i].cpu_ns;
	}
	ns = now_ns() - start;
	printf("# %llu violations in %.1f s, %.0f/s; %.0f in a second of one CPU\n",
	       (unsigned long long)n, ns / 1e9, n * 1e9 / ns, n * 1e9 / cpu_ns);
	printf("# a timer was up to %.1f ms late, a sampling took up to %.1f ms\n", late / 1e6,
	       sample / 1e6);

	bench_sample(&b);
	assert_int_equal(b.m.rule_count[IOMAP_OFFSET_ALIGN], n);
	assert_int_equal(total_violations(&b), n);
	assert_int_equal(get_site(&b, IOMAP_OFFSET_ALIGN)->count, n);
	assert_int_equal(b.m.nr_violations, 1);
	assert_int_equal(b.m.unlisted, 0);
	assert_int_equal(violations_reported(&b), 1);
	assert_int_equal(total_lost(&b), 0);
	assert_in_range(late, 0, LATE_MAX_NS);
	assert_in_range(sample, 1, SAMPLE_MAX_NS);
	/* By CPU time: other work on this machine does not lower the rate. */
	assert_true(n * 1e9 / (cpu_ns / THREADS) > RATE_MIN);
	bench_close(&b);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(flood),
	};

	return cmocka_run_group_tests_name("bpf/flood", tests, NULL, NULL);
}
