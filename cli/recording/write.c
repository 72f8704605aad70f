// SPDX-License-Identifier: GPL-2.0-or-later
#include <errno.h>
#include <fcntl.h>
#include <inttypes.h>
#include <string.h>
#include <sys/stat.h>
#include <zstd.h>

#include "cli/recording/format.h"
#include "cli/recording/write.h"
#include "daemon/base/buf.h"

#define LEVEL	   9	/* of zstd */
#define LAST_ROOM  8192 /* bytes for the block of the last record */
#define OPEN_FLAGS (O_WRONLY | O_CREAT | O_NOFOLLOW | O_CLOEXEC | O_NOCTTY)

struct recording_writer {
	int fd;
	char *path;
	uint64_t max, size;
	bool is_file; /* what is written can be cut off again */
	ZSTD_CCtx *zstd;
	struct buf lines;	      /* of the block that grows */
	struct buf out;		      /* what is being written */
	struct recording_block block; /* that grows */
	struct recording_block *blocks;
	size_t nr_blocks, cap;
	struct errbuf failed; /* the first error */
	int error;
};

static int no_memory(struct errbuf *err)
{
	return set_error(err, -ENOMEM, "out of memory");
}

static int cannot_write(const char *path, int e, struct errbuf *err)
{
	if (e == ELOOP)
		return set_error(err, -e,
				 "cannot write %s: it is a symbolic link, and links are not "
				 "followed: name the file itself",
				 path);
	return set_error(err, -e, "cannot write %s: %s", path, strerror(e));
}

/* Remembers the first error, and returns it. */
static int fail(struct recording_writer *w, int error, const struct errbuf *err)
{
	w->error = error;
	if (err)
		w->failed = *err;
	buf_free(&w->lines);
	w->block.records = 0;
	return error;
}

static int failed_before(const struct recording_writer *w, struct errbuf *err)
{
	if (err)
		*err = w->failed;
	return w->error;
}

/*
 * Writes all of it, or nothing: after an error, what was written is cut off again. A file that
 * cannot be cut, such as a pipe, may keep a part.
 */
static int put(struct recording_writer *w, const void *data, size_t size, struct errbuf *err)
{
	const char *p = data;
	size_t left = size;

	while (left) {
		ssize_t n = write(w->fd, p, left);
		int e = errno;

		if (n < 0 && e == EINTR)
			continue;
		if (n <= 0) {
			if (w->is_file && left < size &&
			    (ftruncate(w->fd, (off_t)w->size) ||
			     lseek(w->fd, (off_t)w->size, SEEK_SET) < 0))
				w->is_file = false;
			return cannot_write(w->path, n < 0 ? e : EIO, err);
		}
		p += n;
		left -= (size_t)n;
	}
	w->size += size;
	return 0;
}

static int open_file(struct recording_writer *w, struct errbuf *err)
{
	uint8_t head[RECORDING_FILE_HEAD];
	struct stat st;

	w->fd = open(w->path, OPEN_FLAGS | O_NONBLOCK, 0600);
	if (w->fd < 0 || fstat(w->fd, &st))
		return cannot_write(w->path, errno, err);
	w->is_file = S_ISREG(st.st_mode);
	if (w->is_file && st.st_nlink > 1)
		return set_error(err, -EMLINK,
				 "cannot write %s: the file has other names (hard links): remove "
				 "this one, or name another file",
				 w->path);
	/* O_NONBLOCK kept open() from waiting for the reader of a FIFO. */
	if ((w->is_file && ftruncate(w->fd, 0)) || fcntl(w->fd, F_SETFL, 0))
		return cannot_write(w->path, errno, err);
	recording_put_file_head(head);
	return put(w, head, sizeof(head), err);
}

int recording_create(const char *path, uint64_t max, struct recording_writer **ret,
		     struct errbuf *err)
{
	struct recording_writer *w = calloc(1, sizeof(*w));
	int r;

	if (!w)
		return no_memory(err);
	w->fd = -1;
	w->max = max;
	w->path = strdup(path);
	w->zstd = ZSTD_createCCtx();
	if (!w->path || !w->zstd ||
	    ZSTD_isError(ZSTD_CCtx_setParameter(w->zstd, ZSTD_c_compressionLevel, LEVEL)) ||
	    ZSTD_isError(ZSTD_CCtx_setParameter(w->zstd, ZSTD_c_checksumFlag, 1)))
		r = no_memory(err);
	else
		r = open_file(w, err);
	if (r) {
		recording_writer_free(w);
		return r;
	}
	*ret = w;
	return 0;
}

static int grow_blocks(struct recording_writer *w, struct errbuf *err)
{
	size_t cap = w->cap ? w->cap * 2 : 64;
	void *blocks;

	if (w->nr_blocks == RECORDING_BLOCKS_MAX)
		return set_error(err, -EOVERFLOW,
				 "%s has the most blocks that a recording may have", w->path);
	if (w->nr_blocks < w->cap)
		return 0;
	blocks = reallocarray(w->blocks, cap, sizeof(*w->blocks));
	if (!blocks)
		return no_memory(err);
	w->blocks = blocks;
	w->cap = cap;
	return 0;
}

