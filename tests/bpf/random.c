// SPDX-License-Identifier: GPL-2.0-or-later
/*
 * Random events of several tasks on two CPUs, some of them violations. At every check, all counts
 * must agree with the reference model. The seed is printed. IOMAP_SEED sets it; IOMAP_STEPS sets
 * the number of events.
 */
#include "tests/bpf/reference.h"

#include <string.h>

static uint64_t rnd_state;

static uint32_t rnd(uint32_t below)
{
	rnd_state ^= rnd_state << 13;
	rnd_state ^= rnd_state >> 7;
	rnd_state ^= rnd_state << 17;
	return (rnd_state >> 20) % below;
}

static uint64_t site_ip(uint32_t site)
{
	return 0xffffffff81000000 + site * 0x40;
}

static void step_create(struct bench *b, struct reference *r)
{
	uint32_t id = rnd(IDS + 3);

	ev_create(b, id, 0x100000, 0x10000, IOMAP_LINEAR, site_ip(0));
	r->created++;
	if (!ref_row(id)) {
		ref_lose(r, IOMAP_LOST_TABLE_FULL);
		return;
	}
	r->gen[id]++;
	r->state[id] = IOMAP_LIVE;
	memset(r->by_id[id], 0, sizeof(r->by_id[id]));
}

static void step_free(struct bench *b, struct reference *r)
{
	uint32_t id = rnd(IDS + 3);

	ev_free(b, id);
	r->freed++;
	if (!ref_row(id)) {
		ref_lose(r, IOMAP_LOST_TABLE_FULL);
		return;
	}
	r->state[id] = IOMAP_FREED;
	for (int k = 0; k < IOMAP_KIND_MAX; k++) {
		struct model_count *c = &r->by_id[id][k];
		int64_t open = c->maps - c->unmaps - c->gone;

		if (open > 0) {
			r->broken[IOMAP_LEAK] += open;
			c->gone += open;
		}
	}
}

/* A task leaves its CPU. */
static void ref_leave(const struct bench *b, struct reference *r, int task)
{
	bool sleeps = !b->preempt && b->state;

	if (task >= 0 && ref_atomic(&r->task[task]) && (!r->rt || sleeps))
		r->broken[IOMAP_SLEEP_IN_ATOMIC]++;
}

/* Switches tasks in the model as on_map() and on_unmap() do. */
static void ref_switch(struct bench *b, struct reference *r, int task, int cpu)
{
	b->preempt = rnd(2);
	b->state = rnd(2);
	if (r->running[cpu] == task)
		return;
	if (r->running[!cpu] == task) {
		ref_leave(b, r, task);
		r->running[!cpu] = -1;
	}
	ref_leave(b, r, r->running[cpu]);
	r->running[cpu] = task;
}

static void step_map(struct bench *b, struct reference *r, struct worker *w, int task, int cpu)
{
	uint32_t id = rnd(IDS + 3), kind = rnd(IOMAP_KIND_MAX), site = rnd(SITES);
	uint32_t backend = id % IOMAP_BACKEND_MAX;
	struct open_map m = {
		.vaddr = rnd(12) ? 0xc0000000 + rnd(PAGES) * 4096 : 0,
		.id = id,
		.kind = kind,
		.backend = backend,
		.gen = ref_row(id) ? r->gen[id] : 0,
		.task = task,
	};
	struct ref_stack *s = &r->task[task];
	struct open_map oldest = s->map[0];
	int lost;

	ref_switch(b, r, task, cpu);
	on_map(b, w, cpu, id, m.vaddr, kind, backend, site_ip(site));
	if (ref_row(id) && r->state[id] == IOMAP_FREED)
		r->broken[IOMAP_USE_AFTER_FREE]++;
	if (!m.vaddr) {
		r->total[backend][kind].failed++;
		r->by_id[ref_row(id)][kind].failed++;
		r->site_failed[site][id][kind]++;
		return;
	}
	r->total[backend][kind].maps++;
	r->by_id[ref_row(id)][kind].maps++;
	r->site_maps[site][id][kind]++;
	if (!ref_row(id))
		r->unlisted_maps++;
	lost = kind == IOMAP_SLEEPABLE ? ref_live_add(r, &m) : ref_push(s, &m);
	ref_lose(r, lost);
	if (lost == IOMAP_LOST_LIVE_FULL)
		ref_gone(r, &m);
	if (lost == IOMAP_LOST_DEPTH_OVERFLOW) {
		ref_gone(r, &oldest);
		s->forgotten++;
	}
}

