/* SPDX-License-Identifier: GPL-2.0-or-later */
/* The clients of the server, for server.c and room.c. */
#ifndef IOMAP_DAEMON_SERVER_PRIV_H
#define IOMAP_DAEMON_SERVER_PRIV_H

#include "daemon/server.h"

/* A user with connections. */
struct user {
	struct user *next;
	uid_t uid;
	size_t nr_clients;
	size_t output; /* unsent bytes of all clients of the user */
};

struct client {
	struct loop_source source;
	struct server *server;
	struct user *user;
	struct client *next, *prev;
	struct varlink_input in;
	struct buf out;
	size_t sent;	    /* bytes of out that were sent */
	bool eof;	    /* the client sends no more */
	bool queued;	    /* a complete call waits for answer_all() */
	bool asked;	    /* it made a call */
	uint64_t active_ns; /* of the last call, or of the connection */
	uint64_t reads_ns;  /* since then it has read less than SERVER_OUTPUT_HIGH bytes: */
	size_t has_read;
	struct service_session session;
};

struct server {
	struct loop *loop;
	struct loop_later answers;
	struct loop_timer retry; /* of the listener */
	struct service *service;
	struct loop_source listener; /* fd -1: none */
	struct client *clients;
	struct client *cursor; /* the next client of a walk over all */
	size_t nr_clients;
	struct user *users;
	size_t output; /* unsent bytes of all clients */
};

static inline size_t unsent(const struct client *c)
{
	return c->out.len - c->sent;
}

/* ---- server.c ---- */

/* Closes the connection and frees the client. */
void client_drop(struct client *c);
/* Writes as much as the socket takes. Returns a negative errno to drop the client. */
int client_write(struct client *c);

/* ---- room.c ---- */

/* Finds the user, or adds one. Returns NULL without memory. */
struct user *user_get(struct server *s, uid_t uid);
/* Frees the user if it has no client. */
void user_put(struct server *s, struct user *u);
/* Accounts for a change of the client's unsent bytes from before. */
void client_account(struct client *c, size_t before);

/* Drops other clients until there is room for a reply to c. Returns false if there is none. */
bool room_for_reply(struct client *c, size_t len);
/*
 * Makes room for one more client of the user: takes one from the user with the most clients. Root
 * always gets in. Returns false if there is no room for the user.
 */
bool room_for_client(struct server *s, uid_t uid);

#endif
