// SPDX-License-Identifier: GPL-2.0-or-later
#include "daemon/collector/probe-events.h"

#include <fcntl.h>
#include <inttypes.h>
#include <signal.h>
#include <stdbool.h>
#include <string.h>

#include "daemon/base/symbol.h"

#define GROUP	     "iomap"
#define EVENTS	     TRACEFS "/kprobe_events"
#define PROFILE	     TRACEFS "/kprobe_profile"
#define TEXT_MAX     (4 * 1024 * 1024) /* bytes of a list */
#define TEXT_DEFAULT (64 * 1024)

int probe_events_open(struct probe_events *p, pid_t pid, bool write, struct errbuf *e)
{
	*p = (struct probe_events){ .fd = -1, .profile = -1, .pid = pid };
	/* Not O_TRUNC: it removes the probes of all programs. */
	if (write)
		p->fd = open(EVENTS, O_WRONLY | O_APPEND | O_CLOEXEC);
	if (!write || p->fd >= 0)
		p->profile = open(PROFILE, O_RDONLY | O_CLOEXEC);
	if (p->profile >= 0)
		return 0;
	if (errno != ENOENT)
		return set_error(e, -errno, "cannot use the probes of tracefs: %s: %s",
				 p->fd < 0 && write ? EVENTS : PROFILE, strerror(errno));
	return set_error(e, -ENOTSUP,
			 "there is no %s: mount tracefs at " TRACEFS
			 ", and use a kernel with CONFIG_KPROBE_EVENTS",
			 write ? EVENTS : PROFILE);
}

void probe_events_close(struct probe_events *p)
{
	closep(&p->fd);
	closep(&p->profile);
	p->fd = p->profile = -1;
}

static int write_line(int fd, const char *text)
{
	size_t len = strlen(text);
	ssize_t n = write(fd, text, len);

	return n < 0 ? -errno : n == (ssize_t)len ? 0 : -EIO;
}

static int event_id(const char *name)
{
	char path[128], text[16] = "";
	_cleanup_close_ int fd = -1;
	ssize_t n;
	int id;

	snprintf(path, sizeof(path), TRACEFS "/events/" GROUP "/%s/id", name);
	fd = open(path, O_RDONLY | O_CLOEXEC);
	if (fd < 0)
		return -errno;
	n = read(fd, text, sizeof(text) - 1);
	if (n <= 0)
		return n ? -errno : -EIO;
	id = atoi(text);
	return id > 0 ? id : -EIO;
}

static void name_of(const struct probe_events *p, unsigned int nr, char *name, size_t size)
{
	snprintf(name, size, "iomap_%d_%u", (int)p->pid, nr);
}

int probe_events_add(const struct probe_events *p, unsigned int nr, const char *module,
		     const char *symbol, uint64_t offset)
{
	bool kernel = !strcmp(module, "vmlinux");
	char text[SYMBOL_NAME_MAX + SYMBOL_MODULE_MAX + 128], name[48];
	int err, id;

	name_of(p, nr, name, sizeof(name));
	snprintf(text, sizeof(text), "p:" GROUP "/%s %s%s%s+%" PRIu64 "\n", name,
		 kernel ? "" : module, kernel ? "" : ":", symbol, offset);
	err = write_line(p->fd, text);
	if (err)
		return err;
	id = event_id(name);
	if (id < 0)
		probe_events_remove(p, nr);
	return id;
}

int probe_events_remove(const struct probe_events *p, unsigned int nr)
{
	char text[80], name[48];

	name_of(p, nr, name, sizeof(name));
	snprintf(text, sizeof(text), "-:" GROUP "/%s\n", name);
	return write_line(p->fd, text);
}

/* Reads the file from its begin. Returns the text, to be freed, or NULL with errno. */
static char *read_text(int fd)
{
	size_t size = TEXT_DEFAULT, len = 0;
	char *text = malloc(size), *more;
	ssize_t n = -1;

	while (text && size <= TEXT_MAX) {
		n = pread(fd, text + len, size - len - 1, (off_t)len);
		if (n <= 0)
			break;
		len += (size_t)n;
		if (len < size - 1)
			continue;
		size *= 2;
		more = realloc(text, size);
		if (!more)
			break;
		text = more;
	}
	if (!text || n) {
		free(text);
		return NULL;
	}
	text[len] = '\0';
	return text;
}

/* The number in the name "iomap_PID_NR"; false for another name. */
static bool parse_name(const char *name, int *ret_pid, unsigned int *ret_nr)
{
	int end = 0;

	return sscanf(name, "iomap_%d_%u%n", ret_pid, ret_nr, &end) == 2 && end && !name[end] &&
	       *ret_pid > 0;
}

void probe_events_parse(char *text, pid_t pid, struct probe_counts *counts, size_t n)
{
	char *line, name[64];
	struct probe_counts c;
	unsigned int nr;
	int owner;

	while ((line = strsep(&text, "\n"))) {
		if (sscanf(line, " %63s %" SCNu64 " %" SCNu64, name, &c.hits, &c.missed) == 3 &&
		    parse_name(name, &owner, &nr) && owner == pid && nr < n)
			counts[nr] = c;
	}
}

int probe_events_counts(const struct probe_events *p, struct probe_counts *counts, size_t n)
{
	_cleanup_free_ char *text = NULL;

	errno = ENOMEM;
	text = read_text(p->profile);
	if (!text)
		return -errno;
	memset(counts, 0, n * sizeof(*counts));
	probe_events_parse(text, p->pid, counts, n);
	return 0;
}

static bool has_ended(int pid)
{
	return kill(pid, 0) && errno == ESRCH;
}

int probe_events_clear(bool all)
{
	_cleanup_close_ int list = open(EVENTS, O_RDONLY | O_CLOEXEC);
	_cleanup_close_ int fd = -1;
	_cleanup_free_ char *text = NULL;
	char *rest, *line, name[64];
	unsigned int nr;
	int pid, n = 0;

	if (list < 0)
		return errno == ENOENT || errno == EPERM ? 0 : -errno;
	errno = ENOMEM;
	text = read_text(list);
	if (!text)
		return -errno;
	rest = text;
	/* A line begins with "p:iomap/iomap_1234_0 ". */
	while ((line = strsep(&rest, "\n"))) {
		struct probe_events p = { .profile = -1 };

		if (sscanf(line, "p:" GROUP "/%63s", name) != 1 || !parse_name(name, &pid, &nr) ||
		    (!all && !has_ended(pid)))
			continue;
		if (fd < 0)
			fd = open(EVENTS, O_WRONLY | O_APPEND | O_CLOEXEC);
		if (fd < 0)
			return -errno;
		p.fd = fd;
		p.pid = pid;
		n += !probe_events_remove(&p, nr);
	}
	return n;
}
