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

/* The maximum time until an answer, in milliseconds. */
#define LOAD_ANSWER_MS 100
/* The maximum that server and clients may take from the heap, in bytes. */
#define LOAD_MEMORY_MAX (96UL << 20)

/* Sanitized builds are slower and have another heap. */
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
	int fd;			      /* the well-behaved client's connection */
	double answer_ms[LOAD_ASKS];  /* of the socket, sorted */
	double metrics_ms[LOAD_ASKS]; /* of the metrics, likewise */
	size_t memory;		      /* the largest size of the heap */
};

/* source: NULL for that of the fixture. */
void load_begin(struct load *c, const struct service_source *source);
/*
 * Asks for the status and for the metrics in turn. The measured time excludes the time that server
 * and client waited for a CPU.
 */
void load_ask(struct load *c);
/* Prints and checks the figures, and checks that the hostile clients were served, too. */
void load_expect(struct load *c, const char *what);
void load_end(struct load *c);

#endif
