// SPDX-License-Identifier: GPL-2.0-or-later
/* Interrupts between CPUs: the sizes of the maps, and reading the counts. */
#include <string.h>
#include <bpf/bpf.h>

#include "daemon/collector/priv.h"

/* Finds the address of the preempt count. */
static int find_preempt_count(struct collector *c)
{
	static const char *const names[] = { "__per_cpu_offset", "pcpu_hot", "__preempt_count" };
	struct iomap_bpf__rodata *ro = c->skel->rodata;
	uint64_t addr[ARRAY_SIZE(names)];

	ro->cfg_always_task = c->opts.no_attach;
	if (c->opts.no_attach || symbols_find_data(c->symbols, names, ARRAY_SIZE(names), addr))
		return 0;
	if (!addr[0] || !(addr[1] || addr[2]))
		return hook_set_missing(c, hook_find("preempt_count"), NULL,
					"/proc/kallsyms does not have the address of the preempt "
					"count; it needs CONFIG_KALLSYMS_ALL");
	ro->cfg_per_cpu_offset = addr[0];
	ro->cfg_pcpu_hot = addr[1] != 0;
	ro->cfg_preempt_count = addr[1] ?: addr[2];
	ro->cfg_long_size = addr[0] > UINT32_MAX ? 8 : 4;
	return 0;
}

int ipi_configure(struct collector *c)
{
	struct iomap_bpf *s = c->skel;
	uint32_t cpus = c->nr_cpus;
	int err = 0;

	s->rodata->cfg_ipi = c->opts.ipi;
	s->bss->shared.purging.epoch = 1;
	if (c->opts.no_attach)
		s->bss->shared.ipi_hooks = IOMAP_HAS_UNMAP_DONE | IOMAP_HAS_CSD_QUEUE;
	if (!c->opts.ipi)
		return 0;
	err = find_preempt_count(c);
	if (!err && cpus <= IOMAP_MATRIX_CPUS)
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

static int add_cpus(struct collector *c, struct model *m, uint32_t key, void *value)
{
	const struct iomap_ipi_cpu *v = value;

	(void)key;
	for (int k = 0; k < c->cpus.nr_used; k++)
		ipi_add_cpu(&m->ipi, &v[c->cpus.used[k]]);
	return 0;
}

static int add_matrix(struct collector *c, struct model *m, uint32_t key, void *value)
{
	const struct iomap_ipi_cell *v = value;
	int target = key % c->nr_cpus, err = 0;

	for (int k = 0; k < c->cpus.nr_used && !err; k++) {
		int i = c->cpus.used[k];

		if (c->cpus.online[i] && c->cpus.online[target])
			err = ipi_add_cell(&m->ipi, cpus_end(c), i, target, &v[i]);
		else
			ipi_add_offline(&m->ipi, &v[i]);
	}
	return err;
}

/* Reads the interrupts to CPUs that ever were online. */
static int read_matrix(struct collector *c, struct model *m)
{
	int err = 0;

	for (int level = 0; level < IOMAP_LEVEL_MAX && !err; level++)
		err = collector_each_value(c, m, bpf_map__fd(c->skel->maps.ipi_matrix),
					   level * c->nr_cpus, level * c->nr_cpus + cpus_end(c) - 1,
					   c->nr_cpus * sizeof(struct iomap_ipi_cell), add_matrix);
	return err;
}

static int add_op_hists(struct collector *c, struct model *m, uint32_t key, void *value)
{
	uint32_t op = key / (IOMAP_BACKEND_MAX * IOMAP_KIND_MAX);
	uint32_t rest = key % (IOMAP_BACKEND_MAX * IOMAP_KIND_MAX);
	const struct iomap_hist *h = value;

	for (int k = 0; k < c->cpus.nr_used; k++)
		model_add_op_hist(m, op, rest / IOMAP_KIND_MAX, rest % IOMAP_KIND_MAX,
				  &h[c->cpus.used[k]]);
	return 0;
}

/* Reads the durations of the operations that any CPU has counted. */
static int read_op_hists(struct collector *c, struct model *m)
{
	size_t size = c->nr_cpus * sizeof(struct iomap_hist);
	int fd = bpf_map__fd(c->skel->maps.op_hists), err = 0;

	for (int op = 0; op < IOMAP_OP_MAX; op++) {
		for (int b = 0; b < IOMAP_BACKEND_MAX; b++) {
			for (int k = 0; k < IOMAP_KIND_MAX && !err; k++) {
				uint32_t key = iomap_op_index(op, b, k);

				if (collector_has_counts(m, b, k))
					err = collector_each_value(c, m, fd, key, key, size,
								   add_op_hists);
			}
		}
	}
	return err;
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

/* Callers are never removed, so the walk over the keys misses none. */
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
		for (int k = 0; k < c->cpus.nr_used && !err; k++)
			err = ipi_add_caller(&m->ipi, &key, &sites[c->cpus.used[k]], purges);
	}
	return err;
}

int ipi_read(struct collector *c, struct model *m)
{
	const struct iomap_bpf *s = c->skel;
	int err;

	if (!c->opts.ipi)
		return 0;
	m->ipi.on = true;
	m->ipi.purging = s->bss->shared.purging;
	err = collector_each_value(c, m, bpf_map__fd(s->maps.ipi_cpus), 0, IOMAP_LEVEL_MAX - 1,
				   c->nr_cpus * sizeof(struct iomap_ipi_cpu), add_cpus);
	if (!err && c->nr_cpus <= IOMAP_MATRIX_CPUS)
		err = read_matrix(c, m);
	if (!err)
		err = read_op_hists(c, m);
	if (!err)
		err = add_callers(c, m);
	ipi_finish(&m->ipi);
	return err;
}
