// SPDX-License-Identifier: GPL-2.0-or-later
#include "daemon/base/symbol.h"

#include <stdlib.h>
#include <string.h>

static void copy(char *to, size_t size, const char *from, size_t len)
{
	if (len >= size)
		len = size - 1;
	memcpy(to, from, len);
	to[len] = '\0';
}

bool symbol_parse(const char *text, struct symbol_text *ret)
{
	const char *module = strstr(text, " ["), *end = module ?: text + strlen(text);
	const char *offset = NULL;
	char *rest;

	/* A name may contain "+0x" as well: the last one begins the offset. */
	for (const char *p = text; (p = strstr(p, "+0x")) && p < end; p++)
		offset = p;
	copy(ret->name, sizeof(ret->name), text, (offset ?: end) - text);
	copy(ret->module, sizeof(ret->module), module ? module + 2 : "",
	     module ? strcspn(module + 2, "]") : 0);
	ret->has_offset = offset;
	ret->offset = offset ? strtoull(offset + 3, &rest, 16) : 0;
	ret->size = offset && !strncmp(rest, "/0x", 3) ? strtoull(rest + 3, NULL, 16) : 0;
	return *ret->name;
}

void symbol_strip_suffix(char *name)
{
	/* No name of C has a dot. One at the begin is part of a name in assembler. */
	if (*name)
		name[1 + strcspn(name + 1, ".")] = '\0';
}
