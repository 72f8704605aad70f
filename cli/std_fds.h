/* SPDX-License-Identifier: GPL-2.0-or-later */
#ifndef IOMAP_CLI_STD_FDS_H
#define IOMAP_CLI_STD_FDS_H

#include <fcntl.h>

/*
 * A program started with standard input, output or error closed would get its socket as one of
 * these, and print into it. Fills the gaps; what is filled can be read and not written, so that an
 * output that goes nowhere is noticed.
 */
static inline void std_fds_open(void)
{
	int fd;

	do
		fd = open("/dev/null", O_RDONLY | O_NOCTTY);
	while (fd >= 0 && fd <= 2);
	if (fd > 2)
		close(fd);
}

#endif
