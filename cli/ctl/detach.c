// SPDX-License-Identifier: GPL-2.0-or-later
/* iomapctl detach: end iomapd, and remove its maps, programs and links from the kernel. */
#include <errno.h>
#include <poll.h>
#include <signal.h>
#include <string.h>
#include <sys/pidfd.h>
#include <sys/socket.h>

#include "cli/ctl/iomapctl.h"
#include "cli/json.h"
#include "daemon/collector/pins.h"

#define END_MS 30000 /* time for iomapd to end */

/*
 * Finds iomapd's pid. The peer must be root, as we signal the pid that it reports. With socket
 * activation the peer is systemd, so the pid of SO_PEERCRED is of no use.
 */
static int find_daemon(const struct ctl_config *cfg, pid_t *ret, struct errbuf *err)
{
	const char *path = client_path(cfg->socket);
	_cleanup_json_ json_t *status = NULL;
	socklen_t len = sizeof(struct ucred);
	struct client *c = NULL;
	struct ucred peer;
	int r;

	r = client_open(path, &c, err);
	if (r)
		return set_error(err, r,
				 "an iomapd is running, but does not answer at %s: name its socket "
				 "with --socket, or end it",
				 path);
	if (getsockopt(client_fd(c), SOL_SOCKET, SO_PEERCRED, &peer, &len))
		r = set_error(err, -errno, "cannot tell who listens at %s: %s", path,
			      strerror(errno));
	else if (peer.uid)
		r = set_error(err, -EPERM,
			      "the process that listens at %s is not root, so it is not iomapd",
			      path);
	if (!r)
		r = client_call(c, "Status", NULL, &status, err);
	client_close(c);
	if (r)
		return r;
	*ret = (pid_t)rec_u64(status, "pid");
	return *ret > 1 ? 0
			: set_error(err, -EPROTO, "iomapd at %s does not report its process id",
				    path);
}

/* Ends the process and waits until it has ended. */
static int end_daemon(pid_t pid, struct errbuf *err)
{
	_cleanup_close_ int fd = pidfd_open(pid, 0);
	struct pollfd p = { .fd = fd, .events = POLLIN };
	int r;

	if (fd < 0 || pidfd_send_signal(fd, SIGTERM, NULL, 0))
		return errno == ESRCH ? 0
				      : set_error(err, -errno, "cannot end iomapd (pid %d): %s",
						  pid, strerror(errno));
	do
		r = poll(&p, 1, END_MS);
	while (r < 0 && errno == EINTR);
	return r > 0 ? 0
		     : set_error(err, -ETIMEDOUT, "iomapd (pid %d) does not end on SIGTERM", pid);
}

/* Locks the pins. *ret_pid: the iomapd that was ended for that, or 0. */
static int open_pins(const struct ctl_config *cfg, struct pins *pins, pid_t *ret_pid,
		     struct errbuf *err)
{
	int r = pins_open(PINS_BASE, false, pins, err);

	if (r == -EBUSY) {
		r = find_daemon(cfg, ret_pid, err);
		if (!r)
			r = end_daemon(*ret_pid, err);
		if (!r)
			r = pins_open(PINS_BASE, false, pins, err);
	}
	return r;
}

static void print_done(const struct ctl_config *cfg, pid_t pid, int removed)
{
	if (cfg->json) {
		json_t *reply =
			json_pack("{s:i, s:o, s:i}", "schema", IOMAP_SCHEMA, "ended_pid",
				  pid ? json_integer(pid) : json_null(), "removed", removed);

		ctl_print_json(reply, JSON_INDENT(2));
		json_decref(reply);
		return;
	}
	if (pid)
		printf("ended iomapd (pid %d)\n", pid);
	if (removed)
		printf("removed %d maps, programs and links of iomapd from the kernel\n", removed);
	else
		printf("nothing of iomapd is in the kernel\n");
}

int do_detach(void *config)
{
	const struct ctl_config *cfg = config;
	struct pins pins = { .fd = -1 };
	struct errbuf err = {};
	pid_t pid = 0;
	int r;

	if (geteuid()) {
		set_error(&err, -EPERM, "no permission to detach iomapd: run this as root");
		return ctl_fail(-EPERM, &err);
	}
	r = open_pins(cfg, &pins, &pid, &err);
	if (!r) {
		r = pins_remove_all(&pins);
		if (r < 0)
			set_error(&err, r, "cannot remove all that is pinned in " PINS_BASE ": %s",
				  strerror(-r));
	}
	pins_close(&pins);
	if (r < 0 && r != -ENOENT)
		return ctl_fail(r, &err);
	print_done(cfg, pid, r > 0 ? r : 0);
	return EXIT_GOOD;
}
