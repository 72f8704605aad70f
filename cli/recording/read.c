// SPDX-License-Identifier: GPL-2.0-or-later
#include <errno.h>
#include <fcntl.h>
#include <inttypes.h>
#include <string.h>
#include <sys/stat.h>
#include <zstd.h>

#include "cli/recording/format.h"
#include "cli/recording/read.h"

#define CHUNK 65536 /* bytes that are searched at a time */

struct recording {
	int fd;
	char *path;
	uint64_t size;
	struct recording_block *blocks;
	bool *bad; /* by block: it was found to be damaged */
	size_t nr_blocks, cap;
	struct recording_losses losses;
	struct {
		uint8_t *data;
		uint64_t offset; /* in the file */
		size_t n;
	} chunk; /* being searched */
	ZSTD_DCtx *zstd;
	char *packed, *lines; /* of the block that was read last */
};

static int no_memory(struct errbuf *err)
{
	return set_error(err, -ENOMEM, "out of memory");
}

/* Reads n bytes at an offset. Returns 0, -ENODATA at the end of the file, or -errno. */
static int read_at(const struct recording *r, void *to, size_t n, uint64_t offset)
{
	char *p = to;

	while (n) {
		ssize_t got = pread(r->fd, p, n, (off_t)offset);

		if (got < 0 && errno == EINTR)
			continue;
		if (got <= 0)
			return got ? -errno : -ENODATA;
		p += got;
		n -= (size_t)got;
		offset += (uint64_t)got;
	}
	return 0;
}

static int add_block(struct recording *r, const struct recording_block *b)
{
	size_t cap = r->cap ? r->cap * 2 : 64;
	void *blocks;

	if (r->nr_blocks == RECORDING_BLOCKS_MAX)
		return -E2BIG;
	if (r->nr_blocks == r->cap) {
		blocks = reallocarray(r->blocks, cap, sizeof(*r->blocks));
		if (!blocks)
			return -ENOMEM;
		r->blocks = blocks;
		r->cap = cap;
	}
	r->blocks[r->nr_blocks++] = *b;
	return 0;
}

/* Takes the blocks from the index. Returns 1, 0 if there is no index, or a negative errno. */
static int read_index(struct recording *r)
{
	uint8_t tail[RECORDING_INDEX_TAIL];
	_cleanup_free_ uint8_t *index = NULL;
	uint64_t size;
	size_t n;
	int e;

	if (r->size < RECORDING_FILE_HEAD + recording_index_size(0))
		return 0;
	e = read_at(r, tail, sizeof(tail), r->size - sizeof(tail));
	if (e)
		return e == -ENODATA ? 0 : e;
	n = recording_get_index_tail(tail);
	size = recording_index_size(n);
	if (!n || size > r->size - RECORDING_FILE_HEAD)
		return 0;
	index = malloc(size);
	r->blocks = calloc(n, sizeof(*r->blocks));
	if (!index || !r->blocks)
		return -ENOMEM;
	e = read_at(r, index, size, r->size - size);
	if (!e && recording_get_index(index, n, r->size - size, r->blocks)) {
		r->nr_blocks = n;
		return 1;
	}
	free(r->blocks);
	r->blocks = NULL;
	return e == -ENODATA ? 0 : e;
}

/* Has the bytes of the file from that offset on in r->chunk: a head at least, unless it ends. */
static int load_chunk(struct recording *r, uint64_t offset)
{
	uint64_t end = r->chunk.offset + r->chunk.n, left = r->size - offset;
	int e;

	if (offset >= r->chunk.offset && offset + RECORDING_BLOCK_HEAD <= end)
		return 0;
	if (!r->chunk.data)
		r->chunk.data = malloc(CHUNK);
	if (!r->chunk.data)
		return -ENOMEM;
	r->chunk.offset = offset;
	r->chunk.n = left < CHUNK ? (size_t)left : CHUNK;
	e = read_at(r, r->chunk.data, r->chunk.n, offset);
	if (e)
		r->chunk.n = 0;
	return e;
}

/*
 * Finds the next block at or after the offset. Returns 1, 0 if there is none, or a negative errno.
 */
