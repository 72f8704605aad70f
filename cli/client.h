/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * A client of iomapd: the Varlink protocol (JSON objects that end in a NUL) over a UNIX stream
 * socket. The socket is non-blocking underneath, so that iomaptop can wait for it and for keys at
 * once; client_call() and client_next() wait for those who have nothing else to do.
 *
 * All functions return negative errno, with a sentence in @err:
 *   -ENOENT, -ECONNREFUSED  nobody listens there	-EACCES      no permission
 *   -ECONNRESET             the daemon went away	-ETIMEDOUT   it does not answer
 *   -EPROTO                 it does not talk Varlink	-EOPNOTSUPP  it lacks the method
 *   -EINVAL                 it refused a parameter	-EBUSY       it has too many clients
 *   -EIO                    it could not read its counters
 */
#ifndef IOMAP_CLI_CLIENT_H
#define IOMAP_CLI_CLIENT_H

#include <stdbool.h>

#include "daemon/base/jansson.h"
#include "daemon/base/names.h"

#define CLIENT_TIMEOUT 5000 /* ms to wait for an answer */

struct client;

/* The socket to use: @option if not NULL, else $IOMAPD_SOCKET, else the default. */
const char *client_path(const char *option);

int client_open(const char *path, struct client **ret, struct errbuf *err);
struct client *client_close(struct client *c);

/* For poll(): the descriptor, and POLLIN, with POLLOUT while a call is not wholly written. */
int client_fd(const struct client *c);
short client_events(const struct client *c);

/*
 * Queues a call of org.iomap.Monitor.@method; takes @params over (may be NULL). @more: a stream of
 * replies.
 */
int client_send(struct client *c, const char *method, json_t *params, bool more,
		struct errbuf *err);

/*
 * Writes and reads what can be done without waiting. Returns 1 with the reply's parameters in
 * @ret_params and, for a stream, whether more follow in @ret_continues (may be NULL); 0 where no
 * whole reply is there yet.
 */
int client_step(struct client *c, json_t **ret_params, bool *ret_continues, struct errbuf *err);

/*
 * Waits up to @timeout_ms (-1: for ever) for the next reply. @out_fd (-1: none): ends with -EPIPE
 * once its reader went.
 */
int client_next(struct client *c, int timeout_ms, int out_fd, json_t **ret_params,
		bool *ret_continues, struct errbuf *err);

/* Calls and waits for the one reply, which must carry the schema number that this program knows. */
int client_call(struct client *c, const char *method, json_t *params, json_t **ret_params,
		struct errbuf *err);

/* -EPROTO with a sentence if @params is not of the schema that this program knows. */
int client_check_schema(const struct client *c, const json_t *params, struct errbuf *err);

#endif
