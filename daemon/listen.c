// SPDX-License-Identifier: GPL-2.0-or-later
/*
 * Makes the listening socket: directory, group and mode. Removes a stale socket, while it holds a
 * lock file, so that of two iomapd that start at once, the second one finds the first one.
 */
#include <fcntl.h>
#include <grp.h>
#include <libgen.h>
#include <limits.h>
#include <string.h>
#include <sys/file.h>
#include <sys/socket.h>
#include <sys/stat.h>
#include <sys/un.h>
#include <time.h>

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

static int no_socket(const char *path, struct errbuf *e)
{
	return set_error(e, -EEXIST,
			 "%s exists and is not a socket; remove it or choose another with --socket",
			 path);
}

int server_probe(const char *path, struct errbuf *e)
{
	struct sockaddr_un addr;
	struct stat st;

	/* server_claim() reports other errors. */
	if (!make_address(path, &addr) || lstat(path, &st))
		return 0;
	if (!S_ISSOCK(st.st_mode))
		return no_socket(path, e);
	return nobody_serves(&addr) == -EADDRINUSE ? in_use(path, e) : 0;
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
		return no_socket(path, e);
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

/* Makes the directory of path if it is missing, with mode 0755 whatever the umask is. */
static int need_dir(const char *path, struct errbuf *e)
{
	_cleanup_free_ char *copy = strdup(path);
	_cleanup_close_ int fd = -1;
	struct stat st;
	const char *dir;

	if (!copy)
		return set_error(e, -ENOMEM, "out of memory");
	dir = dirname(copy);
	if (mkdir(dir, 0755))
		return errno == EEXIST ? 0
				       : set_error(e, -errno, "cannot make the directory %s: %s",
						   dir, strerror(errno));
	fd = open(dir, O_RDONLY | O_DIRECTORY | O_NOFOLLOW | O_CLOEXEC);
	if (fd < 0 || fstat(fd, &st) || (st.st_uid == geteuid() && fchmod(fd, 0755)))
		return set_error(e, -errno, "cannot set the mode of the directory %s: %s", dir,
				 strerror(errno));
	return 0;
}

/* The path of the lock file. */
static int lock_path(const char *path, char ret[PATH_MAX])
{
	int n = snprintf(ret, PATH_MAX, "%s.lock", path);

	return n < 0 || n >= PATH_MAX ? -ENAMETOOLONG : 0;
}

/*
 * Opens the lock file. It must be ours alone: a process that can open it can hold the lock. Returns
 * the descriptor, or a negative errno with a sentence in e.
 */
static int open_lock(const char *path, struct errbuf *e)
{
	int fd = open(path, O_RDWR | O_CREAT | O_NOFOLLOW | O_NONBLOCK | O_CLOEXEC, 0600), err;
	struct stat st;

	if (fd >= 0 && !fstat(fd, &st) && S_ISREG(st.st_mode) && st.st_uid == geteuid() &&
	    !(st.st_mode & 0077))
		return fd;
	err = fd < 0 ? -errno : -EPERM;
	closep(&fd);
	if (!lstat(path, &st))
		return set_error(
			e, err,
			"the lock file %s cannot be used: it belongs to user %u, with mode "
			"%o; remove it",
			path, st.st_uid, st.st_mode & 07777);
	return set_error(e, err, "cannot make the lock file %s: %s", path, strerror(-err));
}

/* Tells whether the open lock file is still the one at path: its last holder has removed it. */
static bool still_there(const char *path, int fd)
{
	struct stat a, b;

	return !fstat(fd, &a) && !lstat(path, &b) && a.st_dev == b.st_dev && a.st_ino == b.st_ino;
}

/* Locks the lock file. Returns its descriptor, or a negative errno with a sentence in e. */
static int take_lock(const char *path, struct errbuf *e)
{
	const struct timespec pause = { .tv_nsec = 20 * 1000000 };
	uint64_t until = now_ns() + SERVER_LOCK_MS * (uint64_t)1000000;
	int fd, err;

	do {
		fd = open_lock(path, e);
		if (fd < 0)
			return fd;
		err = flock(fd, LOCK_EX | LOCK_NB) ? -errno : 0;
		if (!err && still_there(path, fd))
			return fd;
		close(fd);
		if (err && err != -EWOULDBLOCK)
			return set_error(e, err, "cannot lock %s: %s", path, strerror(-err));
		nanosleep(&pause, NULL);
	} while (now_ns() < until);
	return set_error(e, -EBUSY,
			 "another process has locked %s for %d s; wait for the start of the other "
			 "iomapd, or find the process with lslocks(8) and end it",
			 path, SERVER_LOCK_MS / 1000);
}

int server_claim(const char *path, struct errbuf *e)
{
	struct sockaddr_un addr;
	char lock[PATH_MAX];
	int fd, err;

	if (!make_address(path, &addr) || lock_path(path, lock))
		return set_error(e, -ENAMETOOLONG,
				 "the socket's path must have 1 to %zu characters: %s",
				 sizeof(addr.sun_path) - 1, path);
	err = need_dir(path, e);
	if (err)
		return err;
	fd = take_lock(lock, e);
	if (fd < 0)
		return fd;
	err = remove_stale(&addr, e);
	if (!err)
		return fd;
	server_unclaim(path, fd);
	return err;
}

void server_unclaim(const char *path, int claim)
{
	char lock[PATH_MAX];

	if (claim < 0)
		return;
	if (!lock_path(path, lock))
		unlink(lock);
	close(claim);
}

/* Gives the socket to the group `iomap`, if it exists. Without CAP_CHOWN, it stays root's. */
static int give_to_group(const char *path, struct errbuf *e)
{
	const struct group *group = getgrnam("iomap");

	if (!group || !lchown(path, -1, group->gr_gid))
		return 0;
	if (errno != EPERM)
		return -errno;
	set_error(
		e, 0,
		"only root may use %s: without the capability CAP_CHOWN, iomapd cannot give it to "
		"the group iomap",
		path);
	return 0;
}

int server_bind(const char *path, struct errbuf *e)
{
	struct sockaddr_un addr;
	mode_t mask;
	int fd, err;

	make_address(path, &addr);
	fd = socket(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC | SOCK_NONBLOCK, 0);
	if (fd < 0)
		return set_error(e, -errno, "cannot make a socket: %s", strerror(errno));
	mask = umask(0117);
	err = bind(fd, (const void *)&addr, sizeof(addr)) ? -errno : 0;
	umask(mask);
	if (!err) {
		err = give_to_group(path, e);
		if (!err && listen(fd, 128))
			err = -errno;
		if (err)
			unlink(path);
	}
	if (err) {
		close(fd);
		return set_error(e, err, "cannot listen at %s: %s", path, strerror(-err));
	}
	return fd;
}

int server_listen(const char *path, struct errbuf *e)
{
	int claim = server_claim(path, e), fd;

	if (claim < 0)
		return claim;
	fd = server_bind(path, e);
	server_unclaim(path, claim);
	return fd;
}
