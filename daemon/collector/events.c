// SPDX-License-Identifier: GPL-2.0-or-later
/*
 * The records of the ring buffer, taken a batch at a time: the names in all of them are looked up
 * together, as a look-up reads the whole list of symbols, and now, as a module may be about to go.
 */
#include <string.h>
#include <time.h>

#include "daemon/collector/priv.h"

/* Puts the event into the batch. */
static int add_to_batch(struct collector *c, uint64_t seq, const struct iomap_event *rec)
{
	struct iomap_saved_event *grown;
	size_t cap;

	if (c->nr_batch == c->cap_batch) {
		cap = c->cap_batch ? c->cap_batch * 2 : 64;
		grown = reallocarray(c->batch, cap, sizeof(*grown));
		if (!grown)
			return -ENOMEM;
		c->batch = grown;
		c->cap_batch = cap;
	}
	c->batch[c->nr_batch++] = (struct iomap_saved_event){ seq, *rec };
	return 0;
}

/* Keeps it for who comes after us: at each moment, a number says that the record is whole. */
static void keep(struct collector *c, const struct iomap_event *rec)
{
	struct iomap_saved_event *t = &c->saved_events[++c->seq % IOMAP_SAVED_EVENTS];

	if (rec->type == IOMAP_EVENT_VIOLATION && c->nr_reported < IOMAP_SITES)
		t = &c->saved_events[IOMAP_SAVED_EVENTS + c->nr_reported++];
	__atomic_store_n(&t->seq, 0, __ATOMIC_SEQ_CST);
	t->rec = *rec;
	__atomic_store_n(&t->seq, c->seq, __ATOMIC_SEQ_CST);
}

/* One that ended between keeping a record and giving it back to the ring leaves it in both. */
static bool saved_already(struct collector *c, const struct iomap_event *rec)
{
	const struct iomap_saved_event *last = c->look_saved;

	c->look_saved = NULL;
	return last && !memcmp(&last->rec, rec, sizeof(*rec));
}

static int take(struct collector *c, const struct iomap_event *rec)
{
	struct site *p;
	int err;

	if (saved_already(c, rec))
		return 0;
	if (rec->type == IOMAP_EVENT_VIOLATION) {
		p = collector_site(c, rec->site);
		if (!p || !collector_claim(p))
			return 0;
	}
	err = add_to_batch(c, c->seq + 1, rec);
	if (!err)
		keep(c, rec);
	return err;
}

int collector_event_arrived(void *ctx, void *data, size_t size)
{
	struct collector *c = ctx;

	return size < sizeof(struct iomap_event) ? 0 : take(c, data);
}

static int by_seq(const void *a, const void *b)
{
	const struct iomap_saved_event *ta = *(struct iomap_saved_event *const *)a;
	const struct iomap_saved_event *tb = *(struct iomap_saved_event *const *)b;

	return ta->seq < tb->seq ? -1 : ta->seq > tb->seq;
}

/* Enters one that an earlier collector told. */
static int report_again(struct collector *c, const struct iomap_saved_event *t)
{
	bool violation = t->rec.type == IOMAP_EVENT_VIOLATION;
	struct site *p = violation ? collector_site(c, t->rec.site) : NULL;

	if (p)
		collector_claim(p);
	return t->seq < c->begin && !violation ? 0 : add_to_batch(c, t->seq, &t->rec);
}

int collector_replay(struct collector *c)
{
	_cleanup_free_ const struct iomap_saved_event **all = calloc(IOMAP_SAVED_ALL, sizeof(*all));
	uint64_t oldest = 1;
	size_t n = 0;
	int err = 0;

	if (!all)
		return -ENOMEM;
	for (size_t i = 0; i < IOMAP_SAVED_ALL; i++) {
		if (!c->saved_events[i].seq)
			continue;
		all[n++] = &c->saved_events[i];
		c->nr_reported += i >= IOMAP_SAVED_EVENTS;
	}
	qsort(all, n, sizeof(*all), by_seq);
	if (n)
		c->look_saved = all[n - 1];
	c->seq = n ? all[n - 1]->seq : 0;
	if (c->seq > IOMAP_SAVED_EVENTS)
		oldest = c->seq - IOMAP_SAVED_EVENTS + 1;
	/* The oldest may have been about to be replaced: as far back as no number is missing. */
	c->begin = c->seq + 1;
	for (size_t i = n; i-- && c->begin > oldest && all[i]->seq == c->begin - 1;)
		c->begin--;
	for (size_t i = 0; i < n && !err; i++)
		err = report_again(c, all[i]);
	c->replay = c->look_unreported = true;
	return err;
}

static uint64_t unix_ns(uint64_t time_ns)
{
	struct timespec mono, real;

	clock_gettime(CLOCK_MONOTONIC, &mono);
	clock_gettime(CLOCK_REALTIME, &real);
	return time_ns + (real.tv_sec - mono.tv_sec) * 1000000000LL + (real.tv_nsec - mono.tv_nsec);
}

/* Enters one event. */
static void add(struct collector *c, struct history *h, const struct iomap_saved_event *t)
{
	const struct iomap_event *rec = &t->rec;
	struct event e = { .seq = t->seq, .rec = *rec, .time_unix_ns = unix_ns(rec->time_ns) };
	const struct symbol *sym;
	struct site *p;

	if (rec->type == IOMAP_EVENT_VIOLATION) {
		p = collector_site(c, rec->site);
		e.violation = p ? collector_violation(p) : NULL;
	}
	if (rec->caller) {
		sym = symbols_get(c->symbols, rec->caller);
		e.caller = sym ? sym->name : NULL;
		e.module = sym ? sym->module : NULL;
	}
	if (rec->type == IOMAP_EVENT_CREATE && rec->gen > 1)
		collector_sweep(c, rec->id, rec->gen);
	if (e.seq < c->begin)
		history_add_old(h, &e);
	else
		history_add(h, &e);
}

static int name_batch(struct collector *c)
{
	_cleanup_free_ uint64_t *addrs = calloc(c->nr_batch + 1, sizeof(*addrs));
	size_t n = 0;

	if (!addrs)
		return -ENOMEM;
	for (size_t i = 0; i < c->nr_batch; i++) {
		if (c->batch[i].rec.type == IOMAP_EVENT_VIOLATION)
			collector_site(c, c->batch[i].rec.site);
		if (c->batch[i].rec.caller)
			addrs[n++] = c->batch[i].rec.caller;
	}
	return collector_name(c, addrs, n);
}

/* Takes the sites that the ring had no room to tell of. */
static int take_untold(struct collector *c)
{
	struct iomap_event rec;
	int err = 0;

	collector_find_sites(c);
	for (size_t i = 0; i < c->nr_sites && !err; i++) {
		if (collector_unreported(c->sites[i], &rec))
			err = take(c, &rec);
	}
	return err;
}

int collector_consume(struct collector *c, struct history *h)
{
	bool unreported = c->skel->bss->shared.unreported || c->look_unreported;
	size_t n;
	int err;

	if (c->replay)
		history_begin(h, c->begin);
	c->replay = false;
	c->look_unreported = false;
	c->skel->bss->shared.unreported = 0;
	err = ring_buffer__consume(c->ring);
	c->look_saved = NULL;
	if (err >= 0 && unreported)
		err = take_untold(c);
	if (err >= 0)
		err = name_batch(c);
	if (err < 0)
		return err;
	n = c->nr_batch;
	c->nr_batch = 0;
	for (size_t i = 0; i < n; i++)
		add(c, h, &c->batch[i]);
	return n;
}
