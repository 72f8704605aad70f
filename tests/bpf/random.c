// SPDX-License-Identifier: GPL-2.0-or-later
/*
 * Random events, right and wrong ones, on several CPUs and tasks, against a reference model that is
 * written for plainness. All counts must agree at every check. The seed is printed; IOMAP_SEED
 * sets it, IOMAP_STEPS the number of events.
 */
#include "tests/bpf/harness.h"

#include <string.h>

enum {
	IDS = 5, /* the table takes 1 to 5; 0, 6 and 7 are used as well */
	TASKS = 4,
	PAGES = 7,
	SITES = 3,
	LIVE_MAX = 24,
};

struct open_map {
	uint64_t vaddr;
	uint32_t id;
	uint32_t kind;
	uint32_t backend;
	uint32_t gen;
	int task;
	int n;
};

/* Open sections of a task, oldest first; a hole has vaddr 0. */
struct ref_stack {
	struct open_map map[IOMAP_STACK_DEPTH];
	int used;
	int forgotten;
};

struct reference {
	bool rt;
	struct ref_stack task[TASKS];
	int running[2]; /* task on a CPU, -1: none */
	struct open_map live[LIVE_MAX];
	int nr_live;
	uint32_t gen[IDS + 1];
	uint8_t state[IDS + 1];
	struct model_count by_id[IDS + 1][IOMAP_KIND_MAX]; /* since the creation; 0: the rest */
	struct model_count total[IOMAP_BACKEND_MAX][IOMAP_KIND_MAX];
	uint64_t site_maps[SITES][IDS + 3][IOMAP_KIND_MAX];
	uint64_t site_failed[SITES][IDS + 3][IOMAP_KIND_MAX];
	uint64_t created, freed, unmatched_unmaps, unlisted_maps;
	uint64_t lost[IOMAP_LOST_MAX];
	uint64_t broken[IOMAP_RULE_MAX];
	uint64_t undecided[IOMAP_KIND_MAX];
};

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

static void ref_remove(struct ref_stack *s, int i)
{
	memmove(&s->map[i], &s->map[i + 1], (s->used - i - 1) * sizeof(s->map[0]));
	s->used--;
}

static int ref_push(struct ref_stack *s, const struct open_map *m)
{
	int lost = IOMAP_LOST_NONE;

	if (s->used == IOMAP_STACK_DEPTH) {
		if (s->map[0].vaddr)
			lost = IOMAP_LOST_DEPTH_OVERFLOW;
		ref_remove(s, 0);
	}
	s->map[s->used++] = *m;
	return lost;
}

/* Kind IOMAP_KIND_MAX: any. *ret_last: it was the newest one. */
static bool ref_pop(struct ref_stack *s, uint64_t vaddr, uint32_t kind, struct open_map *ret,
		    bool *ret_last)
{
	for (int i = s->used - 1; i >= 0; i--) {
		if (s->map[i].vaddr != vaddr || (s->map[i].kind != kind && kind != IOMAP_KIND_MAX))
			continue;
		*ret = s->map[i];
		*ret_last = i == s->used - 1;
		s->map[i].vaddr = 0;
		while (s->used && !s->map[s->used - 1].vaddr)
			s->used--;
		return true;
	}
	return false;
}

static bool ref_stale(const struct reference *r, const struct open_map *m)
{
	return m->id && m->id <= IDS && r->gen[m->id] != m->gen;
}

static bool ref_held(const struct reference *r, uint64_t vaddr, int n)
{
	for (int i = 0; i < r->nr_live; i++) {
		if (r->live[i].vaddr == vaddr && r->live[i].n == n)
			return true;
	}
	return false;
}

static int ref_live_add(struct reference *r, struct open_map *m)
{
	if (r->nr_live == LIVE_MAX)
		return IOMAP_LOST_LIVE_FULL;
	for (m->n = 0; ref_held(r, m->vaddr, m->n); m->n++)
		;
	r->live[r->nr_live++] = *m;
	return IOMAP_LOST_NONE;
}

static void ref_live_remove(struct reference *r, int i)
{
	r->live[i] = r->live[--r->nr_live];
}

/* The entry of lowest n that is the task's own (-1: anybody's) and stale or not. */
static bool ref_live_take(struct reference *r, uint64_t vaddr, int task, bool stale,
			  struct open_map *ret)
{
	int best = -1;

	for (int i = 0; i < r->nr_live; i++) {
		struct open_map *m = &r->live[i];

		if (m->vaddr != vaddr || ref_stale(r, m) != stale || (task >= 0 && m->task != task))
			continue;
		if (best < 0 || m->n < r->live[best].n)
			best = i;
	}
	if (best < 0)
		return false;
	*ret = r->live[best];
	ref_live_remove(r, best);
	return true;
}

/* The row that counts an id. */
static uint32_t row(uint32_t id)
{
	return id <= IDS ? id : 0;
}

