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
	struct iomap_told *grown;
	size_t cap;

	if (c->nr_batch == c->cap_batch) {
		cap = c->cap_batch ? c->cap_batch * 2 : 64;
		grown = reallocarray(c->batch, cap, sizeof(*grown));
		if (!grown)
			return -ENOMEM;
		c->batch = grown;
		c->cap_batch = cap;
	}
	c->batch[c->nr_batch++] = (struct iomap_told){ seq, *rec };
	return 0;
}

/* Keeps it for who comes after us: at each moment, a number says that the record is whole. */
static void keep(struct collector *c, const struct iomap_event *rec)
{
	struct iomap_told *t = &c->told[++c->seq % IOMAP_TOLD];

	if (rec->type == IOMAP_EVENT_VIOLATION && c->nr_told < IOMAP_PLACES)
		t = &c->told[IOMAP_TOLD + c->nr_told++];
	__atomic_store_n(&t->seq, 0, __ATOMIC_SEQ_CST);
	t->rec = *rec;
	__atomic_store_n(&t->seq, c->seq, __ATOMIC_SEQ_CST);
}

/* One that ended between keeping a record and giving it back to the ring leaves it in both. */
static bool kept_already(struct collector *c, const struct iomap_event *rec)
{
	const struct iomap_told *last = c->look_kept;

	c->look_kept = NULL;
	return last && !memcmp(&last->rec, rec, sizeof(*rec));
}

static int take(struct collector *c, const struct iomap_event *rec)
{
	struct place *p;
	int err;

	if (kept_already(c, rec))
		return 0;
	if (rec->type == IOMAP_EVENT_VIOLATION) {
		p = collector_place(c, rec->place);
		if (!p || !collector_tell(p))
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
	const struct iomap_told *ta = *(struct iomap_told *const *)a;
	const struct iomap_told *tb = *(struct iomap_told *const *)b;

	return ta->seq < tb->seq ? -1 : ta->seq > tb->seq;
}

/* Enters one that an earlier collector told. */
static int tell_again(struct collector *c, const struct iomap_told *t)
{
	bool violation = t->rec.type == IOMAP_EVENT_VIOLATION;
	struct place *p = violation ? collector_place(c, t->rec.place) : NULL;

	if (p)
		collector_tell(p);
	return t->seq < c->begin && !violation ? 0 : add_to_batch(c, t->seq, &t->rec);
}

int collector_replay(struct collector *c)
{
	_cleanup_free_ const struct iomap_told **all = calloc(IOMAP_TOLD_ALL, sizeof(*all));
	uint64_t oldest = 1;
	size_t n = 0;
	int err = 0;

	if (!all)
		return -ENOMEM;
	for (size_t i = 0; i < IOMAP_TOLD_ALL; i++) {
		if (!c->told[i].seq)
			continue;
		all[n++] = &c->told[i];
		c->nr_told += i >= IOMAP_TOLD;
	}
	qsort(all, n, sizeof(*all), by_seq);
	if (n)
		c->look_kept = all[n - 1];
	c->seq = n ? all[n - 1]->seq : 0;
	if (c->seq > IOMAP_TOLD)
		oldest = c->seq - IOMAP_TOLD + 1;
	/* The oldest may have been about to be replaced: as far back as no number is missing. */
	c->begin = c->seq + 1;
	for (size_t i = n; i-- && c->begin > oldest && all[i]->seq == c->begin - 1;)
		c->begin--;
	for (size_t i = 0; i < n && !err; i++)
		err = tell_again(c, all[i]);
	c->replay = c->look_untold = true;
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
static void add(struct collector *c, struct history *h, const struct iomap_told *t)
{
	const struct iomap_event *rec = &t->rec;
	struct event e = { .seq = t->seq, .rec = *rec, .time_unix_ns = unix_ns(rec->time_ns) };
	const struct symbol *sym;
	struct place *p;

	if (rec->type == IOMAP_EVENT_VIOLATION) {
		p = collector_place(c, rec->place);
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
			collector_place(c, c->batch[i].rec.place);
		if (c->batch[i].rec.caller)
			addrs[n++] = c->batch[i].rec.caller;
	}
	return collector_name(c, addrs, n);
}

/* Takes the places that the ring had no room to tell of. */
static int take_untold(struct collector *c)
{
	struct iomap_event rec;
	int err = 0;

	collector_find_places(c);
	for (size_t i = 0; i < c->nr_places && !err; i++) {
		if (collector_untold(c->places[i], &rec))
			err = take(c, &rec);
	}
	return err;
}

int collector_consume(struct collector *c, struct history *h)
{
	bool untold = c->skel->bss->shared.untold || c->look_untold;
	size_t n;
	int err;

	if (c->replay)
		history_begin(h, c->begin);
	c->replay = false;
	c->look_untold = false;
	c->skel->bss->shared.untold = 0;
	err = ring_buffer__consume(c->ring);
	c->look_kept = NULL;
	if (err >= 0 && untold)
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
