/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * Serves the methods of a service to the clients of a UNIX stream socket.
 *
 * A client costs bounded memory and never delays other clients. Sockets do not block. One sampling
 * answers the calls of all clients, one call of each. The server does not read from a client that
 * does not read its replies, and writes a stream of events only as far as the client reads.
 *
 * Connections and memory are shared out among users. When they run short, the user who has most of
 * them loses a client: one that never asked, or does not read, or has been idle for longest.
 */
#ifndef IOMAP_DAEMON_SERVER_H
#define IOMAP_DAEMON_SERVER_H

#include <stddef.h>

#include "daemon/base/loop.h"
#include "daemon/service.h"
#include "daemon/base/util.h"

#define SERVER_CLIENTS_MAX 512
/* At the limit, a user other than root replaces only own clients that were idle for this long. */
#define SERVER_IDLE_NS NSEC_PER_SEC
/* Above this much unread output, a client's next call waits, and so does its stream. */
#define SERVER_OUTPUT_HIGH (64 * 1024)
/* A stream writes about this much in one turn, while other clients wait. */
#define SERVER_STREAM_TURN (4 * 1024)
/* With this much unread output of all clients together, the next long reply is TooBusy. */
#define SERVER_OUTPUT_MAX (32 * 1024 * 1024)
/* Replies of up to SERVER_OUTPUT_HIGH bytes have this much on top. */
#define SERVER_OUTPUT_RESERVE (32 * 1024 * 1024)
/*
 * A client that reads less than SERVER_OUTPUT_HIGH bytes in this time, and has more to read, is
 * dropped when another client needs its memory.
 */
#define SERVER_STALL_NS NSEC_PER_SEC
/* Without descriptors for a new connection, the server tries again after this time. */
#define SERVER_RETRY_NS NSEC_PER_SEC

struct server;

/* Time to wait for another iomapd that makes its socket at the same path. */
#define SERVER_LOCK_MS 5000

/*
 * Looks at path and changes nothing. Returns -EADDRINUSE if another process serves it, -EEXIST if
 * it is no socket, both with a sentence in e, else 0.
 */
int server_probe(const char *path, struct errbuf *e);

/*
 * Makes the directory of path, and removes a stale socket there. Returns the descriptor of a lock,
 * to be given to server_unclaim(), or a negative errno with a sentence in e: -EADDRINUSE if another
 * process serves path, -EBUSY if one has the lock for too long.
 */
int server_claim(const char *path, struct errbuf *e);
/* Gives up the lock; claim -1: does nothing. */
void server_unclaim(const char *path, int claim);
/*
 * Opens a listening socket at the claimed path, with mode 0660 and the group `iomap` if it exists.
 * Returns the descriptor, with a sentence in e if the group could not be set, or a negative errno
 * with a sentence in e.
 */
int server_bind(const char *path, struct errbuf *e);
/* The three steps in one: server_claim(), server_bind() and server_unclaim(). */
int server_listen(const char *path, struct errbuf *e);

/*
 * Starts a server in the loop; takes over listen_fd (-1: none). Returns 0 or a negative errno.
 */
int server_new(struct loop *loop, struct service *service, int listen_fd,
	       struct server **ret_server);
/* Closes all connections and the listening socket. */
struct server *server_free(struct server *s);

/*
 * Adds a client of a user and takes over its socket. Returns 0 or a negative errno, -ENOSPC if
 * there is no room for the user; then fd stays the caller's.
 */
int server_add_client(struct server *s, int fd, uid_t uid);
/* Sends the new events of the history to the clients that follow it. */
void server_events_added(struct server *s);

size_t server_clients(const struct server *s);

#endif
