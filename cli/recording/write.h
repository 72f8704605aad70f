/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * Writes a recording. Records are collected in memory, and written as a block when they are large
 * or old enough: what happens to the process or to the disk costs at most the last block.
 */
#ifndef IOMAP_CLI_RECORDING_WRITE_H
#define IOMAP_CLI_RECORDING_WRITE_H

#include "daemon/base/util.h"

#define RECORDING_BLOCK_NS    (10 * NSEC_PER_SEC) /* records of this time are in one block */
#define RECORDING_BLOCK_BYTES (1UL << 20)	  /* of lines that end a block before that */

struct recording_writer;

/*
 * Makes the file, or empties the regular file that exists. No link is followed at the end of the
 * path. @max: bytes that the file may have; 0: no limit.
 */
int recording_create(const char *path, uint64_t max, struct recording_writer **ret,
		     struct errbuf *err);

/*
 * Adds a record: one JSON object without a newline in it. Returns 0 or a negative errno with a
 * sentence; -EOVERFLOW: the file would get larger than allowed; -EMSGSIZE: the record is too long.
 * After any other error than the last, all that was written before it can be read, the rest is
 * dropped, and all further calls return the same error.
 */
int recording_add(struct recording_writer *w, uint64_t time_unix_ns, const char *line, size_t len,
		  struct errbuf *err);

/* Writes the records that are in memory. Errors are those of recording_add(). */
int recording_flush(struct recording_writer *w, struct errbuf *err);

/*
 * Writes the last block and the index, and closes the file. @last: one more record, for which there
 * is room even in a file that is full; NULL: none. Returns 0 or a negative errno with a sentence.
 * The caller frees the writer in any case.
 */
int recording_end(struct recording_writer *w, uint64_t time_unix_ns, const char *last, size_t len,
		  struct errbuf *err);

/* Returns the bytes of the file so far, without what is in memory. */
uint64_t recording_written(const struct recording_writer *w);

/* Closes the file as it is. Returns NULL. */
struct recording_writer *recording_writer_free(struct recording_writer *w);

#endif
