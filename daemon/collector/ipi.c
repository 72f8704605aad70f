// SPDX-License-Identifier: GPL-2.0-or-later
/* Interrupts between CPUs: which hooks tell of them, and reading what was counted. */
#include <string.h>
#include <bpf/bpf.h>

#include "daemon/collector/priv.h"

#define NO_LEVELS                                                                                \
	"interrupts that maps and unmaps cause are counted as other: this kernel does not tell " \
	"where its preempt counts are (CONFIG_KALLSYMS_ALL)"

enum attach {
	TRACEPOINT,
	ENTRY,
	RETURN,
};

/* What a hook is, and what is not known without it. */
struct hook {
	int hook;
	size_t prog; /* offset in struct iomap_bpf */
	enum attach attach;
	const char *on;
	unsigned int figures; /* bits of enum ipi_figure */
};

#define PROG(name)    offsetof(struct iomap_bpf, progs.name)
#define NEEDS(figure) (1U << IPI_##figure)

/*
 * In the order in which they are attached: what ends something comes before what begins it, so that
 * nothing stays open.
 */
static const struct hook hooks[] = {
	{ HOOK_UNMAP_DONE, PROG(iomap_unmap_done), TRACEPOINT, "io_mapping_unmap_done",
	  NEEDS(DIRECT) },
	{ HOOK_MAP_START, PROG(iomap_map_start), TRACEPOINT, "io_mapping_map_start",
	  NEEDS(DIRECT) },
	{ HOOK_PURGED, PROG(iomap_ipi_purged), TRACEPOINT, "purge_vmap_area_lazy",
	  NEEDS(DEFERRED) },
	{ HOOK_PURGE, PROG(iomap_ipi_purge), ENTRY, "__purge_vmap_area_lazy", NEEDS(DEFERRED) },
	{ HOOK_RANGE, PROG(iomap_ipi_range), TRACEPOINT, "free_vmap_area_noflush",
	  NEEDS(DEFERRED) },
	{ HOOK_RESERVE, PROG(iomap_ipi_reserve_done), RETURN, "reserve_flush", NEEDS(DEFERRED) },
	{ HOOK_RESERVE, PROG(iomap_ipi_reserve), ENTRY, "reserve_flush", NEEDS(DEFERRED) },
	{ HOOK_BROADCAST, PROG(iomap_ipi_broadcast_done), RETURN, "smp_call_function_many_cond",
	  NEEDS(WAIT) | NEEDS(STOLEN) },
	{ HOOK_BROADCAST, PROG(iomap_ipi_broadcast), ENTRY, "smp_call_function_many_cond",
	  NEEDS(WAIT) | NEEDS(STOLEN) },
	{ HOOK_FUNC, PROG(iomap_ipi_func_done), TRACEPOINT, "csd_function_exit", NEEDS(STOLEN) },
	{ HOOK_FUNC, PROG(iomap_ipi_func), TRACEPOINT, "csd_function_entry", NEEDS(STOLEN) },
	{ HOOK_CALL, PROG(iomap_ipi_queue), TRACEPOINT, "csd_queue_cpu",
	  NEEDS(CALLS) | NEEDS(STOLEN) },
	{ HOOK_IRQ, PROG(iomap_ipi_got_call), TRACEPOINT, "call_function_entry", NEEDS(RECEIVED) },
	{ HOOK_IRQ, PROG(iomap_ipi_got_call), TRACEPOINT, "call_function_single_entry",
	  NEEDS(RECEIVED) },
	{ HOOK_IRQ, PROG(iomap_ipi_got_resched), TRACEPOINT, "reschedule_entry", NEEDS(RECEIVED) },
	{ HOOK_IRQ, PROG(iomap_ipi_got_irq_work), TRACEPOINT, "irq_work_entry", NEEDS(RECEIVED) },
	{ HOOK_SEND_MASK, PROG(iomap_ipi_send_cpumask), TRACEPOINT, "ipi_send_cpumask",
	  NEEDS(IPIS) },
	{ HOOK_SEND, PROG(iomap_ipi_send_cpu), TRACEPOINT, "ipi_send_cpu", NEEDS(IPIS) },
};

