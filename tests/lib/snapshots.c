// SPDX-License-Identifier: GPL-2.0-or-later
#include <string.h>

#include "cli/json.h"
#include "daemon/collector/report.h"
#include "tests/lib/snapshots.h"

/* A call site of the play. */
static const struct site {
	const char *name, *module;
	unsigned int mapping; /* index */
	enum iomap_kind kind;
	double rate; /* a second of full load */
	uint64_t hold, open, failed;
} sites[] = {
	{ "qxl_bo_kmap_atomic_page+0x4f", "qxl", 0, IOMAP_ATOMIC, 5200, 900, 1, 0 },
	{ "qxl_image_init_helper+0x1a2", "qxl", 0, IOMAP_ATOMIC, 310, 2600, 0, 0 },
	{ "test_map_one+0x3c", "test_io_mapping", 1, IOMAP_ATOMIC, 900, 350, 0, 0 },
	{ "test_map_one+0x3c", "test_io_mapping", 1, IOMAP_LOCAL, 450, 4000, 2, 3 },
	{ "test_map_wc+0x58", "test_io_mapping", 1, IOMAP_SLEEPABLE, 120, 180000, 7, 0 },
	{ "ttm_bo_kmap_try+0x91", NULL, 0, IOMAP_SLEEPABLE, 12, 5000000, 3, 0 },
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
	uint64_t maps[IOMAP_KIND_MAX], unmaps[IOMAP_KIND_MAX], live[IOMAP_KIND_MAX],
		failed[IOMAP_KIND_MAX];
	uint64_t holds[IOMAP_KIND_MAX], hold[IOMAP_KIND_MAX], max[IOMAP_KIND_MAX];
};

