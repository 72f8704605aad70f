// SPDX-License-Identifier: GPL-2.0-or-later
/* Makes the listening socket: directory, group and mode. Removes a stale socket. */
#include <fcntl.h>
#include <grp.h>
#include <libgen.h>
#include <string.h>
#include <sys/file.h>
#include <sys/socket.h>
#include <sys/stat.h>
#include <sys/un.h>

#include "daemon/server.h"

/* Returns 0 if no process serves the address, -EADDRINUSE if one does, or another errno. */
static int nobody_serves(const struct sockaddr_un *addr)
{
	_cleanup_close_ int fd = socket(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC | SOCK_NONBLOCK, 0);

	if (fd < 0)
		return -errno;
	/* EAGAIN: a process listens, but its queue is full. */
	if (!connect(fd, (const void *)addr, sizeof(*addr)) || errno == EAGAIN)
		return -EADDRINUSE;
	return errno == ECONNREFUSED || errno == ENOENT ? 0 : -errno;
}

static int in_use(const char *path, struct errbuf *e)
{
	return set_error(e, -EADDRINUSE, "another iomapd already serves %s", path);
}

/* Makes the address of path. Returns false if path is empty or too long. */
static bool make_address(const char *path, struct sockaddr_un *ret)
{
	size_t len = strlen(path);

	if (!len || len >= sizeof(ret->sun_path))
		return false;
	*ret = (struct sockaddr_un){ .sun_family = AF_UNIX };
	memcpy(ret->sun_path, path, len);
	return true;
}

int server_probe(const char *path, struct errbuf *e)
{
	struct sockaddr_un addr;

	/* server_listen() reports other errors. */
	if (make_address(path, &addr) && nobody_serves(&addr) == -EADDRINUSE)
		return in_use(path, e);
	return 0;
}

/* Removes a socket that no process serves. */
static int remove_stale(const struct sockaddr_un *addr, struct errbuf *e)
{
	const char *path = addr->sun_path;
	struct stat st;
	int err;

	if (lstat(path, &st))
		return errno == ENOENT ? 0
				       : set_error(e, -errno, "cannot access %s: %s", path,
						   strerror(errno));
	if (!S_ISSOCK(st.st_mode))
		return set_error(e, -EEXIST,
				 "%s exists and is not a socket; remove it or choose "
				 "another with --socket",
				 path);
	err = nobody_serves(addr);
	if (err == -EADDRINUSE)
		return in_use(path, e);
	if (err)
		return set_error(e, err, "cannot tell whether %s is in use: %s", path,
				 strerror(-err));
	if (unlink(path) && errno != ENOENT)
		return set_error(e, -errno, "cannot remove the stale socket %s: %s", path,
				 strerror(errno));
	return 0;
}

/* Opens the directory of path. Creates its last component if it is missing. */
static int open_dir(const char *path, struct errbuf *e)
{
	_cleanup_free_ char *copy = strdup(path);
	const char *dir;
	int fd;

	if (!copy)
		return set_error(e, -ENOMEM, "out of memory");
	dir = dirname(copy);
	if (mkdir(dir, 0755) && errno != EEXIST)
		return set_error(e, -errno, "cannot make the directory %s: %s", dir,
				 strerror(errno));
	fd = open(dir, O_RDONLY | O_DIRECTORY | O_CLOEXEC);
	if (fd < 0)
		return set_error(e, -errno, "cannot open the directory %s: %s", dir,
				 strerror(errno));
	return fd;
}

int server_listen(const char *path, struct errbuf *e)
{
	struct sockaddr_un addr;
	_cleanup_close_ int dir = -1;
	const struct group *group;
	mode_t mask;
	int fd, err;

	if (!make_address(path, &addr))
		return set_error(e, -ENAMETOOLONG,
				 "the socket's path must have 1 to %zu characters: %s",
				 sizeof(addr.sun_path) - 1, path);

	dir = open_dir(path, e);
	if (dir < 0)
		return dir;
	/* If two iomapd start at once, the second one waits here and then finds the first one. */
	if (flock(dir, LOCK_EX))
		return set_error(e, -errno, "cannot lock the directory of %s: %s", path,
				 strerror(errno));
	err = remove_stale(&addr, e);
	if (err)
		return err;

	fd = socket(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC | SOCK_NONBLOCK, 0);
	if (fd < 0)
		return set_error(e, -errno, "cannot make a socket: %s", strerror(errno));
	mask = umask(0117);
	err = bind(fd, (const void *)&addr, sizeof(addr)) ? -errno : 0;
	umask(mask);
	group = err ? NULL : getgrnam("iomap");
	if (group && chown(path, -1, group->gr_gid))
		err = -errno;
	if (!err && listen(fd, 128))
		err = -errno;
	if (err) {
		close(fd);
		return set_error(e, err, "cannot listen at %s: %s", path, strerror(-err));
	}
	return fd;
}
