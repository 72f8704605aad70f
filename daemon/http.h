/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * Serves the metrics of a service over HTTP, in the daemon's loop: /metrics, by GET and HEAD.
 *
 * A client costs bounded memory and time: the number of connections, the size of a request and the
 * life of a connection have limits, and each connection gets one answer. Requests that come in one
 * turn of the loop share a sampling, so many requests do not delay other clients.
 */
#ifndef IOMAP_DAEMON_HTTP_H
#define IOMAP_DAEMON_HTTP_H

#include <sys/socket.h>

#include "daemon/base/loop.h"
#include "daemon/service.h"
#include "daemon/base/util.h"

#define HTTP_CONNECTIONS_MAX 16
/* From one address, so a client leaves some connections to others. */
#define HTTP_CONNECTIONS_EACH 8
/* Memory for the request of a connection. */
#define HTTP_REQUEST_MAX (8 * 1024)
/* A connection that is so old ends, wherever it is. */
#define HTTP_LIFE_SECONDS 5

struct http;

/*
 * The address that HOST:PORT names: HOST is an IPv4 address, an IPv6 address in brackets, or
 * localhost, which is also meant when it is empty. Port 0: the kernel's choice. Returns its length,
 * or -EINVAL.
 */
int http_address(const char *text, struct sockaddr_storage *ret);

/* A listening socket there. Returns the descriptor, or a negative errno with the sentence in e. */
int http_listen(const char *text, struct errbuf *e);

/* A server in that loop; takes over listen_fd. Returns 0 or a negative errno. */
int http_new(struct loop *loop, struct service *service, int listen_fd, struct http **ret);
/* Closes everything. */
struct http *http_free(struct http *h);

/* The URL of the metrics: http://HOST:PORT/metrics. */
void http_url(const struct http *h, char *buf, size_t size);

/* The Accept header, NULL if there is none, asks for the older format rather than OpenMetrics. */
bool http_wants_plain(const char *accept);

#endif
