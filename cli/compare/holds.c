// SPDX-License-Identifier: GPL-2.0-or-later
#include <errno.h>

#include "cli/compare/holds.h"
#include "cli/json.h"

static int append(struct holds *h, const struct holds_bucket *b)
{
	size_t cap = h->cap ? h->cap * 2 : 32;
	void *buckets;

	if (h->n == HOLDS_MAX)
		return 0;
	if (h->n == h->cap) {
		buckets = reallocarray(h->buckets, cap, sizeof(*h->buckets));
		if (!buckets)
			return -ENOMEM;
		h->buckets = buckets;
		h->cap = cap;
	}
	h->buckets[h->n++] = *b;
	return 0;
}

/* The count of the bucket that begins at that time. *at: where to look, as both are in order. */
static uint64_t count_of(const json_t *buckets, size_t *at, uint64_t from)
{
	for (; *at < json_array_size(buckets); (*at)++) {
		const json_t *b = json_array_get(buckets, *at);
		uint64_t begin = rec_u64(b, "ge_ns");

		if (begin >= from)
			return begin == from ? rec_u64(b, "count") : 0;
	}
	return 0;
}

int holds_growth(struct holds *ret, const json_t *before, const json_t *now)
{
	const json_t *old = json_object_get(before, "buckets"), *b;
	size_t i, at = 0;
	int r = 0;

	ret->n = 0;
	json_array_foreach(json_object_get(now, "buckets"), i, b) {
		struct holds_bucket bucket = { .from = rec_u64(b, "ge_ns"),
					       .to = rec_u64(b, "lt_ns"),
					       .count = rec_u64(b, "count") };
		uint64_t was = count_of(old, &at, bucket.from);

		bucket.count = bucket.count > was ? bucket.count - was : 0;
		if (ret->n == HOLDS_MAX)
			break;
		if (bucket.count && !r)
			r = append(ret, &bucket);
	}
	return r;
}

/* Puts a bucket in its place. */
static int insert(struct holds *h, size_t i, const struct holds_bucket *b)
{
	int r;

	if (h->n == HOLDS_MAX)
		return 0;
	r = append(h, b);
	if (r)
		return r;
	for (size_t k = h->n - 1; k > i; k--)
		h->buckets[k] = h->buckets[k - 1];
	h->buckets[i] = *b;
	return 0;
}

int holds_add(struct holds *sum, const struct holds *h)
{
	size_t at = 0;
	int r = 0;

	for (size_t i = 0; i < h->n && !r; i++) {
		const struct holds_bucket *b = &h->buckets[i];

		while (at < sum->n && sum->buckets[at].from < b->from)
			at++;
		if (at == sum->n || sum->buckets[at].from != b->from) {
			r = insert(sum, at, b);
			continue;
		}
		sum->buckets[at].count += b->count;
		/* The last bucket ends at the longest time. */
		if (b->to > sum->buckets[at].to)
			sum->buckets[at].to = b->to;
	}
	return r;
}

uint64_t holds_count(const struct holds *h)
{
	uint64_t n = 0;

	for (size_t i = 0; i < h->n; i++)
		n += h->buckets[i].count;
	return n;
}

uint64_t holds_percentile(const struct holds *h, int percent)
{
	double rank = (double)holds_count(h) * percent / 100;
	double seen = 0;

	for (size_t i = 0; i < h->n; i++) {
		seen += (double)h->buckets[i].count;
		if (seen >= rank)
			return h->buckets[i].to;
	}
	return 0;
}

void holds_free(struct holds *h)
{
	free(h->buckets);
	*h = (struct holds){};
}
