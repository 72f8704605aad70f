// SPDX-License-Identifier: GPL-2.0-or-later
#include <endian.h>
#include <string.h>
#include <zlib.h>

#include "cli/recording/format.h"

/* Skippable frames of zstd: this number, the size of the rest, the rest. */
#define FILE_FRAME  0x184d2a50u
#define BLOCK_FRAME 0x184d2a51u
#define INDEX_FRAME 0x184d2a52u
#define FRAME_HEAD  8

static const char file_magic[8] = { 'i', 'o', 'm', 'a', 'p', 'r', 'e', 'c' };
static const char end_magic[8] = { 'i', 'o', 'm', 'a', 'p', 'e', 'n', 'd' };

static uint8_t *put32(uint8_t *to, uint32_t v)
{
	v = htole32(v);
	memcpy(to, &v, sizeof(v));
	return to + sizeof(v);
}

static uint8_t *put64(uint8_t *to, uint64_t v)
{
	v = htole64(v);
	memcpy(to, &v, sizeof(v));
	return to + sizeof(v);
}

static uint32_t get32(const uint8_t *from)
{
	uint32_t v;

	memcpy(&v, from, sizeof(v));
	return le32toh(v);
}

static uint64_t get64(const uint8_t *from)
{
	uint64_t v;

	memcpy(&v, from, sizeof(v));
	return le64toh(v);
}

static uint32_t sum_of(const uint8_t *from, size_t n)
{
	return (uint32_t)crc32_z(0, from, n);
}

void recording_put_file_head(uint8_t to[RECORDING_FILE_HEAD])
{
	to = put32(to, FILE_FRAME);
	to = put32(to, RECORDING_FILE_HEAD - FRAME_HEAD);
	memcpy(to, file_magic, sizeof(file_magic));
	to = put32(to + sizeof(file_magic), RECORDING_SCHEMA);
	put32(to, 0);
}

uint32_t recording_get_file_head(const uint8_t from[RECORDING_FILE_HEAD])
{
	if (get32(from) != FILE_FRAME || get32(from + 4) != RECORDING_FILE_HEAD - FRAME_HEAD ||
	    memcmp(from + FRAME_HEAD, file_magic, sizeof(file_magic)))
		return 0;
	return get32(from + FRAME_HEAD + sizeof(file_magic));
}

void recording_put_block_head(uint8_t to[RECORDING_BLOCK_HEAD], const struct recording_block *b)
{
	uint8_t *p = put32(to, BLOCK_FRAME);

	p = put32(p, RECORDING_BLOCK_HEAD - FRAME_HEAD);
	p = put32(p, b->number);
	p = put32(p, b->records);
	p = put32(p, b->packed);
	p = put32(p, b->content);
	p = put64(p, b->from_ns);
	p = put64(p, b->to_ns);
	p = put32(p, 0);
	put32(p, sum_of(to, RECORDING_BLOCK_HEAD - 4));
}

bool recording_get_block_head(const uint8_t from[RECORDING_BLOCK_HEAD], struct recording_block *ret)
{
	struct recording_block b = {
		.number = get32(from + 8),
		.records = get32(from + 12),
		.packed = get32(from + 16),
		.content = get32(from + 20),
		.from_ns = get64(from + 24),
		.to_ns = get64(from + 32),
	};

	if (get32(from) != BLOCK_FRAME || get32(from + 4) != RECORDING_BLOCK_HEAD - FRAME_HEAD ||
	    get32(from + RECORDING_BLOCK_HEAD - 4) != sum_of(from, RECORDING_BLOCK_HEAD - 4))
		return false;
	if (b.number >= RECORDING_BLOCKS_MAX || !b.content || b.content > RECORDING_CONTENT_MAX ||
	    !b.packed || !b.records || b.records > b.content || b.from_ns > b.to_ns)
		return false;
	*ret = b;
	return true;
}

const uint8_t *recording_find_block_head(const uint8_t *text, size_t size)
{
	uint8_t magic[4];

	put32(magic, BLOCK_FRAME);
	return memmem(text, size, magic, sizeof(magic));
}

void recording_put_index(uint8_t *to, const struct recording_block *blocks, size_t n)
{
	uint8_t *p = put32(to, INDEX_FRAME);

	p = put32(p, (uint32_t)(recording_index_size(n) - FRAME_HEAD));
	for (size_t i = 0; i < n; i++) {
		p = put64(p, blocks[i].offset);
		p = put64(p, blocks[i].from_ns);
		p = put64(p, blocks[i].to_ns);
		p = put32(p, blocks[i].records);
		p = put32(p, blocks[i].packed);
	}
	p = put32(p, (uint32_t)n);
	p = put32(p, sum_of(to, (size_t)(p - to)));
	p = put32(p, (uint32_t)recording_index_size(n));
	memcpy(p, end_magic, sizeof(end_magic));
}

size_t recording_get_index_tail(const uint8_t from[RECORDING_INDEX_TAIL])
{
	size_t n = get32(from);

	if (memcmp(from + 12, end_magic, sizeof(end_magic)) || n > RECORDING_BLOCKS_MAX ||
	    get32(from + 8) != recording_index_size(n))
		return 0;
	return n;
}

bool recording_get_index(const uint8_t *from, size_t n, uint64_t offset,
			 struct recording_block *blocks)
{
	const uint8_t *p = from + RECORDING_INDEX_HEAD;
	const uint8_t *tail = p + n * RECORDING_INDEX_ENTRY;
	uint64_t next = RECORDING_FILE_HEAD;

	if (!recording_is_index(from) || get32(from + 4) != recording_index_size(n) - FRAME_HEAD ||
	    get32(tail) != n || get32(tail + 4) != sum_of(from, (size_t)(tail + 4 - from)))
		return false;
	for (size_t i = 0; i < n; i++, p += RECORDING_INDEX_ENTRY) {
		struct recording_block *b = &blocks[i];

		*b = (struct recording_block){
			.offset = get64(p),
			.from_ns = get64(p + 8),
			.to_ns = get64(p + 16),
			.records = get32(p + 24),
			.packed = get32(p + 28),
			.number = (uint32_t)i,
		};
		/* The blocks follow each other without a space. */
		if (b->offset != next || b->from_ns > b->to_ns)
			return false;
		next = b->offset + recording_block_size(b);
	}
	return next == offset;
}

bool recording_is_index(const uint8_t *from)
{
	return get32(from) == INDEX_FRAME;
}
