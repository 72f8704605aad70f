// SPDX-License-Identifier: GPL-2.0-or-later
#include "daemon/collector/loaded.h"

#include <dirent.h>
#include <fcntl.h>
#include <limits.h>
#include <string.h>
#include <sys/pidfd.h>
#include <bpf/bpf.h>

/* All names of our programs begin with this. */
#define OURS "iomap_"

/* Users without privilege can load programs of these types, with any name. */
static bool anybody_loads(enum bpf_prog_type type)
{
	return type == BPF_PROG_TYPE_SOCKET_FILTER || type == BPF_PROG_TYPE_CGROUP_SKB;
}

/* Returns 1 if the program is ours, 0 if not or if it has gone, or a negative errno. */
static int is_ours(uint32_t id)
{
	_cleanup_close_ int fd = bpf_prog_get_fd_by_id(id);
	struct bpf_prog_info info = {};
	__u32 len = sizeof(info);

	if (fd < 0)
		return errno == ENOENT ? 0 : -errno;
	if (bpf_obj_get_info_by_fd(fd, &info, &len))
		return -errno;
	return !strncmp(info.name, OURS, strlen(OURS)) && !anybody_loads(info.type);
}

static int add_id(struct loaded *l, uint32_t id)
{
	uint32_t *grown = reallocarray(l->ids, l->nr + 1, sizeof(*grown));

	if (!grown)
		return -ENOMEM;
	l->ids = grown;
	l->ids[l->nr++] = id;
	return 0;
}

int loaded_find(struct loaded *ret, struct errbuf *e)
{
	struct loaded l = {};
	uint32_t id = 0;
	int err = 0;

	while (!err && !bpf_prog_get_next_id(id, &id)) {
		err = is_ours(id);
		if (err > 0)
			err = add_id(&l, id);
	}
	/* ENOENT: that was the last one; ENOSYS: this kernel has no BPF. */
	if (!err && errno != ENOENT && errno != ENOSYS)
		err = -errno;
	if (err) {
		loaded_free(&l);
		return set_error(e, err, "cannot list the BPF programs of the kernel: %s%s",
				 strerror(-err), err == -EPERM ? "; this needs CAP_SYS_ADMIN" : "");
	}
	*ret = l;
	return 0;
}

void loaded_free(struct loaded *l)
{
	free(l->ids);
	*l = (struct loaded){};
}

static DIR *open_folder(int at, const char *name)
{
	int fd = openat(at, name, O_RDONLY | O_DIRECTORY | O_CLOEXEC);
	DIR *dir = fd < 0 ? NULL : fdopendir(fd);

	if (!dir && fd >= 0)
		close(fd);
	return dir;
}

/* Reads the number of the program that is open as descriptor fd. Returns 0 if it cannot be read. */
static uint32_t program_of(int proc, const char *fd)
{
	char path[32], line[128];
	uint32_t id = 0;
	FILE *f;
	int info;

	snprintf(path, sizeof(path), "fdinfo/%.16s", fd);
	info = openat(proc, path, O_RDONLY | O_CLOEXEC);
	f = info < 0 ? NULL : fdopen(info, "r");
	if (!f) {
		if (info >= 0)
			close(info);
		return 0;
	}
	while (!id && fgets(line, sizeof(line), f)) {
		if (sscanf(line, "prog_id: %u", &id) != 1)
			id = 0;
	}
	fclose(f);
	return id;
}

static bool is_used_as(const struct loaded *l, const char *pins, int proc, const char *fd)
{
	char path[32], target[PATH_MAX];
	uint32_t id;
	ssize_t n;

	snprintf(path, sizeof(path), "fd/%.16s", fd);
	n = readlinkat(proc, path, target, sizeof(target) - 1);
	if (n < 0)
		return false;
	target[n] = '\0';
	if (pins && !strcmp(target, pins))
		return true;
	if (strcmp(target, "anon_inode:bpf-prog"))
		return false;
	id = program_of(proc, fd);
	for (size_t i = 0; i < l->nr; i++) {
		if (l->ids[i] == id)
			return true;
	}
	return false;
}

static bool uses(int proc, const struct loaded *l, const char *pins)
{
	DIR *dir = open_folder(proc, "fd");
	struct dirent *entry;
	bool found = false;

	while (dir && !found && (entry = readdir(dir))) {
		if (*entry->d_name != '.')
			found = is_used_as(l, pins, proc, entry->d_name);
	}
	if (dir)
		closedir(dir);
	return found;
}

/* Finds the name of the program file; a package that is upgraded replaces the file. */
static void name_user(struct user *u)
{
	static const char deleted[] = " (deleted)";
	char path[PATH_MAX], *name;
	ssize_t n = readlinkat(u->proc, "exe", path, sizeof(path) - 1);
	size_t len;

	path[n > 0 ? n : 0] = '\0';
	name = strrchr(path, '/');
	name = name ? name + 1 : path;
	len = strlen(name);
	if (len >= strlen(deleted) && !strcmp(name + len - strlen(deleted), deleted))
		name[len - strlen(deleted)] = '\0';
	snprintf(u->name, sizeof(u->name), "%s", *name ? name : "?");
	u->is_iomapd = !strcmp(u->name, "iomapd");
}

bool loaded_user(const struct loaded *l, const char *pins, bool iomapd, struct user *ret)
{
	DIR *dir = open_folder(AT_FDCWD, "/proc");
	struct dirent *entry;
	bool found = false;

	while (dir && !found && (entry = readdir(dir))) {
		struct user u = { .pid = atoi(entry->d_name) };

		if (u.pid <= 0 || u.pid == getpid())
			continue;
		u.proc = openat(dirfd(dir), entry->d_name, O_RDONLY | O_DIRECTORY | O_CLOEXEC);
		if (u.proc < 0)
			continue;
		name_user(&u);
		found = (!iomapd || u.is_iomapd) && uses(u.proc, l, pins);
		if (found)
			*ret = u;
		else
			close(u.proc);
	}
	if (dir)
		closedir(dir);
	return found;
}

bool user_uses(const struct user *u, const struct loaded *l, const char *pins)
{
	return uses(u->proc, l, pins);
}

int user_signal(const struct user *u, int sig)
{
	/* Fails with EINVAL for a process outside of our PID namespace. */
	return pidfd_send_signal(u->proc, sig, NULL, 0) ? -errno : 0;
}

void user_free(struct user *u)
{
	close(u->proc);
}
