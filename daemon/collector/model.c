// SPDX-License-Identifier: GPL-2.0-or-later
#include "daemon/collector/model.h"

#include <string.h>

void model_reset(struct model *m)
{
	struct model empty = {
		.mappings = m->mappings,
		.cap_mappings = m->cap_mappings,
		.callers = m->callers,
		.cap_callers = m->cap_callers,
		.cpus = m->cpus,
		.cap_cpus = m->cap_cpus,
		.violations = m->violations,
		.cap_violations = m->cap_violations,
	};

	ipi_reset(&m->ipi);
	empty.ipi = m->ipi;
	*m = empty;
}

void model_free(struct model *m)
{
	free(m->mappings);
	free(m->callers);
	free(m->cpus);
	free(m->violations);
	ipi_free(&m->ipi);
	*m = (struct model){};
}

/* Doubles the capacity of an array. */
static int grow(void *array, size_t *cap, size_t size)
{
	void **p = array;
	size_t n = *cap ? *cap * 2 : 16;
	void *grown = reallocarray(*p, n, size);

	if (!grown)
		return -ENOMEM;
	*p = grown;
	*cap = n;
	return 0;
}

/* Makes room for one more element of an array; returns its address, zeroed, or NULL. */
static void *more(void *array, size_t *nr, size_t *cap, size_t size)
{
	void **p = array;
	void *elem;

	if (*nr == *cap && grow(array, cap, size))
		return NULL;
	elem = (char *)*p + *nr * size;
	memset(elem, 0, size);
	(*nr)++;
	return elem;
}

int model_add_cpu(struct model *m, uint32_t cpu, const struct iomap_cpu *c, bool online)
{
	struct model_cpu *mc = &m->offline;

	if (online) {
		mc = more(&m->cpus, &m->nr_cpus, &m->cap_cpus, sizeof(*mc));
		if (!mc)
			return -ENOMEM;
		mc->cpu = cpu;
	}
	m->seen += c->seen;
	m->counted += c->counted;
	m->created += c->created;
	m->freed += c->freed;
	for (int i = 0; i < IOMAP_LOST_MAX; i++)
		m->lost[i] += c->lost[i];
	for (int i = 0; i < IOMAP_RULE_MAX; i++)
		m->rule_count[i] += c->violations[i];
	for (int k = 0; k < IOMAP_KIND_MAX; k++) {
		m->unmatched_unmaps += c->unmatched[k];
		m->undecided[k] += c->undecided[k];
		mc->unmaps[k] += c->unmatched[k];
		for (int b = 0; b < IOMAP_BACKEND_MAX; b++) {
			const struct iomap_total *t = &c->total[b][k];

			m->total[b][k].maps += t->maps;
			m->total[b][k].unmaps += t->unmaps;
			m->total[b][k].failed += t->failed;
			mc->maps[k] += t->maps;
			mc->unmaps[k] += t->unmaps;
			mc->failed += t->failed;
			if (t->maps || t->unmaps || t->failed)
				m->backend_present[b] = true;
		}
	}
	return 0;
}

static void add_hist(struct model_hist *mh, const struct iomap_hist *h)
{
	for (int i = 0; i < IOMAP_HIST_BUCKETS; i++) {
		mh->bucket[i] += h->bucket[i];
		mh->count += h->bucket[i];
	}
	mh->sum += h->sum;
	if (h->max > mh->max)
		mh->max = h->max;
}

void model_add_hist(struct model *m, unsigned int backend, unsigned int kind,
		    const struct iomap_hist *h)
{
	add_hist(&m->hist[backend][kind], h);
}

void model_add_op_hist(struct model *m, unsigned int op, unsigned int backend, unsigned int kind,
		       const struct iomap_hist *h)
{
	add_hist(&m->op[op][backend][kind], h);
}

int model_add_hook(struct model *m, const char *name, const char *missing)
{
	if (m->nr_hooks == MODEL_HOOKS_MAX)
		return -ENOSPC;
	m->hooks[m->nr_hooks++] = (struct model_hook){ name, missing };
	return 0;
}

int model_add_violation(struct model *m, const struct model_violation *v)
{
	struct model_violation *mv =
		more(&m->violations, &m->nr_violations, &m->cap_violations, sizeof(*mv));

	if (!mv)
		return -ENOMEM;
	*mv = *v;
	return 0;
}

static void add_counters(struct model_count *sum, const struct iomap_counters *c)
{
	for (int k = 0; k < IOMAP_KIND_MAX; k++) {
		sum[k].maps += c->kind[k].maps;
		sum[k].unmaps += c->kind[k].unmaps;
		sum[k].failed += c->kind[k].failed;
		sum[k].gone += c->kind[k].gone;
		sum[k].hold_count += c->kind[k].hold_count;
		sum[k].hold_sum += c->kind[k].hold_sum;
		if (c->kind[k].hold_max > sum[k].hold_max)
			sum[k].hold_max = c->kind[k].hold_max;
	}
}

static uint64_t minus(uint64_t a, uint64_t b)
{
	return a > b ? a - b : 0;
}

int model_add_mapping(struct model *m, uint32_t id, const struct iomap_mapping *map,
		      const void *counters, size_t nr, size_t stride,
		      struct model_mapping **ret_mapping)
{
	struct model_mapping *mm =
		more(&m->mappings, &m->nr_mappings, &m->cap_mappings, sizeof(*mm));

