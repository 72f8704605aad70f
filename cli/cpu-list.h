/* SPDX-License-Identifier: GPL-2.0-or-later */
/* A sorted list of the numbers of CPUs, for a table with a row and a column for each. */
#ifndef IOMAP_CLI_CPU_LIST_H
#define IOMAP_CLI_CPU_LIST_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

/* Adds a CPU unless it is there. Returns false if the list has max CPUs already. */
bool cpu_list_add(uint64_t *cpus, size_t *n, size_t max, uint64_t cpu);
/* The index of a CPU that is in the list. */
size_t cpu_list_find(const uint64_t *cpus, uint64_t cpu);

#endif
