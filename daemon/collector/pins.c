// SPDX-License-Identifier: GPL-2.0-or-later
#include "daemon/collector/pins.h"

#include <dirent.h>
#include <fcntl.h>
#include <libgen.h>
#include <limits.h>
#include <linux/magic.h>
#include <string.h>
#include <sys/file.h>
#include <sys/mount.h>
#include <sys/stat.h>
#include <sys/vfs.h>
#include <bpf/bpf.h>

static void closedirp(DIR **dir)
{
	if (*dir)
		closedir(*dir);
}

#define _cleanup_closedir_ _cleanup_(closedirp)

static bool is_bpffs(const char *path)
{
	struct statfs fs;

	return !statfs(path, &fs) && (unsigned long)fs.f_type == BPF_FS_MAGIC;
}

/* Mounts a BPF file system at the parent of base if there is none. */
static int need_bpffs(const char *base, struct errbuf *e)
{
	_cleanup_free_ char *copy = strdup(base);
	const char *parent;

	if (!copy)
		return set_error(e, -ENOMEM, "out of memory");
	parent = dirname(copy);
	if (is_bpffs(parent))
		return 0;
	if (!mount("bpf", parent, "bpf", MS_NOSUID | MS_NODEV | MS_NOEXEC, "mode=700"))
		return 0;
	return set_error(e, -errno,
			 "there is no BPF file system at %s, and it cannot be mounted: %s", parent,
			 strerror(errno));
}

/* Tells whether the locked folder is still the one at base. */
static bool still_there(const char *base, int fd)
{
	struct stat a, b;

	return !fstat(fd, &a) && !stat(base, &b) && a.st_dev == b.st_dev && a.st_ino == b.st_ino;
}

int pins_open(const char *base, bool make, struct pins *ret, struct errbuf *e)
{
	int fd, err;

	if (make) {
		err = need_bpffs(base, e);
		if (err)
			return err;
	}
	for (;;) {
		if (make && mkdir(base, 0700) && errno != EEXIST)
			return set_error(e, -errno, "cannot make %s: %s", base, strerror(errno));
		fd = open(base, O_RDONLY | O_DIRECTORY | O_CLOEXEC);
		if (fd < 0 && make && errno == ENOENT)
			continue;
		if (fd < 0)
			return set_error(e, -errno, "cannot open %s: %s", base, strerror(errno));
		if (flock(fd, LOCK_EX | LOCK_NB)) {
			err = errno == EWOULDBLOCK ? -EBUSY : -errno;
			close(fd);
			if (err == -EBUSY)
				return set_error(e, err, "another iomapd is at work: it holds %s",
						 base);
			return set_error(e, err, "cannot lock %s: %s", base, strerror(-err));
		}
		if (still_there(base, fd))
			break;
		close(fd);
	}
	*ret = (struct pins){ .fd = fd, .base = base };
	return 0;
}

void pins_close(struct pins *p)
{
	if (p->fd >= 0)
		close(p->fd);
	p->fd = -1;
}

int pins_make(const struct pins *p, const char *set)
{
	return mkdirat(p->fd, set, 0700) ? -errno : 0;
}

/* The path of an object. BPF file systems allow no dots in names. */
static int path_of(const struct pins *p, const char *set, const char *kind, const char *name,
		   char path[PATH_MAX])
{
	int n = snprintf(path, PATH_MAX, "%s/%s/%s_", p->base, set, kind);

	if (n < 0 || n + strlen(name) >= PATH_MAX)
		return -ENAMETOOLONG;
	for (; *name; name++)
		path[n++] = *name == '.' ? '_' : *name;
	path[n] = '\0';
	return 0;
}

int pins_put(const struct pins *p, const char *set, const char *kind, const char *name, int fd)
{
	char path[PATH_MAX];
	int err = path_of(p, set, kind, name, path);

	if (err)
		return err;
	return bpf_obj_pin(fd, path) ? -errno : 0;
}

int pins_get(const struct pins *p, const char *set, const char *kind, const char *name)
{
	char path[PATH_MAX];
	int err = path_of(p, set, kind, name, path), fd;

	if (err)
		return err;
	fd = bpf_obj_get(path);
	return fd < 0 ? -errno : fd;
}