static const char *const costs[HOOK_MAX] = {
	[HOOK_UNMAP_DONE] = "interrupts that unmaps send are counted as other",
	[HOOK_MAP_START] = "interrupts that maps send are counted as other",
	[HOOK_PURGED] = "flushes that unmaps put off are not charged to them",
	[HOOK_PURGE] = "flushes that unmaps put off are not charged to them",
	[HOOK_RANGE] = "flushes that unmaps put off are not charged to them",
	[HOOK_RESERVE] = "flushes of the ioremap backend's reserve are not charged to anybody",
	[HOOK_BROADCAST] = "broadcasts are not counted, and how long they take is not known",
	[HOOK_FUNC] = "what interrupted CPUs lose is not known",
	[HOOK_CALL] = "functions queued for other CPUs are not counted, nor what these lose",
	[HOOK_IRQ] = "interrupts received are not counted",
	[HOOK_SEND_MASK] = "interrupts sent are not counted",
	[HOOK_SEND] = "interrupts sent are not counted",
};

int collector_hook(const char *name)
{
	for (int i = HOOK_UNMAP_DONE; i <= HOOK_SEND; i++) {
		if (!strcmp(name, collector_hook_names[i]))
			return i;
	}
	return -EINVAL;
}

static bool hidden(const struct collector *c, int hook)
{
	return c->opts.hidden & 1ULL << hook;
}

static struct bpf_program *program(const struct collector *c, const struct hook *h)
{
	return *(struct bpf_program **)((char *)c->skel + h->prog);
}

/* Where the kernel keeps what a CPU is at. */
static void find_preempt_count(struct collector *c)
{
	static const char *const names[] = { "__per_cpu_offset", "pcpu_hot", "__preempt_count" };
	struct iomap_bpf__rodata *ro = c->skel->rodata;
	uint64_t addr[ARRAY_SIZE(names)];

	ro->cfg_always_task = c->opts.no_attach;
	if (c->opts.no_attach || symbols_find_data(c->symbols, names, ARRAY_SIZE(names), addr))
		return;
	if (addr[0] && (addr[1] || addr[2])) {
		ro->cfg_per_cpu_offset = addr[0];
		ro->cfg_pcpu_hot = addr[1] != 0;
		ro->cfg_preempt_count = addr[1] ?: addr[2];
		ro->cfg_long_size = addr[0] > UINT32_MAX ? 8 : 4;
	} else {
		c->missing[HOOK_LEVELS] = strdup(NO_LEVELS);
	}
}

/* Sizes the maps and says what is to be loaded. */
int collector_configure_ipi(struct collector *c)
{
	struct iomap_bpf *s = c->skel;
	uint32_t cpus = c->nr_cpus;
	int err = 0;

	s->rodata->cfg_ipi = c->opts.ipi;
	s->bss->shared.purging.epoch = 1;
	if (c->opts.no_attach)
		s->bss->shared.ipi_hooks = IOMAP_HAS_UNMAP_DONE | IOMAP_HAS_CSD_QUEUE;
	for (size_t i = 0; i < ARRAY_SIZE(hooks); i++) {
		const struct hook *h = &hooks[i];
		bool needed = h->hook != HOOK_RESERVE || c->has_reserve || c->opts.no_attach;

		bpf_program__set_autoload(program(c, h), c->opts.ipi && needed);
		/* A test runs them as if they were on tracepoints. */
		if (c->opts.no_attach)
			bpf_program__set_type(program(c, h), BPF_PROG_TYPE_RAW_TRACEPOINT);
	}
	if (!c->opts.ipi)
		return 0;
	find_preempt_count(c);
	if (cpus <= IOMAP_MATRIX_CPUS)
		err = bpf_map__set_max_entries(s->maps.ipi_matrix, IOMAP_LEVEL_MAX * cpus);
	if (!err)
		err = bpf_map__set_max_entries(s->maps.ipi_stolen, cpus);
	if (!err)
		err = bpf_map__set_max_entries(s->maps.ipi_joins, 16 * cpus);
	if (!err)
		err = bpf_map__set_max_entries(s->maps.ipi_purges, IOMAP_PURGES);
	if (!err)
		err = bpf_map__set_max_entries(s->maps.ipi_callers, IOMAP_IPI_CALLERS);
	return err;
}

