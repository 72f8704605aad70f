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

/* Open sections of a CPU or task, oldest first; a hole has vaddr 0. */
struct ref_stack {
	struct open_map map[IOMAP_STACK_DEPTH];
	int used;
};

struct reference {
	bool rt;
	struct ref_stack cpu[2];
	struct ref_stack task[TASKS];
	struct open_map live[LIVE_MAX];
	int nr_live;
	uint32_t gen[IDS + 1];
	uint8_t state[IDS + 1];
	struct model_count by_id[IDS + 1][IOMAP_KIND_MAX]; /* since the creation; 0: the rest */
	struct model_count total[IOMAP_BACKEND_MAX][IOMAP_KIND_MAX];
	uint64_t site_maps[SITES][IDS + 3][IOMAP_KIND_MAX];
	uint64_t site_failed[SITES][IDS + 3][IOMAP_KIND_MAX];
	uint64_t created, freed, stray_unmaps, stray_maps;
	uint64_t lost[IOMAP_LOST_MAX];
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

static struct ref_stack *ref_stack(struct reference *r, uint32_t kind, int task, int cpu)
{
	return kind == IOMAP_ATOMIC && !r->rt ? &r->cpu[cpu] : &r->task[task];
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

static bool ref_pop(struct ref_stack *s, uint64_t vaddr, uint32_t kind, struct open_map *ret)
{
	for (int i = s->used - 1; i >= 0; i--) {
		if (s->map[i].vaddr != vaddr || s->map[i].kind != kind)
			continue;
		*ret = s->map[i];
		s->map[i].vaddr = 0;
		while (s->used && !s->map[s->used - 1].vaddr)
			s->used--;
		return true;
	}
	return false;
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

static bool ref_live_take(struct reference *r, uint64_t vaddr, int task, struct open_map *ret)
{
	int best = -1;

	/* In the order of n: stale ones go until the one that is taken, or all. */
	for (int own = 1; own >= 0; own--) {
		for (int n = 0; n < LIVE_MAX; n++) {
			for (int i = 0; i < r->nr_live; i++) {
				struct open_map *m = &r->live[i];

				if (m->vaddr != vaddr || m->n != n)
					continue;
				if (m->id && m->id <= IDS && r->gen[m->id] != m->gen) {
					ref_live_remove(r, i);
					break;
				}
				if (!own || m->task == task)
					best = i;
				break;
			}
			if (best >= 0) {
				*ret = r->live[best];
				ref_live_remove(r, best);
				return true;
			}
		}
	}
	return false;
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
	if (row(id))
		r->state[id] = IOMAP_FREED;
	else
		ref_lose(r, IOMAP_LOST_TABLE_FULL);
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
	int lost;

	on_map(b, w, cpu, id, m.vaddr, kind, backend, site_ip(site));
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
		r->stray_maps++;
	lost = kind == IOMAP_SLEEPABLE ? ref_live_add(r, &m)
				       : ref_push(ref_stack(r, kind, task, cpu), &m);
	ref_lose(r, lost);
}

/* Mostly an address that is open there, so that deep stacks come and go; sometimes any. */
static uint64_t pick_vaddr(struct reference *r, uint32_t kind, int task, int cpu)
{
	struct ref_stack *s = ref_stack(r, kind, task, cpu);

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
	uint64_t vaddr = pick_vaddr(r, kind, task, cpu);
	struct open_map m;
	bool known;

	on_unmap(b, w, cpu, vaddr, kind);
	if (!vaddr)
		known = false;
	else if (kind == IOMAP_SLEEPABLE)
		known = ref_live_take(r, vaddr, task, &m);
	else
		known = ref_pop(ref_stack(r, kind, task, cpu), vaddr, kind, &m);
	if (!known) {
		r->stray_unmaps++;
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
	assert_int_equal(b->m.stray_unmaps, r->stray_unmaps);
	assert_int_equal(b->m.stray_maps, r->stray_maps);
	assert_int_equal(live_entries(b), r->nr_live);
	for (int i = 0; i < IOMAP_LOST_MAX; i++)
		assert_int_equal(b->m.lost[i], r->lost[i]);
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

static void run(bool rt, uint64_t seed)
{
	const struct collector_options opts = { .max_mappings = IDS,
						.max_live = LIVE_MAX,
						.timing = IOMAP_TIMING_ALL,
						.preempt_rt = rt };
	uint64_t steps = setting("IOMAP_STEPS", 30000);
	int ncpus = cpus_online() > 1 ? 2 : 1;
	struct worker *w[TASKS];
	struct reference r = { .rt = rt };
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
		if (i % 200 == 199) {
			compare(&b, &r);
			/* Room in the ring, without the sweep that a create brings along. */
			if (b.m.lost[IOMAP_LOST_RING_FULL])
				break;
		}
	}
	compare(&b, &r);
	/* Else the run has shown less than it should. */
	assert_true(r.lost[IOMAP_LOST_LIVE_FULL] && r.lost[IOMAP_LOST_TABLE_FULL]);
	assert_true(r.lost[IOMAP_LOST_DEPTH_OVERFLOW] && r.stray_unmaps && r.stray_maps);
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
