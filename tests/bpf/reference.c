// SPDX-License-Identifier: GPL-2.0-or-later
#include "tests/bpf/reference.h"

#include <string.h>

static void ref_remove(struct ref_stack *s, int i)
{
	memmove(&s->map[i], &s->map[i + 1], (s->used - i - 1) * sizeof(s->map[0]));
	s->used--;
}

static bool ref_open(const struct open_map *m)
{
	return m->vaddr && !m->doubted;
}

int ref_push(struct ref_stack *s, const struct open_map *m)
{
	int lost = IOMAP_LOST_NONE;

	if (s->used == IOMAP_STACK_DEPTH) {
		if (ref_open(&s->map[0]))
			lost = IOMAP_LOST_DEPTH_OVERFLOW;
		ref_remove(s, 0);
	}
	s->map[s->used++] = *m;
	return lost;
}

/* Takes out the newest map of that kind, IOMAP_KIND_MAX for any. *ret_last: of all maps. */
static bool ref_pop(struct ref_stack *s, uint64_t vaddr, uint32_t kind, struct open_map *ret,
		    bool *ret_last)
{
	for (int i = s->used - 1; i >= 0; i--) {
		if (s->map[i].vaddr != vaddr || (s->map[i].kind != kind && kind != IOMAP_KIND_MAX))
			continue;
		*ret = s->map[i];
		*ret_last = true;
		for (int k = i + 1; k < s->used; k++)
			*ret_last &= !ref_open(&s->map[k]);
		if (*ret_last)
			s->used = i + 1;
		s->map[i].vaddr = 0;
		while (s->used && !s->map[s->used - 1].vaddr)
			s->used--;
		return true;
	}
	return false;
}

bool ref_stale(const struct reference *r, const struct open_map *m)
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

int ref_live_add(struct reference *r, struct open_map *m)
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

/* Takes out the entry of the lowest n of that task (-1: any) that is stale or not. */
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

uint32_t ref_row(uint32_t id)
{
	return id <= IDS ? id : 0;
}

void ref_lose(struct reference *r, int lost)
{
	if (lost != IOMAP_LOST_NONE)
		r->lost[lost]++;
}

void ref_gone(struct reference *r, const struct open_map *m)
{
	if (!ref_stale(r, m))
		r->by_id[ref_row(m->id)][m->kind].gone++;
}

void ref_back(struct reference *r, const struct open_map *m)
{
	if (!ref_stale(r, m))
		r->by_id[ref_row(m->id)][m->kind].gone--;
}

bool ref_atomic(const struct ref_stack *s)
{
	for (int i = 0; i < s->used; i++) {
		if (ref_open(&s->map[i]) && s->map[i].kind == IOMAP_ATOMIC)
			return true;
	}
	return false;
}

enum ref_closed ref_close(struct reference *r, uint64_t vaddr, uint32_t kind, int task,
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

void ref_unmatched(struct reference *r, uint32_t kind, int task)
{
	struct ref_stack *s = &r->task[task];

	if (kind == IOMAP_SLEEPABLE && r->lost[IOMAP_LOST_LIVE_FULL]) {
		r->undecided[kind]++;
	} else if (kind != IOMAP_SLEEPABLE && s->forgotten) {
		s->forgotten--;
		r->undecided[kind]++;
	} else {
		r->broken[IOMAP_UNMAP_UNKNOWN]++;
		for (int i = s->used - 1; i >= 0; i--) {
			if (!ref_open(&s->map[i]) || s->map[i].kind != kind)
				continue;
			s->map[i].doubted = true;
			ref_gone(r, &s->map[i]);
			break;
		}
	}
}
