// SPDX-License-Identifier: GPL-2.0-or-later
#include "daemon/http.h"

#include <arpa/inet.h>
#include <string.h>
#include <microhttpd.h>

#include "daemon/metrics.h"

enum format {
	OPENMETRICS,
	PLAIN,
	FORMAT_MAX,
};

static const char *const content_types[FORMAT_MAX] = {
	[OPENMETRICS] = "application/openmetrics-text; version=1.0.0; charset=utf-8",
	[PLAIN] = "text/plain; version=0.0.4; charset=utf-8",
};

struct connection {
	int fd;			 /* -1: free */
	struct in6_addr address; /* the network part of an IPv6 address */
	uint64_t since_ns;
	uint64_t end_ns;
};

struct http {
	struct loop *loop;
	struct service *service;
	struct MHD_Daemon *mhd;
	struct loop_source listener;
	struct loop_source ready;		/* the descriptor belongs to mhd */
	struct loop_timer timer;		/* of the next turn without an event */
	uint64_t accept_ns;			/* when the listener accepts again; 0: it does */
	uint64_t started_ns;			/* since 1970 */
	bool sampled;				/* in this turn */
	struct MHD_Response *pages[FORMAT_MAX]; /* of this turn */
	struct connection connections[HTTP_CONNECTIONS_MAX];
};

static enum MHD_Result answer(struct MHD_Connection *c, unsigned int status, struct MHD_Response *r)
{
	return r ? MHD_queue_response(c, status, r) : MHD_NO;
}

/* Replies with a sentence. allow: the value of the Allow header, or NULL. */
static enum MHD_Result say(struct MHD_Connection *c, unsigned int status, const char *text,
			   const char *allow)
{
	struct MHD_Response *r =
		MHD_create_response_from_buffer(strlen(text), (void *)text, MHD_RESPMEM_PERSISTENT);
	enum MHD_Result ret = MHD_NO;

	if (r && MHD_add_response_header(r, "Content-Type", "text/plain; charset=utf-8") &&
	    MHD_add_response_header(r, "Connection", "close") &&
	    (!allow || MHD_add_response_header(r, "Allow", allow)))
		ret = answer(c, status, r);
	if (r)
		MHD_destroy_response(r);
	return ret;
}

/* Makes a response of all metrics from the sampling of this turn. */
static int make_page(struct http *h, enum format format, struct MHD_Response **ret)
{
	const struct service_source *source = &h->service->source;
	struct MHD_Response *r;
	struct cost cost = {};
	struct buf out = {};
	int err = 0;

	if (!h->sampled)
		err = service_sample(h->service);
	if (!err && source->cost)
		err = source->cost(source->ctx, &cost);
	if (err)
		return err;
	h->sampled = true;
	metrics_write(&out, &h->service->model, source->cost ? &cost : NULL, h->started_ns,
		      format == OPENMETRICS);
	err = out.err;
	r = err ? NULL : MHD_create_response_from_buffer(out.len, out.data, MHD_RESPMEM_MUST_FREE);
	if (!r) {
		buf_free(&out);
		return -ENOMEM;
	}
	if (!MHD_add_response_header(r, "Content-Type", content_types[format]) ||
	    !MHD_add_response_header(r, "Vary", "Accept") ||
	    !MHD_add_response_header(r, "Connection", "close")) {
		MHD_destroy_response(r);
		return -ENOMEM;
	}
	*ret = r;
	return 0;
}

static enum MHD_Result on_request(void *ctx, struct MHD_Connection *c, const char *url,
				  const char *method, const char *version, const char *data,
				  size_t *size, void **own)
{
	struct http *h = ctx;
	enum format format;
	int err = 0;

	(void)version;
	(void)data;
	(void)size;
	(void)own;
	if (strcmp(url, "/metrics"))
		return say(c, MHD_HTTP_NOT_FOUND, "The metrics are at /metrics.\n", NULL);
	if (strcmp(method, MHD_HTTP_METHOD_GET) && strcmp(method, MHD_HTTP_METHOD_HEAD))
		return say(c, MHD_HTTP_METHOD_NOT_ALLOWED, "Use GET or HEAD.\n", "GET, HEAD");
	format = http_wants_plain(MHD_lookup_connection_value(c, MHD_HEADER_KIND, "Accept"))
			 ? PLAIN
			 : OPENMETRICS;
	if (!h->pages[format])
		err = make_page(h, format, &h->pages[format]);
	if (err)
		return say(c, MHD_HTTP_INTERNAL_SERVER_ERROR, "The counters could not be read.\n",
			   NULL);
	return answer(c, MHD_HTTP_OK, h->pages[format]);
}

static struct connection *find_connection(struct http *h, int fd)
{
	for (size_t i = 0; i < HTTP_CONNECTIONS_MAX; i++) {
		if (h->connections[i].fd == fd)
			return &h->connections[i];
	}
	return NULL;
}

static void on_connection(void *ctx, struct MHD_Connection *c, void **own,
			  enum MHD_ConnectionNotificationCode code)
{
	const union MHD_ConnectionInfo *info;
	struct connection *slot = *own;
	struct http *h = ctx;

