// SPDX-License-Identifier: GPL-2.0-or-later
/*
 * Writes the report. No link is followed at the end of the path: in a folder of somebody else, it
 * could lead to a file of root. A regular file is written in place, so that it keeps its owner, its
 * mode and its mount, and only when the report is complete: no temporary file can be left behind.
 */
#include <errno.h>
#include <fcntl.h>
#include <string.h>
#include <sys/stat.h>

#include "cli/assert/report.h"

#define OPEN_FLAGS (O_WRONLY | O_NOFOLLOW | O_CLOEXEC | O_NOCTTY)

static int cannot(const struct assert_output *o, struct errbuf *err)
{
	int e = errno;

	if (e == ELOOP && o->folder >= 0)
		return set_error(err, -e,
				 "cannot write %s: it is a symbolic link, and links are not "
				 "followed: name the file itself",
				 o->path);
	return set_error(err, -e, "cannot write %s: %s", o->path ?: "the output", strerror(e));
}

/* Opens the folder of the path and sets the name of the file in it. */
static int open_folder(struct assert_output *o, struct errbuf *err)
{
	const char *slash = strrchr(o->path, '/');
	_cleanup_free_ char *folder = NULL;
	size_t n = slash ? (size_t)(slash - o->path) : 0;

	folder = slash ? strndup(n ? o->path : "/", n ?: 1) : strdup(".");
	if (!folder)
		return set_error(err, -ENOMEM, "out of memory");
	o->name = slash ? slash + 1 : o->path;
	o->folder = open(folder, O_PATH | O_DIRECTORY | O_CLOEXEC);
	return o->folder < 0 ? cannot(o, err) : 0;
}

/* Finds out whether the file can be made: makes it, and removes it again. */
static int probe(const struct assert_output *o, struct errbuf *err)
{
	int fd = openat(o->folder, o->name, OPEN_FLAGS | O_CREAT | O_EXCL, 0666);

	if (fd < 0)
		return cannot(o, err);
	close(fd);
	return unlinkat(o->folder, o->name, 0) ? cannot(o, err) : 0;
}

/* Another name of a file is a link, too: it may lead to a file in another folder. */
static int check_links(const struct assert_output *o, const struct stat *st, struct errbuf *err)
{
	if (st->st_nlink <= 1)
		return 0;
	return set_error(err, -EMLINK,
			 "cannot write %s: the file has other names (hard links): remove this one, "
			 "or name another file",
			 o->path);
}

/*
 * Opens the file that exists. With O_CREAT the kernel refuses a file that somebody else put into a
 * folder such as /tmp (fs.protected_regular and fs.protected_fifos).
 */
static int open_existing(struct assert_output *o, struct errbuf *err)
{
	struct stat st;
	int r;

	o->fd = openat(o->folder, o->name, OPEN_FLAGS | O_CREAT, 0666);
	if (o->fd < 0 || fstat(o->fd, &st))
		return cannot(o, err);
	if (!S_ISREG(st.st_mode))
		return 0;
	r = check_links(o, &st, err);
	close(o->fd);
	o->fd = -1;
	return r;
}

/* Takes a descriptor that iomapctl was started with: /dev/stderr, /dev/fd/N. */
static int take_descriptor(struct assert_output *o, int fd, struct errbuf *err)
{
	o->fd = fcntl(fd, F_DUPFD_CLOEXEC, STDERR_FILENO + 1);
	return o->fd < 0 ? cannot(o, err) : 0;
}

int assert_output_open(struct assert_output *o, const char *path, struct errbuf *err)
{
	struct stat st;
	int fd, end = 0, r;

	*o = (struct assert_output){ .fd = STDOUT_FILENO, .folder = -1 };
	if (!path || !strcmp(path, "/dev/stdout"))
		return 0;
	o->path = path;
	o->fd = -1;
	if (!strcmp(path, "/dev/stderr"))
		return take_descriptor(o, STDERR_FILENO, err);
	if (sscanf(path, "/dev/fd/%9d%n", &fd, &end) == 1 && !path[end])
		return take_descriptor(o, fd, err);
	r = open_folder(o, err);
	if (r)
		return r;
	if (!fstatat(o->folder, o->name, &st, AT_SYMLINK_NOFOLLOW))
		return open_existing(o, err);
	return errno == ENOENT && *o->name ? probe(o, err) : cannot(o, err);
}

static int write_all(int fd, const char *data, size_t size)
{
	ssize_t n;

	while (size) {
		n = write(fd, data, size);
		if (n < 0 && errno == EINTR)
			continue;
		if (n < 0)
			return -errno;
		data += n;
		size -= (size_t)n;
	}
	return 0;
}

/* Opens the regular file, or makes it. *ret_made: it is new. */
static int open_file(struct assert_output *o, bool *ret_made, struct errbuf *err)
{
	struct stat st;

	o->fd = openat(o->folder, o->name, OPEN_FLAGS | O_CREAT | O_EXCL, 0666);
	*ret_made = o->fd >= 0;
	/* Do not wait for the reader of a FIFO that somebody put there meanwhile. */
	if (o->fd < 0 && errno == EEXIST)
		o->fd = openat(o->folder, o->name, OPEN_FLAGS | O_CREAT | O_NONBLOCK, 0666);
	if (o->fd < 0 || fstat(o->fd, &st))
		return cannot(o, err);
	if (!S_ISREG(st.st_mode))
		return set_error(err, -EINVAL, "cannot write %s: it is no longer a regular file",
				 o->path);
	return check_links(o, &st, err);
}

static int write_file(struct assert_output *o, const char *data, size_t size, struct errbuf *err)
{
	bool made;
	int r;

	r = open_file(o, &made, err);
	if (r)
		return r;
	if (ftruncate(o->fd, 0) || write_all(o->fd, data, size)) {
		r = cannot(o, err);
		/* Leave no part of a report: it could be taken for a report. */
		if (made ? unlinkat(o->folder, o->name, 0) : ftruncate(o->fd, 0))
			set_error(err, r, "%s still has a part of the report", o->path);
		return r;
	}
	r = close(o->fd);
	o->fd = -1;
	return r ? cannot(o, err) : 0;
}

int assert_output_write(struct assert_output *o, const char *data, size_t size, struct errbuf *err)
{
	if (o->fd < 0)
		return write_file(o, data, size, err);
	return write_all(o->fd, data, size) ? cannot(o, err) : 0;
}

void assert_output_close(struct assert_output *o)
{
	if (o->fd > STDERR_FILENO)
		close(o->fd);
	if (o->folder >= 0)
		close(o->folder);
	*o = (struct assert_output){ .fd = -1, .folder = -1 };
}

bool assert_output_at_line(void)
{
	_cleanup_close_ int fd = -1;
	struct stat st;
	int flags = fcntl(STDOUT_FILENO, F_GETFL);
	off_t at;
	char last;

	if (flags < 0 || fstat(STDOUT_FILENO, &st) || !S_ISREG(st.st_mode))
		return false;
	at = flags & O_APPEND ? st.st_size : lseek(STDOUT_FILENO, 0, SEEK_CUR);
	if (at <= 0)
		return !at;
	/* Standard output itself is rarely open for reading. */
	fd = open("/proc/self/fd/1", O_RDONLY | O_CLOEXEC);
	return fd >= 0 && pread(fd, &last, 1, at - 1) == 1 && last == '\n';
}
