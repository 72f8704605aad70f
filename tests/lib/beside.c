// SPDX-License-Identifier: GPL-2.0-or-later
#include "tests/lib/test.h"

#include "tests/lib/beside.h"

char *beside(const char *name)
{
	char self[4096], *path;
	ssize_t n = readlink("/proc/self/exe", self, sizeof(self) - 1);

	assert_true(n > 0);
	self[n] = '\0';
	*strrchr(self, '/') = '\0';
	assert_true(asprintf(&path, "%s/%s", self, name) > 0);
	return path;
}
