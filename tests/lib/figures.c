// SPDX-License-Identifier: GPL-2.0-or-later
#include "tests/lib/figures.h"

#include <string.h>

#include "daemon/collector/report.h"

#define CPUS_DEFAULT 4
#define UNIX_NS	     (1700000000 * NSEC_PER_SEC)

/* A caller: its maps a second of full load, and its typical hold time. */
static const struct caller {
	uint64_t addr;
	const char *name, *module;
	unsigned int mapping; /* index */
	enum iomap_kind kind;
	double rate;
	uint64_t hold_ns, open;
	double failures; /* a second */
} callers[] = {
	{ 0xc0100100, "qxl_bo_kmap_atomic_page+0x4f", "qxl", 0, IOMAP_ATOMIC, 5200, 900, 1, 0 },
	{ 0xc0100200, "qxl_image_init_helper+0x1a2", "qxl", 0, IOMAP_ATOMIC, 310, 2600, 0, 0 },
	{ 0xc0200100, "test_map_one+0x3c", "test_io_mapping", 1, IOMAP_ATOMIC, 900, 350, 0, 0 },
	{ 0xc0200100, "test_map_one+0x3c", "test_io_mapping", 1, IOMAP_LOCAL, 450, 4000, 2, 0.5 },
	{ 0xc0200180, "test_map_wc+0x58", "test_io_mapping", 1, IOMAP_SLEEPABLE, 120, 180000, 7,
	  0 },
	{ 0x81100100, "ttm_bo_kmap_try+0x91", NULL, 0, IOMAP_SLEEPABLE, 12, 5000000, 3, 0 },
};

static uint64_t unmaps_of(const struct figures *f, const struct caller *c)
{
	return (uint64_t)(c->rate * f->work + 0.5);
}

static uint64_t maps_of(const struct figures *f, const struct caller *c)
{
	return unmaps_of(f, c) + c->open;
}

static uint64_t failed_of(const struct figures *f, const struct caller *c)
{
	return (uint64_t)(c->failures * f->work);
}

static uint64_t timed_of(const struct figures *f, const struct caller *c)
{
	return unmaps_of(f, c) / (f->timed ?: 1);
}

static uint32_t id_of(const struct figures *f, unsigned int mapping)
{
	return mapping + (f->first_id ?: 1);
}

static size_t nr_callers(const struct figures *f)
{
	return f->empty ? 0 : ARRAY_SIZE(callers);
}

static int add_callers(struct model *m, const struct figures *f)
{
	for (size_t i = 0; i < nr_callers(f); i++) {
		const struct caller *c = &callers[i];
		struct iomap_caller rec = {
			.caller = c->addr,
			.id = id_of(f, c->mapping),
			.kind = c->kind,
			.backend = IOMAP_LINEAR,
			.modules = 1,
			.maps = maps_of(f, c),
			.failed = failed_of(f, c),
		};
		uint64_t n = timed_of(f, c);
		struct iomap_hist h = { .sum = n * c->hold_ns, .max = n ? c->hold_ns * 8 : 0 };

		/* Most near the middle, some twice as long, one in 128 eight times. */
		h.bucket[iomap_bucket(c->hold_ns * 8)] = n / 128;
		h.bucket[iomap_bucket(c->hold_ns * 2)] += n / 8;
		h.bucket[iomap_bucket(c->hold_ns)] += n - n / 128 - n / 8;
		model_add_hist(m, IOMAP_LINEAR, c->kind, &h);
		if (model_add_caller(m, &rec))
			return -ENOMEM;
	}
	return 0;
}

static void name_callers(struct model *m)
{
	for (size_t i = 0; i < m->nr_callers; i++) {
		for (size_t k = 0; k < ARRAY_SIZE(callers); k++) {
			if (callers[k].addr != m->callers[i].addr)
				continue;
			m->callers[i].name = callers[k].name;
			m->callers[i].module = callers[k].module;
		}
	}
}