/* Attaches one. Returns 0 also when the kernel lacks it: then there is a gap. */
static int attach_one(struct collector *c, const struct hook *h, struct errbuf *e)
{
	bool probe = h->attach != TRACEPOINT;
	struct bpf_link *link = NULL;
	char what[128];
	int err = ENOENT;

	if (c->missing[h->hook])
		return 0;
	if (!hidden(c, h->hook)) {
		link = probe ? bpf_program__attach_kprobe(program(c, h), h->attach == RETURN, h->on)
			     : bpf_program__attach_raw_tracepoint(program(c, h), h->on);
		err = errno;
	}
	if (link && c->nr_probes < ARRAY_SIZE(c->probes)) {
		c->probes[c->nr_probes++] = link;
		return 0;
	}
	bpf_link__destroy(link);
	if (!probe && err != ENOENT)
		return set_error(e, -err, "cannot attach to the tracepoint %s: %s", h->on,
				 strerror(err));
	snprintf(what, sizeof(what),
		 probe ? "the function %s cannot be probed" : "this kernel has no %s tracepoint",
		 h->on);
	if (hidden(c, h->hook))
		snprintf(what, sizeof(what), "it was left out by --without-hook");
	return collector_note_missing(c, h->hook, costs[h->hook], what, e);
}

int collector_attach_ipi(struct collector *c, struct errbuf *e)
{
	struct iomap_shared *shared = &c->skel->bss->shared;
	int err = 0;

	if (!c->opts.ipi)
		return 0;
	for (size_t i = 0; i < ARRAY_SIZE(hooks) && !err; i++) {
		if (hooks[i].hook != HOOK_RESERVE || c->has_reserve)
			err = attach_one(c, &hooks[i], e);
	}
	if (!c->missing[HOOK_UNMAP_DONE])
		shared->ipi_hooks |= IOMAP_HAS_UNMAP_DONE;
	if (!c->missing[HOOK_CALL])
		shared->ipi_hooks |= IOMAP_HAS_CSD_QUEUE;
	return err;
}

bool collector_has_hook(const struct collector *c, int hook)
{
	if (hook < HOOK_UNMAP_DONE || hook > HOOK_SEND)
		return true;
	return c->opts.ipi && (hook != HOOK_RESERVE || c->has_reserve);
}

static void add_gaps(const struct collector *c, struct model_ipi *m)
{
	for (size_t i = 0; i < ARRAY_SIZE(hooks); i++) {
		for (int f = 0; f < IPI_FIGURE_MAX; f++) {
			if (hooks[i].figures & 1U << f && c->missing[hooks[i].hook] &&
			    !m->missing[f])
				m->missing[f] = c->missing[hooks[i].hook];
		}
	}
	if (c->missing[HOOK_LEVELS])
		m->missing[IPI_DIRECT] = m->missing[IPI_DEFERRED] = c->missing[HOOK_LEVELS];
}

static int add_cpus(struct collector *c, struct model *m, uint32_t key, void *value)
{
	const struct iomap_ipi_cpu *v = value;

	(void)key;
	for (int i = 0; i < c->nr_cpus; i++)
		ipi_add_cpu(&m->ipi, &v[i]);
	return 0;
}

static int add_matrix(struct collector *c, struct model *m, uint32_t key, void *value)
{
	const struct iomap_ipi_cell *v = value;
	int err = 0;

	for (int i = 0; i < c->nr_cpus && !err; i++)
		err = ipi_add_cell(&m->ipi, c->nr_cpus, i, key % c->nr_cpus, &v[i]);
	return err;
}

static int add_op_hists(struct collector *c, struct model *m, uint32_t key, void *value)
{
	uint32_t op = key / (IOMAP_BACKEND_MAX * IOMAP_KIND_MAX);
	uint32_t rest = key % (IOMAP_BACKEND_MAX * IOMAP_KIND_MAX);
	const struct iomap_hist *h = value;

	for (int i = 0; i < c->nr_cpus; i++)
		model_add_op_hist(m, op, rest / IOMAP_KIND_MAX, rest % IOMAP_KIND_MAX, &h[i]);
	return 0;
}

