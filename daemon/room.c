// SPDX-License-Identifier: GPL-2.0-or-later
/*
 * Shares out connections and memory among the users of the server. When they run short, some
 * clients have to leave.
 */
#include "daemon/server-priv.h"

#include <sys/socket.h>

static struct user *user_find(const struct server *s, uid_t uid)
{
	struct user *u = s->users;

	while (u && u->uid != uid)
		u = u->next;
	return u;
}

struct user *user_get(struct server *s, uid_t uid)
{
	struct user *u = user_find(s, uid);

	if (u)
		return u;
	u = calloc(1, sizeof(*u));
	if (!u)
		return NULL;
	u->uid = uid;
	u->next = s->users;
	s->users = u;
	return u;
}

void user_put(struct server *s, struct user *u)
{
	struct user **p = &s->users;

	if (u->nr_clients)
		return;
	while (*p != u)
		p = &(*p)->next;
	*p = u->next;
	free(u);
}

void client_account(struct client *c, size_t before)
{
	c->server->output += unsent(c) - before;
	c->user->output += unsent(c) - before;
	if (!before && unsent(c)) {
		c->reads_ns = now_ns();
		c->has_read = 0;
	}
}

/* Tells whether the client reads less than it must. */
static bool client_stalls(struct client *c, uint64_t now)
{
	size_t before = unsent(c);
	int err;

	if (!before || now - c->reads_ns < SERVER_STALL_NS)
		return false;
	/* If the server itself is late, the client gets another chance. */
	err = client_write(c);
	client_account(c, before);
	return err || unsent(c) == before;
}

/* The user with the most unsent output; at least the given one. */
static struct user *most_output(const struct server *s, struct user *most)
{
	for (struct user *u = s->users; u; u = u->next) {
		if (u->output > most->output)
			most = u;
	}
	return most;
}

/*
 * Finds the client that has to leave, so that there is room for a reply to the caller: one that
 * does not read, or else one of a user with more unsent output. NULL: there is none.
 */
static struct client *find_reader(const struct client *caller)
{
	const struct server *s = caller->server;
	struct user *most = most_output(s, caller->user);
	struct client *slowest = NULL;
	uint64_t now = now_ns();

	for (struct client *c = s->clients; c; c = c->next) {
		if (c == caller || c->user != most || !unsent(c))
			continue;
		if (!slowest || c->reads_ns < slowest->reads_ns)
			slowest = c;
	}
	if (slowest && most == caller->user && !client_stalls(slowest, now))
		return NULL;
	return slowest;
}

/* Tells whether there is room for a reply of that length. */
static bool has_room(const struct client *c, size_t len)
{
	size_t max = SERVER_OUTPUT_MAX;

	if (len <= SERVER_OUTPUT_HIGH)
		max += SERVER_OUTPUT_RESERVE;
	return c->server->output + len <= max;
}

bool room_for_reply(struct client *c, size_t len)
{
	struct client *other;

	while (!has_room(c, len)) {
		other = find_reader(c);
		if (!other)
			return false;
		client_drop(other);
	}
	return true;
}

/* How useless the client is; of two equal ones, the one that was idle for longer should leave. */
static int uselessness(const struct client *c)
{
	if (!c->asked)
		return 3;
	if (unsent(c))
		return 2;
	return c->session.streaming ? 0 : 1;
}

/* The client of the user that should leave first. */
static struct client *find_idle(const struct server *s, const struct user *u)
{
	struct client *worst = NULL;
	int by;

	for (struct client *c = s->clients; c; c = c->next) {
		if (c->user != u)
			continue;
		by = worst ? uselessness(c) - uselessness(worst) : 1;
		if (by > 0 || (!by && c->active_ns < worst->active_ns))
			worst = c;
	}
	return worst;
}

bool room_for_client(struct server *s, uid_t uid)
{
	struct user *own = user_find(s, uid), *most = own ?: s->users;
	struct client *c;

	for (struct user *u = s->users; u; u = u->next) {
		if (u->nr_clients > most->nr_clients)
			most = u;
	}
	c = find_idle(s, most);
	if (uid && most != own && most->nr_clients <= (own ? own->nr_clients : 0) + 1)
		return false;
	if (uid && most == own && now_ns() - c->active_ns < SERVER_IDLE_NS)
		return false;
	client_drop(c);
	return true;
}