/* CPU i of n gets i + 1 parts of a total, and the last CPU the rest too. */
static uint64_t part(uint64_t total, unsigned int i, unsigned int n)
{
	uint64_t parts = (uint64_t)n * (n + 1) / 2, before = (uint64_t)i * (i + 1) / 2;

	return i + 1 < n ? total / parts * (i + 1) : total - total / parts * before;
}

static int add_cpus(struct model *m, const struct figures *f)
{
	unsigned int n = f->cpus ?: CPUS_DEFAULT;

	for (unsigned int cpu = 0; cpu < n; cpu++) {
		struct iomap_cpu c = {};

		for (size_t i = 0; i < nr_callers(f); i++) {
			struct iomap_total *t = &c.total[IOMAP_LINEAR][callers[i].kind];

			t->maps += part(maps_of(f, &callers[i]), cpu, n);
			t->unmaps += part(unmaps_of(f, &callers[i]), cpu, n);
			t->failed += part(failed_of(f, &callers[i]), cpu, n);
		}
		for (int k = 0; k < IOMAP_KIND_MAX; k++)
			c.counted += c.total[IOMAP_LINEAR][k].maps +
				     c.total[IOMAP_LINEAR][k].unmaps +
				     c.total[IOMAP_LINEAR][k].failed;
		if (!cpu && !f->empty) {
			c.created = 3;
			c.freed = 1;
			c.counted += 4;
		}
		if (f->unmatched) {
			c.unmatched[IOMAP_ATOMIC] = cpu;
			c.counted += cpu;
		}
		c.lost[IOMAP_LOST_RING_FULL] = f->ring_full;
		c.lost[IOMAP_LOST_CALLERS_FULL] = part(f->lost, cpu, n);
		c.seen = c.counted + c.lost[IOMAP_LOST_RING_FULL] +
			 c.lost[IOMAP_LOST_CALLERS_FULL] + (cpu ? 0 : f->unbalanced);
		if (model_add_cpu(m, cpu, &c, true))
			return -ENOMEM;
	}
	return 0;
}

static struct iomap_counters counters_of(const struct figures *f, unsigned int mapping)
{
	struct iomap_counters sum = {};

	for (size_t i = 0; i < nr_callers(f); i++) {
		const struct caller *c = &callers[i];
		struct iomap_count *k = &sum.kind[c->kind];

		if (c->mapping != mapping)
			continue;
		k->maps += maps_of(f, c);
		k->unmaps += unmaps_of(f, c);
		k->failed += failed_of(f, c);
		k->hold_count += timed_of(f, c);
		k->hold_sum += timed_of(f, c) * c->hold_ns;
		if (timed_of(f, c) && c->hold_ns * 8 > k->hold_max)
			k->hold_max = c->hold_ns * 8;
	}
	return sum;
}

static int add_mapping(struct model *m, const struct figures *f, unsigned int i, bool freed)
{
	static const char *const owners[] = {
		"qxl_device_init+0x1c8", "test_io_mapping_probe+0xe4",
		"a_driver_with_a_rather_long_function_name_probe+0x1234"
	};
	static const char *const modules[] = { "qxl", "test_io_mapping",
					       "a_driver_with_a_rather_long_name" };
	const struct iomap_mapping rec = {
		.base = freed	? 0xfd000000
			: i < 2 ? 0xf4000000 + i * 0xa000000ULL
				: 0x380000000000 + i * 0x200000ULL,
		.size = freed ? 64 << 10
			: i   ? 1 << 20
			      : 64 << 20,
		.gen = 1,
		.state = freed ? IOMAP_FREED : IOMAP_LIVE,
	};
	struct iomap_counters c = counters_of(f, i);
	unsigned int o = freed ? 0 : i < 2 ? i : 2;
	struct model_mapping *mm;

	if (model_add_mapping(m, id_of(f, i), &rec, &c, 1, sizeof(c), &mm))
		return -ENOMEM;
	mm->owner = !i && f->owner ? f->owner : owners[o];
	mm->module = modules[o];
	mm->bar = freed ? 1 : i ? 2 : 0;
	snprintf(mm->device, sizeof(mm->device), "0000:%02x:%02x.0", (i / 32) & 0xff,
		 freed ? 2 : (i + 1) * 2 % 32);
	return 0;
}

