// SPDX-License-Identifier: GPL-2.0-or-later
/*
 * The records of the ring buffer. All addresses of a batch are named in one look-up, as a look-up
 * reads the whole list of symbols, and without delay, as a module may be unloaded soon.
 */
#include <string.h>
#include <bpf/bpf.h>

#include "daemon/collector/priv.h"

static int add_to_batch(struct collector *c, const struct iomap_saved_event *t)
{
	struct iomap_saved_event *grown;
	size_t cap;

	if (c->events.nr_batch == c->events.cap_batch) {
		cap = c->events.cap_batch ? c->events.cap_batch * 2 : 64;
		grown = reallocarray(c->events.batch, cap, sizeof(*grown));
		if (!grown)
			return -ENOMEM;
		c->events.batch = grown;
		c->events.cap_batch = cap;
	}
	c->events.batch[c->events.nr_batch++] = *t;
	return 0;
}

/*
 * Saves the event for the next iomapd. seq is 0 while the record is written, so a half-written one
 * is never read.
 */
static void save(struct collector *c, const struct iomap_saved_event *from)
{
	struct iomap_saved_event *t = &c->events.saved[from->seq % IOMAP_SAVED_EVENTS];

	if (from->rec.type == IOMAP_EVENT_VIOLATION && c->events.nr_violations < IOMAP_SITES)
		t = &c->events.saved[IOMAP_SAVED_EVENTS + c->events.nr_violations++];
	__atomic_store_n(&t->seq, 0, __ATOMIC_SEQ_CST);
	t->time_unix_ns = from->time_unix_ns;
	t->rec = from->rec;
	__atomic_store_n(&t->seq, from->seq, __ATOMIC_SEQ_CST);
	c->events.seq = from->seq;
}

/*
 * An iomapd that died after saving a record and before consuming it from the ring left it in both.
 */
static bool saved_already(struct collector *c, const struct iomap_event *rec)
{
	const struct iomap_saved_event *last = c->events.look_saved;

	c->events.look_saved = NULL;
	return last && !memcmp(&last->rec, rec, sizeof(*rec));
}

static int take(struct collector *c, const struct iomap_event *rec)
{
	const struct iomap_saved_event t = {
		.seq = c->events.seq + 1,
		.time_unix_ns = collector_unix_ns(rec->tai_ns),
		.rec = *rec,
	};
	struct site *p;
	int err;

	if (saved_already(c, rec))
		return 0;
	if (rec->type == IOMAP_EVENT_VIOLATION) {
		p = site_get(c, rec->site);
		if (!p || !site_claim(p, t.time_unix_ns))
			return 0;
	}
	err = add_to_batch(c, &t);
	if (!err)
		save(c, &t);
	return err;
}

int events_arrived(void *ctx, void *data, size_t size)
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

/* Takes an event that an earlier iomapd reported. */
static int report_again(struct collector *c, const struct iomap_saved_event *t)
{
	bool violation = t->rec.type == IOMAP_EVENT_VIOLATION;
	struct site *p = violation ? site_get(c, t->rec.site) : NULL;

	if (p)
		site_claim(p, t->time_unix_ns);
	return t->seq < c->events.begin && !violation ? 0 : add_to_batch(c, t);
}

int events_replay(struct collector *c)
{
	_cleanup_free_ const struct iomap_saved_event **all = calloc(IOMAP_SAVED_ALL, sizeof(*all));
	uint64_t oldest = 1;
	size_t n = 0;
	int err = 0;

	if (!all)
		return -ENOMEM;
	for (size_t i = 0; i < IOMAP_SAVED_ALL; i++) {
		if (!c->events.saved[i].seq)
			continue;
		all[n++] = &c->events.saved[i];
		c->events.nr_violations += i >= IOMAP_SAVED_EVENTS;
	}
	qsort(all, n, sizeof(*all), by_seq);
	if (n)
		c->events.look_saved = all[n - 1];
	c->events.seq = n ? all[n - 1]->seq : 0;
	if (c->events.seq > IOMAP_SAVED_EVENTS)
		oldest = c->events.seq - IOMAP_SAVED_EVENTS + 1;
	/* The oldest record may be half overwritten: go back until a number is missing. */
	c->events.begin = c->events.seq + 1;
	for (size_t i = n; i-- && c->events.begin > oldest && all[i]->seq == c->events.begin - 1;)
		c->events.begin--;
	for (size_t i = 0; i < n && !err; i++)
		err = report_again(c, all[i]);
	c->events.replay = c->events.look_unreported = true;
	return err;
}