static int find_block(struct recording *r, uint64_t offset, struct recording_block *ret)
{
	const uint8_t *at, *end;
	int e;

	while (r->size - offset > RECORDING_BLOCK_HEAD) {
		e = load_chunk(r, offset);
		if (e)
			return e == -ENODATA ? 0 : e;
		at = r->chunk.data + (offset - r->chunk.offset);
		end = r->chunk.data + r->chunk.n;
		for (; (at = recording_find_block_head(at, (size_t)(end - at))); at++) {
			if (end - at < RECORDING_BLOCK_HEAD)
				break;
			if (!recording_get_block_head(at, ret))
				continue;
			ret->offset = r->chunk.offset + (uint64_t)(at - r->chunk.data);
			if (recording_block_size(ret) <= r->size - ret->offset)
				return 1;
		}
		/* A head may begin in the last bytes of this chunk. */
		offset = r->chunk.offset + r->chunk.n - (RECORDING_BLOCK_HEAD - 1);
	}
	return 0;
}

/* Finds the blocks without an index. */
static int scan(struct recording *r)
{
	uint64_t offset = RECORDING_FILE_HEAD;
	struct recording_block b;
	uint8_t magic[4];
	bool first = true;
	uint32_t number = 0;
	int e;

	r->losses.cut = true;
	while ((e = find_block(r, offset, &b)) == 1) {
		r->losses.bytes += b.offset - offset;
		/* A number that does not rise means a damaged or a strange file: count nothing. */
		if (b.number > number)
			r->losses.blocks += b.number - number;
		else if (b.number < number && !first)
			r->losses.blocks++;
		number = b.number + 1;
		first = false;
		offset = b.offset + recording_block_size(&b);
		e = add_block(r, &b);
		if (e)
			return e;
	}
	if (e)
		return e;
	/* What follows is an index that cannot be used, or a block that is not complete. */
	if (r->size - offset >= sizeof(magic) && !read_at(r, magic, sizeof(magic), offset) &&
	    recording_is_index(magic))
		return 0;
	r->losses.bytes += r->size - offset;
	r->losses.blocks += r->size > offset;
	return 0;
}

static int check_head(const struct recording *r, struct errbuf *err)
{
	uint8_t head[RECORDING_FILE_HEAD];
	int e = read_at(r, head, sizeof(head), 0);
	uint32_t schema;

	if (e && e != -ENODATA)
		return set_error(err, e, "cannot read %s: %s", r->path, strerror(-e));
	schema = e ? 0 : recording_get_file_head(head);
	if (!schema)
		return set_error(err, -EBADMSG, "%s is not a recording of iomapctl", r->path);
	if (schema > RECORDING_SCHEMA)
		return set_error(err, -EPROTONOSUPPORT,
				 "%s has schema %" PRIu32 ", and this program knows up to %d: it "
				 "was recorded by a newer version, install that one",
				 r->path, schema, RECORDING_SCHEMA);
	return 0;
}

static int open_file(struct recording *r, struct errbuf *err)
{
	struct stat st;
	int e;

	r->fd = open(r->path, O_RDONLY | O_CLOEXEC | O_NOCTTY | O_NONBLOCK);
	if (r->fd < 0 || fstat(r->fd, &st))
		return set_error(err, -errno, "cannot read %s: %s", r->path, strerror(errno));
	if (!S_ISREG(st.st_mode))
		return set_error(err, -EBADMSG, "cannot read %s: it is not a regular file",
				 r->path);
	r->size = (uint64_t)st.st_size;
	e = check_head(r, err);
	if (e)
		return e;
	e = read_index(r);
	if (!e)
		e = scan(r);
	if (e == -ENOMEM)
		return no_memory(err);
	if (e < 0)
		return set_error(err, e, "cannot read %s: %s", r->path, strerror(-e));
	r->bad = calloc(r->nr_blocks ?: 1, sizeof(*r->bad));
	return r->bad ? 0 : no_memory(err);
}

