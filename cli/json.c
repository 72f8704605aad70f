// SPDX-License-Identifier: GPL-2.0-or-later
#include <string.h>

#include "cli/json.h"

uint64_t kinds_sum(const struct kinds *k)
{
	uint64_t sum = 0;

	for (int i = 0; i < IOMAP_KIND_MAX; i++)
		sum += k->n[i];
	return sum;
}

uint64_t kinds_max(const struct kinds *k)
{
	uint64_t max = 0;

	for (int i = 0; i < IOMAP_KIND_MAX; i++)
		max = k->n[i] > max ? k->n[i] : max;
	return max;
}

uint64_t rec_u64(const json_t *obj, const char *name)
{
	json_int_t v = json_integer_value(json_object_get(obj, name));

	return v > 0 ? (uint64_t)v : 0;
}

bool rec_has(const json_t *obj, const char *name)
{
	const json_t *v = json_object_get(obj, name);

	return v && !json_is_null(v);
}

const char *rec_text(const json_t *obj, const char *name, const char *missing)
{
	const char *s = json_string_value(json_object_get(obj, name));

	return s ?: missing;
}

struct kinds rec_kinds(const json_t *obj, const char *name)
{
	const json_t *v = json_object_get(obj, name);
	struct kinds k = {};

	for (int i = 0; i < IOMAP_KIND_MAX; i++)
		k.n[i] = rec_u64(v, kind_name(i));
	return k;
}

struct cell rec_cell(const json_t *obj, const char *name)
{
	const json_t *v = json_object_get(obj, name);

	if (json_is_string(v))
		return cell_text(json_string_value(v));
	if (json_is_number(v))
		return cell_num(json_number_value(v));
	return (struct cell){};
}

struct cell rec_symbol(struct table *t, const char *symbol, const char *module)
{
	if (!symbol || !module)
		return cell_text(symbol);
	return cell_text(table_text(t, "%s [%s]", symbol, module));
}

struct accounting rec_accounting(const json_t *obj)
{
	const json_t *cons = json_object_get(obj, "accounting"), *v;
	struct accounting b = {
		.seen = rec_u64(cons, "seen"),
		.counted = rec_u64(cons, "counted"),
		.under_way = rec_u64(cons, "under_way"),
		.losses = json_object_get(cons, "lost"),
	};
	const char *name;

	json_object_foreach((json_t *)b.losses, name, v)
		b.lost += (uint64_t)json_integer_value(v);
	return b;
}

bool rec_maps_only(const json_t *report, unsigned int kind)
{
	const json_t *v;
	size_t i;

	json_array_foreach(json_object_get(report, "maps_only"), i, v) {
		if (json_is_string(v) && !strcmp(json_string_value(v), kind_name(kind)))
			return true;
	}
	return false;
}
