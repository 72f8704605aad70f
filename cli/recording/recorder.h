/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * Records what iomapd says: a snapshot at each interval, and all events. Never waits: the caller
 * polls the descriptors and calls recorder_step().
 */
#ifndef IOMAP_CLI_RECORDING_RECORDER_H
#define IOMAP_CLI_RECORDING_RECORDER_H

#include <poll.h>
#include <stdbool.h>
#include <stdint.h>

#include "daemon/base/util.h"

struct recorder_options {
	const char *socket;
	const char *file;
	uint64_t interval_ns;
	uint64_t max_size;    /* 0: no limit */
	char *const *command; /* that is recorded; NULL: none */
};

/* What was recorded so far. */
struct recorder_totals {
	uint64_t snapshots, events;
	uint64_t away; /* times that iomapd went away */
	uint64_t bytes;
	bool connected;
};

struct recorder;

/*
 * Connects to iomapd, makes the file, and writes the facts about this machine. Returns 0 or a
 * negative errno with a sentence.
 */
int recorder_new(const struct recorder_options *o, struct recorder **ret, struct errbuf *err);
struct recorder *recorder_free(struct recorder *r);

#define RECORDER_FDS 2
/* For poll(): fills in the descriptors, -1 for none, and returns the time to wait in ms. */
int recorder_poll(const struct recorder *r, struct pollfd fds[RECORDER_FDS]);

/*
 * Does what is due. Returns 0 or a negative errno with a sentence: the file cannot be written,
 * -EOVERFLOW: it has reached its limit, or no iomapd has answered yet. If iomapd goes away later,
 * the recorder records that, and waits for it.
 */
int recorder_step(struct recorder *r, struct errbuf *err);

/*
 * Asks for a snapshot now, unless one is already asked for. Returns false if iomapd is away: none
 * can be expected.
 */
bool recorder_hurry(struct recorder *r);

/*
 * Asks for the events that did not come yet, and waits for them. No more events can be expected
 * after that. Returns 0, also if iomapd does not answer, or a negative errno as recorder_step().
 */
int recorder_last_events(struct recorder *r, struct errbuf *err);

/*
 * Ends the file. @reason: signal, command, limit or error. @status: the exit status of the command;
 * -1: there is none. Returns 0 or a negative errno with a sentence.
 */
int recorder_end(struct recorder *r, const char *reason, int status, struct errbuf *err);

struct recorder_totals recorder_totals(const struct recorder *r);

#endif