int recording_open(const char *path, struct recording **ret, struct errbuf *err)
{
	struct recording *r = calloc(1, sizeof(*r));
	int e;

	if (!r)
		return no_memory(err);
	r->fd = -1;
	r->path = strdup(path);
	r->zstd = ZSTD_createDCtx();
	e = r->path && r->zstd ? open_file(r, err) : no_memory(err);
	if (e) {
		recording_close(r);
		return e;
	}
	*ret = r;
	return 0;
}

struct recording *recording_close(struct recording *r)
{
	if (!r)
		return NULL;
	if (r->fd >= 0)
		close(r->fd);
	ZSTD_freeDCtx(r->zstd);
	free(r->chunk.data);
	free(r->packed);
	free(r->lines);
	free(r->blocks);
	free(r->bad);
	free(r->path);
	free(r);
	return NULL;
}

const char *recording_path(const struct recording *r)
{
	return r->path;
}

size_t recording_blocks(const struct recording *r)
{
	return r->nr_blocks;
}

const struct recording_block *recording_block(const struct recording *r, size_t i)
{
	return &r->blocks[i];
}

static int damaged(struct recording *r, size_t i, struct errbuf *err)
{
	if (!r->bad[i]) {
		r->bad[i] = true;
		r->losses.blocks++;
		r->losses.bytes += recording_block_size(&r->blocks[i]);
	}
	return set_error(err, -EBADMSG, "block %zu of %s is damaged", i, r->path);
}

/* Unpacks one frame of exactly these sizes. */
static bool unpack(struct recording *r, const struct recording_block *b)
{
	if (ZSTD_findFrameCompressedSize(r->packed, b->packed) != b->packed ||
	    ZSTD_getFrameContentSize(r->packed, b->packed) != b->content)
		return false;
	return ZSTD_decompressDCtx(r->zstd, r->lines, b->content, r->packed, b->packed) ==
	       b->content;
}

/* The lines are text: no NUL, and a newline behind the last one. */
static bool is_text(const char *lines, size_t len)
{
	return len && lines[len - 1] == '\n' && !memchr(lines, '\0', len);
}

int recording_read(struct recording *r, size_t i, const char **ret, size_t *ret_len,
		   struct errbuf *err)
{
	struct recording_block *b = &r->blocks[i], head = {};
	uint8_t bytes[RECORDING_BLOCK_HEAD];
	int e;

	free(r->packed);
	free(r->lines);
	r->packed = r->lines = NULL;
	e = read_at(r, bytes, sizeof(bytes), b->offset);
	if (!e && (!recording_get_block_head(bytes, &head) || head.packed != b->packed ||
		   head.number != b->number || head.from_ns != b->from_ns ||
		   head.to_ns != b->to_ns || head.packed > r->size))
		return damaged(r, i, err);
	if (!e) {
		r->packed = malloc(head.packed);
		r->lines = malloc((size_t)head.content + 1);
		if (!r->packed || !r->lines)
			return no_memory(err);
		e = read_at(r, r->packed, head.packed, b->offset + sizeof(bytes));
	}
	if (e && e != -ENODATA)
		return set_error(err, e, "cannot read %s: %s", r->path, strerror(-e));
	if (e || !unpack(r, &head) || !is_text(r->lines, head.content))
		return damaged(r, i, err);
	r->lines[head.content] = '\0';
	*ret = r->lines;
	*ret_len = head.content;
	return 0;
}

struct recording_losses recording_losses(const struct recording *r)
{
	return r->losses;
}

bool recording_describe_losses(const struct recording *r, struct errbuf *err)
{
	const struct recording_losses *l = &r->losses;
	char blocks[96] = "";

	if (!l->cut && !l->blocks)
		return false;
	if (l->blocks)
		snprintf(blocks, sizeof(blocks),
			 "%" PRIu64 " block%s of it %s missing or damaged (%" PRIu64 " bytes)",
			 l->blocks, l->blocks > 1 ? "s" : "", l->blocks > 1 ? "are" : "is",
			 l->bytes);
	set_error(err, 0, "%s is not complete: %s%s%s", r->path,
		  l->cut ? "it has no end, as if its recorder was killed or the disk was full" : "",
		  l->cut && *blocks ? "; " : "", blocks);
	return true;
}
