/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * Serves the metrics of a service over HTTP, in the daemon's loop: /metrics, by GET and HEAD.
 *
 * A client costs bounded memory and time: the number of connections, the size of a request and the
 * life of a connection have limits, and each connection gets one reply. Requests in the same turn
 * of the loop share a sampling, so many requests do not delay other clients.
 *
 * A client that is quick gets its reply however many slow ones there are: at the limit, a new
 * connection replaces the oldest one of the address that has most.
 */
#ifndef IOMAP_DAEMON_HTTP_H
#define IOMAP_DAEMON_HTTP_H

#include <sys/socket.h>

#include "daemon/base/loop.h"
#include "daemon/service.h"
#include "daemon/base/util.h"

#define HTTP_CONNECTIONS_MAX 32
/* No connection is replaced before this age: a quick client has its reply by then. */
#define HTTP_SURE_NS (NSEC_PER_SEC / 20)
/*
 * Connections that the kernel holds meanwhile. The last one waits for 0.8 s:
 * HTTP_BACKLOG / HTTP_CONNECTIONS_MAX * HTTP_SURE_NS.
 */
#define HTTP_BACKLOG 512
/* Bytes for the request of a connection. */
#define HTTP_REQUEST_MAX (8 * 1024)
/* A connection ends at this age, whatever its state. */
#define HTTP_LIFE_SECONDS 5
/* Connections accepted before other clients have their turn. */
#define HTTP_ACCEPT_TURN 16
/* Without descriptors for a new connection, the server tries again after this time. */
#define HTTP_RETRY_NS NSEC_PER_SEC

struct http;

/*
 * Parses HOST:PORT. HOST: an IPv4 address, an IPv6 address in brackets, or localhost (the default
 * if empty). Port 0: the kernel chooses. Returns the length of the address, or -EINVAL.
 */
int http_address(const char *text, struct sockaddr_storage *ret);

/*
 * Opens a listening socket there; the machine need not have the address yet. Returns the socket, or
 * a negative errno with a sentence in e.
 */
int http_listen(const char *text, struct errbuf *e);

/* Tells whether the machine lacks the address now. */
bool http_address_absent(const struct sockaddr_storage *address);

/* Starts a server in the loop; takes over listen_fd. Returns 0 or a negative errno. */
int http_new(struct loop *loop, struct service *service, int listen_fd, struct http **ret);
/* Closes all connections and the socket. */
struct http *http_free(struct http *h);

/* The URL of the metrics: http://HOST:PORT/metrics. */
void http_url(const struct http *h, char *buf, size_t size);

/*
 * Describes the metrics. h: NULL if they are not served; error: the reason. address: the setting;
 * NULL: the metrics are off. Both strings must outlive *ret.
 */
void http_describe(const struct http *h, const char *address, const char *error,
		   struct model_metrics *ret);

/*
 * False if the Accept header (NULL: none) prefers OpenMetrics to the older text format: it names
 * OpenMetrics, at a higher q or more exactly at the same q.
 */
bool http_wants_plain(const char *accept);

#endif