static void ref_lose(struct reference *r, int lost)
{
	if (lost != IOMAP_LOST_NONE)
		r->lost[lost]++;
}

static void step_create(struct bench *b, struct reference *r)
{
	uint32_t id = rnd(IDS + 3);

	ev_create(b, id, 0x100000, 0x10000, IOMAP_LINEAR, site_ip(0));
	r->created++;
	if (!row(id)) {
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
	if (!row(id)) {
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

/* The map will not be ended by its unmap. */
static void ref_gone(struct reference *r, const struct open_map *m)
{
	if (!ref_stale(r, m))
		r->by_id[row(m->id)][m->kind].gone++;
}

static bool ref_atomic(const struct ref_stack *s)
{
	for (int i = 0; i < s->used; i++) {
		if (s->map[i].vaddr && s->map[i].kind == IOMAP_ATOMIC)
			return true;
	}
	return false;
}

/* A task leaves its CPU. */
static void ref_leave(const struct bench *b, struct reference *r, int task)
{
	bool sleeps = !b->preempt && b->state;

	if (task >= 0 && ref_atomic(&r->task[task]) && (!r->rt || sleeps))
		r->broken[IOMAP_SLEEP_IN_ATOMIC]++;
}

/* What the harness does to have a task on a CPU. */
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
		.gen = row(id) ? r->gen[id] : 0,
		.task = task,
	};
	struct ref_stack *s = &r->task[task];
	struct open_map oldest = s->map[0];
	int lost;

	ref_switch(b, r, task, cpu);
	on_map(b, w, cpu, id, m.vaddr, kind, backend, site_ip(site));
	if (row(id) && r->state[id] == IOMAP_FREED)
		r->broken[IOMAP_USE_AFTER_FREE]++;
	if (!m.vaddr) {
		r->total[backend][kind].failed++;
		r->by_id[row(id)][kind].failed++;
		r->site_failed[site][id][kind]++;
		return;
	}
	r->total[backend][kind].maps++;
	r->by_id[row(id)][kind].maps++;
	r->site_maps[site][id][kind]++;
	if (!row(id))
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

/* Mostly an address that is open there, so that deep stacks come and go; sometimes any. */
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

enum ref_closed {
	REF_LAST,
	REF_NOT_LAST,
	REF_OTHER_KIND,
	REF_NOTHING
};

static enum ref_closed ref_close(struct reference *r, uint64_t vaddr, uint32_t kind, int task,
				 struct open_map *ret)
{
	struct ref_stack *s = &r->task[task];
	bool last;

	if (!vaddr)
		return REF_NOTHING;
	if (kind == IOMAP_SLEEPABLE) {
		if (ref_live_take(r, vaddr, task, false, ret) ||
		    ref_live_take(r, vaddr, -1, false, ret) ||
		    ref_live_take(r, vaddr, -1, true, ret))
			return REF_LAST;
		return ref_pop(s, vaddr, IOMAP_KIND_MAX, ret, &last) ? REF_OTHER_KIND : REF_NOTHING;
	}
	if (ref_pop(s, vaddr, kind, ret, &last))
		return last ? REF_LAST : REF_NOT_LAST;
	if (ref_pop(s, vaddr, IOMAP_KIND_MAX, ret, &last) ||
	    ref_live_take(r, vaddr, task, false, ret))
		return REF_OTHER_KIND;
	return REF_NOTHING;
}

/* An unmap of nothing is a violation, unless it may be of what was forgotten. */
static void ref_stray(struct reference *r, uint32_t kind, int task)
{
	struct ref_stack *s = &r->task[task];

	if (kind == IOMAP_SLEEPABLE && r->lost[IOMAP_LOST_LIVE_FULL]) {
		r->undecided[kind]++;
	} else if (kind != IOMAP_SLEEPABLE && s->forgotten) {
		s->forgotten--;
		r->undecided[kind]++;
	} else {
		r->broken[IOMAP_UNMAP_UNKNOWN]++;
	}
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
	if (closed == REF_NOT_LAST)
		r->broken[IOMAP_UNMAP_ORDER]++;
	if (closed == REF_OTHER_KIND) {
		r->broken[IOMAP_UNMAP_KIND]++;
		ref_gone(r, &m);
	}
	if (closed == REF_NOTHING)
		ref_stray(r, kind, task);
	if (closed == REF_NOTHING || closed == REF_OTHER_KIND || ref_stale(r, &m)) {
		r->unmatched_unmaps++;
		return;
	}
	r->total[m.backend][kind].unmaps++;
	r->by_id[row(m.id)][kind].unmaps++;
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

/* Room for all events: they are not consumed, as that sweeps the live maps after a create. */
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
		/* Times of many maps and times of many unmaps. */
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
	/* Else the run has shown less than it should. */
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