static int add_mappings(struct model *m, const struct figures *f)
{
	unsigned int n = f->mappings ?: f->empty ? 0 : 2;
	int err = 0;

	for (unsigned int i = 0; i < n && !err; i++)
		err = add_mapping(m, f, i, false);
	if (!err && n && !f->mappings)
		err = add_mapping(m, f, n, true);
	return err;
}

#define TEST_DRIVER " [test_io_mapping]"

/* 0 and NULL mean not known. Times are seconds on the clock of iomapd. */
static const struct model_violation sites[FIGURES_SITES] = {
	{
		.rule = IOMAP_SLEEP_IN_ATOMIC,
		.kind = IOMAP_ATOMIC,
		.mapping_id = 1,
		.base = 0xf4000000,
		.size = 64 << 20,
		.held_ns = 1234567,
		.count = 9,
		.time_ns = 145,
		.pid = 512,
		.comm = "Xorg",
		.caller = "qxl_bo_kmap_atomic_page+0x4f",
		.module = "qxl",
		.offender = "msleep+0x2e",
		.stack = { "schedule+0x2d", "schedule_timeout+0x91", "msleep+0x2e",
			   "qxl_bo_kmap_atomic_page+0x1b3 [qxl]", "drm_atomic_commit+0x84" },
		.nr_stack = 5,
	},
	{
		.rule = IOMAP_UNMAP_KIND,
		.kind = IOMAP_LOCAL,
		.mapping_id = 2,
		.base = 0xfe000000,
		.size = 1 << 20,
		.count = 1,
		.time_ns = 200,
		.pid = 613,
		.cpu = 1,
		.comm = "sh",
		.caller = "test_map_one+0x3c",
		.module = "test_io_mapping",
		.offender = "test_unmap_one+0x18",
		.offender_module = "test_io_mapping",
		.stack = { "test_unmap_one+0x18" TEST_DRIVER, "vfs_write+0xf1" },
		.nr_stack = 2,
		.map_stack = { "test_map_one+0x3c" TEST_DRIVER, "control_write+0x92" TEST_DRIVER,
			       "vfs_write+0xf1" },
		.nr_map_stack = 3,
	},
	{
		.rule = IOMAP_OFFSET_RANGE,
		.kind = IOMAP_SLEEPABLE,
		.mapping_id = 2,
		.base = 0xfe000000,
		.size = 1 << 20,
		.offset = 1 << 20,
		.map_size = 4096,
		.count = 7,
		.time_ns = 208,
		.pid = 613,
		.cpu = 3,
		.comm = "sh",
		.caller = "test_map_wc+0x58",
		.module = "test_io_mapping",
		.stack = { "test_map_wc+0x58" TEST_DRIVER, "vfs_write+0xf1" },
		.nr_stack = 2,
	},
	{
		.rule = IOMAP_LEAK,
		.kind = IOMAP_SLEEPABLE,
		.mapping_id = 3,
		.base = 0xfd000000,
		.size = 64 << 10,
		.count = 2,
		.time_ns = 1,
		.held_ns = 98765432100,
		.pid = 700,
		.comm = "\033[2Jevil\377\a", /* wants to clear the screen, and is not UTF-8 */
		.caller = "test_map_wc+0x58",
		.module = "test_io_mapping",
		.stack = { "io_mapping_free+0x20" },
		.nr_stack = 1,
	},
	{
		/* The map is not known. */
		.rule = IOMAP_UNMAP_UNKNOWN,
		.kind = IOMAP_ATOMIC,
		.count = 1,
		.time_ns = 217,
		.pid = 31,
		.cpu = 2,
		.comm = "kworker/2:1",
	},
};

struct model_violation figures_site(const struct figures *f, unsigned int i)
{
	struct model_violation v = sites[i < FIGURES_SITES ? i : 2];

	v.time_ns = f->first_ns ? f->first_ns + i * 1000000 : v.time_ns * NSEC_PER_SEC + i;
	v.time_unix_ns = UNIX_NS + i * 1000000;
	if (!i)
		v.count += (uint64_t)(2 * f->work); /* it goes on, and stays the most frequent */
	if (i >= FIGURES_SITES)
		v.pid += i;
	return v;
}

