// SPDX-License-Identifier: GPL-2.0-or-later
#include <errno.h>
#include <grp.h>
#include <poll.h>
#include <pwd.h>
#include <string.h>
#include <sys/socket.h>
#include <sys/stat.h>
#include <sys/un.h>

#include "bpf/iomap.h"
#include "cli/client.h"
#include "cli/reply.h"
#include "daemon/base/varlink.h"

#define INTERFACE "org.iomap.Monitor."
/*
 * A daemon that sends more in one reply is broken: the list of 65536 mappings, the most that iomapd
 * can have, takes 35 MiB, and 400 MiB as values in memory.
 */
#define REPLY_MAX	 (48UL << 20)
#define REPLY_MEMORY_MAX (512UL << 20)

struct client {
	int fd;
	char *path;
	char *out; /* the call being written */
	size_t out_len, out_done;
	struct varlink_input in;
	bool eof;
};

const char *client_path(const char *option)
{
	const char *env = getenv("IOMAPD_SOCKET");

	if (option)
		return option;
	return env && *env ? env : IOMAPD_SOCKET;
}

/* Explains who may use the socket, and how to become one of them. */
static int explain_access(const char *path, const struct stat *st, struct errbuf *err)
{
	const struct group *gr =
		st && st->st_gid && (st->st_mode & 0020) ? getgrgid(st->st_gid) : NULL;
	const struct passwd *pw = gr ? getpwuid(geteuid()) : NULL;

	if (!gr)
		return set_error(err, -EACCES, "no permission to use %s: run this as root", path);
	return set_error(err, -EACCES,
			 "no permission to use %s: only root and the group %s may; to join, run "
			 "'usermod -aG %s %s' as root and log in again",
			 path, gr->gr_name, gr->gr_name, pw ? pw->pw_name : "USER");
}

/* Explains why nobody answers; the sentence depends on what the path is. */
static int explain_connect(const char *path, int error, struct errbuf *err)
{
	struct stat st;
	bool known = !stat(path, &st);

	switch (error) {
	case ENOENT:
	case ENOTDIR:
		return set_error(
			err, -ENOENT,
			"no iomapd at %s: start iomapd as root, or name its socket with --socket",
			path);
	case ECONNREFUSED:
		if (known && !S_ISSOCK(st.st_mode))
			return set_error(err, -ECONNREFUSED,
					 "%s is not a socket: name the one of iomapd with --socket",
					 path);
		return set_error(err, -ECONNREFUSED,
				 "nobody listens at %s, iomapd has ended: start it again as root",
				 path);
	case EACCES:
	case EPERM:
		return explain_access(path, known ? &st : NULL, err);
	case EAGAIN:
		return set_error(err, -EBUSY,
				 "iomapd at %s has too many clients waiting: try again", path);
	default:
		return set_error(err, -error, "cannot connect to iomapd at %s: %s", path,
				 strerror(error));
	}
}

int client_open(const char *path, struct client **ret, struct errbuf *err)
{
	struct sockaddr_un addr = { .sun_family = AF_UNIX };
	struct client *c;
	int r;

	if (strlen(path) >= sizeof(addr.sun_path))
		return set_error(err, -ENAMETOOLONG,
				 "the socket path %.60s... has more than %zu characters: use a "
				 "shorter one",
				 path, sizeof(addr.sun_path) - 1);
	strcpy(addr.sun_path, path);
	c = calloc(1, sizeof(*c));
	if (!c)
		return set_error(err, -ENOMEM, "out of memory");
	c->in.max = REPLY_MAX;
	c->fd = socket(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC | SOCK_NONBLOCK, 0);
	c->path = strdup(path);
	if (c->fd < 0 || !c->path) {
		r = set_error(err, -(errno ?: ENOMEM), "cannot make a socket: %s", strerror(errno));
		goto fail;
	}
	if (connect(c->fd, (struct sockaddr *)&addr, sizeof(addr))) {
		r = explain_connect(path, errno, err);
		goto fail;
	}
	*ret = c;
	return 0;
fail:
	client_close(c);
	return r;
}

struct client *client_close(struct client *c)
{
	if (!c)
		return NULL;
	if (c->fd >= 0)
		close(c->fd);
	free(c->path);
	free(c->out);
	varlink_input_free(&c->in);
	free(c);
	return NULL;
}

