// SPDX-License-Identifier: GPL-2.0-or-later
#include "daemon/collector/pins.h"

#include <dirent.h>
#include <fcntl.h>
#include <limits.h>
#include <linux/magic.h>
#include <string.h>
#include <sys/file.h>
#include <sys/mount.h>
#include <sys/stat.h>
#include <sys/vfs.h>
#include <bpf/bpf.h>

#define OPEN_FOLDER (O_RDONLY | O_DIRECTORY | O_NOFOLLOW | O_CLOEXEC)

/* Tries to make and open the folder while other processes remove it. */
#define TRIES 100

static void closedirp(DIR **dir)
{
	if (*dir)
		closedir(*dir);
}

#define _cleanup_closedir_ _cleanup_(closedirp)

static bool is_bpffs(int fd)
{
	struct statfs fs;

	return !fstatfs(fd, &fs) && (unsigned long)fs.f_type == BPF_FS_MAGIC;
}

/* Root, or the user who runs this program. */
static bool trusted(uid_t uid)
{
	return !uid || uid == geteuid();
}

/* Nobody else can replace an entry of the folder that we own. */
static bool entries_are_safe(const struct stat *st)
{
	return trusted(st->st_uid) &&
	       (!(st->st_mode & (S_IWGRP | S_IWOTH)) || st->st_mode & S_ISVTX);
}

/*
 * Opens the folder around base. make: mounts a BPF file system there if there is none. Returns the
 * descriptor, or a negative errno with a sentence in e.
 */
static int open_parent(const char *base, bool make, struct errbuf *e)
{
	_cleanup_free_ char *path = strndup(base, strrchr(base, '/') - base);
	_cleanup_close_ int fd = -1;
	struct stat st;
	int ret;

	if (!path)
		return set_error(e, -ENOMEM, "out of memory");
	fd = open(path, O_PATH | O_DIRECTORY | O_CLOEXEC);
	if (make && (fd < 0 || !is_bpffs(fd))) {
		if (mount("bpf", path, "bpf", MS_NOSUID | MS_NODEV | MS_NOEXEC, "mode=700"))
			return set_error(e, -errno,
					 "there is no BPF file system at %s, and it cannot be "
					 "mounted: %s",
					 path, strerror(errno));
		closep(&fd);
		fd = open(path, O_PATH | O_DIRECTORY | O_CLOEXEC);
	}
	if (fd < 0 || fstat(fd, &st))
		return set_error(e, -errno, "cannot open %s: %s", path, strerror(errno));
	if (!entries_are_safe(&st))
		return set_error(e, -EPERM,
				 "%s is not used, as users other than root control it (owner: user "
				 "%u, mode: %o); run 'chown root %s' and 'chmod 1755 %s'",
				 path, st.st_uid, st.st_mode & 07777, path, path);
	ret = fd;
	fd = -1;
	return ret;
}

/* Explains why the entry at base is not our folder. */
static int not_ours(const char *base, const struct stat *st, struct errbuf *e)
{
	bool folder = S_ISDIR(st->st_mode);

	if (folder && trusted(st->st_uid))
		return set_error(e, -EPERM,
				 "%s is not used, as users other than root can write to it (mode "
				 "%o); remove it with 'rm -r %s'",
				 base, st->st_mode & 07777, base);
	return set_error(e, -EPERM,
			 "%s is not used, as it is %s of user %u; remove it with 'rm %s%s'", base,
			 folder			? "a folder"
			 : S_ISLNK(st->st_mode) ? "a link"
						: "a file",
			 st->st_uid, folder ? "-r " : "", base);
}

/*
 * Opens the folder called name. Returns its descriptor, -EPERM with a sentence in e when another
 * user controls it, or another negative errno.
 */
static int open_ours(int parent, const char *name, const char *base, struct errbuf *e)
{
	int fd = openat(parent, name, OPEN_FOLDER), err = -errno;
	struct stat st;

	if (fd < 0) {
		if (err != -ENOENT && !fstatat(parent, name, &st, AT_SYMLINK_NOFOLLOW) &&
		    (!S_ISDIR(st.st_mode) || !trusted(st.st_uid)))
			return not_ours(base, &st, e);
		return set_error(e, err, "cannot open %s: %s", base, strerror(-err));
	}
	if (fstat(fd, &st)) {
		err = set_error(e, -errno, "cannot open %s: %s", base, strerror(errno));
	} else if (!trusted(st.st_uid) || st.st_mode & (S_IWGRP | S_IWOTH)) {
		err = not_ours(base, &st, e);
	} else {
		return fd;
	}
	close(fd);
	return err;
}

/* Tells whether the locked folder is still the one called name. */
static bool still_there(int parent, const char *name, int fd)
{
	struct stat a, b;

	return !fstat(fd, &a) && !fstatat(parent, name, &b, AT_SYMLINK_NOFOLLOW) &&
	       a.st_dev == b.st_dev && a.st_ino == b.st_ino;
}

