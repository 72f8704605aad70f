/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * Serves the methods of a service to the clients of a UNIX stream socket.
 *
 * A client costs bounded memory and never delays other clients. Sockets do not block. One sampling
 * answers the calls of all clients, one call of each. The server does not read from a client that
 * does not read its replies, and writes a stream of events only as far as the client reads.
 */
#ifndef IOMAP_DAEMON_SERVER_H
#define IOMAP_DAEMON_SERVER_H

#include <stddef.h>

#include "daemon/base/loop.h"
#include "daemon/service.h"
#include "daemon/base/util.h"

#define SERVER_CLIENTS_MAX 512
/* Above this much unread output, a client's next call waits, and so does its stream. */
#define SERVER_OUTPUT_HIGH (64 * 1024)
/* A stream writes about so much in one turn, while other clients wait. */
#define SERVER_STREAM_TURN (4 * 1024)
/* With this much unread output of all clients together, calls are answered with TooBusy. */
#define SERVER_OUTPUT_MAX (32 * 1024 * 1024)

struct server;

/*
 * A listening socket at path: makes the directory that holds it, replaces a stale socket. Mode
 * 0660, group `iomap` if there is one. Returns the descriptor, -EADDRINUSE when somebody serves
 * it already, or another negative errno; the sentence is in e.
 */
int server_listen(const char *path, struct errbuf *e);

/* Tells early whether somebody serves path: -EADDRINUSE with the sentence in e, else 0. */
int server_probe(const char *path, struct errbuf *e);

/*
 * A server in that loop; takes over listen_fd, which may be -1 for none. Returns 0 or a negative
 * errno.
 */
int server_new(struct loop *loop, struct service *service, int listen_fd,
	       struct server **ret_server);
/* Closes everything. */
struct server *server_free(struct server *s);

/* Adds a connected socket, which it takes over. -ENOSPC at SERVER_CLIENTS_MAX. */
int server_add_client(struct server *s, int fd);
/* Sends the new events of the history to the clients that follow it. */
void server_events_added(struct server *s);

size_t server_clients(const struct server *s);

#endif