int client_fd(const struct client *c)
{
	return c->fd;
}

short client_events(const struct client *c)
{
	return (short)(POLLIN | (c->out_done < c->out_len ? POLLOUT : 0));
}

int client_send(struct client *c, const char *method, json_t *params, bool more, struct errbuf *err)
{
	_cleanup_json_ json_t *call = NULL;
	_cleanup_free_ char *name = NULL;
	char *text;

	if (asprintf(&name, INTERFACE "%s", method) < 0) {
		json_decref(params);
		name = NULL;
		return set_error(err, -ENOMEM, "out of memory");
	}
	call = json_pack("{s:s, s:o*}", "method", name, "parameters", params);
	if (call && more && json_object_set_new(call, "more", json_true()))
		return set_error(err, -ENOMEM, "out of memory");
	text = call ? json_dumps(call, JSON_COMPACT) : NULL;
	if (!text)
		return set_error(err, -ENOMEM, "out of memory");
	free(c->out);
	c->out = text;
	c->out_len = strlen(text) + 1; /* including the NUL */
	c->out_done = 0;
	return 0;
}

static int gone(const struct client *c, struct errbuf *err)
{
	return set_error(err, -ECONNRESET,
			 "iomapd at %s closed the connection: it has ended or dropped this client",
			 c->path);
}

static int write_some(struct client *c, struct errbuf *err)
{
	while (c->out_done < c->out_len) {
		ssize_t n =
			send(c->fd, c->out + c->out_done, c->out_len - c->out_done, MSG_NOSIGNAL);

		if (n < 0 && errno == EINTR)
			continue;
		if (n < 0 && errno == EAGAIN)
			return 0;
		/* The socket may still hold a reply with the reason why it was closed. */
		if (n < 0 && (errno == EPIPE || errno == ECONNRESET)) {
			c->out_done = c->out_len;
			return 0;
		}
		if (n < 0)
			return set_error(err, -errno, "cannot write to iomapd at %s: %s", c->path,
					 strerror(errno));
		c->out_done += (size_t)n;
	}
	return 0;
}

/* Reads once. Returns 1 if there was something to read or the stream has ended, 0 if not. */
static int read_some(struct client *c, struct errbuf *err)
{
	size_t room;
	void *to = varlink_input_room(&c->in, &room);
	ssize_t n;

	if (!room)
		return set_error(err, -ENOMEM, "out of memory");
	do
		n = recv(c->fd, to, room, 0);
	while (n < 0 && errno == EINTR);
	if (n < 0 && errno == EAGAIN)
		return 0;
	if (n < 0 && errno != ECONNRESET)
		return set_error(err, -errno, "cannot read from iomapd at %s: %s", c->path,
				 strerror(errno));
	c->eof = n <= 0;
	varlink_input_add(&c->in, n > 0 ? (size_t)n : 0);
	return 1;
}

static int explain_error(const struct client *c, const char *name, const json_t *params,
			 struct errbuf *err)
{
	const char *word = strrchr(name, '.'), *what;

	word = word ? word + 1 : name;
	if (!strcmp(word, "MethodNotFound") || !strcmp(word, "MethodNotImplemented") ||
	    !strcmp(word, "InterfaceNotFound")) {
		what = json_string_value(json_object_get(params, "method"));
		return set_error(
			err, -EOPNOTSUPP,
			"iomapd at %s does not know %s: it is older than this program, install "
			"both from the same version",
			c->path, what ?: "this call");
	}
	if (!strcmp(word, "InvalidParameter")) {
		what = json_string_value(json_object_get(params, "parameter"));
		return set_error(err, -EINVAL, "iomapd at %s refused the parameter %s", c->path,
				 what ?: "of this call");
	}
	if (!strcmp(word, "TooBusy"))
		return set_error(err, -EBUSY, "iomapd at %s has too many clients: try again",
				 c->path);
	if (!strcmp(word, "SampleFailed")) {
		what = json_string_value(json_object_get(params, "message"));
		return set_error(err, -EIO, "iomapd at %s could not read its counters: %.200s",
				 c->path, what ?: "?");
	}
	return set_error(err, -EPROTO, "iomapd at %s answered with the error %.200s", c->path,
			 name);
}