/* Compresses the lines into w->out, behind a head. */
static int pack(struct recording_writer *w, struct errbuf *err)
{
	struct recording_block *b = &w->block;
	size_t bound = ZSTD_compressBound(w->lines.len), n;
	char *room;

	w->out.len = 0;
	room = buf_reserve(&w->out, RECORDING_BLOCK_HEAD + bound);
	if (!room)
		return no_memory(err);
	n = ZSTD_compress2(w->zstd, room + RECORDING_BLOCK_HEAD, bound, w->lines.data,
			   w->lines.len);
	if (ZSTD_isError(n))
		return set_error(err, -ENOMEM, "cannot compress: %s", ZSTD_getErrorName(n));
	b->packed = (uint32_t)n;
	b->content = (uint32_t)w->lines.len;
	b->number = (uint32_t)w->nr_blocks;
	b->offset = w->size;
	recording_put_block_head((uint8_t *)room, b);
	w->out.len = RECORDING_BLOCK_HEAD + n;
	return 0;
}

/* Writes the block. @reserve: bytes of the file that must stay free for what follows. */
static int write_block(struct recording_writer *w, size_t reserve, struct errbuf *err)
{
	int r = grow_blocks(w, err);

	if (!r)
		r = pack(w, err);
	if (!r && w->max &&
	    w->size + w->out.len + recording_index_size(w->nr_blocks + 1) + reserve > w->max)
		r = set_error(err, -EOVERFLOW, "%s has reached its limit of %" PRIu64 " bytes",
			      w->path, w->max);
	if (!r)
		r = put(w, w->out.data, w->out.len, err);
	if (r)
		return r;
	w->blocks[w->nr_blocks++] = w->block;
	w->lines.len = 0;
	w->block.records = 0;
	return 0;
}

int recording_flush(struct recording_writer *w, struct errbuf *err)
{
	int r;

	if (w->error)
		return failed_before(w, err);
	if (!w->block.records)
		return 0;
	r = write_block(w, LAST_ROOM, err);
	return r ? fail(w, r, err) : 0;
}

/* Adds the line to the block that grows. */
static int append(struct recording_writer *w, uint64_t time, const char *line, size_t len,
		  struct errbuf *err)
{
	struct recording_block *b = &w->block;

	buf_append(&w->lines, line, len);
	buf_append(&w->lines, "\n", 1);
	if (w->lines.err)
		return no_memory(err);
	/* The clock may have been set back. */
	b->from_ns = b->records && b->from_ns < time ? b->from_ns : time;
	b->to_ns = b->records && b->to_ns > time ? b->to_ns : time;
	b->records++;
	return 0;
}

int recording_add(struct recording_writer *w, uint64_t time_unix_ns, const char *line, size_t len,
		  struct errbuf *err)
{
	struct recording_block *b = &w->block;
	int r = 0;

	if (w->error)
		return failed_before(w, err);
	if (len >= RECORDING_CONTENT_MAX)
		return set_error(err, -EMSGSIZE, "a record of %zu bytes is too long for %s", len,
				 w->path);
	if (w->lines.len + len >= RECORDING_CONTENT_MAX)
		r = recording_flush(w, err);
	if (!r)
		r = append(w, time_unix_ns, line, len, err);
	if (r)
		return w->error ? r : fail(w, r, err);
	if (w->lines.len >= RECORDING_BLOCK_BYTES || b->to_ns - b->from_ns >= RECORDING_BLOCK_NS)
		r = recording_flush(w, err);
	return r;
}

static int write_index(struct recording_writer *w, struct errbuf *err)
{
	size_t size = recording_index_size(w->nr_blocks);
	char *room;

	w->out.len = 0;
	room = buf_reserve(&w->out, size);
	if (!room)
		return no_memory(err);
	recording_put_index((uint8_t *)room, w->blocks, w->nr_blocks);
	return put(w, room, size, err);
}

/*
 * After an error, the last block is lost, but the index may still find room: it is much smaller.
 * The first error is the one to report.
 */
int recording_end(struct recording_writer *w, uint64_t time_unix_ns, const char *last, size_t len,
		  struct errbuf *err)
{
	struct errbuf other;
	int r = recording_flush(w, err), r2 = 0;

	if (last && (w->is_file || !r))
		r2 = append(w, time_unix_ns, last, len, &other) ?: write_block(w, 0, &other);
	if (w->is_file || !r)
		r2 = r2 ?: write_index(w, &other);
	if (w->is_file && fsync(w->fd) && errno != EINVAL && errno != EROFS)
		r2 = r2 ?: cannot_write(w->path, errno, &other);
	if (close(w->fd))
		r2 = r2 ?: cannot_write(w->path, errno, &other);
	w->fd = -1;
	if (!r && r2 && err)
		*err = other;
	return r ?: r2;
}

uint64_t recording_written(const struct recording_writer *w)
{
	return w->size;
}

struct recording_writer *recording_writer_free(struct recording_writer *w)
{
	if (!w)
		return NULL;
	if (w->fd >= 0)
		close(w->fd);
	ZSTD_freeCCtx(w->zstd);
	buf_free(&w->lines);
	buf_free(&w->out);
	free(w->blocks);
	free(w->path);
	free(w);
	return NULL;
}
