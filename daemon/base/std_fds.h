/* SPDX-License-Identifier: GPL-2.0-or-later */
#ifndef IOMAP_DAEMON_BASE_STD_FDS_H
#define IOMAP_DAEMON_BASE_STD_FDS_H

#include <fcntl.h>

/*
 * Opens standard input, output and error if they are closed: else a socket could get one of these
 * numbers, and the program would print into it. They are read-only, so writing to a closed output
 * fails.
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
