// SPDX-License-Identifier: GPL-2.0-or-later
#include <errno.h>
#include <string.h>

#include "cli/top/sample.h"

static uint64_t hash_text(uint64_t h, const char *s)
{
	return hash_bytes(h, s, strlen(s) + 1);
}

static uint64_t hash_u64(uint64_t h, uint64_t v)
{
	return hash_bytes(h, &v, sizeof(v));
}

static struct kinds one_kind(enum iomap_kind kind, uint64_t n)
{
	struct kinds k = {};

	if (kind >= 0 && kind < IOMAP_KIND_MAX)
		k.n[kind] = n;
	return k;
}

static void read_mapping(struct item *it, const json_t *m)
{
	struct kinds sum = rec_kinds(m, "hold_sum_ns"), max = rec_kinds(m, "hold_max_ns");
	struct kinds holds = rec_kinds(m, rec_has(m, "hold_count") ? "hold_count" : "unmaps");

	it->rec = m;
	it->mapping_id = (uint32_t)rec_u64(m, "mapping_id");
	it->freed = !strcmp(rec_text(m, "state", "live"), "freed");
	it->kind = IOMAP_KIND_MAX;
	it->counts.maps = rec_kinds(m, "maps");
	it->counts.unmaps = rec_kinds(m, "unmaps");
	it->counts.failed = rec_u64(m, "failed");
	it->counts.hold_sum = kinds_sum(&sum);
	it->counts.holds = kinds_sum(&holds);
	it->live = rec_kinds(m, "live");
	it->hold_max = kinds_max(&max);
	/* An id is reused after a free: the other members identify the mapping. */
	it->key = hash_u64(HASH_START, it->mapping_id);
	it->key = hash_text(it->key, rec_text(m, "base", ""));
	it->key = hash_u64(it->key, rec_u64(m, "size"));
	it->key = hash_text(it->key, rec_text(m, "owner", ""));
}

static void read_caller(struct item *it, const json_t *c)
{
	it->rec = c;
	it->kind = kind_from_name(rec_text(c, "kind", ""));
	it->mapping_id = (uint32_t)rec_u64(c, "mapping_id");
	it->counts.maps = one_kind(it->kind, rec_u64(c, "maps"));
	it->counts.failed = rec_u64(c, "failed");
	it->key = hash_text(HASH_START, rec_text(c, "caller", ""));
	it->key = hash_text(it->key, rec_text(c, "module", ""));
	it->key = hash_text(it->key, rec_text(c, "kind", ""));
	it->key = hash_text(it->key, rec_text(c, "backend", ""));
	it->key = hash_u64(it->key, it->mapping_id);
}

static void read_backend(struct item *it, const char *name, const json_t *b, enum iomap_kind kind)
{
	const json_t *hold = json_object_get(json_object_get(b, "hold_ns"), kind_name(kind));

	it->rec = b;
	it->name = name;
	it->kind = kind;
	it->counts.maps = one_kind(kind, rec_kinds(b, "maps").n[kind]);
	it->counts.unmaps = one_kind(kind, rec_kinds(b, "unmaps").n[kind]);
	it->counts.failed = rec_kinds(b, "failed").n[kind];
	it->counts.hold_sum = rec_u64(hold, "sum");
	it->counts.holds = rec_u64(hold, "count");
	it->live = one_kind(kind, rec_kinds(b, "live").n[kind]);
	it->hold_max = rec_u64(hold, "max");
	it->key = hash_text(hash_u64(HASH_START, kind), name);
}

static void read_cpu(struct item *it, const json_t *c)
{
	it->rec = c;
	it->kind = IOMAP_KIND_MAX;
	it->counts.maps = rec_kinds(c, "maps");
	it->counts.unmaps = rec_kinds(c, "unmaps");
	it->counts.failed = rec_u64(c, "failed");
	it->key = hash_u64(HASH_START, rec_u64(c, "cpu"));
}