static int read_purges(struct collector *c, struct iomap_ipi_purge *purges)
{
	uint32_t n = IOMAP_PURGES, next;
	_cleanup_free_ uint32_t *keys = calloc(IOMAP_PURGES, sizeof(*keys));

	if (!keys)
		return -ENOMEM;
	if (bpf_map_lookup_batch(bpf_map__fd(c->skel->maps.ipi_purges), NULL, &next, keys, purges,
				 &n, NULL) &&
	    errno != ENOENT)
		return -errno;
	return n == IOMAP_PURGES ? 0 : -EIO;
}

/* Sites are only ever added, so that the walk over their keys misses none. */
static int add_callers(struct collector *c, struct model *m)
{
	_cleanup_free_ struct iomap_ipi_purge *purges = calloc(IOMAP_PURGES, sizeof(*purges));
	_cleanup_free_ struct iomap_ipi_caller *sites = calloc(c->nr_cpus, sizeof(*sites));
	int fd = bpf_map__fd(c->skel->maps.ipi_callers), err;
	struct iomap_ipi_caller_key key, *prev = NULL;

	if (!purges || !sites)
		return -ENOMEM;
	err = read_purges(c, purges);
	for (; !err && !bpf_map_get_next_key(fd, prev, &key); prev = &key) {
		if (bpf_map_lookup_elem(fd, &key, sites))
			return -errno;
		for (int i = 0; i < c->nr_cpus && !err; i++)
			err = ipi_add_caller(&m->ipi, &key, &sites[i], purges);
	}
	return err;
}

/* Where it is counted that the kernel passed by a program of that hook. */
static uint64_t *misses_of(struct model_ipi *ipi, int hook)
{
	switch (hook) {
	case HOOK_SEND:
	case HOOK_SEND_MASK:
		return &ipi->missed_sends;
	case HOOK_CALL:
		return &ipi->missed_calls;
	default:
		return &ipi->missed;
	}
}

static int add_missed(struct collector *c, struct model *m)
{
	struct bpf_program *last = NULL;
	int err = 0;

	/* A program that is on two tracepoints is there twice, in a row. */
	for (size_t i = 0; i < ARRAY_SIZE(hooks) && !err; i++) {
		if (program(c, &hooks[i]) != last)
			err = collector_add_misses(c, program(c, &hooks[i]),
						   misses_of(&m->ipi, hooks[i].hook));
		last = program(c, &hooks[i]);
	}
	return err;
}

int collector_read_ipi(struct collector *c, struct model *m)
{
	const struct iomap_bpf *s = c->skel;
	int err;

	if (!c->opts.ipi)
		return 0;
	m->ipi.on = true;
	add_gaps(c, &m->ipi);
	m->ipi.purging = s->bss->shared.purging;
	err = collector_each_value(c, m, bpf_map__fd(s->maps.ipi_cpus), 0, IOMAP_LEVEL_MAX - 1,
				   c->nr_cpus * sizeof(struct iomap_ipi_cpu), add_cpus);
	if (!err && c->nr_cpus <= IOMAP_MATRIX_CPUS)
		err = collector_each_value(c, m, bpf_map__fd(s->maps.ipi_matrix), 0,
					   IOMAP_LEVEL_MAX * c->nr_cpus - 1,
					   c->nr_cpus * sizeof(struct iomap_ipi_cell), add_matrix);
	if (!err)
		err = collector_each_value(c, m, bpf_map__fd(s->maps.op_hists), 0,
					   IOMAP_OP_MAX * IOMAP_BACKEND_MAX * IOMAP_KIND_MAX - 1,
					   c->nr_cpus * sizeof(struct iomap_hist), add_op_hists);
	if (!err)
		err = add_callers(c, m);
	if (!err)
		err = add_missed(c, m);
	ipi_finish(&m->ipi);
	return err;
}
