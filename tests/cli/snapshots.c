// SPDX-License-Identifier: GPL-2.0-or-later
#include "cli/record.h"
#include "tests/cli/snapshots.h"

/* A call site of the play. */
static const struct site {
	const char *name, *module;
	unsigned int mapping; /* index */
	enum map_kind kind;
	double rate; /* a second of full load */
	uint64_t hold, open, failed;
} sites[] = {
	{ "qxl_bo_kmap_atomic_page+0x4f", "qxl", 0, KIND_ATOMIC, 5200, 900, 1, 0 },
	{ "qxl_image_init_helper+0x1a2", "qxl", 0, KIND_ATOMIC, 310, 2600, 0, 0 },
	{ "test_map_one+0x3c", "test_io_mapping", 1, KIND_ATOMIC, 900, 350, 0, 0 },
	{ "test_map_one+0x3c", "test_io_mapping", 1, KIND_LOCAL, 450, 4000, 2, 3 },
	{ "test_map_wc+0x58", "test_io_mapping", 1, KIND_SLEEPABLE, 120, 180000, 7, 0 },
	{ "ttm_bo_kmap_try+0x91", NULL, 0, KIND_SLEEPABLE, 12, 5000000, 3, 0 },
};

static uint64_t site_unmaps(const struct play *p, const struct site *s)
{
	return (uint64_t)(s->rate * p->work + 0.5);
}

static uint64_t site_maps(const struct play *p, const struct site *s)
{
	return site_unmaps(p, s) + s->open;
}

static json_t *kinds_json(const uint64_t *n)
{
	return json_pack("{s:I, s:I, s:I}", "atomic", (json_int_t)n[0], "local", (json_int_t)n[1],
			 "sleepable", (json_int_t)n[2]);
}

/* Everything by kind, of one mapping (@mapping >= 0) or of all. */
struct sums {
	uint64_t maps[KIND_MAX], unmaps[KIND_MAX], live[KIND_MAX], failed[KIND_MAX];
	uint64_t holds[KIND_MAX], hold[KIND_MAX], max[KIND_MAX];
};

static struct sums sum_sites(const struct play *p, int mapping)
{
	struct sums s = {};

	for (size_t i = 0; i < ARRAY_SIZE(sites) && !p->empty; i++) {
		const struct site *st = &sites[i];

		if (mapping >= 0 && (int)st->mapping != mapping)
			continue;
		s.maps[st->kind] += site_maps(p, st);
		s.unmaps[st->kind] += site_unmaps(p, st);
		s.live[st->kind] += st->open;
		s.failed[st->kind] += st->failed;
		s.holds[st->kind] += site_unmaps(p, st) / (p->timed ?: 1);
		s.hold[st->kind] += site_unmaps(p, st) / (p->timed ?: 1) * st->hold;
		if (s.max[st->kind] < 8 * st->hold)
			s.max[st->kind] = 8 * st->hold;
	}
	return s;
}

static json_t *mapping_json(const struct play *p, unsigned int i)
{
	static const char *const owners[] = {
		"qxl_device_init+0x1c8", "test_io_mapping_probe+0xe4",
		"a_driver_with_a_rather_long_function_name_probe+0x1234"
	};
	static const char *const modules[] = { "qxl", "test_io_mapping",
					       "a_driver_with_a_rather_long_name" };
	struct sums s = sum_sites(p, (int)i);
	unsigned int o = i < 2 ? i : 2;
	char base[32], device[32];

	snprintf(base, sizeof(base), "0x%llx",
		 i < 2 ? 0xf4000000ULL + i * 0xa000000ULL : 0x380000000000ULL + i * 0x200000ULL);
	snprintf(device, sizeof(device), "0000:%02x:%02x.0", i / 32, (i + 1) * 2 % 32);
	return json_pack(
		"{s:I, s:s, s:I, s:s, s:s, s:s, s:s, s:i, s:s, s:o, s:o, s:o, s:I, s:o, s:o, s:o}",
		"id", (json_int_t)(i + (p->first_id ?: 1)), "base", base, "size",
		(json_int_t)(i ? 1 << 20 : 64 << 20), "backend", "linear", "owner",
		!i && p->owner ? p->owner : owners[o], "module", modules[o], "device", device,
		"bar", i ? 2 : 0, "state", "live", "maps", kinds_json(s.maps), "unmaps",
		kinds_json(s.unmaps), "live", kinds_json(s.live), "failed",
		(json_int_t)(s.failed[0] + s.failed[1] + s.failed[2]), "hold_count",
		kinds_json(s.holds), "hold_sum_ns", kinds_json(s.hold), "hold_max_ns",
		kinds_json(s.max));
}

