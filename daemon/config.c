// SPDX-License-Identifier: GPL-2.0-or-later
/* The configuration file. libinih parses the lines; this file counts them for errors. */
#include <fcntl.h>
#include <ini.h>
#include <stdarg.h>
#include <string.h>
#include <sys/stat.h>

#include "daemon/base/util.h"
#include "daemon/options.h"

#define FILE_MAX (1 << 20) /* bytes */

struct reading {
	const char *path;
	FILE *file;
	char *line; /* raw */
	size_t size;
	unsigned int number;
	struct opts_pass pass;
	struct errbuf *e;
	int err; /* the first one */
};

check_printf(2, 3) static int wrong(struct reading *r, const char *fmt, ...)
{
	char what[400];
	va_list ap;

	if (r->err)
		return 0;
	va_start(ap, fmt);
	vsnprintf(what, sizeof(what), fmt, ap);
	va_end(ap);
	r->err =
		set_error(r->e, -EINVAL, "%s:%u: %s: see iomapd.conf(5)", r->path, r->number, what);
	return 0;
}

/* Reads a line for libinih, without the indentation that would join it to the previous line. */
static char *next_line(char *str, int num, void *stream)
{
	struct reading *r = stream;
	ssize_t len;
	char *line;

	if (r->err)
		return NULL;
	errno = 0;
	len = getline(&r->line, &r->size, r->file);
	if (len < 0) {
		if (!feof(r->file))
			r->err = set_error(r->e, -(errno ?: EIO), "cannot read %s: %s", r->path,
					   strerror(errno ?: EIO));
		return NULL;
	}
	r->number++;
	line = r->line + strspn(r->line, " \t");
	if (memchr(r->line, '\0', len))
		wrong(r, "contains a NUL byte: not a text file");
	else if (*line == '[')
		wrong(r, "sections are not supported: remove '%.*s'", (int)strcspn(line, "\n"),
		      line);
	else if (strlen(line) >= (size_t)num)
		wrong(r, "longer than %d characters", num - 2);
	if (r->err)
		return NULL;
	return strcpy(str, line);
}

static int on_setting(void *user, const char *section, const char *name, const char *value)
{
	struct reading *r = user;
	struct errbuf why = {};

	(void)section;
	if (!r->err && opts_set(&r->pass, name, value, &why))
		return wrong(r, "%s", why.text);
	return 1;
}

/* Opens regular files only: a FIFO or a device could block iomapd, or never end. */
static int open_file(struct reading *r, bool missing_ok)
{
	struct stat st;
	int fd = open(r->path, O_RDONLY | O_CLOEXEC | O_NONBLOCK);

	if (fd < 0 && errno == ENOENT && missing_ok)
		return 0;
	if (fd < 0)
		return set_error(r->e, -errno, "cannot read %s: %s", r->path, strerror(errno));
	if (fstat(fd, &st) || !S_ISREG(st.st_mode) || st.st_size > FILE_MAX) {
		close(fd);
		return set_error(r->e, -EINVAL, "%s is not a configuration file", r->path);
	}
	r->file = fdopen(fd, "r");
	if (!r->file) {
		close(fd);
		return set_error(r->e, -ENOMEM, "out of memory");
	}
	return 0;
}

int config_read(const char *path, bool missing_ok, struct options *o, struct errbuf *e)
{
	struct reading r = { .path = path, .pass = { .prog = &iomapd_prog, .config = o }, .e = e };
	int line;

	r.err = open_file(&r, missing_ok);
	if (r.err || !r.file)
		return r.err;
	line = ini_parse_stream(next_line, &r, on_setting, &r);
	if (line > 0 && !r.err) {
		r.number = line;
		wrong(&r, "not of the form 'name = value'");
	}
	fclose(r.file);
	free(r.line);
	return r.err;
}
