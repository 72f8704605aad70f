// SPDX-License-Identifier: GPL-2.0-or-later
#include "daemon/collector/cost.h"

#include <fcntl.h>
#include <inttypes.h>
#include <sys/resource.h>

#include "daemon/base/util.h"

static uint64_t ns_of(struct timeval tv)
{
	return tv.tv_sec * 1000000000ULL + tv.tv_usec * 1000ULL;
}

int cost_of_process(struct cost *c)
{
	_cleanup_close_ int fd = open("/proc/self/statm", O_RDONLY | O_CLOEXEC);
	char text[128] = "";
	uint64_t pages;
	struct rusage u;

	if (fd < 0 || read(fd, text, sizeof(text) - 1) < 0 || getrusage(RUSAGE_SELF, &u))
		return -errno;
	/* The first number is the address space. */
	if (sscanf(text, "%*u %" SCNu64, &pages) != 1)
		return -EIO;
	c->cpu_ns = ns_of(u.ru_utime) + ns_of(u.ru_stime);
	c->resident_bytes = pages * sysconf(_SC_PAGESIZE);
	return 0;
}
