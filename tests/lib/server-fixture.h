/* SPDX-License-Identifier: GPL-2.0-or-later */
/* A server and its clients in one process. An error in these functions fails the test. */
#ifndef IOMAP_TESTS_LIB_SERVER_FIXTURE_H
#define IOMAP_TESTS_LIB_SERVER_FIXTURE_H

#include "tests/lib/test.h"

#include <jansson.h>

#include "daemon/server.h"

struct fixture {
	struct loop loop;
	struct service service;
	struct history *history;
	struct server *server;
	size_t mappings; /* number of mappings in the figures of the source */
	int error;	 /* returned by the source */
	unsigned int samples;
};

/* mappings: number of mappings in the figures. */
void set_up(struct fixture *f, size_t mappings);
void tear_down(struct fixture *f);
/* Lets the server do all pending work. */
void pump(struct fixture *f);

#define STATUS	   "{\"method\":\"org.iomap.Monitor.Status\"}"
#define LIST	   "{\"method\":\"org.iomap.Monitor.List\"}"
#define LIST_FREED "{\"method\":\"org.iomap.Monitor.List\",\"parameters\":{\"freed\":true}}"
#define FOLLOW \
	"{\"method\":\"org.iomap.Monitor.Events\",\"parameters\":{\"follow\":true},\"more\":true}"

/* Returns the client's end of a new connection, non-blocking. */
int connect_client(struct fixture *f);
/* The same for a client of another user. */
int connect_user(struct fixture *f, uid_t uid);
void put(int fd, const void *data, size_t n);
/* Sends one call. */
void call(int fd, const char *json);
/* Returns the next reply; NULL: there is none, or the connection is closed. */
json_t *reply(struct fixture *f, int fd);
void expect_status(struct fixture *f, int fd);
void expect_error(struct fixture *f, int fd, const char *error);
void expect_closed(int fd);

/* Returns the number of the event in the next reply; 0: end of the events; -1: no reply. */
long long next_event(struct fixture *f, int fd, long long *ret_missed);
/* Adds n events about created mappings. */
void add_events(struct fixture *f, unsigned int n);

#endif