static void sweep_one(int fd, const struct iomap_live_key *key, uint32_t id, uint32_t gen)
{
	struct iomap_live entry;

	if (!bpf_map_lookup_elem(fd, key, &entry) && entry.id == id && entry.gen != gen)
		bpf_map_delete_elem(fd, key);
}

/* Forgets the open maps of earlier mappings that had the id. */
static void sweep(struct collector *c, uint32_t id, uint32_t gen)
{
	struct iomap_live_key key, next, *prev = NULL;
	uint32_t max = bpf_map__max_entries(c->skel->maps.live);
	int fd = bpf_map__fd(c->skel->maps.live);

	/* Bounded: the walk starts over when the kernel deletes the current key. */
	for (uint32_t i = 0; i < 2 * max && !bpf_map_get_next_key(fd, prev, &next); i++) {
		/* A key is deleted only after its successor is known. */
		if (prev)
			sweep_one(fd, prev, id, gen);
		key = next;
		prev = &key;
	}
	if (prev)
		sweep_one(fd, prev, id, gen);
}

/* Adds an event to the history, with its names. */
static void add(struct collector *c, struct history *h, const struct iomap_saved_event *t)
{
	const struct iomap_event *rec = &t->rec;
	struct event e = { .seq = t->seq, .rec = *rec, .time_unix_ns = t->time_unix_ns };
	const struct symbol *sym;
	struct site *p;

	if (rec->type == IOMAP_EVENT_VIOLATION) {
		p = site_get(c, rec->site);
		e.violation = p ? site_violation(p) : NULL;
	}
	if (rec->caller) {
		sym = symbols_get(c->symbols, rec->caller);
		e.caller = sym ? sym->name : NULL;
		e.module = sym ? sym->module : NULL;
	}
	if (rec->type == IOMAP_EVENT_CREATE && rec->gen > 1)
		sweep(c, rec->id, rec->gen);
	if (e.seq < c->events.begin)
		history_add_old(h, &e);
	else
		history_add(h, &e);
}

static int name_batch(struct collector *c)
{
	_cleanup_free_ uint64_t *addrs = calloc(c->events.nr_batch + 1, sizeof(*addrs));
	size_t n = 0;

	if (!addrs)
		return -ENOMEM;
	for (size_t i = 0; i < c->events.nr_batch; i++) {
		if (c->events.batch[i].rec.type == IOMAP_EVENT_VIOLATION)
			site_get(c, c->events.batch[i].rec.site);
		if (c->events.batch[i].rec.caller)
			addrs[n++] = c->events.batch[i].rec.caller;
	}
	return sites_name(c, addrs, n);
}

/* Takes the sites that the ring had no room for. */
static int take_unreported(struct collector *c)
{
	struct iomap_event rec;
	int err = 0;

	sites_find(c);
	for (size_t i = 0; i < c->sites.nr && !err; i++) {
		if (site_unreported(c->sites.site[i], &rec))
			err = take(c, &rec);
	}
	return err;
}

int collector_consume(struct collector *c, struct history *h)
{
	bool unreported = c->skel->bss->shared.unreported || c->events.look_unreported;
	size_t n;
	int err;

	if (c->events.replay)
		history_begin(h, c->events.begin);
	c->events.replay = false;
	c->events.look_unreported = false;
	c->skel->bss->shared.unreported = 0;
	err = ring_buffer__consume(c->ring);
	c->events.look_saved = NULL;
	if (err >= 0 && unreported)
		err = take_unreported(c);
	if (err >= 0)
		err = name_batch(c);
	if (err < 0)
		return err;
	n = c->events.nr_batch;
	c->events.nr_batch = 0;
	for (size_t i = 0; i < n; i++)
		add(c, h, &c->events.batch[i]);
	return n;
}

void events_free(struct collector *c)
{
	free(c->events.batch);
}
