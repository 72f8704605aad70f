// SPDX-License-Identifier: GPL-2.0-or-later
#include "tests/bpf/harness.h"

#include <pthread.h>
#include <sched.h>
#include <string.h>
#include <bpf/bpf.h>
#include <bpf/libbpf.h>

struct worker {
	pthread_t thread;
	pthread_mutex_t lock;
	pthread_cond_t cond;
	void (*fn)(void *arg); /* NULL: idle */
	void *arg;
	bool quit;
};

static int quiet(enum libbpf_print_level level, const char *fmt, va_list args)
{
	(void)level;
	(void)fmt;
	(void)args;
	return 0;
}

static int get_shared(struct bench *b, struct iomap_shared *ret)
{
	int fd = collector_map_fd(b->collector, "iomap_bp.bss");
	uint32_t zero = 0;

	assert_int_equal(bpf_map_lookup_elem(fd, &zero, ret), 0);
	return fd;
}

void bench_set_old(struct bench *b, uint32_t old)
{
	struct iomap_shared shared;
	int fd = get_shared(b, &shared);
	uint32_t zero = 0;

	shared.old = old;
	assert_int_equal(bpf_map_update_elem(fd, &zero, &shared, 0), 0);
}

bool bench_looks_for_saved(struct bench *b)
{
	struct iomap_shared shared;

	get_shared(b, &shared);
	return shared.saved || shared.clearing;
}

void bench_open(struct bench *b, const struct collector_options *opts)
{
	struct collector_options o = {};
	struct errbuf e = {};
	int err;

	if (opts)
		o = *opts;
	else
		o.timing = IOMAP_TIMING_ALL;
	o.no_attach = true;
	*b = (struct bench){ .preempt = true };
	/* When a test fails in one thread, another one may wait forever. */
	alarm(120);
	libbpf_set_print(quiet);
	err = collector_new(&o, &b->collector, &e) ?: collector_pin(b->collector, &e);
	if (err)
		fail_msg("%s", e.text);
	b->create_fd = collector_program_fd(b->collector, "iomap_create");
	b->free_fd = collector_program_fd(b->collector, "iomap_free");
	b->map_fd = collector_program_fd(b->collector, "iomap_map");
	b->unmap_fd = collector_program_fd(b->collector, "iomap_unmap");
	b->switch_fd = collector_program_fd(b->collector, "iomap_switch");
	b->exit_fd = collector_program_fd(b->collector, "iomap_exit");
	/* With sites as the source, their programs take the place of these. */
	if (o.source != IOMAP_SOURCE_SITES)
		assert_true(b->create_fd >= 0 && b->free_fd >= 0 && b->map_fd >= 0 &&
			    b->unmap_fd >= 0);
	assert_true(b->switch_fd >= 0 && b->exit_fd >= 0);
	/* This machine has no mapping that is older than the test. */
	if (!o.root)
		bench_set_old(b, 0);
}

void bench_open_one(struct bench *b, const struct collector_options *opts)
{
	bench_open(b, opts);
	on_cpu(0);
	ev_create(b, 1, 0x100000, REGION, IOMAP_LINEAR, SITE);
}

void bench_close(struct bench *b)
{
	bench_sample(b);
	model_free(&b->m);
	collector_free(b->collector);
	*b = (struct bench){};
}

/* Sums up the counters of all ids and CPUs, as they are in the map. */
static void sum_counters(const struct bench *b, struct model_count *sum)
{
	int fd = collector_map_fd(b->collector, "counters");
	int ncpus = libbpf_num_possible_cpus();
	struct iomap_counters *c = calloc(ncpus, sizeof(*c));
	uint32_t key, *prev = NULL;

	assert_non_null(c);
	for (; !bpf_map_get_next_key(fd, prev, &key); prev = &key) {
		assert_int_equal(bpf_map_lookup_elem(fd, &key, c), 0);
		for (int i = 0; i < ncpus * IOMAP_KIND_MAX; i++) {
			const struct iomap_count *from =
				&c[i / IOMAP_KIND_MAX].kind[i % IOMAP_KIND_MAX];

			sum[i % IOMAP_KIND_MAX].maps += from->maps;
			sum[i % IOMAP_KIND_MAX].unmaps += from->unmaps;
			sum[i % IOMAP_KIND_MAX].failed += from->failed;
			sum[i % IOMAP_KIND_MAX].hold_count += from->hold_count;
			sum[i % IOMAP_KIND_MAX].hold_sum += from->hold_sum;
		}
	}
	free(c);
}

/*
 * The programs count each event several times: by CPU and backend, by mapping, by call site, in a
 * histogram, and for the accounting. All sums must be equal.
 */
