// SPDX-License-Identifier: GPL-2.0-or-later
#include "daemon/collector/model-ipi.h"

#include <errno.h>
#include <stdlib.h>
#include <string.h>

void ipi_reset(struct model_ipi *m)
{
	struct model_ipi empty = { .callers = m->callers, .cap_callers = m->cap_callers };

	free(m->matrix);
	*m = empty;
}

void ipi_free(struct model_ipi *m)
{
	free(m->callers);
	free(m->matrix);
	*m = (struct model_ipi){};
}

/* Adds c to *sum, whose counts are in 1/IOMAP_SHARE_ONE. */
static void add_scaled(struct iomap_ipi_count *sum, const struct iomap_ipi_count *c)
{
	sum->broadcasts += c->broadcasts << IOMAP_SHARE_BITS;
	sum->sends += c->sends << IOMAP_SHARE_BITS;
	sum->ipis += c->ipis << IOMAP_SHARE_BITS;
	sum->calls += c->calls << IOMAP_SHARE_BITS;
	sum->wait_ns += c->wait_ns;
	sum->stolen_ns += c->stolen_ns;
}

static uint64_t minus(uint64_t a, uint64_t b)
{
	return a > b ? a - b : 0;
}

static void subtract(struct iomap_ipi_count *from, const struct iomap_ipi_count *c)
{
	from->broadcasts = minus(from->broadcasts, c->broadcasts);
	from->sends = minus(from->sends, c->sends);
	from->ipis = minus(from->ipis, c->ipis);
	from->calls = minus(from->calls, c->calls);
	from->wait_ns = minus(from->wait_ns, c->wait_ns);
	from->stolen_ns = minus(from->stolen_ns, c->stolen_ns);
}

void ipi_add_cpu(struct model_ipi *m, const struct iomap_ipi_cpu *c)
{
	for (int i = 0; i < IOMAP_IPI_CLASS_MAX; i++)
		iomap_ipi_add(&m->class[i], &c -> count[i]);
	for (int i = 0; i < IOMAP_IPI_VECTOR_MAX; i++) {
		m->sent[i] += c->sent[i];
		m->received[i] += c->received[i];
	}
	m->queued += c->queued;
	m->slots += c->slots;
	m->unread += c->unread;
	m->unjoined += c->unjoined;
	m->unplaced += c->unplaced;
}

static struct ipi_caller *caller_of(struct model_ipi *m, const struct iomap_ipi_caller_key *key)
{
	struct ipi_caller *c;
	size_t cap;

	/* The records of a caller follow each other. */
	if (m->nr_callers) {
		c = &m->callers[m->nr_callers - 1];
		if (c->addr == key->caller && c->mapping_id == key->id && c->kind == key->kind &&
		    c->backend == key->backend)
			return c;
	}
	if (m->nr_callers == m->cap_callers) {
		cap = m->cap_callers ? 2 * m->cap_callers : 16;
		c = reallocarray(m->callers, cap, sizeof(*c));
		if (!c)
			return NULL;
		m->callers = c;
		m->cap_callers = cap;
	}
	c = &m->callers[m->nr_callers++];
	*c = (struct ipi_caller){ .addr = key->caller,
				  .mapping_id = key->id,
				  .kind = key->kind,
				  .backend = key->backend };
	return c;
}

int ipi_add_caller(struct model_ipi *m, const struct iomap_ipi_caller_key *key,
		   const struct iomap_ipi_caller *site, const struct iomap_ipi_purge *purges)
{
	struct ipi_caller *c = caller_of(m, key);
	struct iomap_ipi_caller s = *site;

	if (!c || key->kind >= IOMAP_KIND_MAX || key->backend >= IOMAP_BACKEND_MAX)
		return c ? 0 : -ENOMEM;
	iomap_ipi_add(&m->noted[key->backend], &s.deferred);
	for (size_t i = 0; i < 2; i++) {
		struct iomap_ipi_open *o = &s.open[i];

		if (o->ranges && !iomap_ipi_settle(&s, o, &purges[o->epoch % IOMAP_PURGES]))
			c->pending += o->ranges;
	}
	iomap_ipi_add(&c->direct, &s.direct);
	iomap_ipi_add(&c->deferred, &s.deferred);
	c->queued += s.queued;
	c->expired += s.expired;
	c->slots += s.slots;
	return 0;
}

