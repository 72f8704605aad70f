// SPDX-License-Identifier: GPL-2.0-or-later
#include "daemon/server-priv.h"

#include <string.h>
#include <sys/socket.h>

void client_drop(struct client *c)
{
	struct server *s = c->server;

	if (s->cursor == c)
		s->cursor = c->next;
	s->output -= unsent(c);
	c->user->output -= unsent(c);
	c->user->nr_clients--;
	user_put(s, c->user);
	if (c->prev)
		c->prev->next = c->next;
	else
		s->clients = c->next;
	if (c->next)
		c->next->prev = c->prev;
	s->nr_clients--;
	loop_del(s->loop, &c->source);
	close(c->source.fd);
	if (s->listener.fd >= 0)
		loop_set(s->loop, &s->listener, EPOLLIN);
	varlink_input_free(&c->in);
	buf_free(&c->out);
	free(c);
}

/* Reads once. Returns 0, or a negative errno to drop the client. */
static int client_read(struct client *c)
{
	size_t room;
	void *p = varlink_input_room(&c->in, &room);
	ssize_t n;

	if (!room)
		return c->in.buf.err; /* full: answer a complete message first */
	n = recv(c->source.fd, p, room, MSG_DONTWAIT);
	if (n < 0)
		return errno == EAGAIN || errno == EINTR ? 0 : -errno;
	if (!n)
		c->eof = true;
	varlink_input_add(&c->in, n);
	return 0;
}

/* Queues a complete call, if the client reads its replies. */
static void client_queue(struct client *c)
{
	struct server *s = c->server;

	if (c->queued || c->session.streaming || unsent(c) >= SERVER_OUTPUT_HIGH ||
	    !varlink_input_ready(&c->in))
		return;
	c->queued = true;
	/* One turn for each client: their calls can still join the batch. */
	loop_call_later(s->loop, &s->answers, s->nr_clients);
}

int client_write(struct client *c)
{
	ssize_t n;

	if (!unsent(c))
		return 0;
	n = send(c->source.fd, c->out.data + c->sent, unsent(c), MSG_DONTWAIT | MSG_NOSIGNAL);
	if (n < 0)
		return errno == EAGAIN || errno == EINTR ? 0 : -errno;
	c->sent += n;
	c->has_read += n;
	if (c->has_read >= SERVER_OUTPUT_HIGH) {
		c->reads_ns = now_ns();
		c->has_read = 0;
	}
	if (c->sent == c->out.len) {
		/* An idle client holds no memory. */
		buf_free(&c->out);
		c->sent = 0;
	} else if (c->sent >= SERVER_OUTPUT_HIGH && c->sent >= c->out.len / 2) {
		buf_consume(&c->out, c->sent);
		c->sent = 0;
	}
	return 0;
}

/* Answers the client's next complete call. */
static int client_answer(struct client *c)
{
	size_t before = unsent(c);
	const struct buf *reply;
	struct varlink_call call;
	const char *text;
	size_t len;
	int r;

	r = varlink_input_next(&c->in, &text, &len);
	if (r <= 0)
		return r;
	r = varlink_call_parse(text, len, &call);
	if (r)
		return r;
	c->asked = true;
	c->active_ns = now_ns();
	r = service_call(c->server->service, &c->session, &call, &reply);
	varlink_call_free(&call);
	if (r)
		return r;
	if (!room_for_reply(c, reply->len))
		varlink_error(&c->out, "org.iomap.Monitor.TooBusy", NULL, NULL);
	else if (reply->len)
		buf_append(&c->out, reply->data, reply->len);
	client_account(c, before);
	return c->out.err;
}

/* Sets the events that the client waits for. Returns a negative errno to drop the client. */
static int client_arm(struct client *c)
{
	/* A client whose call is queued waits for answer_all(), not for its socket. */
	bool waiting = !c->queued && varlink_input_ready(&c->in);
	uint32_t events = 0;

	if (c->eof && !waiting && !c->queued && !unsent(c) && !c->session.streaming)
		return -ECONNRESET;
	if (!c->eof && !c->session.streaming && !waiting && !c->queued &&
	    unsent(c) < SERVER_OUTPUT_HIGH)
		events |= EPOLLIN;
	/* A writable socket continues a reply, a stream, or a call that is not queued yet. */
	if (unsent(c) || (waiting && !c->session.streaming) ||
	    service_stream_ready(c->server->service, &c->session))
		events |= EPOLLOUT;
	return loop_set(c->server->loop, &c->source, events);
}

/* Streams, writes and arms, after a change of the client's state. */
static int client_advance(struct client *c)
{
	struct server *s = c->server;
	size_t before = unsent(c);
	int err;

	err = service_stream(s->service, &c->session, &c->out, c->sent + SERVER_STREAM_TURN);
	if (!err)
		err = client_write(c);
	client_account(c, before);
	return err ? err : client_arm(c);
}

