/* SPDX-License-Identifier: GPL-2.0-or-later */
/* The rank test of Mann, Whitney and Wilcoxon. */
#ifndef IOMAP_CLI_COMPARE_RANK_H
#define IOMAP_CLI_COMPARE_RANK_H

#include <stddef.h>

/*
 * Returns the two-sided p-value: how often two samples from the same distribution differ in their
 * ranks as much as these do. Exact for few values without ties, else the normal approximation with
 * corrections for ties and continuity. NAN: a sample is empty, or there is no memory.
 */
double rank_test(const double *a, size_t na, const double *b, size_t nb);

#endif
