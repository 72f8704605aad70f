// SPDX-License-Identifier: GPL-2.0-or-later
#include "cli/cpu-list.h"

#include <string.h>

bool cpu_list_add(uint64_t *cpus, size_t *n, size_t max, uint64_t cpu)
{
	size_t at = 0;

	while (at < *n && cpus[at] < cpu)
		at++;
	if (at < *n && cpus[at] == cpu)
		return true;
	if (*n == max)
		return false;
	memmove(cpus + at + 1, cpus + at, (*n - at) * sizeof(*cpus));
	cpus[at] = cpu;
	(*n)++;
	return true;
}

size_t cpu_list_find(const uint64_t *cpus, uint64_t cpu)
{
	size_t i = 0;

	while (cpus[i] != cpu)
		i++;
	return i;
}
