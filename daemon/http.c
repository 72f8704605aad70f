// SPDX-License-Identifier: GPL-2.0-or-later
#include "daemon/http.h"

#include <arpa/inet.h>
#include <string.h>
#include <sys/timerfd.h>
#include <time.h>
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
	int fd; /* -1: free */
	uint64_t end_ns;
};

struct http {
	struct loop *loop;
	struct service *service;
	struct MHD_Daemon *mhd;
	struct loop_source ready; /* the descriptor belongs to mhd */
	struct loop_source timer;
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
	for (size_t i = 0; info && i < HTTP_CONNECTIONS_MAX; i++) {
		if (h->connections[i].fd >= 0)
			continue;
		slot = &h->connections[i];
		slot->fd = info->connect_fd;
		slot->end_ns = now_ns() + HTTP_LIFE_SECONDS * NSEC_PER_SEC;
		*own = slot;
		return;
	}
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

/* One turn: handles all events that are due, and sets the timer for later ones. */
static int turn(struct http *h)
{
	uint64_t now = now_ns(), next = UINT64_MAX;
	struct itimerspec when = {};
	MHD_UNSIGNED_LONG_LONG ms;

	end_old(h, now);
	h->sampled = false;
	/* Run twice: the second run reads the requests of new connections. */
	if (!MHD_run(h->mhd) || !MHD_run(h->mhd))
		return -EIO;
	for (int i = 0; i < FORMAT_MAX; i++) {
		/* A connection that is still sending a page holds its own reference. */
		if (h->pages[i])
			MHD_destroy_response(h->pages[i]);
		h->pages[i] = NULL;
	}
	for (size_t i = 0; i < HTTP_CONNECTIONS_MAX; i++) {
		if (h->connections[i].fd >= 0 && h->connections[i].end_ns < next)
			next = h->connections[i].end_ns;
	}
	if (MHD_get_timeout(h->mhd, &ms) && now + ms * 1000000 < next)
		next = now + ms * 1000000;
	if (next != UINT64_MAX) {
		when.it_value.tv_sec = next / NSEC_PER_SEC;
		when.it_value.tv_nsec = next % NSEC_PER_SEC;
	}
	/* A zero time stops the timer: no connection is open. */
	return timerfd_settime(h->timer.fd, TFD_TIMER_ABSTIME, &when, NULL) ? -errno : 0;
}

static int on_ready(struct loop_source *source, uint32_t events)
{
	(void)events;
	return turn(container_of(source, struct http, ready));
}

static int on_timer(struct loop_source *source, uint32_t events)
{
	uint64_t n;

	(void)events;
	if (read(source->fd, &n, sizeof(n)) < 0 && errno != EAGAIN)
		return -errno;
	return turn(container_of(source, struct http, timer));
}

static int start(struct http *h, int listen_fd)
{
	const union MHD_DaemonInfo *info;
	int err;

	h->mhd = MHD_start_daemon(MHD_USE_EPOLL, 0, NULL, NULL, on_request, h,
				  MHD_OPTION_LISTEN_SOCKET, listen_fd, MHD_OPTION_CONNECTION_LIMIT,
				  (unsigned int)HTTP_CONNECTIONS_MAX,
				  MHD_OPTION_PER_IP_CONNECTION_LIMIT,
				  (unsigned int)HTTP_CONNECTIONS_EACH,
				  MHD_OPTION_CONNECTION_MEMORY_LIMIT, (size_t)HTTP_REQUEST_MAX,
				  MHD_OPTION_CONNECTION_MEMORY_INCREMENT, (size_t)1024,
				  MHD_OPTION_NOTIFY_CONNECTION, on_connection, h, MHD_OPTION_END);
	/* libmicrohttpd may have closed listen_fd already, which changes errno. */
	if (!h->mhd)
		return errno ? -errno : -EIO;
	info = MHD_get_daemon_info(h->mhd, MHD_DAEMON_INFO_EPOLL_FD);
	if (!info)
		return -EIO;
	h->ready = (struct loop_source){ .fd = info->epoll_fd, .fn = on_ready };
	h->timer = (struct loop_source){
		.fd = timerfd_create(CLOCK_MONOTONIC, TFD_CLOEXEC | TFD_NONBLOCK), .fn = on_timer
	};
	if (h->timer.fd < 0)
		return -errno;
	err = loop_add(h->loop, &h->ready, EPOLLIN);
	if (!err)
		err = loop_add(h->loop, &h->timer, EPOLLIN);
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
	h->ready.fd = h->timer.fd = -1;
	h->started_ns = clock_ns(CLOCK_REALTIME);
	for (size_t i = 0; i < HTTP_CONNECTIONS_MAX; i++)
		h->connections[i].fd = -1;
	err = start(h, listen_fd);
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
	if (h->timer.fd >= 0) {
		loop_del(h->loop, &h->timer);
		close(h->timer.fd);
	}
	if (h->mhd)
		MHD_stop_daemon(h->mhd);
	free(h);
	return NULL;
}

void http_url(const struct http *h, char *buf, size_t size)
{
	const union MHD_DaemonInfo *info = MHD_get_daemon_info(h->mhd, MHD_DAEMON_INFO_LISTEN_FD);
	struct sockaddr_storage addr = {};
	socklen_t len = sizeof(addr);
	char host[INET6_ADDRSTRLEN] = "";
	struct sockaddr_in6 *in6 = (void *)&addr;
	struct sockaddr_in *in = (void *)&addr;

	if (info)
		getsockname(info->listen_fd, (void *)&addr, &len);
	if (addr.ss_family == AF_INET6) {
		inet_ntop(AF_INET6, &in6->sin6_addr, host, sizeof(host));
		snprintf(buf, size, "http://[%s]:%u/metrics", host, ntohs(in6->sin6_port));
	} else {
		inet_ntop(AF_INET, &in->sin_addr, host, sizeof(host));
		snprintf(buf, size, "http://%s:%u/metrics", host, ntohs(in->sin_port));
	}
}
