// SPDX-License-Identifier: GPL-2.0-or-later
#include "daemon/history.h"

#include <stdlib.h>

struct history {
	uint64_t next; /* sequence number of the next event */
	struct event ring[HISTORY_SIZE];
};

struct history *history_new(void)
{
	struct history *h = calloc(1, sizeof(*h));

	if (h)
		h->next = 1;
	return h;
}

struct history *history_free(struct history *h)
{
	free(h);
	return NULL;
}

void history_add(struct history *h, const struct event *e)
{
	struct event *slot = &h->ring[h->next % HISTORY_SIZE];

	*slot = *e;
	slot->seq = h->next++;
}

uint64_t history_first(const struct history *h)
{
	return h->next > HISTORY_SIZE ? h->next - HISTORY_SIZE : 1;
}

const struct event *history_next(const struct history *h, uint64_t *seq, uint64_t *ret_missed)
{
	uint64_t first = history_first(h), want = *seq;

	if (want >= h->next)
		return NULL;
	*ret_missed = want < first ? first - want : 0;
	if (want < first)
		want = first;
	*seq = want + 1;
	return &h->ring[want % HISTORY_SIZE];
}
