// SPDX-License-Identifier: GPL-2.0-or-later
/*
 * iomapctl detach: end iomapd, and remove its maps, programs and links from the kernel. It finds
 * iomapd by the programs in the kernel, so it believes no reply of a socket.
 */
#include <errno.h>
#include <signal.h>
#include <string.h>

#include "bpf/iomap.h"
#include "cli/ctl/iomapctl.h"
#include "daemon/collector/loaded.h"
#include "daemon/collector/pins.h"
#include "daemon/collector/probe-events.h"

#define END_MS	30000 /* time for iomapd to end */
#define GONE_MS 30000 /* time for the kernel to free what no process uses */

#define ENDED_MAX 16

struct detached {
	struct pins pins;
	pid_t ended[ENDED_MAX];
	size_t nr_ended;
	int removed; /* objects */
};

/* Waits a little. Returns false when the time is over. */
static bool wait_more(uint64_t until)
{
	const struct timespec pause = { .tv_nsec = 20 * 1000000 };

	if (now_ns() >= until)
		return false;
	nanosleep(&pause, NULL);
	return true;
}

static uint64_t after_ms(uint64_t ms)
{
	return now_ns() + ms * 1000000;
}

/* Ends the process and waits until it uses nothing any more. */
static int end_daemon(const struct user *u, const struct loaded *l, struct errbuf *err)
{
	uint64_t until = after_ms(END_MS);
	int r = user_signal(u, SIGTERM);

	if (r == -ESRCH)
		return 0;
	if (r == -EINVAL)
		return set_error(err, r,
				 "iomapd (pid %d) is in another PID namespace: run this there",
				 u->pid);
	if (r)
		return set_error(err, r, "cannot end iomapd (pid %d): %s", u->pid, strerror(-r));
	while (user_uses(u, l, PINS_BASE)) {
		if (!wait_more(until))
			return set_error(err, -ETIMEDOUT, "iomapd (pid %d) does not end on SIGTERM",
					 u->pid);
	}
	return 0;
}

/* Ends each iomapd, whatever its socket and its pins are. */
static int end_daemons(struct detached *d, struct errbuf *err)
{
	struct loaded l = {};
	struct user u;
	int r = loaded_find(&l, err);

	while (!r && d->nr_ended < ENDED_MAX && loaded_user(&l, PINS_BASE, true, &u)) {
		r = end_daemon(&u, &l, err);
		d->ended[d->nr_ended++] = u.pid;
		user_free(&u);
	}
	loaded_free(&l);
	return r;
}

/* Opens and locks the pins, if any. A process that ends may hold the lock a little longer. */
static int open_pins(struct detached *d, struct errbuf *err)
{
	uint64_t until = after_ms(1000);
	int r;

	do
		r = pins_open(PINS_BASE, false, &d->pins, err);
	while (r == -EBUSY && wait_more(until));
	if (r == -EBUSY)
		return set_error(err, r,
				 PINS_BASE " is locked, but not by an iomapd that can be seen "
					   "here; find the process with lslocks(8) and end it");
	return r == -ENOENT ? 0 : r;
}

static int remove_pins(struct detached *d, struct errbuf *err)
{
	int r = open_pins(d, err);

	if (r || d->pins.fd < 0)
		return r;
	r = pins_remove_all(&d->pins);
	if (r < 0)
		return set_error(err, r, "cannot remove all that is pinned in " PINS_BASE ": %s",
				 strerror(-r));
	d->removed = r;
	return 0;
}

/* Waits until no program of ours is in the kernel, or explains why one stays. */
static int wait_until_gone(struct errbuf *err)
{
	uint64_t until = after_ms(GONE_MS);
	struct loaded l = {};
	struct user u;
	bool used;
	int r;

	for (;;) {
		r = loaded_find(&l, err);
		if (r || !l.nr)
			break;
		used = loaded_user(&l, NULL, false, &u);
		if (used) {
			r = set_error(err, -EBUSY,
				      "%zu programs of iomap are still in the kernel: %s (pid %d) "
				      "uses them; %s",
				      l.nr, u.name, u.pid,
				      u.is_iomapd ? "it was started meanwhile: stop its service "
						    "first"
						  : "they go when it ends");
			user_free(&u);
			break;
		}
		if (!wait_more(until)) {
			r = set_error(err, -EBUSY,
				      "%zu programs of iomap are still in the kernel: a process "
				      "that cannot be seen here uses them, or they are pinned in "
				      "another place; 'bpftool prog show' lists them",
				      l.nr);
			break;
		}
		loaded_free(&l);
	}
	loaded_free(&l);
	return r;
}

static void print_done(const struct ctl_config *cfg, const struct detached *d)
{
	json_t *pids, *reply;

	if (cfg->json) {
		pids = json_array();
		for (size_t i = 0; i < d->nr_ended; i++)
			json_array_append_new(pids, json_integer(d->ended[i]));
		reply = json_pack("{s:i, s:o, s:i}", "schema", IOMAP_SCHEMA, "ended_pids", pids,
				  "removed", d->removed);
		ctl_print_json(reply, JSON_INDENT(2));
		json_decref(reply);
		return;
	}
	for (size_t i = 0; i < d->nr_ended; i++)
		printf("ended iomapd (pid %d)\n", d->ended[i]);
	if (d->removed)
		printf("removed %d maps, programs and links of iomapd from the kernel\n",
		       d->removed);
	else if (!d->nr_ended)
		printf("nothing of iomapd is in the kernel\n");
}

int do_detach(void *config)
{
	const struct ctl_config *cfg = config;
	struct detached d = { .pins.fd = -1 };
	struct errbuf err = {};
	int r, probes = 0;

	if (geteuid()) {
		set_error(&err, -EPERM, "no permission to detach iomapd: run this as root");
		return ctl_fail(-EPERM, &err);
	}
	/* Refuse a folder of another user before anything is done. */
	r = pins_open(PINS_BASE, false, &d.pins, &err);
	pins_close(&d.pins);
	if (!r || r == -ENOENT || r == -EBUSY)
		r = end_daemons(&d, &err);
	if (!r)
		r = remove_pins(&d, &err);
	pins_close(&d.pins);
	if (!r)
		r = wait_until_gone(&err);
	/* Those of a gate that runs are in use, and stay. */
	if (!r)
		probes = probe_events_clear(true);
	if (!r && probes < 0)
		r = set_error(&err, probes, "cannot remove the probes of iomapd: %s",
			      strerror(-probes));
	d.removed += probes;
	if (r)
		return ctl_fail(r, &err);
	print_done(cfg, &d);
	return EXIT_GOOD;
}
