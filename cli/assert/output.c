// SPDX-License-Identifier: GPL-2.0-or-later
/*
 * Writes the report. A regular file is replaced as a whole when the report is complete; anything
 * else (a terminal, a pipe) is written in place.
 */
#include <errno.h>
#include <fcntl.h>
#include <string.h>
#include <sys/stat.h>

#include "cli/assert/report.h"

static int cannot(const struct assert_output *o, struct errbuf *err)
{
	int e = errno;

	return set_error(err, -e, "cannot write %s: %s", o->path ?: "the output", strerror(e));
}

/* Opens a file beside the target, with the mode of a new file. */
static int open_temp(struct assert_output *o, struct errbuf *err)
{
	mode_t mask = umask(0);

	umask(mask);
	if (asprintf(&o->temp, "%s.XXXXXX", o->target) < 0) {
		o->temp = NULL;
		return set_error(err, -ENOMEM, "out of memory");
	}
	o->fd = mkostemp(o->temp, O_CLOEXEC);
	if (o->fd < 0) {
		int r = cannot(o, err);

		free(o->temp);
		o->temp = NULL;
		return r;
	}
	if (fchmod(o->fd, 0666 & ~mask))
		return cannot(o, err);
	return 0;
}

int assert_output_open(struct assert_output *o, const char *path, struct errbuf *err)
{
	struct stat st;

	*o = (struct assert_output){ .path = path, .fd = STDOUT_FILENO };
	if (!path)
		return 0;
	if (!stat(path, &st) && !S_ISREG(st.st_mode)) {
		o->fd = open(path, O_WRONLY | O_CLOEXEC | O_NOCTTY);
		return o->fd < 0 ? cannot(o, err) : 0;
	}
	/* A link stays: the file it points to is replaced. */
	o->target = realpath(path, NULL);
	if (!o->target && errno == ENOENT)
		o->target = strdup(path);
	return o->target ? open_temp(o, err) : cannot(o, err);
}

int assert_output_write(struct assert_output *o, const char *data, size_t size, struct errbuf *err)
{
	ssize_t n;

	while (size) {
		n = write(o->fd, data, size);
		if (n < 0 && errno == EINTR)
			continue;
		if (n < 0)
			return cannot(o, err);
		data += n;
		size -= (size_t)n;
	}
	if (!o->temp)
		return 0;
	n = close(o->fd);
	o->fd = -1;
	if (n || rename(o->temp, o->target))
		return cannot(o, err);
	free(o->temp);
	o->temp = NULL;
	return 0;
}

void assert_output_close(struct assert_output *o)
{
	if (o->fd > STDERR_FILENO)
		close(o->fd);
	if (o->temp)
		unlink(o->temp);
	free(o->temp);
	free(o->target);
	*o = (struct assert_output){ .fd = -1 };
}
