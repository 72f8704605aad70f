/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * Reads a recording of any origin: whole, cut, or damaged. What can be read is handed out, and what
 * is missing is counted. No number of the file is believed before it is checked.
 */
#ifndef IOMAP_CLI_RECORDING_READ_H
#define IOMAP_CLI_RECORDING_READ_H

#include <stdbool.h>

#include "cli/recording/format.h"
#include "daemon/base/util.h"

struct recording;

/*
 * Opens the file and finds its blocks: by its index or, if it has none that can be right, by
 * looking for them. Returns 0 or a negative errno with a sentence: -EBADMSG: this is no recording;
 * -EPROTONOSUPPORT: its schema is newer than this program.
 */
int recording_open(const char *path, struct recording **ret, struct errbuf *err);
struct recording *recording_close(struct recording *r);

const char *recording_path(const struct recording *r);

/* The blocks that can be expected to be readable, in the order of the file. */
size_t recording_blocks(const struct recording *r);
const struct recording_block *recording_block(const struct recording *r, size_t i);

/*
 * Reads the lines of a block; they are valid until the next call, and have a NUL at their end.
 * Returns 0, -EBADMSG with a sentence if the block is damaged, or another negative errno.
 */
int recording_read(struct recording *r, size_t i, const char **ret, size_t *ret_len,
		   struct errbuf *err);

/* What is missing, as far as it was noticed until now. */
struct recording_losses {
	bool cut;	 /* the file has no end: its writer was killed, or it was copied in part */
	uint64_t bytes;	 /* that belong to no block that can be read */
	uint64_t blocks; /* that are known to be missing or damaged */
};
struct recording_losses recording_losses(const struct recording *r);

/*
 * Writes a sentence about the losses, without a full stop. Returns false, with *err untouched, if
 * there are none.
 */
bool recording_describe_losses(const struct recording *r, struct errbuf *err);

#endif