static int add_violations(struct model *m, const struct figures *f)
{
	static const char missing[] = "this kernel has no __might_resched to probe";

	m->rule_off[IOMAP_HOLD_TIME] = true;
	if (f->rule_missing)
		m->rule_missing[IOMAP_MAY_SLEEP_IN_ATOMIC] = missing;
	for (unsigned int i = 0; i < f->sites; i++) {
		struct model_violation v = figures_site(f, i);

		if (model_add_violation(m, &v))
			return -ENOMEM;
		m->rule_count[v.rule] += v.count;
	}
	if (f->unlisted) {
		m->unlisted = f->unlisted;
		m->rule_count[IOMAP_OFFSET_ALIGN] += f->unlisted;
		m->undecided[IOMAP_ATOMIC] = 4;
	}
	return 0;
}

/* Interrupts from CPU to CPU a second: CPU 0 sends most, CPU 2 none. */
static int add_cells(struct model *m, uint64_t n)
{
	static const uint8_t sends[CPUS_DEFAULT][CPUS_DEFAULT] = {
		{ 0, 106, 12, 7 }, { 9, 0, 3, 1 }, { 0, 0, 0, 0 }, { 20, 5, 9, 0 }
	};
	int err = 0;

	for (unsigned int i = 0; i < CPUS_DEFAULT * CPUS_DEFAULT && !err; i++) {
		unsigned int from = i / CPUS_DEFAULT, to = i % CPUS_DEFAULT;
		struct iomap_ipi_cell cell = { { sends[from][to] * n } };

		if (!from && to == 1) {
			cell.ipis[IOMAP_IPI_OTHER] -= 6 * n;
			cell.ipis[IOMAP_IPI_DIRECT] = cell.ipis[IOMAP_IPI_PURGE] = 3 * n;
		}
		err = ipi_add_cell(&m->ipi, CPUS_DEFAULT, from, to, &cell);
	}
	return err;
}

int figures_add_ipi(struct model *m, double work, bool missing)
{
	const struct iomap_ipi_caller_key key = {
		.caller = 0xc0200200, .id = 2, .kind = IOMAP_SLEEPABLE, .backend = IOMAP_IOREMAP
	};
	uint64_t n = (uint64_t)work;
	struct iomap_ipi_cpu c = {
		.count = {
			[IOMAP_IPI_OTHER] = { .broadcasts = 2 * n,
					      .sends = 90 * n,
					      .ipis = 100 * n,
					      .calls = 110 * n,
					      .wait_ns = 50000 * n,
					      .stolen_ns = 70000 * n },
			[IOMAP_IPI_DIRECT] = { n, n, 3 * n, 3 * n, 9000 * n, 6000 * n },
			[IOMAP_IPI_PURGE] = { n, n, 3 * n, 3 * n, 8000 * n, 4000 * n },
		},
		.sent = { 86 * n, 20 * n },
		.received = { 85 * n, 20 * n },
		.queued = 50 * n + 7,
		.unjoined = missing ? 5 : 0,
	};
	struct iomap_ipi_caller caller = {
		.direct = c.count[IOMAP_IPI_DIRECT],
		.deferred = { .broadcasts = n << (IOMAP_SHARE_BITS - 1),
			      .sends = n << (IOMAP_SHARE_BITS - 1),
			      .ipis = 3 * n << (IOMAP_SHARE_BITS - 1),
			      .calls = 3 * n << (IOMAP_SHARE_BITS - 1),
			      .wait_ns = 4000 * n,
			      .stolen_ns = 2000 * n },
		.queued = 25 * n + 7,
		.open = { { .epoch = 3, .ranges = 7 } },
	};
	struct iomap_hist h = { .sum = 90000, .max = 12000 };
	static struct iomap_ipi_purge purges[IOMAP_PURGES];

	h.bucket[iomap_bucket(9000)] = 10;
	m->ipi.on = true;
	m->backend_present[IOMAP_IOREMAP] = true;
	m->total[IOMAP_IOREMAP][IOMAP_SLEEPABLE].maps = 2000 * n;
	m->total[IOMAP_IOREMAP][IOMAP_SLEEPABLE].unmaps = 2000 * n;
	m->ipi.purging = (struct iomap_ipi_purging){ .epoch = 3, .purges = 2, .ranges = 50 * n };
	if (missing)
		m->ipi.missing[IPI_STOLEN] =
			"what interrupted CPUs lose is not known: this kernel has "
			"no csd_function_entry tracepoint";
	model_add_op_hist(m, IOMAP_OP_MAP, IOMAP_IOREMAP, IOMAP_SLEEPABLE, &h);
	model_add_op_hist(m, IOMAP_OP_UNMAP, IOMAP_IOREMAP, IOMAP_SLEEPABLE, &h);
	ipi_add_cpu(&m->ipi, &c);
	if (ipi_add_caller(&m->ipi, &key, &caller, purges) || add_cells(m, n))
		return -ENOMEM;
	ipi_finish(&m->ipi);
	m->ipi.callers[0].name = "test_map_wc+0x58";
	m->ipi.callers[0].module = "test_io_mapping";
	return 0;
}

