/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * The layout of a recording, as docs/recording.md describes it: a head, blocks, an index. All of it
 * is frames of zstd and skippable frames, so that `zstd -dc` prints the records.
 */
#ifndef IOMAP_CLI_RECORDING_FORMAT_H
#define IOMAP_CLI_RECORDING_FORMAT_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#define RECORDING_SCHEMA 1 /* of the file; the replies in it have a schema number of their own */

#define RECORDING_FILE_HEAD   24 /* bytes at the start of the file */
#define RECORDING_BLOCK_HEAD  48 /* bytes before the frame of each block */
#define RECORDING_INDEX_HEAD  8	 /* bytes of the index before its entries */
#define RECORDING_INDEX_ENTRY 32
#define RECORDING_INDEX_TAIL  20 /* bytes of the index behind its entries: the last of the file */

#define RECORDING_CONTENT_MAX (64UL << 20) /* bytes of a block when it is unpacked */
#define RECORDING_BLOCKS_MAX  (1UL << 20)

/* A block: records, which are lines of JSON. */
struct recording_block {
	uint64_t offset;	 /* of its head in the file */
	uint64_t from_ns, to_ns; /* time of the first and of the last record, Unix */
	uint32_t number;	 /* 0, 1, 2 … */
	uint32_t records;
	uint32_t packed;  /* bytes of its zstd frame */
	uint32_t content; /* bytes of the lines */
};

/* Bytes that a block takes in the file. */
static inline uint64_t recording_block_size(const struct recording_block *b)
{
	return RECORDING_BLOCK_HEAD + (uint64_t)b->packed;
}

/* Bytes that an index of n blocks takes. */
static inline uint64_t recording_index_size(size_t n)
{
	return RECORDING_INDEX_HEAD + (uint64_t)n * RECORDING_INDEX_ENTRY + RECORDING_INDEX_TAIL;
}

void recording_put_file_head(uint8_t to[RECORDING_FILE_HEAD]);
/* Returns the schema number; 0: this is no recording. */
uint32_t recording_get_file_head(const uint8_t from[RECORDING_FILE_HEAD]);

void recording_put_block_head(uint8_t to[RECORDING_BLOCK_HEAD], const struct recording_block *b);
/* Fills in all members but the offset. Returns false, with *ret untouched, if this is no head. */
bool recording_get_block_head(const uint8_t from[RECORDING_BLOCK_HEAD],
			      struct recording_block *ret);
/* Returns the first place in the text that may be the start of a head, or NULL. */
const uint8_t *recording_find_block_head(const uint8_t *text, size_t size);

/* Writes an index of recording_index_size(n) bytes. */
void recording_put_index(uint8_t *to, const struct recording_block *blocks, size_t n);
/*
 * Reads the end of the file. Returns the number of blocks of the index that ends there; 0: there is
 * no index.
 */
size_t recording_get_index_tail(const uint8_t from[RECORDING_INDEX_TAIL]);
/*
 * Reads an index of recording_index_size(n) bytes at that offset of the file. Returns false if it
 * cannot be right; @blocks has room for n.
 */
bool recording_get_index(const uint8_t *from, size_t n, uint64_t offset,
			 struct recording_block *blocks);
/* Tells whether these bytes, at least 4, begin an index. */
bool recording_is_index(const uint8_t *from);

#endif