/* An address for an unmap: mostly of an open map, so that stacks grow and shrink. */
static uint64_t pick_vaddr(struct reference *r, uint32_t kind, int task)
{
	struct ref_stack *s = &r->task[task];

	if (!rnd(5))
		return 0xc0000000 + rnd(PAGES + 1) * 4096;
	if (kind == IOMAP_SLEEPABLE)
		return r->nr_live ? r->live[rnd(r->nr_live)].vaddr : 0;
	if (!s->used)
		return 0;
	return s->map[rnd(3) ? s->used - 1 : (int)rnd(s->used)].vaddr;
}

static void step_unmap(struct bench *b, struct reference *r, struct worker *w, int task, int cpu)
{
	uint32_t kind = rnd(IOMAP_KIND_MAX);
	uint64_t vaddr = pick_vaddr(r, kind, task);
	enum ref_closed closed;
	struct open_map m = {};

	ref_switch(b, r, task, cpu);
	on_unmap(b, w, cpu, vaddr, kind);
	closed = ref_close(r, vaddr, kind, task, &m);
	if (m.doubted)
		ref_back(r, &m);
	if (closed == REF_NOT_LAST)
		r->broken[IOMAP_UNMAP_ORDER]++;
	if (closed == REF_OTHER_KIND) {
		r->broken[IOMAP_UNMAP_KIND]++;
		ref_gone(r, &m);
	}
	if (closed == REF_NOTHING)
		ref_unmatched(r, kind, task);
	if (closed == REF_NOTHING || closed == REF_OTHER_KIND || ref_stale(r, &m)) {
		r->unmatched_unmaps++;
		return;
	}
	r->total[m.backend][kind].unmaps++;
	r->by_id[ref_row(m.id)][kind].unmaps++;
}

static void compare(struct bench *b, const struct reference *r)
{
	bench_sample(b);
	assert_int_equal(b->m.created, r->created);
	assert_int_equal(b->m.freed, r->freed);
	assert_int_equal(b->m.unmatched_unmaps, r->unmatched_unmaps);
	assert_int_equal(b->m.unlisted_maps, r->unlisted_maps);
	assert_int_equal(live_entries(b), r->nr_live);
	for (int i = 0; i < IOMAP_LOST_MAX; i++)
		assert_int_equal(b->m.lost[i], r->lost[i]);
	for (int i = 0; i < IOMAP_RULE_MAX; i++)
		assert_int_equal(b->m.rule_count[i], r->broken[i]);
	for (int k = 0; k < IOMAP_KIND_MAX; k++)
		assert_int_equal(b->m.undecided[k], r->undecided[k]);
	assert_int_equal(b->m.unlisted, 0);
	for (int k = 0; k < IOMAP_KIND_MAX; k++) {
		for (int i = 0; i < IOMAP_BACKEND_MAX; i++) {
			assert_int_equal(b->m.total[i][k].maps, r->total[i][k].maps);
			assert_int_equal(b->m.total[i][k].unmaps, r->total[i][k].unmaps);
			assert_int_equal(b->m.total[i][k].failed, r->total[i][k].failed);
			assert_int_equal(b->m.hist[i][k].count, r->total[i][k].unmaps);
		}
		for (int id = 1; id <= IDS; id++) {
			const struct model_mapping *m = get_mapping(b, id);
			const struct model_count *c = &r->by_id[id][k];

			if (!m) {
				assert_int_equal(c->maps + c->unmaps + c->failed, 0);
				continue;
			}
			assert_int_equal(m->kind[k].maps, c->maps);
			assert_int_equal(m->kind[k].unmaps, c->unmaps);
			assert_int_equal(m->kind[k].failed, c->failed);
			assert_int_equal(m->kind[k].gone, c->gone);
			assert_int_equal(m->state, r->state[id]);
			assert_int_equal(m->gen, r->gen[id]);
		}
		for (int id = 0; id < IDS + 3; id++) {
			for (int s = 0; s < SITES; s++) {
				const struct model_caller *c = get_caller(b, site_ip(s), id, k);

				assert_int_equal(c->maps, r->site_maps[s][id][k]);
				assert_int_equal(c->failed, r->site_failed[s][id][k]);
			}
		}
	}
}