static void check_sums(const struct bench *b)
{
	struct model_count by_id[IOMAP_KIND_MAX] = {};
	const struct model *m = &b->m;
	uint64_t events = m->created + m->freed + m->unmatched_unmaps, sites = 0, maps = 0;

	sum_counters(b, by_id);
	for (int k = 0; k < IOMAP_KIND_MAX; k++) {
		struct model_count sum = {};

		for (int i = 0; i < IOMAP_BACKEND_MAX; i++) {
			sum.maps += m->total[i][k].maps;
			sum.unmaps += m->total[i][k].unmaps;
			sum.failed += m->total[i][k].failed;
			sum.hold_count += m->hist[i][k].count;
			sum.hold_sum += m->hist[i][k].sum;
		}
		assert_int_equal(sum.maps, by_id[k].maps);
		assert_int_equal(sum.unmaps, by_id[k].unmaps);
		assert_int_equal(sum.failed, by_id[k].failed);
		assert_int_equal(sum.hold_count, by_id[k].hold_count);
		assert_int_equal(sum.hold_sum, by_id[k].hold_sum);
		maps += sum.maps + sum.failed;
		events += sum.maps + sum.unmaps + sum.failed;
	}
	for (size_t i = 0; i < m->nr_callers; i++)
		sites += m->callers[i].maps + m->callers[i].failed;
	/* A map that its call site did not count is lost, for this reason or for a later one. */
	assert_true(sites + m->lost[IOMAP_LOST_CALLERS_FULL] <= maps);
	assert_true(sites + total_lost(b) >= maps);
	/* Of the events with bad arguments, only creates are counted by their type. */
	assert_true(events <= m->seen);
	assert_true(events + m->lost[IOMAP_LOST_BAD_ARGS] + m->lost[IOMAP_LOST_SAVED_FULL] >=
		    m->seen);
}

void bench_sample(struct bench *b)
{
	const struct model *m = &b->m;

	model_reset(&b->m);
	assert_int_equal(collector_sample(b->collector, &b->m), 0);
	/* A switch counts as an event only when it loses sections. */
	assert_int_equal(m->seen, b->sent + m->lost[IOMAP_LOST_SAVED_FULL]);
	assert_int_equal(m->seen, m->counted + total_lost(b));
	assert_int_equal(m->under_way, 0);
	check_sums(b);
}

static void run_raw(int fd, const uint64_t *args, size_t n)
{
	LIBBPF_OPTS(bpf_test_run_opts, opts, .ctx_in = args, .ctx_size_in = n * sizeof(*args));

	assert_int_equal(bpf_prog_test_run_opts(fd, &opts), 0);
}

void ev_raw(struct bench *b, int fd, const uint64_t *args, size_t n)
{
	run_raw(fd, args, n);
	__atomic_fetch_add(&b->sent, 1, __ATOMIC_RELAXED);
}

void run_program(struct bench *b, const char *name, const uint64_t *args, size_t n)
{
	int fd = collector_program_fd(b->collector, name);

	if (fd < 0)
		fail_msg("there is no program %s", name);
	run_raw(fd, args, n);
}

void ev_switch(struct bench *b, bool preempt, uint64_t prev, uint64_t next, uint32_t state)
{
	uint64_t args[] = { preempt, prev, next, state };

	run_raw(b->switch_fd, args, ARRAY_SIZE(args));
}

void ev_exit(struct bench *b)
{
	uint64_t args[] = { 0 };

	run_raw(b->exit_fd, args, ARRAY_SIZE(args));
}

void ev_create(struct bench *b, uint32_t id, uint64_t base, uint64_t size, uint32_t backend,
	       uint64_t caller)
{
	uint64_t args[] = { id, base, size, backend, caller };

	ev_raw(b, b->create_fd, args, ARRAY_SIZE(args));
}

void ev_free(struct bench *b, uint32_t id)
{
	uint64_t args[] = { id };

	ev_raw(b, b->free_fd, args, ARRAY_SIZE(args));
}

void ev_map(struct bench *b, uint32_t id, uint64_t vaddr, uint32_t kind, uint32_t backend,
	    uint64_t caller)
{
	uint64_t args[] = { id, vaddr, vaddr & 0xfffff, 4096, kind, backend, caller };

	ev_raw(b, b->map_fd, args, ARRAY_SIZE(args));
}

void ev_map_failed(struct bench *b, uint32_t id, uint64_t offset, uint32_t kind, uint32_t backend,
		   uint64_t caller)
{
	uint64_t args[] = { id, 0, offset, 4096, kind, backend, caller };

	ev_raw(b, b->map_fd, args, ARRAY_SIZE(args));
}

void ev_unmap(struct bench *b, uint64_t vaddr, uint32_t kind)
{
	uint64_t args[] = { vaddr, kind, 0x1234 };

	ev_raw(b, b->unmap_fd, args, ARRAY_SIZE(args));
}

void on_cpu(int cpu)
{
	cpu_set_t set;

	CPU_ZERO(&set);
	CPU_SET(cpu, &set);
	assert_int_equal(sched_setaffinity(0, sizeof(set), &set), 0);
}

int cpus_online(void)
{
	return sysconf(_SC_NPROCESSORS_ONLN);
}