	if (code == MHD_CONNECTION_NOTIFY_CLOSED) {
		if (slot)
			slot->fd = -1;
		return;
	}
	info = MHD_get_connection_info(c, MHD_CONNECTION_INFO_CONNECTION_FD);
	if (info)
		*own = find_connection(h, info->connect_fd);
}

/* The part of an address that stands for one client. */
static struct in6_addr client_address(const struct sockaddr_storage *from)
{
	const struct sockaddr_in6 *in6 = (const void *)from;
	const struct sockaddr_in *in = (const void *)from;
	struct in6_addr r = {};

	/* [::] takes IPv4 clients, too. */
	if (from->ss_family == AF_INET6 && IN6_IS_ADDR_V4MAPPED(&in6->sin6_addr))
		r = in6->sin6_addr;
	else if (from->ss_family == AF_INET6)
		memcpy(&r, &in6->sin6_addr, sizeof(r) / 2);
	else
		memcpy(&r, &in->sin_addr, sizeof(in->sin_addr));
	return r;
}

static size_t count_address(const struct http *h, const struct in6_addr *address)
{
	size_t n = 0;

	for (size_t i = 0; i < HTTP_CONNECTIONS_MAX; i++)
		n += h->connections[i].fd >= 0 &&
		     !memcmp(&h->connections[i].address, address, sizeof(*address));
	return n;
}

/* The oldest connection of the address that has most. All slots are in use. */
static struct connection *find_replaceable(struct http *h)
{
	struct connection *found = NULL;
	size_t most = 0;

	for (size_t i = 0; i < HTTP_CONNECTIONS_MAX; i++) {
		struct connection *c = &h->connections[i];
		size_t n = count_address(h, &c->address);

		if (n > most || (n == most && c->since_ns < found->since_ns)) {
			most = n;
			found = c;
		}
	}
	return found;
}

/*
 * Finds a place for a new connection. Returns NULL if there is none now, and sets the time of the
 * next attempt.
 */
static struct connection *find_place(struct http *h, uint64_t now)
{
	struct connection *c = find_connection(h, -1);

	if (c)
		return c;
	c = find_replaceable(h);
	h->accept_ns = c->since_ns + HTTP_SURE_NS;
	if (h->accept_ns > now)
		return NULL;
	/* libmicrohttpd closes the connection when it is shut down. */
	shutdown(c->fd, SHUT_RDWR);
	MHD_run(h->mhd);
	c = find_connection(h, -1);
	h->accept_ns = c ? 0 : now + HTTP_SURE_NS;
	return c;
}

/* Accepts a connection. Returns false if there is none, or no place for it now. */
static bool accept_one(struct http *h, uint64_t now)
{
	struct sockaddr_storage from = {};
	struct connection *c = find_place(h, now);
	socklen_t len = sizeof(from);
	int fd;

	if (!c)
		return false;
	fd = accept4(h->listener.fd, (void *)&from, &len, SOCK_NONBLOCK | SOCK_CLOEXEC);
	if (fd < 0) {
		if (errno == EMFILE || errno == ENFILE || errno == ENOMEM || errno == ENOBUFS)
			h->accept_ns = now + HTTP_RETRY_NS;
		return errno == ECONNABORTED;
	}
	*c = (struct connection){ .fd = fd,
				  .address = client_address(&from),
				  .since_ns = now,
				  .end_ns = now + HTTP_LIFE_SECONDS * NSEC_PER_SEC };
	/* On failure, libmicrohttpd closes the socket. */
	if (MHD_add_connection(h->mhd, fd, (void *)&from, len) != MHD_YES)
		c->fd = -1;
	return true;
}

/* Shuts down connections that are too old; libmicrohttpd then closes them. */
static void end_old(struct http *h, uint64_t now)
{
	for (size_t i = 0; i < HTTP_CONNECTIONS_MAX; i++) {
		struct connection *c = &h->connections[i];

		if (c->fd < 0 || c->end_ns > now)
			continue;
		shutdown(c->fd, SHUT_RDWR);
		c->end_ns = now + NSEC_PER_SEC;
	}
}

/* Sets the timer for the next turn. */
static void set_timer(struct http *h, uint64_t now)
{
	uint64_t next = h->accept_ns ?: UINT64_MAX;
	MHD_UNSIGNED_LONG_LONG ms;

	for (size_t i = 0; i < HTTP_CONNECTIONS_MAX; i++) {
		if (h->connections[i].fd >= 0 && h->connections[i].end_ns < next)
			next = h->connections[i].end_ns;
	}
	if (MHD_get_timeout(h->mhd, &ms) && now + ms * 1000000 < next)
		next = now + ms * 1000000;
	loop_timer_unset(h->loop, &h->timer);
	/* Without a connection, nothing wakes up the process. */
	if (next != UINT64_MAX)
		loop_timer_set(h->loop, &h->timer, next > now ? next - now : 0);
}

