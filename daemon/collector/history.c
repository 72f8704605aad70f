// SPDX-License-Identifier: GPL-2.0-or-later
#include "daemon/collector/history.h"

#include <stdlib.h>
#include <string.h>

struct history {
	uint64_t begin; /* sequence number of the first event */
	uint64_t next;	/* and of the next one */
	struct event ring[HISTORY_SIZE];
	/* Violations that are older than the ring, oldest first. */
	struct event old[HISTORY_OLD];
	size_t nr_old;
};

struct history *history_new(void)
{
	struct history *h = calloc(1, sizeof(*h));

	if (h)
		history_begin(h, 1);
	return h;
}

struct history *history_free(struct history *h)
{
	free(h);
	return NULL;
}

void history_begin(struct history *h, uint64_t seq)
{
	h->begin = h->next = seq;
	h->nr_old = 0;
}

void history_add_old(struct history *h, const struct event *e)
{
	if (h->nr_old == HISTORY_OLD)
		memmove(h->old, h->old + 1, --h->nr_old * sizeof(*h->old));
	h->old[h->nr_old++] = *e;
}

void history_add(struct history *h, const struct event *e)
{
	struct event *slot = &h->ring[h->next % HISTORY_SIZE];

	if (h->next - h->begin >= HISTORY_SIZE && slot->rec.type == IOMAP_EVENT_VIOLATION)
		history_add_old(h, slot);
	*slot = *e;
	slot->seq = h->next++;
}

/* Sequence number of the oldest event in the ring. */
static uint64_t ring_first(const struct history *h)
{
	return h->next - h->begin > HISTORY_SIZE ? h->next - HISTORY_SIZE : h->begin;
}

uint64_t history_first(const struct history *h)
{
	return h->nr_old ? h->old[0].seq : ring_first(h);
}

const struct event *history_next(const struct history *h, uint64_t *seq, uint64_t *ret_missed)
{
	uint64_t first = ring_first(h), want = *seq;
	const struct event *e;

	if (want >= h->next)
		return NULL;
	if (want >= first) {
		e = &h->ring[want % HISTORY_SIZE];
	} else {
		e = h->old;
		while (e < h->old + h->nr_old && e->seq < want)
			e++;
		if (e == h->old + h->nr_old)
			e = &h->ring[first % HISTORY_SIZE];
	}
	*ret_missed = e->seq - want;
	*seq = e->seq + 1;
	return e;
}
