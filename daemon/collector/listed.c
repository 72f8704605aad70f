// SPDX-License-Identifier: GPL-2.0-or-later
#include "daemon/collector/listed.h"

#include <inttypes.h>
#include <string.h>

#include "daemon/base/names.h"
#include "daemon/base/util.h"

/* Takes the owner from the kernel's text, which %pS has written. */
static void take_owner(struct listed *l, const char *text)
{
	struct symbol_text s;

	*l->owner = *l->module = '\0';
	if (!symbol_parse(text, &s))
		return;
	if (s.has_offset)
		snprintf(l->owner, sizeof(l->owner), "%s+0x%" PRIx64, s.name, s.offset);
	else
		snprintf(l->owner, sizeof(l->owner), "%s", s.name);
	memcpy(l->module, s.module, sizeof(l->module));
}

/* Parses "ID BASE SIZE BACKEND OWNER"; false for anything else, such as the header. */
static bool parse(char *line, struct listed *ret)
{
	char backend[32];
	int n = 0;

	if (sscanf(line, "%" SCNu32 " %" SCNx64 " %" SCNu64 " %31s %n", &ret->id, &ret->base,
		   &ret->size, backend, &n) != 4 ||
	    !n)
		return false;
	ret->backend = backend_from_name(backend);
	line[strcspn(line, "\n")] = '\0';
	take_owner(ret, line + n);
	return ret->backend >= 0;
}

int listed_each(const char *path, int (*fn)(void *ctx, const struct listed *l), void *ctx)
{
	_cleanup_fclose_ FILE *f = fopen(path, "re");
	_cleanup_free_ char *line = NULL;
	int changed = 0, r;
	struct listed l;
	size_t size = 0;

	if (!f)
		return -errno;
	while (getline(&line, &size, f) >= 0) {
		if (!parse(line, &l))
			continue;
		r = fn(ctx, &l);
		if (r < 0)
			return r;
		changed |= r;
	}
	return ferror(f) ? -EIO : changed;
}
