// SPDX-License-Identifier: GPL-2.0-or-later
#include "daemon/notify.h"

#include <fcntl.h>
#include <string.h>
#include <sys/socket.h>
#include <sys/timerfd.h>
#include <sys/un.h>
#include <time.h>
#include <systemd/sd-daemon.h>

void notify_ready(const char *status)
{
	sd_notifyf(0, "READY=1\nSTATUS=%s", status);
}

void notify_reloading(void)
{
	struct timespec ts;

	clock_gettime(CLOCK_MONOTONIC, &ts);
	sd_notifyf(0, "RELOADING=1\nMONOTONIC_USEC=%llu",
		   ts.tv_sec * 1000000ULL + ts.tv_nsec / 1000);
}

void notify_stopping(void)
{
	sd_notify(0, "STOPPING=1");
}

static int on_timer(struct loop_source *source, uint32_t events)
{
	uint64_t n;

	(void)events;
	if (read(source->fd, &n, sizeof(n)) < 0)
		return errno == EAGAIN ? 0 : -errno;
	sd_notify(0, "WATCHDOG=1");
	return 0;
}

int watchdog_start(struct watchdog *w, struct loop *l)
{
	struct itimerspec when = {};
	uint64_t usec;
	int err = sd_watchdog_enabled(0, &usec);

	if (err <= 0)
		return err;
	usec /= 2;
	when.it_interval.tv_sec = usec / 1000000;
	when.it_interval.tv_nsec = usec % 1000000 * 1000;
	when.it_value = when.it_interval;
	w->timer.fn = on_timer;
	w->timer.fd = timerfd_create(CLOCK_MONOTONIC, TFD_CLOEXEC | TFD_NONBLOCK);
	if (w->timer.fd < 0 || timerfd_settime(w->timer.fd, 0, &when, NULL))
		return -errno;
	return loop_add(l, &w->timer, EPOLLIN);
}

void watchdog_stop(struct watchdog *w)
{
	if (w->timer.fd >= 0)
		close(w->timer.fd);
	w->timer.fd = -1;
}

int notify_socket(const char *wanted, char *path, size_t size, struct errbuf *e)
{
	struct sockaddr_un addr = {};
	socklen_t len = sizeof(addr);
	int n = sd_listen_fds(1), fd = SD_LISTEN_FDS_START, flags;

	if (n < 0)
		return set_error(e, n, "cannot take the socket that systemd passes: %s",
				 strerror(-n));
	if (!n)
		return -ENOENT;
	if (n > 1 || sd_is_socket_unix(fd, SOCK_STREAM, 1, NULL, 0) <= 0)
		return set_error(e, -EINVAL,
				 "systemd must pass one listening UNIX stream socket: set a single "
				 "ListenStream= in the socket unit, to a path");
	if (getsockname(fd, (void *)&addr, &len))
		return set_error(e, -errno, "cannot get the address of systemd's socket: %s",
				 strerror(errno));
	snprintf(path, size, "%s", addr.sun_path[0] ? addr.sun_path : "@");
	if (wanted && strcmp(wanted, path))
		return set_error(e, -EINVAL,
				 "systemd passes the socket %s, but the settings say %s: take "
				 "'socket' out of them, and set ListenStream= of the socket unit",
				 path, wanted);
	flags = fcntl(fd, F_GETFL);
	if (flags < 0 || fcntl(fd, F_SETFL, flags | O_NONBLOCK))
		return set_error(e, -errno, "cannot use systemd's socket: %s", strerror(errno));
	return fd;
}