/* Rule and calls identify a site; task and times are those of its first violation. */
static void read_violation(struct item *it, const json_t *v)
{
	static const char *const members[] = { "rule",	 "kind",     "caller",
					       "module", "offender", "offender_module" };
	json_t *frame;
	size_t i;

	it->rec = v;
	it->kind = kind_from_name(rec_text(v, "kind", ""));
	it->mapping_id = (uint32_t)rec_u64(v, "mapping_id");
	it->counts.violations = rec_u64(v, "count");
	it->key = hash_u64(HASH_START, rec_u64(v, "time_ns"));
	for (i = 0; i < ARRAY_SIZE(members); i++)
		it->key = hash_text(it->key, rec_text(v, members[i], ""));
	json_array_foreach(json_object_get(v, "stack"), i, frame)
		it->key = hash_text(it->key, json_string_value(frame) ?: "");
}

static void read_cost(struct item *it, const char *name, const char *part, const json_t *backend,
		      const json_t *cost)
{
	it->rec = backend;
	it->cost = cost;
	it->name = name;
	it->part = part;
	it->kind = IOMAP_KIND_MAX;
	it->counts.ipis = json_number_value(json_object_get(cost, "ipis"));
	it->counts.broadcasts = json_number_value(json_object_get(cost, "broadcasts"));
	it->counts.wait = json_number_value(json_object_get(cost, "wait_ns"));
	it->counts.stolen = json_number_value(json_object_get(cost, "stolen_ns"));
	it->key = hash_text(hash_text(HASH_START, name), part ?: "");
}

static void read_pair(struct item *it, const json_t *v)
{
	uint64_t ours = rec_u64(v, "direct") + rec_u64(v, "flushes");

	it->rec = v;
	it->kind = IOMAP_KIND_MAX;
	it->sender = rec_u64(v, "sender");
	it->target = rec_u64(v, "target");
	it->counts.ipis = (double)(ours + rec_u64(v, "other"));
	it->counts.broadcasts = (double)ours;
	it->key = hash_u64(hash_u64(HASH_START, it->sender), it->target);
}

static int by_key(const void *va, const void *vb)
{
	const struct item *const *a = va, *const *b = vb;

	return ((*a)->key > (*b)->key) - ((*a)->key < (*b)->key);
}

static int by_id(const void *va, const void *vb)
{
	const struct item *const *a = va, *const *b = vb;

	return ((*a)->mapping_id > (*b)->mapping_id) - ((*a)->mapping_id < (*b)->mapping_id);
}

static int items_alloc(struct items *l, size_t n)
{
	l->items = calloc(n ?: 1, sizeof(*l->items));
	l->by_key = calloc(n ?: 1, sizeof(*l->by_key));
	return l->items && l->by_key ? 0 : -ENOMEM;
}

static void items_index(struct items *l)
{
	for (size_t i = 0; i < l->n; i++)
		l->by_key[i] = &l->items[i];
	qsort(l->by_key, l->n, sizeof(*l->by_key), by_key);
}

/* Reads an array of records of one type. */
static int read_array(struct items *l, const json_t *array,
		      void (*read)(struct item *, const json_t *))
{
	const json_t *v;
	size_t i;

	if (items_alloc(l, json_array_size(array)))
		return -ENOMEM;
	json_array_foreach(array, i, v)
		read(&l->items[l->n++], v);
	items_index(l);
	return 0;
}

static int index_mappings(struct sample *s)
{
	const struct items *l = &s->lists[ITEM_MAPPING];

	s->by_id = calloc(l->n ?: 1, sizeof(*s->by_id));
	if (!s->by_id)
		return -ENOMEM;
	for (size_t i = 0; i < l->n; i++)
		s->by_id[i] = &l->items[i];
	qsort(s->by_id, l->n, sizeof(*s->by_id), by_id);
	return 0;
}

