/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * The latest events, in a ring of fixed size. Violations that leave the ring are saved, as each
 * site is reported only once. A reader asks for the event of a sequence number, so a slow reader
 * costs no memory, and learns how many events it missed.
 */
#ifndef IOMAP_DAEMON_COLLECTOR_HISTORY_H
#define IOMAP_DAEMON_COLLECTOR_HISTORY_H

#include <stdint.h>

#include "bpf/iomap.h"
#include "bpf/persistent.h"
#include "daemon/collector/model.h"

#define HISTORY_SIZE IOMAP_SAVED_EVENTS
#define HISTORY_OLD  IOMAP_SITES

struct event {
	uint64_t seq; /* 1 for the first event since counting began */
	uint64_t time_unix_ns;
	struct iomap_event rec;
	const char *caller; /* symbol+0xoffset; NULL: the event has none */
	const char *module;
	const struct model_violation *violation; /* outlives the history; NULL for other events */
};

struct history;

/* Returns NULL when there is no memory. */
struct history *history_new(void);
struct history *history_free(struct history *h);

/* Empties the history. The next event added gets number seq. */
void history_begin(struct history *h, uint64_t seq);

/* Adds an event with the next sequence number; the strings must outlive the history. */
void history_add(struct history *h, const struct event *e);

/* Adds a violation with its own number: above those of earlier calls, below those of the ring. */
void history_add_old(struct history *h, const struct event *e);

/*
 * The event with sequence number *seq, or the oldest later one if that is gone. Sets *seq to the
 * number after the event and *ret_missed to the number of skipped events. NULL: no such event yet.
 */
const struct event *history_next(const struct history *h, uint64_t *seq, uint64_t *ret_missed);

/* Sequence number of the oldest saved event, or of the next one if there is none. */
uint64_t history_first(const struct history *h);

#endif