/* Locks the folder. Who may open it may lock it: that is its owner, so that nobody else can. */
static int lock(int fd, bool make, const char *base, struct errbuf *e)
{
	int err;

	if (make && fchmod(fd, 0700))
		return set_error(e, -errno, "cannot set the mode of %s: %s", base, strerror(errno));
	if (!flock(fd, LOCK_EX | LOCK_NB))
		return 0;
	err = errno == EWOULDBLOCK ? -EBUSY : -errno;
	return err == -EBUSY ? set_error(e, err, "another iomapd is at work: it holds %s", base)
			     : set_error(e, err, "cannot lock %s: %s", base, strerror(-err));
}

int pins_open(const char *base, bool make, struct pins *ret, struct errbuf *e)
{
	_cleanup_close_ int parent = open_parent(base, make, e);
	const char *name = strrchr(base, '/') + 1;
	int fd, err;

	if (parent < 0)
		return parent;
	for (int i = 0; i < TRIES; i++) {
		if (make && mkdirat(parent, name, 0700) && errno != EEXIST)
			return set_error(e, -errno, "cannot make %s: %s", base, strerror(errno));
		fd = open_ours(parent, name, base, e);
		if (fd == -ENOENT && make)
			continue;
		if (fd < 0)
			return fd;
		err = lock(fd, make, base, e);
		if (!err && still_there(parent, name, fd)) {
			*ret = (struct pins){ .fd = fd, .parent = parent, .base = base };
			parent = -1;
			return 0;
		}
		close(fd);
		if (err)
			return err;
	}
	return set_error(e, -EAGAIN, "another process makes and removes %s again and again", base);
}

void pins_close(struct pins *p)
{
	if (p->fd >= 0) {
		close(p->fd);
		close(p->parent);
	}
	p->fd = -1;
}

int pins_make(const struct pins *p, const char *set)
{
	return mkdirat(p->fd, set, 0700) ? -errno : 0;
}

/* The path of an object, through our descriptor. BPF file systems allow no dots in names. */
static int path_of(const struct pins *p, const char *set, const char *kind, const char *name,
		   char path[PATH_MAX])
{
	int n = snprintf(path, PATH_MAX, "/proc/self/fd/%d/%s/%s_", p->fd, set, kind);

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
	int fd = openat(at, set, OPEN_FOLDER);
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

bool pins_find(const struct pins *p, char *ret, size_t size)
{
	_cleanup_closedir_ DIR *dir = open_set(p->fd, ".");
	const char *name;

	while (dir && (name = next_name(dir))) {
		if (!strcmp(name, PINS_NEW) || !strcmp(name, PINS_ASIDE))
			continue;
		snprintf(ret, size, "%s", name);
		return true;
	}
	return false;
}

/*
 * Removes what is in the folder, except objects of kind keep (NULL: all). Returns the number of
 * objects or a negative errno, -ENOTDIR when name is no folder.
 */
static int empty(int at, const char *name, const char *keep)
{
	_cleanup_closedir_ DIR *dir = open_set(at, name);
	const char *entry;
	int n = 0, r;

	if (!dir)
		return errno == ELOOP ? -ENOTDIR : -errno;
	while ((entry = next_name(dir))) {
		if (keep && of_kind(entry, keep))
			continue;
		if (!unlinkat(dirfd(dir), entry, 0)) {
			n++;
		} else {
			r = errno == EISDIR ? empty(dirfd(dir), entry, NULL) : -errno;
			if (r < 0)
				return r;
			if (unlinkat(dirfd(dir), entry, AT_REMOVEDIR))
				return -errno;
			n += r;
		}
		/* After an unlink the directory position is undefined: start over. */
		rewinddir(dir);
	}
	return n;
}

static int remove_at(int at, const char *name)
{
	int n = empty(at, name, NULL);

	if (n == -ENOTDIR)
		return unlinkat(at, name, 0) ? -errno : 1;
	if (n < 0)
		return n;
	return unlinkat(at, name, AT_REMOVEDIR) ? -errno : n;
}

int pins_remove(const struct pins *p, const char *set)
{
	return remove_at(p->fd, set);
}

int pins_set_aside(const struct pins *p, const char *set)
{
	_cleanup_close_ int aside = -1;
	int err = empty(p->fd, set, "map");

	if (err < 0)
		return err;
	if (mkdirat(p->fd, PINS_ASIDE, 0700) && errno != EEXIST)
		return -errno;
	aside = openat(p->fd, PINS_ASIDE, OPEN_FOLDER);
	if (aside < 0)
		return errno == ENOTDIR ? -EEXIST : -errno;
	err = remove_at(aside, set);
	if (err < 0 && err != -ENOENT)
		return err;
	return renameat(p->fd, set, aside, set) ? -errno : 0;
}

int pins_remove_folder(const struct pins *p)
{
	return unlinkat(p->parent, strrchr(p->base, '/') + 1, AT_REMOVEDIR) ? -errno : 0;
}

int pins_remove_all(const struct pins *p)
{
	int n = empty(p->fd, ".", NULL);

	return n < 0 ? n : pins_remove_folder(p) ?: n;
}