static DIR *open_set(int at, const char *set)
{
	int fd = openat(at, set, O_RDONLY | O_DIRECTORY | O_CLOEXEC);
	DIR *dir = fd < 0 ? NULL : fdopendir(fd);

	if (!dir && fd >= 0)
		close(fd);
	return dir;
}

/* The next entry other than . and .., NULL: none. */
static const char *next_name(DIR *dir)
{
	struct dirent *entry;

	while ((entry = readdir(dir))) {
		if (strcmp(entry->d_name, ".") && strcmp(entry->d_name, ".."))
			return entry->d_name;
	}
	return NULL;
}

static bool of_kind(const char *name, const char *kind)
{
	size_t len = strlen(kind);

	return !strncmp(name, kind, len) && name[len] == '_';
}

int pins_count(const struct pins *p, const char *set, const char *kind)
{
	_cleanup_closedir_ DIR *dir = open_set(p->fd, set);
	const char *name;
	int n = 0;

	if (!dir)
		return -errno;
	while ((name = next_name(dir)))
		n += of_kind(name, kind);
	return n;
}

int pins_rename(const struct pins *p, const char *from, const char *to)
{
	return renameat(p->fd, from, p->fd, to) ? -errno : 0;
}

bool pins_find(const struct pins *p, const char *but, char *ret, size_t size)
{
	_cleanup_closedir_ DIR *dir = open_set(p->fd, ".");
	const char *name;

	while (dir && (name = next_name(dir))) {
		if (!strcmp(name, PINS_NEW) || !strcmp(name, PINS_ASIDE) ||
		    (but && !strcmp(name, but)))
			continue;
		snprintf(ret, size, "%s", name);
		return true;
	}
	return false;
}

/*
 * Removes the objects of a set, except those of kind keep (NULL: all). Returns their number or a
 * negative errno.
 */
static int empty(const struct pins *p, const char *set, const char *keep)
{
	_cleanup_closedir_ DIR *dir = open_set(p->fd, set);
	const char *name;
	int n = 0;

	if (!dir)
		return -errno;
	while ((name = next_name(dir))) {
		if (keep && of_kind(name, keep))
			continue;
		if (unlinkat(dirfd(dir), name, 0))
			return -errno;
		n++;
		/* After an unlink the directory position is undefined: start over. */
		rewinddir(dir);
	}
	return n;
}

int pins_remove(const struct pins *p, const char *set)
{
	int n = empty(p, set, NULL);

	if (n == -ENOTDIR) {
		/* It is a file and no set. */
		n = 1;
		return unlinkat(p->fd, set, 0) ? -errno : n;
	}
	if (n < 0)
		return n;
	return unlinkat(p->fd, set, AT_REMOVEDIR) ? -errno : n;
}

int pins_set_aside(const struct pins *p, const char *set)
{
	int err, n;

	/* Remove the old `aside` only if there is a new set to replace it. */
	if (faccessat(p->fd, set, F_OK, 0))
		return -errno;
	err = pins_remove(p, PINS_ASIDE);
	if (err < 0 && err != -ENOENT)
		return err;
	n = empty(p, set, "map");
	if (n == -ENOTDIR)
		return pins_remove(p, set);
	if (n < 0)
		return n;
	err = pins_rename(p, set, PINS_ASIDE);
	return err ? err : n;
}

int pins_remove_all(struct pins *p)
{
	static const char *const sets[] = { PINS_NEW, PINS_ASIDE };
	char name[NAME_MAX + 1];
	int n = 0, r;

	while (pins_find(p, NULL, name, sizeof(name))) {
		r = pins_remove(p, name);
		if (r < 0)
			return r;
		n += r;
	}
	for (size_t i = 0; i < ARRAY_SIZE(sets); i++) {
		r = pins_remove(p, sets[i]);
		if (r < 0 && r != -ENOENT)
			return r;
		n += r > 0 ? r : 0;
	}
	return rmdir(p->base) ? -errno : n;
}
