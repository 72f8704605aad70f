// SPDX-License-Identifier: GPL-2.0-or-later
#include "daemon/collector/build-id.h"

#include <elf.h>
#include <fcntl.h>
#include <string.h>

#include "daemon/base/util.h"

#define NOTES_MAX 4096 /* bytes of a file of notes; the kernel's have some 200 */

bool build_id_equal(const struct build_id *a, const struct build_id *b)
{
	return a->len == b->len && !memcmp(a->bytes, b->bytes, a->len);
}

const char *build_id_text(const struct build_id *id, char text[BUILD_ID_TEXT])
{
	*text = '\0';
	for (size_t i = 0; i < id->len && i < BUILD_ID_MAX; i++)
		snprintf(text + 2 * i, 3, "%02x", id->bytes[i]);
	return text;
}

/* The size with the padding behind it. */
static uint64_t padded(uint64_t size)
{
	return (size + 3) & ~(uint64_t)3;
}

int build_id_from_notes(const void *notes, size_t size, struct build_id *ret)
{
	const char *p = notes;

	while (size >= sizeof(Elf64_Nhdr)) {
		const char *name = p + sizeof(Elf64_Nhdr);
		uint64_t all;
		Elf64_Nhdr h;

		memcpy(&h, p, sizeof(h));
		all = sizeof(h) + padded(h.n_namesz) + padded(h.n_descsz);
		if (sizeof(h) + padded(h.n_namesz) + h.n_descsz > size)
			break;
		if (h.n_type == NT_GNU_BUILD_ID && h.n_namesz == 4 && !memcmp(name, "GNU", 4) &&
		    h.n_descsz && h.n_descsz <= BUILD_ID_MAX) {
			ret->len = h.n_descsz;
			memcpy(ret->bytes, name + 4, ret->len);
			return 0;
		}
		if (all >= size)
			break;
		p += all;
		size -= all;
	}
	return -ENOENT;
}

static int read_notes(const char *path, struct build_id *ret)
{
	_cleanup_close_ int fd = open(path, O_RDONLY | O_CLOEXEC);
	char notes[NOTES_MAX];
	ssize_t n;

	if (fd < 0)
		return -errno;
	n = read(fd, notes, sizeof(notes));
	if (n < 0)
		return -errno;
	return build_id_from_notes(notes, (size_t)n, ret) ? -ENODATA : 0;
}

int build_id_of_loaded(const char *root, const char *module, struct build_id *ret)
{
	_cleanup_free_ char *path = NULL, *folder = NULL;
	int err;

	if (!strcmp(module, "vmlinux")) {
		if (asprintf(&path, "%s/sys/kernel/notes", root ?: "") < 0) {
			path = NULL;
			return -ENOMEM;
		}
		return read_notes(path, ret);
	}
	/* A driver that is part of the kernel may have a folder, too, but no such file. */
	if (asprintf(&folder, "%s/sys/module/%s/initstate", root ?: "", module) < 0) {
		folder = NULL;
		return -ENOMEM;
	}
	if (access(folder, F_OK))
		return -errno;
	if (asprintf(&path, "%s/sys/module/%s/notes/.note.gnu.build-id", root ?: "", module) < 0) {
		path = NULL;
		return -ENOMEM;
	}
	err = read_notes(path, ret);
	return err == -ENOENT ? -ENODATA : err;
}
