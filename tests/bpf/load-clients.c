// SPDX-License-Identifier: GPL-2.0-or-later
/*
 * How long a client waits for its answer while five hundred hostile clients are connected and
 * events go on. The second case has a CPU that is always in the middle of an event, for which each
 * sample waits.
 */
#include "tests/bpf/harness.h"

#include <bpf/bpf.h>
#include <bpf/libbpf.h>

#include "bpf/iomap.h"
#include "daemon/base/util.h"
#include "tests/lib/load.h"

struct traffic {
	struct bench b;
	pthread_t thread;
	bool stop;
};

static int sample(void *ctx, struct model *m)
{
	return collector_sample(((struct traffic *)ctx)->b.collector, m);
}

static int cost(void *ctx, struct cost *c)
{
	return collector_cost(((struct traffic *)ctx)->b.collector, c);
}

static void *map_and_unmap(void *arg)
{
	struct traffic *t = arg;

	on_cpu(0);
	while (!__atomic_load_n(&t->stop, __ATOMIC_RELAXED)) {
		for (uint32_t i = 1; i <= 100; i++) {
			ev_map(&t->b, i, 0x1000, IOMAP_ATOMIC, IOMAP_LINEAR, SITE + i);
			ev_unmap(&t->b, 0x1000, IOMAP_ATOMIC);
		}
	}
	return NULL;
}

static void begin(struct traffic *t)
{
	*t = (struct traffic){};
	bench_open(&t->b, NULL);
	for (uint32_t i = 1; i <= 100; i++)
		ev_create(&t->b, i, 0x100000 * i, 0x100000, IOMAP_LINEAR, SITE);
	assert_int_equal(pthread_create(&t->thread, NULL, map_and_unmap, t), 0);
}

static void end(struct traffic *t)
{
	__atomic_store_n(&t->stop, true, __ATOMIC_RELAXED);
	pthread_join(t->thread, NULL);
}

static void while_maps_go_on(void **state)
{
	static struct traffic t;
	static struct load c;
	const struct service_source source = { &t, sample, cost };

	(void)state;
	begin(&t);
	load_begin(&c, &source);
	load_ask(&c);
	load_expect(&c, "maps go on");
	load_end(&c);
	end(&t);
	bench_close(&t.b);
}

/* Adds to the events that the last CPU has seen, but not counted. */
static void unbalance(struct bench *b, int by)
{
	int fd = collector_map_fd(b->collector, "cpus"), n = libbpf_num_possible_cpus();
	struct iomap_cpu *cpus = calloc(n, sizeof(*cpus));
	uint32_t zero = 0;

	assert_non_null(cpus);
	assert_int_equal(bpf_map_lookup_elem(fd, &zero, cpus), 0);
	cpus[n - 1].seen += by;
	assert_int_equal(bpf_map_update_elem(fd, &zero, cpus, BPF_EXIST), 0);
	free(cpus);
}

static void in_the_middle_of_an_event(void **state)
{
	static struct traffic t;
	static struct load c;
	const struct service_source source = { &t, sample, cost };

	(void)state;
	bench_open(&t.b, NULL);
	ev_create(&t.b, 1, 0x100000, 0x100000, IOMAP_LINEAR, SITE);
	unbalance(&t.b, 1);
	load_begin(&c, &source);
	load_ask(&c);
	load_expect(&c, "a CPU is in the middle of an event");
	load_end(&c);
	unbalance(&t.b, -1);
	bench_close(&t.b);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(while_maps_go_on),
		cmocka_unit_test(in_the_middle_of_an_event),
	};

	return cmocka_run_group_tests_name("bpf/load-clients", tests, NULL, NULL);
}
