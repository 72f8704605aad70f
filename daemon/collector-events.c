// SPDX-License-Identifier: GPL-2.0-or-later
/*
 * The records of the ring buffer, taken a batch at a time: the names in all of them are looked up
 * together, as a look-up reads the whole list of symbols, and now, as a module may be about to go.
 */
#include <string.h>
#include <time.h>

#include "daemon/collector-priv.h"

int collector_event_arrived(void *ctx, void *data, size_t size)
{
	struct collector *c = ctx;
	struct iomap_event *grown;
	size_t cap;

	if (size < sizeof(c->batch[0]))
		return 0;
	if (c->nr_batch == c->cap_batch) {
		cap = c->cap_batch ? c->cap_batch * 2 : 64;
		grown = reallocarray(c->batch, cap, sizeof(*grown));
		if (!grown)
			return -ENOMEM;
		c->batch = grown;
		c->cap_batch = cap;
	}
	memcpy(&c->batch[c->nr_batch++], data, sizeof(c->batch[0]));
	return 0;
}

static uint64_t unix_ns(uint64_t time_ns)
{
	struct timespec mono, real;

	clock_gettime(CLOCK_MONOTONIC, &mono);
	clock_gettime(CLOCK_REALTIME, &real);
	return time_ns + (real.tv_sec - mono.tv_sec) * 1000000000LL + (real.tv_nsec - mono.tv_nsec);
}

/* Enters a violation that the ring had no room for. */
static void add_untold(struct history *h, const struct model_violation *v)
{
	struct event e = {
		.rec = {
			.type = IOMAP_EVENT_VIOLATION,
			.time_ns = v->time_ns,
			.base = v->base,
			.size = v->size,
			.offset = v->offset,
			.id = v->id,
			.pid = v->pid,
			.cpu = v->cpu,
			.kind = v->kind,
			.backend = v->backend,
		},
		.time_unix_ns = v->time_unix_ns,
		.caller = v->caller,
		.module = v->module,
		.violation = v,
	};

	memcpy(e.rec.comm, v->comm, IOMAP_COMM_LEN);
	history_add(h, &e);
}

/* Enters one record. Returns 1 when that was done. */
static int add(struct collector *c, struct history *h, const struct iomap_event *rec)
{
	struct event e = { .rec = *rec, .time_unix_ns = unix_ns(rec->time_ns) };
	const struct symbol *sym;
	struct place *p;

	if (rec->type == IOMAP_EVENT_VIOLATION) {
		p = collector_place(c, rec->place);
		e.violation = p ? collector_tell(p) : NULL;
		if (!e.violation)
			return 0;
	}
	if (rec->caller) {
		sym = symbols_get(c->symbols, rec->caller);
		e.caller = sym ? sym->name : NULL;
		e.module = sym ? sym->module : NULL;
	}
	if (rec->type == IOMAP_EVENT_CREATE && rec->gen > 1)
		collector_sweep(c, rec->id, rec->gen);
	history_add(h, &e);
	return 1;
}

static int name_batch(struct collector *c)
{
	_cleanup_free_ uint64_t *addrs = calloc(c->nr_batch + 1, sizeof(*addrs));
	size_t n = 0;

	if (!addrs)
		return -ENOMEM;
	for (size_t i = 0; i < c->nr_batch; i++) {
		if (c->batch[i].type == IOMAP_EVENT_VIOLATION)
			collector_place(c, c->batch[i].place);
		if (c->batch[i].caller)
			addrs[n++] = c->batch[i].caller;
	}
	return collector_name(c, addrs, n);
}

int collector_consume(struct collector *c, struct history *h)
{
	bool untold = c->skel->bss->shared.untold;
	const struct model_violation *v;
	int err, n = 0;

	c->nr_batch = 0;
	c->skel->bss->shared.untold = 0;
	err = ring_buffer__consume(c->ring);
	if (err < 0)
		return err;
	if (untold)
		collector_find_places(c);
	err = name_batch(c);
	if (err)
		return err;
	for (size_t i = 0; i < c->nr_batch; i++)
		n += add(c, h, &c->batch[i]);
	for (size_t i = 0; untold && i < c->nr_places; i++) {
		v = collector_tell(c->places[i]);
		if (v) {
			add_untold(h, v);
			n++;
		}
	}
	return n;
}