static json_t *callers_json(const struct play *p)
{
	json_t *a = json_array();

	for (size_t i = 0; i < ARRAY_SIZE(sites) && !p->empty; i++)
		json_array_append_new(
			a,
			json_pack("{s:s, s:s?, s:s, s:I, s:s, s:I, s:I}", "caller", sites[i].name,
				  "module", sites[i].module, "kind", kind_name(sites[i].kind),
				  "mapping", (json_int_t)(sites[i].mapping + (p->first_id ?: 1)),
				  "backend", "linear", "maps", (json_int_t)site_maps(p, &sites[i]),
				  "failed", (json_int_t)sites[i].failed));
	return a;
}

static json_t *hold_json(const struct sums *s, int k)
{
	json_int_t typical = s->holds[k] ? (json_int_t)(s->hold[k] / s->holds[k]) : 0;

	return json_pack("{s:I, s:I, s:I, s:I, s:I}", "count", (json_int_t)s->holds[k], "sum",
			 (json_int_t)s->hold[k], "p50", typical, "p99", 4 * typical, "max",
			 (json_int_t)s->max[k]);
}

static json_t *cpus_json(const struct play *p, const struct sums *s)
{
	unsigned int n = p->cpus ?: 4;
	json_t *a = json_array();

	/*
	 * The CPUs take 1, 2, 3, … parts of the work; the last one takes what is left over.
	 */
	for (unsigned int cpu = 0; cpu < n; cpu++) {
		uint64_t maps[KIND_MAX], unmaps[KIND_MAX], parts = n * (n + 1) / 2;

		for (int k = 0; k < KIND_MAX; k++) {
			uint64_t before = (uint64_t)cpu * (cpu + 1) / 2, part = cpu + 1;

			maps[k] = cpu + 1 < n ? s->maps[k] / parts * part
					      : s->maps[k] - s->maps[k] / parts * before;
			unmaps[k] = cpu + 1 < n ? s->unmaps[k] / parts * part
						: s->unmaps[k] - s->unmaps[k] / parts * before;
		}
		json_array_append_new(a, json_pack("{s:i, s:o, s:o, s:I}", "cpu", (int)cpu, "maps",
						   kinds_json(maps), "unmaps", kinds_json(unmaps),
						   "failed", (json_int_t)(cpu ? 0 : s->failed[1])));
	}
	return a;
}

static json_t *conservation_json(const struct play *p, const struct sums *s)
{
	json_int_t n = 4;

	for (int k = 0; k < KIND_MAX; k++)
		n += (json_int_t)(s->maps[k] + s->unmaps[k] + s->failed[k]);
	return json_pack("{s:I, s:I, s:{s:I, s:I, s:I}}", "seen",
			 n + (json_int_t)(p->lost + p->unbalanced), "counted", n, "lost",
			 "ring_full", (json_int_t)0, "sites_full", (json_int_t)p->lost, "recursion",
			 (json_int_t)0);
}

static json_t *status_json(const struct play *p, const struct sums *s)
{
	unsigned int mappings = p->empty ? 0 : p->mappings ?: 2;
	json_t *free_hook;

	if (p->hook_missing)
		free_hook = json_pack("{s:s, s:s, s:s}", "name", "io_mapping_free", "state",
				      "missing", "gap", "mappings are never shown as freed");
	else
		free_hook = json_pack("{s:s, s:s, s:n}", "name", "io_mapping_free", "state",
				      "attached", "gap");
	return json_pack(
		"{s:i, s:s, s:{s:s, s:s}, s:[s], s:{s:i, s:i, s:i}, s:[{s:s, s:s, s:n}, o], "
		"s:o, s:I, s:i}",
		"schema", 1, "version", "0.1", "kernel", "release", "6.12.117", "machine", "x86_64",
		"backends", "linear", "mappings", "live", mappings, "created", mappings + 1,
		"freed", 1, "hooks", "name", "io_mapping_map", "state", "attached", "gap",
		free_hook, "conservation", conservation_json(p, s), "started_unix",
		(json_int_t)1700000000, "pid", p->pid ?: 4242);
}

json_t *play_snapshot(const struct play *p)
{
	struct sums s = sum_sites(p, -1);
	json_t *mappings = json_array(), *backend, *backends;

	for (unsigned int i = 0; i < (p->empty ? 0 : p->mappings ?: 2); i++)
		json_array_append_new(mappings, mapping_json(p, i));
	backend = json_pack("{s:o, s:o, s:o, s:o, s:{s:o, s:o, s:o}}", "maps", kinds_json(s.maps),
			    "unmaps", kinds_json(s.unmaps), "live", kinds_json(s.live), "failed",
			    kinds_json(s.failed), "hold_ns", "atomic", hold_json(&s, 0), "local",
			    hold_json(&s, 1), "sleepable", hold_json(&s, 2));
	backends = json_pack("{s:o}", "linear", backend);
	return json_pack("{s:i, s:I, s:o, s:{s:o}, s:{s:o, s:o, s:o, s:o}}", "schema", 1, "time_ns",
			 (json_int_t)(p->time * 1e9), "status", status_json(p, &s), "list",
			 "mappings", mappings, "stats", "backends", backends, "callers",
			 callers_json(p), "cpus", cpus_json(p, &s), "conservation",
			 conservation_json(p, &s));
}