static struct sums sum_callers(const struct play *p, int mapping)
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
	struct sums s = sum_callers(p, (int)i);
	unsigned int o = i < 2 ? i : 2;
	char base[32], device[32];

	snprintf(base, sizeof(base), "0x%llx",
		 i < 2 ? 0xf4000000ULL + i * 0xa000000ULL : 0x380000000000ULL + i * 0x200000ULL);
	snprintf(device, sizeof(device), "0000:%02x:%02x.0", i / 32, (i + 1) * 2 % 32);
	return json_pack(
		"{s:I, s:s, s:I, s:s, s:s, s:s, s:s, s:i, s:s, s:o, s:o, s:o, s:I, s:o, s:o, s:o}",
		"mapping_id", (json_int_t)(i + (p->first_id ?: 1)), "base", base, "size",
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
				  "mapping_id", (json_int_t)(sites[i].mapping + (p->first_id ?: 1)),
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
		uint64_t maps[IOMAP_KIND_MAX], unmaps[IOMAP_KIND_MAX], parts = n * (n + 1) / 2;

		for (int k = 0; k < IOMAP_KIND_MAX; k++) {
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

static json_t *accounting_json(const struct play *p, const struct sums *s)
{
	json_int_t n = 4;

	for (int k = 0; k < IOMAP_KIND_MAX; k++)
		n += (json_int_t)(s->maps[k] + s->unmaps[k] + s->failed[k]);
	return json_pack("{s:I, s:I, s:{s:I, s:I, s:I}}", "seen",
			 n + (json_int_t)(p->lost + p->unbalanced), "counted", n, "lost",
			 "ring_full", (json_int_t)0, "callers_full", (json_int_t)p->lost,
			 "recursion", (json_int_t)0);
}

static json_t *status_json(const struct play *p, const struct sums *s)
{
	unsigned int mappings = p->empty ? 0 : p->mappings ?: 2;
	json_t *free_hook;

	if (p->hook_missing)
		free_hook = json_pack("{s:s, s:s, s:s}", "name", "io_mapping_free", "state",
				      "missing", "reason", "mappings are never shown as freed");
	else
		free_hook = json_pack("{s:s, s:s, s:n}", "name", "io_mapping_free", "state",
				      "attached", "reason");
	return json_pack(
		"{s:i, s:s, s:{s:s, s:s}, s:[s], s:{s:i, s:i, s:i}, s:[{s:s, s:s, s:n}, o], "
		"s:o, s:I, s:I, s:i}",
		"schema", 2, "version", "0.1", "kernel", "release", "6.12.117", "machine", "x86_64",
		"backends", "linear", "mappings", "live", mappings, "created", mappings + 1,
		"freed", 1, "hooks", "name", "io_mapping_map", "state", "attached", "reason",
		free_hook, "accounting", accounting_json(p, s), "started_unix",
		(json_int_t)1700000000, "counting_since_unix_ns", (json_int_t)p->since, "pid",
		p->pid ?: 4242);
}

/* A place of the play; what is 0 or NULL is not known. */
static const struct place {
	const char *rule, *comm, *kind, *caller, *module, *offender;
	json_int_t id, held, offset, asked; /* offset, asked: bytes; both or none */
	json_int_t count, first;	    /* first: seconds on the daemon's clock */
	double rate;
	const char *stack[8], *map_stack[4];
} places[] = {
	{
		.rule = "sleep-in-atomic",
		.comm = "Xorg",
		.kind = "atomic",
		.caller = "qxl_bo_kmap_atomic_page+0x4f",
		.module = "qxl",
		.id = 1,
		.held = 1234567,
		.count = 3,
		.first = 145,
		.rate = 0.5,
		.stack = { "schedule+0x2d", "schedule_timeout+0x91", "msleep+0x2e",
			   "qxl_bo_kmap_atomic_page+0x1b3 [qxl]", "qxl_draw_dirty_fb+0x2f0 [qxl]",
			   "qxl_primary_atomic_update+0x6c [qxl]", "drm_atomic_commit+0x84" },
	},
	{
		.rule = "offset-range",
		.comm = "modprobe",
		.kind = "local",
		.caller = "test_map_one+0x3c",
		.module = "test_io_mapping",
		.offender = "test_map_one+0x3c",
		.id = 2,
		.offset = 0x100000,
		.asked = 4096,
		.count = 2,
		.first = 208,
		.stack = { "test_map_one+0x3c [test_io_mapping]", "do_init_module+0x60" },
		.map_stack = { "test_map_one+0x3c [test_io_mapping]",
			       "test_io_mapping_probe+0x1f0 [test_io_mapping]",
			       "do_init_module+0x60" },
	},
	{
		.rule = "leak",
		.comm = "\033[2J\a\xc2\x9b", /* whoever is named so wants to clear the screen */
		.kind = "sleepable",
		.caller = "test_map_wc+0x58",
		.module = "test_io_mapping",
		.id = 2,
		.held = 98765432100,
		.count = 1,
		.first = 1,
		.stack = { "io_mapping_free+0x20",
			   "test_io_mapping_remove+0x44 [test_io_mapping]" },
	},
	{
		.rule = "unmap-unknown",
		.comm = "kworker/2:1",
		.kind = "atomic",
		.count = 1,
		.first = 217,
	},
};

static json_t *frames_json(const char *const *frames, size_t max)
{
	json_t *a = json_array();

	for (size_t i = 0; i < max && frames[i]; i++)
		json_array_append_new(a, json_string(frames[i]));
	return a;
}

/* A figure that is null where it is not known. */
static json_t *known(json_int_t v, bool is_known)
{
	return is_known ? json_integer(v) : json_null();
}

static json_t *site_json(const struct play *p, unsigned int i)
{
	const struct place *v = &places[i < 4 ? i : 1];
	json_int_t first = v->first * 1000000000 + (i < 4 ? 0 : i);
	const struct model_violation violation = {
		.rule = rule_from_name(v->rule),
		.offender = v->offender,
		.offender_module = v->offender ? v->module : NULL,
		.offset = v->offset,
		.map_size = v->asked,
		.size = 1 << 20,
	};
	char text[VIOLATION_TEXT_MAX];
	json_t *o =
		json_pack("{s:s, s:I, s:I, s:I, s:o, s:s?, s:o, s:s, s:s, s:i, s:s, s:i}", "rule",
			  v->rule, "count", v->count + (json_int_t)(v->rate * p->work), "time_ns",
			  first, "time_unix_ns", (json_int_t)1700000000000000000, "mapping_id",
			  known(v->id, v->id), "base", v->id ? "0xf4000000" : NULL, "size",
			  known(1 << 20, v->id), "backend", "linear", "kind", v->kind, "pid",
			  512 + (int)i, "comm", v->comm, "cpu", (int)i % 4);

	json_object_update_new(
		o, json_pack("{s:s?, s:s?, s:s?, s:s?, s:o, s:o, s:o, s:s?, s:o, s:o}", "caller",
			     v->caller, "module", v->module, "offender", v->offender,
			     "offender_module", v->offender ? v->module : NULL, "held_ns",
			     known(v->held, v->held), "offset", known(v->offset, v->asked),
			     "map_size", known(v->asked, v->asked), "leaked_at",
			     strcmp(v->rule, "leak") ? NULL : "free", "stack",
			     frames_json(v->stack, 8), "map_stack",
			     v->map_stack[0] ? frames_json(v->map_stack, 4) : json_null()));
	json_object_set_new(o, "text", json_string(violation_text(&violation, text)));
	return o;
}

static json_t *rule_json(const struct play *p, const char *rule, const json_t *list)
{
	const char *state = "checked", *gap = NULL;
	json_int_t n = 0;
	json_t *v;
	size_t i;

	json_array_foreach(list, i, v)
		if (!strcmp(rec_text(v, "rule", ""), rule))
			n += (json_int_t)rec_u64(v, "count");
	if (!strcmp(rule, "hold-time"))
		state = "off";
	if (!strcmp(rule, "may-sleep-in-atomic") && p->rule_missing) {
		state = "missing";
		gap = "this kernel has no __might_resched to probe";
	}
	return json_pack("{s:s, s:s?, s:I}", "state", state, "reason", gap, "count", n);
}

static json_t *violations_json(const struct play *p)
{
	static const char *const names[] = {
		"sleep-in-atomic", "may-sleep-in-atomic", "unmap-order",
		"unmap-kind",	   "unmap-unknown",	  "offset-range",
		"offset-align",	   "use-after-free",	  "leak",
		"hold-time",
	};
	json_t *list = json_array(), *rules = json_object();
	static const uint64_t undecided[IOMAP_KIND_MAX];

	for (unsigned int i = 0; i < p->places; i++)
		json_array_append_new(list, site_json(p, i));
	for (size_t i = 0; i < ARRAY_SIZE(names); i++)
		json_object_set_new(rules, names[i], rule_json(p, names[i], list));
	return json_pack("{s:i, s:I, s:o, s:i, s:o, s:o}", "schema", 2, "time_ns",
			 (json_int_t)(p->time * 1e9), "rules", rules, "unlisted", 0, "undecided",
			 kinds_json(undecided), "violations", list);
}

static json_t *cost_json(const struct play *p, double ipis, double wait)
{
	return json_pack("{s:f, s:f, s:f, s:I, s:o}", "broadcasts", ipis / 3, "ipis", ipis, "calls",
			 ipis, "wait_ns", (json_int_t)wait, "stolen_ns",
			 p->ipi_gap ? json_null() : json_integer((json_int_t)(wait / 2)));
}

static json_t *times_json(json_int_t p50)
{
	return json_pack("{s:i, s:I, s:I, s:I, s:I}", "count", 10, "sum", 10 * p50, "p50", p50,
			 "p99", 3 * p50, "max", 4 * p50);
}

/* The ioremap backend, and who interrupts whom: CPU 0 most of all, CPU 2 nobody. */
static json_t *ipi_json(const struct play *p)
{
	static const int sends[4][4] = {
		{ 0, 40, 12, 7 }, { 9, 0, 3, 1 }, { 0, 0, 0, 0 }, { 20, 5, 1, 0 }
	};
	json_t *pairs = json_array(), *gaps = json_object();

	for (int i = 0; i < 16; i++) {
		json_int_t n = (json_int_t)(sends[i / 4][i % 4] * p->work);

		if (sends[i / 4][i % 4])
			json_array_append_new(pairs, json_pack("{s:i, s:i, s:I, s:I, s:I}",
							       "sender", i / 4, "target", i % 4,
							       "direct", (json_int_t)0, "flushes",
							       n / 4, "other", n - n / 4));
	}
	if (p->ipi_gap)
		json_object_set_new(gaps, "stolen", json_string("no hook"));
	return json_pack("{s:i, s:b, s:o, s:{s:{s:I, s:o, s:o, s:i, s:o, s:o}}, s:o, s:o}",
			 "schema", 2, "enabled", 1, "missing", gaps, "backends", "ioremap", "maps",
			 (json_int_t)(2000 * p->work), "direct", cost_json(p, 0, 0), "deferred",
			 cost_json(p, 2.25 * p->work, 31e4 * p->work), "pending", 321, "map_ns",
			 times_json(8191), "unmap_ns", times_json(5119), "other",
			 cost_json(p, 95.75 * p->work, 7e6 * p->work), "cpus", pairs);
}

json_t *play_snapshot(const struct play *p)
{
	struct sums s = sum_callers(p, -1);
	json_t *mappings = json_array(), *backend, *backends, *snapshot;

	for (unsigned int i = 0; i < (p->empty ? 0 : p->mappings ?: 2); i++)
		json_array_append_new(mappings, mapping_json(p, i));
	backend = json_pack("{s:o, s:o, s:o, s:o, s:{s:o, s:o, s:o}}", "maps", kinds_json(s.maps),
			    "unmaps", kinds_json(s.unmaps), "live", kinds_json(s.live), "failed",
			    kinds_json(s.failed), "hold_ns", "atomic", hold_json(&s, 0), "local",
			    hold_json(&s, 1), "sleepable", hold_json(&s, 2));
	backends = json_pack("{s:o}", "linear", backend);
	snapshot = json_pack("{s:i, s:I, s:o, s:{s:o}, s:{s:o, s:o, s:o, s:o}}", "schema", 2,
			     "time_ns", (json_int_t)(p->time * 1e9), "status", status_json(p, &s),
			     "list", "mappings", mappings, "stats", "backends", backends, "callers",
			     callers_json(p), "cpus", cpus_json(p, &s), "accounting",
			     accounting_json(p, &s));
	if (!p->no_rules)
		json_object_set_new(snapshot, "violations", violations_json(p));
	if (p->ipi)
		json_object_set_new(snapshot, "ipi", ipi_json(p));
	return snapshot;
}
