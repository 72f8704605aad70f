// SPDX-License-Identifier: GPL-2.0-or-later
#include "daemon/collector/pci.h"

#include <dirent.h>
#include <fcntl.h>
#include <inttypes.h>
#include <string.h>

#include "daemon/base/util.h"

#define RESOURCE_MEM 0x200 /* IORESOURCE_MEM */
#define BARS	     7 /* lines of `resource` that are BARs and the ROM; bridge windows follow */

static void closedirp(DIR **d)
{
	if (*d)
		closedir(*d);
}

/* Number of the BAR of that device that holds the address, or -ENOENT. */
static int find_bar(int dir, const char *device, uint64_t addr)
{
	char path[300], line[128];
	uint64_t start, end, flags;
	_cleanup_fclose_ FILE *f = NULL;
	int fd;

	snprintf(path, sizeof(path), "%s/resource", device);
	fd = openat(dir, path, O_RDONLY | O_CLOEXEC);
	if (fd < 0)
		return -ENOENT;
	f = fdopen(fd, "r");
	if (!f) {
		close(fd);
		return -ENOMEM;
	}
	for (int bar = 0; bar < BARS && fgets(line, sizeof(line), f); bar++) {
		if (sscanf(line, "%" SCNx64 " %" SCNx64 " %" SCNx64, &start, &end, &flags) != 3)
			continue;
		if ((flags & RESOURCE_MEM) && addr >= start && addr <= end)
			return bar;
	}
	return -ENOENT;
}

int pci_find(const char *devices, uint64_t addr, struct pci_bar *ret)
{
	_cleanup_(closedirp) DIR *d = opendir(devices);
	struct dirent *de;
	int bar;

	if (!d)
		return -errno;
	while ((de = readdir(d))) {
		if (de->d_name[0] == '.' || strlen(de->d_name) >= sizeof(ret->device))
			continue;
		bar = find_bar(dirfd(d), de->d_name, addr);
		if (bar < 0)
			continue;
		strcpy(ret->device, de->d_name);
		ret->bar = bar;
		return 0;
	}
	return -ENOENT;
}