static uint64_t setting(const char *name, uint64_t otherwise)
{
	const char *text = getenv(name);

	return text ? strtoull(text, NULL, 0) : otherwise;
}

/* The ring has room for all events: consuming a create would remove stale live entries. */
static uint32_t ring_bytes(uint64_t steps)
{
	uint32_t bytes = 1 << 18;

	/* A record takes 96 bytes; one step in 15 makes one. */
	while (bytes < steps * 16)
		bytes *= 2;
	return bytes;
}

static void run(bool rt, uint64_t seed)
{
	uint64_t steps = setting("IOMAP_STEPS", 30000);
	const struct collector_options opts = { .max_mappings = IDS,
						.max_live = LIVE_MAX,
						.timing = IOMAP_TIMING_ALL,
						.ring_bytes = ring_bytes(steps),
						.preempt_rt = rt };
	int ncpus = cpus_online() > 1 ? 2 : 1;
	struct worker *w[TASKS];
	struct reference r = { .rt = rt, .running = { -1, -1 } };
	struct history *h = history_new();
	struct bench b;

	rnd_state = seed;
	printf("# seed %llu, PREEMPT_RT %d, %llu events\n", (unsigned long long)seed, rt,
	       (unsigned long long)steps);
	bench_open(&b, &opts);
	for (int i = 0; i < TASKS; i++)
		w[i] = worker_start();
	for (uint64_t i = 0; i < steps; i++) {
		int task = rnd(TASKS), cpu = rnd(ncpus);
		/* Phases with more maps and phases with more unmaps. */
		uint32_t maps = i / 300 % 2 ? 4 : 6;
		uint32_t what = rnd(100);

		if (what < 1)
			step_create(&b, &r);
		else if (what < 2)
			step_free(&b, &r);
		else if (what < 2 + maps * 10)
			step_map(&b, &r, w[task], task, cpu);
		else
			step_unmap(&b, &r, w[task], task, cpu);
		if (i % 200 == 199)
			compare(&b, &r);
	}
	compare(&b, &r);
	/* The events covered each kind of loss and violation. */
	assert_true(r.lost[IOMAP_LOST_LIVE_FULL] && r.lost[IOMAP_LOST_TABLE_FULL]);
	assert_true(r.lost[IOMAP_LOST_DEPTH_OVERFLOW] && r.unmatched_unmaps && r.unlisted_maps);
	assert_true(r.broken[IOMAP_SLEEP_IN_ATOMIC] && r.broken[IOMAP_UNMAP_ORDER] &&
		    r.broken[IOMAP_UNMAP_KIND] && r.broken[IOMAP_UNMAP_UNKNOWN] &&
		    r.broken[IOMAP_USE_AFTER_FREE] && r.broken[IOMAP_LEAK]);
	for (int i = 0; i < TASKS; i++)
		worker_stop(w[i]);
	history_free(h);
	bench_close(&b);
}

static void random_events(void **state)
{
	(void)state;
	run(false, setting("IOMAP_SEED", 20240229));
}

static void random_events_rt(void **state)
{
	(void)state;
	run(true, setting("IOMAP_SEED", 19480117));
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(random_events),
		cmocka_unit_test(random_events_rt),
	};

	return cmocka_run_group_tests_name("bpf/random", tests, NULL, NULL);
}
