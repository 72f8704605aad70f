/* SPDX-License-Identifier: GPL-2.0-or-later */
/* Standard output: every program ends with output_finish(), so that no lost output goes unseen. */
#ifndef IOMAP_DAEMON_BASE_OUTPUT_H
#define IOMAP_DAEMON_BASE_OUTPUT_H

#include "daemon/base/util.h"

/*
 * Flushes standard output. Returns 0, or a negative errno with a sentence if something could not be
 * written since the last call; -EPIPE: its reader has closed it.
 */
int output_flush(struct errbuf *err);

/*
 * Flushes and closes standard output. Returns @status; but if the output could not be written and
 * @status is 0, EXIT_CANNOT. Then @err is the sentence to print, empty if the reader has closed the
 * output. Call it once, at the end.
 */
int output_finish(int status, struct errbuf *err);

#endif
