/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * A client of iomapd: Varlink over a UNIX stream socket. The socket is non-blocking, so iomaptop
 * can poll it together with the keyboard; client_call() and client_next() wait.
 *
 * All functions return a negative errno, with a sentence in @err:
 *   -ENOENT, -ECONNREFUSED  nobody listens there    -EACCES      no permission
 *   -ECONNRESET             iomapd went away        -ETIMEDOUT   it does not answer
 *   -EPROTO                 it does not talk Varlink -EOPNOTSUPP  it lacks the method
 *   -EINVAL                 it refused a parameter  -EBUSY       it has too many clients
 *   -EIO                    it could not read its counters
 */
#ifndef IOMAP_CLI_CLIENT_H
#define IOMAP_CLI_CLIENT_H

#include <stdbool.h>

#include "daemon/base/jansson.h"
#include "daemon/base/names.h"

#define CLIENT_TIMEOUT 5000 /* ms to wait for an answer */

struct client;

/* Returns the path of the socket: @option, else $IOMAPD_SOCKET, else the default. */
const char *client_path(const char *option);

int client_open(const char *path, struct client **ret, struct errbuf *err);
struct client *client_close(struct client *c);

/* For poll(): the descriptor and the events to wait for. */
int client_fd(const struct client *c);
short client_events(const struct client *c);

/*
 * Queues a call of org.iomap.Monitor.@method. Takes ownership of @params (may be NULL). @more: asks
 * for a stream of replies.
 */
int client_send(struct client *c, const char *method, json_t *params, bool more,
		struct errbuf *err);

/*
 * Writes and reads without waiting. Returns 1 with the parameters of a reply in @ret_params and,
 * for a stream, whether more replies follow in @ret_continues (may be NULL); 0 if no reply is
 * complete.
 */
int client_step(struct client *c, json_t **ret_params, bool *ret_continues, struct errbuf *err);

/*
 * Waits up to @timeout_ms (-1: for ever) for the next reply. @out_fd (-1: none): returns -EPIPE
 * once the reader of this descriptor has closed it.
 */
int client_next(struct client *c, int timeout_ms, int out_fd, json_t **ret_params,
		bool *ret_continues, struct errbuf *err);

/* Calls and waits for the one reply, and checks it with client_check(). */
int client_call(struct client *c, const char *method, json_t *params, json_t **ret_params,
		struct errbuf *err);

/*
 * Checks a reply to @method: the schema number of this program, and the members of the interface.
 * Returns 0 or -EPROTO.
 */
int client_check(const struct client *c, const char *method, const json_t *params,
		 struct errbuf *err);

#endif
