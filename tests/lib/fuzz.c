// SPDX-License-Identifier: GPL-2.0-or-later
#include "tests/lib/fuzz.h"

#include <string.h>
#include <sys/mman.h>
#include <unistd.h>

#include "daemon/base/utf8.h"

void fuzz_file_open(struct fuzz_file *f, const void *data, size_t size)
{
	f->fd = memfd_create("fuzz", MFD_CLOEXEC);
	CHECK(f->fd >= 0);
	CHECK(write(f->fd, data, size) == (ssize_t)size);
	snprintf(f->path, sizeof(f->path), "/proc/self/fd/%d", f->fd);
}

void fuzz_file_close(struct fuzz_file *f)
{
	close(f->fd);
	f->fd = -1;
}

char *fuzz_string(const void *data, size_t size)
{
	char *s = malloc(size + 1);

	CHECK(s);
	if (size)
		memcpy(s, data, size);
	s[size] = '\0';
	return s;
}

void fuzz_check_text(const char *text)
{
	while (*text) {
		const char *at = text;
		uint32_t ch = utf8_next(&text);

		CHECK(!utf8_steers(ch));
		/* U+FFFD stands for invalid bytes, unless the text has U+FFFD itself. */
		CHECK(ch != 0xfffd || !strncmp(at, "\xef\xbf\xbd", 3));
	}
}