static int client_event(struct loop_source *source, uint32_t events)
{
	struct client *c = container_of(source, struct client, source);
	int err = 0;

	if (events & (EPOLLERR | EPOLLHUP)) {
		client_drop(c);
		return 0;
	}
	if (events & EPOLLIN)
		err = client_read(c);
	if (!err && varlink_input_too_long(&c->in))
		err = -EMSGSIZE;
	if (!err) {
		client_queue(c);
		err = client_advance(c);
	}
	if (err)
		client_drop(c);
	return 0;
}

/* Answers all queued calls, one of each client. */
static int answer_all(struct loop_later *later)
{
	struct server *s = container_of(later, struct server, answers);
	struct client *c;

	service_batch_begin(s->service);
	s->cursor = s->clients;
	while ((c = s->cursor)) {
		/* An answer may drop other clients, but then the cursor moves on. */
		s->cursor = c->next;
		if (!c->queued)
			continue;
		c->queued = false;
		if (client_answer(c) || client_advance(c))
			client_drop(c);
	}
	service_batch_end(s->service);
	return 0;
}

int server_add_client(struct server *s, int fd, uid_t uid)
{
	struct client *c;
	int err = 0;

	if (s->nr_clients >= SERVER_CLIENTS_MAX && !room_for_client(s, uid))
		return -ENOSPC;
	c = calloc(1, sizeof(*c));
	if (!c)
		return -ENOMEM;
	c->server = s;
	c->active_ns = now_ns();
	c->user = user_get(s, uid);
	if (!c->user)
		err = -ENOMEM;
	c->source = (struct loop_source){ .fd = fd, .fn = client_event };
	if (!err)
		err = loop_add(s->loop, &c->source, EPOLLIN);
	if (err) {
		if (c->user)
			user_put(s, c->user);
		free(c);
		return err;
	}
	c->next = s->clients;
	if (c->next)
		c->next->prev = c;
	s->clients = c;
	s->nr_clients++;
	c->user->nr_clients++;
	return 0;
}

/* Closes a connection above the limit, after an error reply if the socket takes it at once. */
static void refuse(int fd)
{
	struct buf out = {};

	varlink_error(&out, "org.iomap.Monitor.TooBusy", NULL, NULL);
	if (!out.err && send(fd, out.data, out.len, MSG_DONTWAIT | MSG_NOSIGNAL) < 0) {
		/* There is no client to report this to. */
	}
	buf_free(&out);
	close(fd);
}

static int retry(struct loop_timer *timer)
{
	struct server *s = container_of(timer, struct server, retry);

	return loop_set(s->loop, &s->listener, EPOLLIN);
}

static int listener_event(struct loop_source *source, uint32_t events)
{
	struct server *s = container_of(source, struct server, listener);
	int fd = accept4(source->fd, NULL, NULL, SOCK_NONBLOCK | SOCK_CLOEXEC);
	struct ucred peer = { .uid = (uid_t)-1 };
	socklen_t len = sizeof(peer);

	(void)events;
	if (fd < 0) {
		switch (errno) {
		case EAGAIN:
		case EINTR:
		case ECONNABORTED:
			return 0;
		case EMFILE:
		case ENFILE:
		case ENOMEM:
		case ENOBUFS:
			/* Accept again when a client leaves, or after a while. */
			loop_timer_set(s->loop, &s->retry, SERVER_RETRY_NS);
			return loop_set(s->loop, source, 0);
		default:
			return -errno;
		}
	}
	/* An unknown user is a user, too. */
	getsockopt(fd, SOL_SOCKET, SO_PEERCRED, &peer, &len);
	if (server_add_client(s, fd, peer.uid))
		refuse(fd);
	return 0;
}

void server_events_added(struct server *s)
{
	struct client *c, *next;

	for (c = s->clients; c; c = next) {
		next = c->next;
		/* A client with unsent data gets the rest when its socket is writable. */
		if (c->session.streaming && !unsent(c) && client_advance(c))
			client_drop(c);
	}
}

int server_new(struct loop *loop, struct service *service, int listen_fd,
	       struct server **ret_server)
{
	struct server *s = calloc(1, sizeof(*s));
	int err;

	if (!s)
		return -ENOMEM;
	s->loop = loop;
	s->service = service;
	s->answers.fn = answer_all;
	s->retry.fn = retry;
	s->listener = (struct loop_source){ .fd = listen_fd, .fn = listener_event };
	if (listen_fd >= 0) {
		err = loop_add(loop, &s->listener, EPOLLIN);
		if (err) {
			free(s);
			return err;
		}
	}
	*ret_server = s;
	return 0;
}

struct server *server_free(struct server *s)
{
	if (!s)
		return NULL;
	while (s->clients)
		client_drop(s->clients);
	if (s->loop->later == &s->answers)
		s->loop->later = NULL;
	loop_timer_unset(s->loop, &s->retry);
	if (s->listener.fd >= 0) {
		loop_del(s->loop, &s->listener);
		close(s->listener.fd);
	}
	free(s);
	return NULL;
}

size_t server_clients(const struct server *s)
{
	return s->nr_clients;
}