const struct model_mapping *get_mapping(const struct bench *b, uint32_t id)
{
	for (size_t i = 0; i < b->m.nr_mappings; i++) {
		if (b->m.mappings[i].id == id)
			return &b->m.mappings[i];
	}
	return NULL;
}

const struct model_caller *get_caller(const struct bench *b, uint64_t ip, uint32_t id,
				      uint32_t kind)
{
	static const struct model_caller none;

	for (size_t i = 0; i < b->m.nr_callers; i++) {
		const struct model_caller *c = &b->m.callers[i];

		if (c->addr == ip && c->mapping_id == id && c->kind == kind)
			return c;
	}
	return &none;
}

uint64_t total_lost(const struct bench *b)
{
	uint64_t lost = 0;

	for (int i = 0; i < IOMAP_LOST_MAX; i++)
		lost += b->m.lost[i];
	return lost;
}

uint64_t total_violations(const struct bench *b)
{
	uint64_t n = 0;

	for (int i = 0; i < IOMAP_RULE_MAX; i++)
		n += b->m.rule_count[i];
	return n;
}

const struct model_violation *get_site(const struct bench *b, unsigned int rule)
{
	const struct model_violation *v = NULL;

	for (size_t i = 0; i < b->m.nr_violations; i++) {
		if (b->m.violations[i].rule != rule)
			continue;
		assert_null(v);
		v = &b->m.violations[i];
	}
	assert_non_null(v);
	return v;
}

size_t live_entries(const struct bench *b)
{
	int fd = collector_map_fd(b->collector, "live");
	struct iomap_live_key key, *prev = NULL;
	size_t n = 0;

	for (; !bpf_map_get_next_key(fd, prev, &key); n++)
		prev = &key;
	return n;
}

static void *worker_main(void *arg)
{
	struct worker *w = arg;

	pthread_mutex_lock(&w->lock);
	while (!w->quit) {
		if (w->fn) {
			w->fn(w->arg);
			w->fn = NULL;
			pthread_cond_broadcast(&w->cond);
		}
		if (!w->quit)
			pthread_cond_wait(&w->cond, &w->lock);
	}
	pthread_mutex_unlock(&w->lock);
	return NULL;
}

struct worker *worker_start(void)
{
	struct worker *w = calloc(1, sizeof(*w));

	assert_non_null(w);
	pthread_mutex_init(&w->lock, NULL);
	pthread_cond_init(&w->cond, NULL);
	assert_int_equal(pthread_create(&w->thread, NULL, worker_main, w), 0);
	return w;
}

void worker_run(struct worker *w, void (*fn)(void *arg), void *arg)
{
	pthread_mutex_lock(&w->lock);
	w->arg = arg;
	w->fn = fn;
	pthread_cond_broadcast(&w->cond);
	while (w->fn)
		pthread_cond_wait(&w->cond, &w->lock);
	pthread_mutex_unlock(&w->lock);
}

void worker_stop(struct worker *w)
{
	pthread_mutex_lock(&w->lock);
	w->quit = true;
	pthread_cond_broadcast(&w->cond);
	pthread_mutex_unlock(&w->lock);
	pthread_join(w->thread, NULL);
	pthread_cond_destroy(&w->cond);
	pthread_mutex_destroy(&w->lock);
	free(w);
}

struct job {
	struct bench *b;
	const struct worker *w;
	int cpu;
	uint32_t id;
	uint64_t vaddr;
	uint32_t kind;
	uint32_t backend;
	uint64_t caller;
};

/* The programs see a switch to the worker on that CPU. */
static void switch_to(struct bench *b, const struct worker *w, int cpu)
{
	if (b->running[cpu] == w)
		return;
	if (b->running[!cpu] == w) {
		on_cpu(!cpu);
		ev_switch(b, b->preempt, (uintptr_t)w, 0, b->state);
		b->running[!cpu] = NULL;
	}
	on_cpu(cpu);
	ev_switch(b, b->preempt, (uintptr_t)b->running[cpu], (uintptr_t)w, b->state);
	b->running[cpu] = w;
}

static void do_map(void *arg)
{
	struct job *j = arg;

	switch_to(j->b, j->w, j->cpu);
	on_cpu(j->cpu);
	ev_map(j->b, j->id, j->vaddr, j->kind, j->backend, j->caller);
}

static void do_unmap(void *arg)
{
	struct job *j = arg;

	switch_to(j->b, j->w, j->cpu);
	on_cpu(j->cpu);
	ev_unmap(j->b, j->vaddr, j->kind);
}

void on_map(struct bench *b, struct worker *w, int cpu, uint32_t id, uint64_t vaddr, uint32_t kind,
	    uint32_t backend, uint64_t caller)
{
	struct job j = { b, w, cpu, id, vaddr, kind, backend, caller };

	worker_run(w, do_map, &j);
}

void on_unmap(struct bench *b, struct worker *w, int cpu, uint64_t vaddr, uint32_t kind)
{
	struct job j = { .b = b, .w = w, .cpu = cpu, .vaddr = vaddr, .kind = kind };

	worker_run(w, do_unmap, &j);
}