/* Parses one reply. */
static int take_reply(const struct client *c, const char *text, size_t len, json_t **ret_params,
		      bool *ret_continues, struct errbuf *err)
{
	_cleanup_json_ json_t *reply = NULL;
	json_t *params, *error;
	json_error_t je;

	if (reply_memory(text, len) > REPLY_MEMORY_MAX)
		return set_error(err, -EPROTO,
				 "iomapd at %s sent a reply that takes more than %lu MiB of memory",
				 c->path, REPLY_MEMORY_MAX >> 20);
	reply = json_loadb(text, len, 0, &je);
	if (!json_is_object(reply))
		return set_error(
			err, -EPROTO,
			"the program that listens at %s does not talk Varlink: name the socket of "
			"iomapd with "
			"--socket",
			c->path);
	params = json_object_get(reply, "parameters");
	error = json_object_get(reply, "error");
	if (json_is_string(error))
		return explain_error(c, json_string_value(error), params, err);
	if (ret_continues)
		*ret_continues = json_is_true(json_object_get(reply, "continues"));
	*ret_params = params ? json_incref(params) : json_object();
	return 1;
}

int client_step(struct client *c, json_t **ret_params, bool *ret_continues, struct errbuf *err)
{
	const char *text;
	size_t len;
	int r;

	r = write_some(c, err);
	if (r)
		return r;
	while (!(r = varlink_input_next(&c->in, &text, &len))) {
		if (c->eof)
			return gone(c, err);
		r = read_some(c, err);
		if (r <= 0)
			return r;
	}
	if (r < 0)
		return set_error(err, -EPROTO, "iomapd at %s sent a reply of more than %lu MiB",
				 c->path, REPLY_MAX >> 20);
	return take_reply(c, text, len, ret_params, ret_continues, err);
}

int client_next(struct client *c, int timeout_ms, int out_fd, json_t **ret_params,
		bool *ret_continues, struct errbuf *err)
{
	uint64_t until = now_ns() + (uint64_t)(timeout_ms > 0 ? timeout_ms : 0) * 1000000;

	for (;;) {
		struct pollfd fds[] = { { .fd = c->fd, .events = client_events(c) },
					{ .fd = out_fd } };
		int left = -1, r;

		r = client_step(c, ret_params, ret_continues, err);
		if (r)
			return r;
		if (timeout_ms >= 0) {
			uint64_t now = now_ns();

			left = now < until ? (int)((until - now) / 1000000) + 1 : 0;
		}
		fds[0].events = client_events(c);
		r = poll(fds, 2, left);
		if (r < 0 && errno != EINTR)
			return set_error(err, -errno, "cannot wait for iomapd: %s",
					 strerror(errno));
		if (!r)
			return set_error(err, -ETIMEDOUT,
					 "iomapd at %s does not answer: see what it is doing, or "
					 "restart it",
					 c->path);
		if (r > 0 && (fds[1].revents & (POLLERR | POLLHUP)))
			return set_error(err, -EPIPE, "the reader of the output has gone");
	}
}

int client_check(const struct client *c, const char *method, const json_t *params,
		 struct errbuf *err)
{
	json_t *schema = json_object_get(params, "schema");

	if (!json_is_integer(schema))
		return set_error(
			err, -EPROTO,
			"the reply of iomapd at %s has no schema number: install it and this "
			"program from the same version",
			c->path);
	if (json_integer_value(schema) != IOMAP_SCHEMA)
		return set_error(
			err, -EPROTO,
			"iomapd at %s talks schema %lld and this program %d: install both from "
			"the same version",
			c->path, (long long)json_integer_value(schema), IOMAP_SCHEMA);
	return reply_check(method, params, c->path, err);
}

int client_call(struct client *c, const char *method, json_t *params, json_t **ret_params,
		struct errbuf *err)
{
	_cleanup_json_ json_t *reply = NULL;
	int r;

	r = client_send(c, method, params, false, err);
	if (r)
		return r;
	r = client_next(c, CLIENT_TIMEOUT, -1, &reply, NULL, err);
	if (r < 0)
		return r;
	r = client_check(c, method, reply, err);
	if (r)
		return r;
	*ret_params = reply;
	reply = NULL;
	return 0;
}
