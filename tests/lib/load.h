/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * A server under load: it runs in one thread, hostile clients of its socket and metrics in another.
 * The calling thread is one well-behaved client of each and measures how long answers take.
 */
#ifndef IOMAP_TESTS_LIB_LOAD_H
#define IOMAP_TESTS_LIB_LOAD_H

#include "tests/lib/server-fixture.h"

#include <pthread.h>

#include "daemon/http.h"
#include "tests/lib/clients.h"

/* Within which clients get their answers, in milliseconds. */
#define LOAD_ANSWER_MS 100
/* What the server and the clients may take from the heap, in bytes. */
#define LOAD_MEMORY_MAX (96UL << 20)

/* Such builds are slower, and their heap is another one. */
#ifdef __SANITIZE_ADDRESS__
#define LOAD_SANITIZED 1
#else
#define LOAD_SANITIZED 0
#endif

#define LOAD_ASKS (LOAD_SANITIZED ? 10 : 60)

struct load {
	struct fixture f;
	struct http *http;
	struct clients clients;
	pthread_t server, people;
	pid_t server_id; /* of the thread; 0: not yet running */
	bool stop;
	int fd;			      /* ours, to the socket */
	double answer_ms[LOAD_ASKS];  /* of the socket, sorted */
	double metrics_ms[LOAD_ASKS]; /* of the metrics, likewise */
	size_t memory;		      /* the most that the heap had meanwhile */
};

/* source: NULL for the fixture's own. */
void load_begin(struct load *c, const struct service_source *source);
/*
 * Asks for the status and for the metrics, in turns. The time is that of the clock, but for what
 * the server and the one who asks waited for a CPU of this machine, whatever else it does.
 */
void load_ask(struct load *c);
/* Prints the figures, and checks them and that the clients was served, too. */
void load_expect(struct load *c, const char *what);
void load_end(struct load *c);

#endif