/* Adds an item for each kind that a backend served, or one item if it served none. */
static int read_backends(struct items *l, const json_t *backends)
{
	const char *name;
	json_t *b;

	if (items_alloc(l, json_object_size(backends) * IOMAP_KIND_MAX))
		return -ENOMEM;
	json_object_foreach((json_t *)backends, name, b) {
		size_t before = l->n;

		for (int k = 0; k < IOMAP_KIND_MAX; k++) {
			struct item *it = &l->items[l->n];

			read_backend(it, name, b, k);
			if (kinds_sum(&it->counts.maps) || kinds_sum(&it->counts.unmaps) ||
			    it->counts.failed)
				l->n++;
		}
		if (l->n == before)
			read_backend(&l->items[l->n++], name, b, IOMAP_ATOMIC);
	}
	items_index(l);
	return 0;
}

/* Direct and deferred interrupts of each backend, and those of others. */
static int read_ipi(struct items *l, const json_t *ipi)
{
	const json_t *backends = json_object_get(ipi, "backends");
	const char *name;
	json_t *b;

	if (items_alloc(l, 2 * json_object_size(backends) + 1))
		return -ENOMEM;
	if (json_is_true(json_object_get(ipi, "enabled"))) {
		json_object_foreach((json_t *)backends, name, b) {
			read_cost(&l->items[l->n++], name, "direct", b,
				  json_object_get(b, "direct"));
			read_cost(&l->items[l->n++], name, "deferred", b,
				  json_object_get(b, "deferred"));
		}
		read_cost(&l->items[l->n++], "other", NULL, NULL, json_object_get(ipi, "other"));
	}
	items_index(l);
	return 0;
}

int sample_read(struct sample *ret, json_t *root, struct errbuf *err)
{
	const json_t *list = json_object_get(root, "list"), *stats = json_object_get(root, "stats");
	struct sample s = { .status = json_object_get(root, "status"),
			    .violations = json_object_get(root, "violations"),
			    .ipi = json_object_get(root, "ipi") };

	if (!json_is_object(list) || !json_is_object(stats) || !json_is_object(s.status) ||
	    !rec_has(root, "time_ns"))
		return set_error(
			err, -EPROTO,
			"iomapd sent a snapshot that lacks a part: install it and this program "
			"from the same version");
	s.root = json_incref(root);
	s.time_ns = rec_u64(root, "time_ns");
	s.pid = rec_u64(s.status, "pid");
	s.started = rec_u64(s.status, "started_unix");
	s.since = rec_u64(s.status, "counting_since_unix_ns");
	if (read_array(&s.lists[ITEM_MAPPING], json_object_get(list, "mappings"), read_mapping) ||
	    read_array(&s.lists[ITEM_CALLER], json_object_get(stats, "callers"), read_caller) ||
	    read_backends(&s.lists[ITEM_BACKEND], json_object_get(stats, "backends")) ||
	    read_array(&s.lists[ITEM_CPU], json_object_get(stats, "cpus"), read_cpu) ||
	    read_array(&s.lists[ITEM_VIOLATION], json_object_get(s.violations, "violations"),
		       read_violation) ||
	    read_ipi(&s.lists[ITEM_IPI], s.ipi) ||
	    read_array(&s.lists[ITEM_IPI_PAIR], json_object_get(s.ipi, "cpus"), read_pair) ||
	    index_mappings(&s)) {
		sample_free(&s);
		return set_error(err, -ENOMEM, "out of memory");
	}
	*ret = s;
	return 0;
}

void sample_free(struct sample *s)
{
	for (size_t i = 0; i < ITEM_MAX; i++) {
		free(s->lists[i].items);
		free(s->lists[i].by_key);
	}
	free(s->by_id);
	json_decref(s->root);
	*s = (struct sample){};
}

static const struct item *find(struct item **sorted, size_t n, struct item probe,
			       int (*compare)(const void *, const void *))
{
	struct item *p = &probe, **found;

	found = n ? bsearch(&p, sorted, n, sizeof(*sorted), compare) : NULL;
	return found ? *found : NULL;
}

const struct item *sample_find(const struct sample *s, enum item_type type, uint64_t key)
{
	return find(s->lists[type].by_key, s->lists[type].n, (struct item){ .key = key }, by_key);
}

const struct item *sample_mapping(const struct sample *s, uint32_t id)
{
	return find(s->by_id, s->lists[ITEM_MAPPING].n, (struct item){ .mapping_id = id }, by_id);
}