static int add_hooks(struct model *m, const struct figures *f)
{
	static const char *const hooks[] = { "io_mapping_create", "io_mapping_free",
					     "io_mapping_unmap", "io_mapping_map" };
	static const char no_free[] = "mappings are never shown as freed: this kernel has no "
				      "io_mapping_free tracepoint";
	static const char no_debugfs[] =
		"base, size and owner of mappings older than iomapd are not known: debugfs is not "
		"mounted at /sys/kernel/debug; mount it and restart iomapd";
	int err = 0;

	for (size_t i = 0; i < ARRAY_SIZE(hooks) && !err; i++)
		err = model_add_hook(m, hooks[i], f->hook_missing && i == 1 ? no_free : NULL);
	if (f->hook_missing)
		m->rule_missing[IOMAP_USE_AFTER_FREE] = m->rule_missing[IOMAP_LEAK] = no_free;
	if (!err && f->no_debugfs) {
		err = model_add_hook(m, "debugfs", no_debugfs);
		m->rule_missing[IOMAP_OFFSET_RANGE] = no_debugfs;
	}
	return err;
}

int figures_fill(struct model *m, const struct figures *f)
{
	int err;

	m->time_ns = (uint64_t)(f->time * 1e9);
	m->version = IOMAP_VERSION;
	m->started_unix = UNIX_NS / NSEC_PER_SEC;
	m->since_unix_ns = f->since;
	m->starts = f->since ? 2 : 0;
	m->pid = f->pid ?: 4242;
	m->timing = f->timed > 1 ? IOMAP_TIMING_SAMPLED : IOMAP_TIMING_ALL;
	m->source = IOMAP_SOURCE_TRACEPOINTS;
	m->backend_present[IOMAP_LINEAR] = true;
	strcpy(m->release, "6.12.117");
	strcpy(m->machine, "x86_64");
	m->may_sleep = (struct model_may_sleep){ "msleep mutex_lock", "__cond_resched", true };
	err = add_hooks(m, f) ?: add_violations(m, f);
	if (!err)
		err = add_cpus(m, f);
	if (!err)
		err = add_callers(m, f);
	if (!err)
		err = add_mappings(m, f);
	if (!err && f->ipi)
		err = figures_add_ipi(m, f->work, f->ipi_missing);
	model_finish(m);
	name_callers(m);
	return err;
}

json_t *figures_snapshot(const struct figures *f)
{
	struct model m = {};
	struct buf out = {};
	json_t *root = NULL;
	struct jsonw w;

	jsonw_init(&w, &out);
	if (!figures_fill(&m, f)) {
		report_snapshot(&w, NULL, &m, f->full);
		if (!out.err)
			root = json_loadb(out.data, out.len, JSON_REJECT_DUPLICATES, NULL);
	}
	if (f->no_rules)
		json_object_del(root, "violations");
	if (!f->ipi)
		json_object_del(root, "ipi");
	buf_free(&out);
	model_free(&m);
	return root;
}
