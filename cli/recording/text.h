/* SPDX-License-Identifier: GPL-2.0-or-later */
/* Sizes and times as people write them in the options of recordings. */
#ifndef IOMAP_CLI_RECORDING_TEXT_H
#define IOMAP_CLI_RECORDING_TEXT_H

#include <stdint.h>

/* Parses a size such as 4096, 500K, 20M or 1.5G, in powers of 1024. Returns 0 or -EINVAL. */
int size_from_text(const char *s, uint64_t *ret);

/*
 * Parses a time in a recording from @from_ns to @to_ns, Unix:
 *   +90s, +1m30s     after its start            -10s   before its end
 *   12:30:05.5       the first such time of day at or after the start, local time
 *   2026-11-28 12:30:05, with T or a blank      local time
 *   @1700000000.5    Unix
 * Returns 0 or -EINVAL.
 */
int when_from_text(const char *s, uint64_t from_ns, uint64_t to_ns, uint64_t *ret_ns);

#endif