int ipi_add_cell(struct model_ipi *m, size_t cpus, size_t sender, size_t target,
		 const struct iomap_ipi_cell *cell)
{
	if (!m->matrix) {
		m->matrix = calloc(cpus * cpus, sizeof(*m->matrix));
		if (!m->matrix)
			return -ENOMEM;
		m->matrix_cpus = cpus;
	}
	for (int i = 0; i < IOMAP_IPI_CLASS_MAX; i++)
		m->matrix[sender * cpus + target].ipis[i] += cell->ipis[i];
	return 0;
}

void ipi_add_offline(struct model_ipi *m, const struct iomap_ipi_cell *cell)
{
	for (int i = 0; i < IOMAP_IPI_CLASS_MAX; i++)
		m->offline.ipis[i] += cell->ipis[i];
}

/*
 * Adds the caller's share of the reserve's flushes. Only io_mapping uses the reserve, a slot is one
 * page, and all slots that were ever queued bear the same cost.
 */
static void share_reserve(struct ipi_caller *c, const struct iomap_ipi_count *cost, uint64_t slots)
{
	uint64_t f = slots ? (c->slots << 32) / slots : 0;

	c->deferred.broadcasts += iomap_count_share(cost->broadcasts, f);
	c->deferred.sends += iomap_count_share(cost->sends, f);
	c->deferred.ipis += iomap_count_share(cost->ipis, f);
	c->deferred.calls += iomap_count_share(cost->calls, f);
	c->deferred.wait_ns += iomap_time_share(cost->wait_ns, f);
	c->deferred.stolen_ns += iomap_time_share(cost->stolen_ns, f);
}

/* Most expensive first. */
static int by_cost(const void *pa, const void *pb)
{
	const struct ipi_caller *a = pa, *b = pb;
	uint64_t ca = (a->direct.ipis << IOMAP_SHARE_BITS) + a->deferred.ipis;
	uint64_t cb = (b->direct.ipis << IOMAP_SHARE_BITS) + b->deferred.ipis;

	if (ca != cb)
		return ca > cb ? -1 : 1;
	if (a->queued + a->slots != b->queued + b->slots)
		return a->queued + a->slots > b->queued + b->slots ? -1 : 1;
	if (a->mapping_id != b->mapping_id)
		return a->mapping_id < b->mapping_id ? -1 : 1;
	if (a->addr != b->addr)
		return a->addr < b->addr ? -1 : 1;
	return a->kind - b->kind;
}

void ipi_finish(struct model_ipi *m)
{
	uint64_t slots = 0;

	m->other = m->total = (struct iomap_ipi_count){};
	for (int i = 0; i < IOMAP_IPI_CLASS_MAX; i++)
		iomap_ipi_add(&m->total, &m->class[i]);
	/* The part of the purges that no caller bears is counted as other. */
	add_scaled(&m->other, &m->class[IOMAP_IPI_OTHER]);
	add_scaled(&m->other, &m->class[IOMAP_IPI_PURGE]);
	for (size_t i = 0; i < m->nr_callers; i++) {
		const struct ipi_caller *c = &m->callers[i];

		iomap_ipi_add(&m->direct[c->backend], &c->direct);
		iomap_ipi_add(&m->deferred[c->backend], &c->deferred);
		subtract(&m->other, &c->deferred);
		m->own_queued += c->queued;
		m->own_pending += c->pending;
		m->own_expired += c->expired;
		slots += c->slots;
	}
	add_scaled(&m->deferred[IOMAP_IOREMAP], &m->class[IOMAP_IPI_RESERVE]);
	for (size_t i = 0; i < m->nr_callers; i++)
		share_reserve(&m->callers[i], &m->class[IOMAP_IPI_RESERVE], slots);
	m->pending_slots = minus(m->slots, m->purging.slots);
	if (m->nr_callers)
		qsort(m->callers, m->nr_callers, sizeof(*m->callers), by_cost);
}
