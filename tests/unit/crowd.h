/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * A server in a thread, the mob at its socket and its metrics in another, and here one client of
 * each that just asks, and that measures how long it waits.
 */
#ifndef IOMAP_TESTS_UNIT_CROWD_H
#define IOMAP_TESTS_UNIT_CROWD_H

#include "tests/unit/server-fixture.h"

#include <pthread.h>

#include "daemon/http.h"
#include "tests/unit/mob.h"

/* Within which clients get their answers, in milliseconds. */
#define CROWD_ANSWER_MS 100
/* What the server and the mob may take from the heap, in bytes. */
#define CROWD_MEMORY_MAX (96UL << 20)

/* Such builds are slower, and their heap is another one. */
#ifdef __SANITIZE_ADDRESS__
#define CROWD_SANITIZED 1
#else
#define CROWD_SANITIZED 0
#endif

#define CROWD_ASKS (CROWD_SANITIZED ? 10 : 60)

struct crowd {
	struct fixture f;
	struct http *http;
	struct mob mob;
	pthread_t server, people;
	pid_t server_id; /* of the thread; 0: not yet running */
	bool stop;
	int fd;			       /* ours, to the socket */
	double answer_ms[CROWD_ASKS];  /* of the socket, sorted */
	double metrics_ms[CROWD_ASKS]; /* of the metrics, likewise */
	size_t memory;		       /* the most that the heap had meanwhile */
};

/* source: NULL for the fixture's own. */
void crowd_gather(struct crowd *c, const struct service_source *source);
/*
 * Asks for the status and for the metrics, in turns. The time is that of the clock, but for what
 * the server and the one who asks waited for a CPU of this machine, whatever else it does.
 */
void crowd_ask(struct crowd *c);
/* Prints the figures, and checks them and that the mob was served, too. */
void crowd_expect(struct crowd *c, const char *what);
void crowd_disperse(struct crowd *c);

#endif