	if (!mm)
		return -ENOMEM;
	mm->id = id;
	mm->gen = map->gen;
	mm->base = map->base;
	mm->size = map->size;
	mm->owner_addr = map->owner;
	mm->bar = -1;
	mm->backend = map->backend;
	mm->state = map->state;
	for (size_t i = 0; i < nr; i++)
		add_counters(mm->kind, (const void *)((const char *)counters + i * stride));
	memcpy(mm->ever, mm->kind, sizeof(mm->ever));
	for (int k = 0; k < IOMAP_KIND_MAX; k++) {
		const struct iomap_count *then = &map->at_create.kind[k];
		struct model_count *c = &mm->kind[k];

		if (map->backend < IOMAP_BACKEND_MAX)
			m->total[map->backend][k].gone += c->gone;
		c->maps = minus(c->maps, then->maps);
		c->unmaps = minus(c->unmaps, then->unmaps);
		c->failed = minus(c->failed, then->failed);
		c->gone = minus(c->gone, then->gone);
		c->hold_count = minus(c->hold_count, then->hold_count);
		c->hold_sum = minus(c->hold_sum, then->hold_sum);
	}
	if (map->state != IOMAP_EMPTY && map->backend < IOMAP_BACKEND_MAX)
		m->backend_present[map->backend] = true;
	if (ret_mapping)
		*ret_mapping = mm;
	return 0;
}

void model_add_unattributed(struct model *m, const void *counters, size_t nr, size_t stride)
{
	for (size_t i = 0; i < nr; i++)
		add_counters(m->unattributed, (const void *)((const char *)counters + i * stride));
	m->unlisted_maps = 0;
	for (int k = 0; k < IOMAP_KIND_MAX; k++)
		m->unlisted_maps += m->unattributed[k].maps;
}

static int by_site(const void *pa, const void *pb)
{
	const struct model_caller *a = pa, *b = pb;

	if (a->addr != b->addr)
		return a->addr < b->addr ? -1 : 1;
	if (a->mapping_id != b->mapping_id)
		return a->mapping_id < b->mapping_id ? -1 : 1;
	if (a->kind != b->kind)
		return a->kind < b->kind ? -1 : 1;
	return (int)a->backend - (int)b->backend;
}

static int by_maps(const void *pa, const void *pb)
{
	const struct model_caller *a = pa, *b = pb;

	if (a->maps != b->maps)
		return a->maps > b->maps ? -1 : 1;
	return by_site(pa, pb);
}

/* Merges the records that several CPUs have of one caller. */
static void merge_callers(struct model *m)
{
	size_t n = 0;

	if (!m->nr_callers)
		return;
	qsort(m->callers, m->nr_callers, sizeof(*m->callers), by_site);
	for (size_t i = 1; i < m->nr_callers; i++) {
		struct model_caller *last = &m->callers[n], *c = &m->callers[i];

		if (!by_site(last, c)) {
			last->maps += c->maps;
			last->failed += c->failed;
		} else {
			m->callers[++n] = *c;
		}
	}
	m->nr_callers = n + 1;
}

int model_add_caller(struct model *m, const struct iomap_caller *s)
{
	struct model_caller *c;

	if (!s->modules)
		return 0;
	/* Merge before growing: many CPUs may have records of one caller. */
	if (m->nr_callers == m->cap_callers) {
		merge_callers(m);
		if (m->nr_callers >= m->cap_callers / 2 &&
		    grow(&m->callers, &m->cap_callers, sizeof(*c)))
			return -ENOMEM;
	}
	c = more(&m->callers, &m->nr_callers, &m->cap_callers, sizeof(*c));
	if (!c)
		return -ENOMEM;
	c->addr = s->caller;
	c->mapping_id = s->id;
	c->kind = s->kind;
	c->backend = s->backend;
	c->maps = s->maps;
	c->failed = s->failed;
	return 0;
}

void model_finish(struct model *m)
{
	merge_callers(m);
	if (m->nr_callers)
		qsort(m->callers, m->nr_callers, sizeof(*m->callers), by_maps);
}

uint64_t model_maps(const struct model_count *c)
{
	return c->maps;
}

uint64_t model_unmaps(const struct model_count *c)
{
	return c->unmaps;
}

uint64_t model_failed(const struct model_count *c)
{
	return c->failed;
}

bool model_maps_only(const struct model *m, unsigned int kind)
{
	return m->source == IOMAP_SOURCE_SITES && kind != IOMAP_ATOMIC;
}

uint64_t model_live(const struct model_count *c)
{
	return minus(c->maps, c->unmaps + c->gone);
}

uint64_t model_percentile(const struct model_hist *h, unsigned int percent)
{
	uint64_t need, got = 0, end;

	if (!h->count)
		return 0;
	/* The smallest rank that covers the percentage, computed without overflow. */
	need = h->count / 100 * percent + (h->count % 100 * percent + 99) / 100;
	for (uint32_t i = 0; i < IOMAP_HIST_BUCKETS; i++) {
		got += h->bucket[i];
		if (got < need || !got)
			continue;
		end = iomap_bucket_low(i + 1) - 1;
		return end < h->max && i < IOMAP_HIST_BUCKETS - 1 ? end : h->max;
	}
	return h->max;
}
