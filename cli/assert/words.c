// SPDX-License-Identifier: GPL-2.0-or-later
/* Names, characters, times and rules, in the words that the formats share. */
#include <errno.h>
#include <string.h>

#include "bpf/iomap.h"
#include "cli/assert/report.h"
#include "cli/fmt.h"

static void copy(char *to, const char *from, size_t n)
{
	if (n >= ASSERT_SYMBOL_MAX)
		n = ASSERT_SYMBOL_MAX - 1;
	memcpy(to, from, n);
	to[n] = '\0';
}

void assert_symbol(const char *s, const char *module, char ret_name[ASSERT_SYMBOL_MAX],
		   char ret_module[ASSERT_SYMBOL_MAX])
{
	const char *end = strstr(s, " ["), *offset, *p;

	*ret_module = '\0';
	if (module)
		copy(ret_module, module, strlen(module));
	else if (end)
		copy(ret_module, end + 2, strcspn(end + 2, "]"));
	end = end ?: s + strlen(s);
	offset = end;
	for (p = s; (p = strstr(p, "+0x")) && p < end; p++)
		offset = p;
	copy(ret_name, s, offset - s);
}

/* XML forbids some characters, and terminals obey others. */
static bool is_harmless(uint32_t ch)
{
	return ch >= 0x20 && !(ch >= 0x7f && ch < 0xa0) && !(ch >= 0xd800 && ch < 0xe000) &&
	       ch != 0x2028 && ch != 0x2029 && !(ch >= 0x202a && ch <= 0x202e) &&
	       !(ch >= 0x2066 && ch <= 0x2069) && ch != 0xfffe && ch != 0xffff && ch < 0x110000;
}

uint32_t assert_next_char(const char **p)
{
	const unsigned char *s = (const unsigned char *)*p;
	uint32_t ch = s[0], least = 0;
	unsigned int more = 0;

	if (!ch)
		return 0;
	if ((ch & 0xe0) == 0xc0)
		ch &= 0x1f, more = 1, least = 0x80;
	else if ((ch & 0xf0) == 0xe0)
		ch &= 0x0f, more = 2, least = 0x800;
	else if ((ch & 0xf8) == 0xf0)
		ch &= 0x07, more = 3, least = 0x10000;
	else if (ch >= 0x80)
		ch = UINT32_MAX;
	for (unsigned int i = 1; i <= more; i++) {
		if ((s[i] & 0xc0) != 0x80) {
			*p += i;
			return 0xfffd;
		}
		ch = ch << 6 | (s[i] & 0x3f);
	}
	*p += more + 1;
	if (ch < least || ch == UINT32_MAX)
		return 0xfffd;
	return is_harmless(ch) ? ch : '?';
}

void assert_put_char(FILE *f, uint32_t ch)
{
	char buf[8];
	size_t n = utf8_put(buf, ch);

	fwrite(buf, 1, n, f);
}

void assert_put(FILE *f, const char *s)
{
	uint32_t ch;

	while ((ch = assert_next_char(&s)))
		assert_put_char(f, ch);
}

static const struct {
	const char *title, *judges, *help;
} rules[IOMAP_RULE_MAX] = {
	[IOMAP_SLEEP_IN_ATOMIC] = {
		"No sleep with an atomic map",
		"atomic maps",
		"Between io_mapping_map_atomic_wc() and io_mapping_unmap_atomic() the task may not "
		"sleep. Where each map takes a slot of the CPU, another task would see it, or "
		"replace it. Use io_mapping_map_local_wc() or io_mapping_map_wc() if the code in "
		"between has to sleep.",
	},
	[IOMAP_MAY_SLEEP_IN_ATOMIC] = {
		"No call that may sleep with an atomic map",
		"atomic maps",
		"A function that may sleep was called between io_mapping_map_atomic_wc() and "
		"io_mapping_unmap_atomic(). It did not have to sleep this time; one day it will.",
	},
	[IOMAP_UNMAP_ORDER] = {
		"The last map is unmapped first",
		"unmaps of atomic and local maps",
		"Atomic and local maps are a stack: io_mapping_unmap_atomic() and "
		"io_mapping_unmap_local() take the address of the last map that is still there. "
		"Any other order unmaps the wrong page where the maps have slots.",
	},
	[IOMAP_UNMAP_KIND] = {
		"Each map has its own unmap",
		"unmaps",
		"What io_mapping_map_atomic_wc() returned goes to io_mapping_unmap_atomic(), what "
		"io_mapping_map_local_wc() returned to io_mapping_unmap_local(), what "
		"io_mapping_map_wc() returned to io_mapping_unmap().",
	},
	[IOMAP_UNMAP_UNKNOWN] = {
		"Only what is mapped is unmapped",
		"unmaps",
		"An unmap takes an address that a map returned, once. This one was unmapped twice, "
		"or never mapped.",
	},
	[IOMAP_OFFSET_RANGE] = {
		"The offset lies in the region",
		"maps",
		"The offset of a map, and the end of what it maps, must lie in the region that the "
		"io_mapping was created with. Past its end is another device, or none.",
	},
	[IOMAP_OFFSET_ALIGN] = {
		"The offset is a multiple of the page size",
		"maps",
		"The offset of a map must be page aligned. Where a map is a page, the rest of the "
		"offset is dropped, and the address is that of the start of the page.",
	},
	[IOMAP_USE_AFTER_FREE] = {
		"No map of a freed mapping",
		"maps",
		"After io_mapping_free() or io_mapping_fini() the io_mapping must not be used: "
		"its memory may belong to somebody else.",
	},
	[IOMAP_LEAK] = {
		"Everything is unmapped in the end",
		"unmaps and maps left over",
		"All maps of an io_mapping must be unmapped before it is freed, atomic and local "
		"ones before their task ends.",
	},
	[IOMAP_HOLD_TIME] = {
		"No atomic map is held longer than the budget",
		"atomic maps",
		"While an atomic map is held, nothing else runs on that CPU. Map later, unmap "
		"earlier, or do the work in smaller pieces.",
	},
};

const char *rule_title(unsigned int rule)
{
	return rules[rule].title;
}

const char *rule_judges(unsigned int rule)
{
	return rules[rule].judges;
}

const char *rule_help(unsigned int rule)
{
	return rules[rule].help;
}
