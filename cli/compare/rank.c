// SPDX-License-Identifier: GPL-2.0-or-later
#include <math.h>
#include <stdbool.h>

#include "cli/compare/rank.h"
#include "daemon/base/util.h"

#define EXACT_MAX 400 /* product of the sizes of the samples */

struct value {
	double v;
	bool first; /* of the first sample */
};

static int compare(const void *a, const void *b)
{
	const struct value *x = a, *y = b;

	return (x->v > y->v) - (x->v < y->v);
}

/*
 * Adds up the ranks of the first sample. Values that are equal share the mean of their ranks;
 * *ret_ties is the sum of t^3 - t over them.
 */
static double rank_sum(const struct value *all, size_t n, double *ret_ties)
{
	double sum = 0;

	*ret_ties = 0;
	for (size_t i = 0, end; i < n; i = end) {
		double t, rank;

		for (end = i + 1; end < n && all[end].v == all[i].v; end++)
			;
		t = (double)(end - i);
		rank = (double)i + (t + 1) / 2;
		*ret_ties += t * t * t - t;
		for (size_t k = i; k < end; k++)
			sum += all[k].first ? rank : 0;
	}
	return sum;
}

/*
 * Counts the orders of the two samples by their U, and returns the share of those with a U of at
 * most @u. ways[j][w]: orders of i values of the first and j of the second sample with U = w; the
 * last value of an order is of the first sample, and has j below it, or it is of the second.
 */
static double exact_share(size_t na, size_t nb, size_t u)
{
	size_t width = na * nb + 1;
	_cleanup_free_ double *ways = calloc((nb + 1) * width, sizeof(*ways));
	double below = 0, all = 0;

	if (!ways)
		return NAN;
	for (size_t j = 0; j <= nb; j++)
		ways[j * width] = 1;
	for (size_t i = 1; i <= na; i++) {
		for (size_t j = 1; j <= nb; j++) {
			for (size_t w = width; w-- > 0;) {
				double before = w >= j ? ways[j * width + w - j] : 0;

				ways[j * width + w] = before + ways[(j - 1) * width + w];
			}
		}
	}
	for (size_t w = 0; w < width; w++) {
		all += ways[nb * width + w];
		if (w <= u)
			below += ways[nb * width + w];
	}
	return below / all;
}

static double normal_p(double u, double na, double nb, double ties)
{
	double n = na + nb;
	double variance = na * nb / 12 * (n + 1 - ties / (n * (n - 1)));
	double distance = fabs(u - na * nb / 2) - 0.5;

	if (variance <= 0)
		return 1;
	return fmin(erfc(fmax(distance, 0) / sqrt(variance) / sqrt(2)), 1);
}

double rank_test(const double *a, size_t na, const double *b, size_t nb)
{
	_cleanup_free_ struct value *all = calloc(na + nb ?: 1, sizeof(*all));
	double ties, u;

	if (!all || !na || !nb)
		return NAN;
	for (size_t i = 0; i < na; i++)
		all[i] = (struct value){ a[i], true };
	for (size_t i = 0; i < nb; i++)
		all[na + i] = (struct value){ b[i], false };
	qsort(all, na + nb, sizeof(*all), compare);
	u = rank_sum(all, na + nb, &ties) - (double)na * (double)(na + 1) / 2;
	u = fmin(u, (double)na * (double)nb - u);
	if (ties == 0 && na * nb <= EXACT_MAX)
		return fmin(2 * exact_share(na, nb, (size_t)u), 1);
	return normal_p(u, (double)na, (double)nb, ties);
}