/* One turn: handles all events that are due, and sets the timer for later ones. */
static int turn(struct http *h)
{
	uint64_t now = now_ns();

	end_old(h, now);
	h->sampled = false;
	if (h->accept_ns <= now)
		h->accept_ns = 0;
	for (int i = 0; i < HTTP_ACCEPT_TURN && !h->accept_ns; i++) {
		if (!accept_one(h, now))
			break;
	}
	/* Run twice: the second run reads the requests of new connections. */
	if (!MHD_run(h->mhd) || !MHD_run(h->mhd))
		return -EIO;
	for (int i = 0; i < FORMAT_MAX; i++) {
		/* A connection that is still sending a page holds its own reference. */
		if (h->pages[i])
			MHD_destroy_response(h->pages[i]);
		h->pages[i] = NULL;
	}
	set_timer(h, now);
	return loop_set(h->loop, &h->listener, h->accept_ns ? 0 : EPOLLIN);
}

static int on_listener(struct loop_source *source, uint32_t events)
{
	(void)events;
	return turn(container_of(source, struct http, listener));
}

static int on_ready(struct loop_source *source, uint32_t events)
{
	(void)events;
	return turn(container_of(source, struct http, ready));
}

static int on_timer(struct loop_timer *timer)
{
	return turn(container_of(timer, struct http, timer));
}

static int start(struct http *h)
{
	const union MHD_DaemonInfo *info;
	int err;

	h->mhd = MHD_start_daemon(MHD_USE_EPOLL | MHD_USE_NO_LISTEN_SOCKET, 0, NULL, NULL,
				  on_request, h, MHD_OPTION_CONNECTION_LIMIT,
				  (unsigned int)HTTP_CONNECTIONS_MAX,
				  MHD_OPTION_CONNECTION_MEMORY_LIMIT, (size_t)HTTP_REQUEST_MAX,
				  MHD_OPTION_CONNECTION_MEMORY_INCREMENT, (size_t)1024,
				  MHD_OPTION_NOTIFY_CONNECTION, on_connection, h, MHD_OPTION_END);
	if (!h->mhd)
		return errno ? -errno : -EIO;
	info = MHD_get_daemon_info(h->mhd, MHD_DAEMON_INFO_EPOLL_FD);
	if (!info)
		return -EIO;
	h->ready = (struct loop_source){ .fd = info->epoll_fd, .fn = on_ready };
	h->timer.fn = on_timer;
	err = loop_add(h->loop, &h->ready, EPOLLIN);
	if (!err)
		err = loop_add(h->loop, &h->listener, EPOLLIN);
	/* libmicrohttpd waits for connections only after a first turn. */
	return err ?: turn(h);
}

int http_new(struct loop *loop, struct service *service, int listen_fd, struct http **ret)
{
	struct http *h = calloc(1, sizeof(*h));
	int err;

	if (!h) {
		close(listen_fd);
		return -ENOMEM;
	}
	h->loop = loop;
	h->service = service;
	h->listener = (struct loop_source){ .fd = listen_fd, .fn = on_listener };
	h->ready.fd = -1;
	h->started_ns = clock_ns(CLOCK_REALTIME);
	for (size_t i = 0; i < HTTP_CONNECTIONS_MAX; i++)
		h->connections[i].fd = -1;
	err = start(h);
	if (err) {
		http_free(h);
		return err;
	}
	*ret = h;
	return 0;
}

struct http *http_free(struct http *h)
{
	if (!h)
		return NULL;
	if (h->ready.fd >= 0)
		loop_del(h->loop, &h->ready);
	loop_del(h->loop, &h->listener);
	close(h->listener.fd);
	loop_timer_unset(h->loop, &h->timer);
	if (h->mhd)
		MHD_stop_daemon(h->mhd);
	free(h);
	return NULL;
}

void http_url(const struct http *h, char *buf, size_t size)
{
	struct sockaddr_storage addr = {};
	socklen_t len = sizeof(addr);
	char host[INET6_ADDRSTRLEN] = "";
	struct sockaddr_in6 *in6 = (void *)&addr;
	struct sockaddr_in *in = (void *)&addr;

	getsockname(h->listener.fd, (void *)&addr, &len);
	if (addr.ss_family == AF_INET6) {
		inet_ntop(AF_INET6, &in6->sin6_addr, host, sizeof(host));
		snprintf(buf, size, "http://[%s]:%u/metrics", host, ntohs(in6->sin6_port));
	} else {
		inet_ntop(AF_INET, &in->sin_addr, host, sizeof(host));
		snprintf(buf, size, "http://%s:%u/metrics", host, ntohs(in->sin_port));
	}
}

void http_describe(const struct http *h, const char *address, const char *error,
		   struct model_metrics *ret)
{
	struct sockaddr_storage addr = {};
	socklen_t len = sizeof(addr);

	*ret = (struct model_metrics){ .address = address };
	if (!address)
		return;
	if (!h) {
		ret->reason = error;
		return;
	}
	http_url(h, ret->url, sizeof(ret->url));
	if (!getsockname(h->listener.fd, (void *)&addr, &len) && http_address_absent(&addr))
		ret->reason = "this machine does not have the address yet";
}
