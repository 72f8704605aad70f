/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * Serves the metrics of a service over HTTP, in the daemon's loop: /metrics, by GET and HEAD.
 *
 * A client costs bounded memory and time: the number of connections, the size of a request and the
 * life of a connection have limits, and each connection gets one reply. Requests in the same turn
 * of the loop share a sampling, so many requests do not delay other clients.
 */
#ifndef IOMAP_DAEMON_HTTP_H
#define IOMAP_DAEMON_HTTP_H

#include <sys/socket.h>

#include "daemon/base/loop.h"
#include "daemon/service.h"
#include "daemon/base/util.h"

#define HTTP_CONNECTIONS_MAX 16
/* Connections from one address: one client cannot take them all. */
#define HTTP_CONNECTIONS_EACH 8
/* Bytes for the request of a connection. */
#define HTTP_REQUEST_MAX (8 * 1024)
/* A connection ends at this age, whatever its state. */
#define HTTP_LIFE_SECONDS 5

struct http;

/*
 * Parses HOST:PORT. HOST: an IPv4 address, an IPv6 address in brackets, or localhost (the default
 * if empty). Port 0: the kernel chooses. Returns the length of the address, or -EINVAL.
 */
int http_address(const char *text, struct sockaddr_storage *ret);

/* Opens a listening socket there. Returns it, or a negative errno with a sentence in e. */
int http_listen(const char *text, struct errbuf *e);

/* Starts a server in the loop; takes over listen_fd. Returns 0 or a negative errno. */
int http_new(struct loop *loop, struct service *service, int listen_fd, struct http **ret);
/* Closes all connections and the socket. */
struct http *http_free(struct http *h);

/* The URL of the metrics: http://HOST:PORT/metrics. */
void http_url(const struct http *h, char *buf, size_t size);

/* True if the Accept header (NULL: none) prefers text/plain to OpenMetrics, by their q values. */
bool http_wants_plain(const char *accept);

#endif
