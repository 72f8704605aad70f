// SPDX-License-Identifier: GPL-2.0-or-later
/* Reading the maps into a model. */
#include <string.h>
#include <time.h>
#include <bpf/bpf.h>

#include "daemon/collector/priv.h"

/* Records are read again until each CPU is between two events, for at most this time. */
#define SPIN_NS 2000000
/*
 * Then they are read once more after a nap: a virtual CPU that was halted in a handler may need our
 * CPU to continue. The nap is short because all clients wait.
 */
#define NAP_US 1000
/* A record that changes while it is copied is read again for at most this time. */
#define TORN_NS 50000000

/* The number of events seen but neither counted nor lost: 0, or 1 within a handler. */
static uint64_t open_events(const struct iomap_cpu *cpu)
{
	uint64_t done = cpu->counted;

	for (int i = 0; i < IOMAP_LOST_MAX; i++)
		done += cpu->lost[i];
	return cpu->seen - done;
}

/* Decides whether to read the records again, perhaps after the nap. */
static bool read_again(bool torn, uint64_t spent_ns, bool *napped)
{
	if (spent_ns < SPIN_NS)
		return true;
	if (torn || *napped)
		return torn && spent_ns < TORN_NS;
	usleep(NAP_US);
	*napped = true;
	return true;
}

/*
 * Takes the new record of a CPU unless the old one was read between two events. Returns true if the
 * record has an open event. *torn: it has more than a handler can have, and is changing.
 */
static bool take_fresh(struct iomap_cpu *cpu, const struct iomap_cpu *fresh, bool *torn)
{
	bool same = cpu->seen == fresh->seen && cpu->counted == fresh->counted;

	if (cpu->seen && !open_events(cpu))
		return false;
	*cpu = *fresh;
	if (open_events(cpu) > 1 && !same)
		*torn = true;
	return open_events(cpu);
}

/*
 * Reads the records of the CPUs, each between two events if possible: a running handler has seen an
 * event that it has not counted yet. Otherwise that event is reported as under way and is left to
 * the next reading. A handler works on one event only.
 */
static int read_cpus(struct collector *c, struct model *m, uint32_t *ret_max_id)
{
	struct iomap_cpu *cpus = c->cpus.records, *fresh = c->cpus.fresh;
	int fd = bpf_map__fd(c->skel->maps.cpus), err;
	bool open, torn, napped = false;
	uint64_t start = now_ns();
	uint32_t zero = 0;

	cpus_read_online(c);
	memset(cpus, 0, c->nr_cpus * sizeof(*cpus));
	do {
		if (bpf_map_lookup_elem(fd, &zero, fresh))
			return -errno;
		open = torn = false;
		for (int i = 0; i < c->nr_cpus; i++)
			open |= take_fresh(&cpus[i], &fresh[i], &torn);
	} while (open && read_again(torn, now_ns() - start, &napped));
	cpus_find_used(c);
	for (int k = 0; k < c->cpus.nr_used; k++) {
		int i = c->cpus.used[k];

		err = model_add_cpu(m, i, &cpus[i], c->cpus.online[i]);
		if (err)
			return err;
		if (open_events(&cpus[i]) == 1) {
			m->seen--;
			m->under_way++;
		}
		if (cpus[i].max_id > *ret_max_id)
			*ret_max_id = cpus[i].max_id;
	}
	return 0;
}

static int add_callers(struct collector *c, struct model *m, uint32_t key, void *value)
{
	const struct iomap_caller_bucket *b = value;
	int err = 0;

	(void)key;
	for (int k = 0; k < c->cpus.nr_used && !err; k++) {
		for (int i = 0; i < IOMAP_CALLER_WAYS && !err; i++)
			err = model_add_caller(m, &b[c->cpus.used[k]].way[i]);
	}
	return err;
}

static int add_hists(struct collector *c, struct model *m, uint32_t key, void *value)
{
	const struct iomap_hist *h = value;

	for (int k = 0; k < c->cpus.nr_used; k++)
		model_add_hist(m, key / IOMAP_KIND_MAX, key % IOMAP_KIND_MAX, &h[c->cpus.used[k]]);
	return 0;
}

bool collector_has_counts(const struct model *m, int backend, int kind)
{
	const struct model_count *t = &m->total[backend][kind];

	return t->maps || t->unmaps || t->failed;
}

/* Reads the hold times of the maps that any CPU has counted. */
static int read_hists(struct collector *c, struct model *m)
{
	size_t size = c->nr_cpus * sizeof(struct iomap_hist);
	int fd = bpf_map__fd(c->skel->maps.hists), err = 0;

	for (int b = 0; b < IOMAP_BACKEND_MAX; b++) {
		for (int k = 0; k < IOMAP_KIND_MAX && !err; k++) {
			uint32_t key = iomap_hist_index(b, k);

			if (collector_has_counts(m, b, k))
				err = collector_each_value(c, m, fd, key, key, size, add_hists);
		}
	}
	return err;
}

static bool any_count(const struct iomap_counters *c, int n)
{
	for (int i = 0; i < n; i++) {
		for (int k = 0; k < IOMAP_KIND_MAX; k++) {
			if (c[i].kind[k].maps || c[i].kind[k].failed)
				return true;
		}
	}
	return false;
}

static int add_mapping(struct collector *c, struct model *m, uint32_t id, void *value)
{
	int fd = bpf_map__fd(c->skel->maps.mappings);
	const struct iomap_counters *all = value;
	struct iomap_counters *used = c->cpus.counters;
	int n = c->cpus.nr_used, err;
	struct model_mapping *mm;
	struct iomap_mapping rec;

	for (int k = 0; k < n; k++)
		used[k] = all[c->cpus.used[k]];
	if (!id) {
		model_add_unattributed(m, used, n, sizeof(*used));
		return 0;
	}
	if (bpf_map_lookup_elem(fd, &id, &rec))
		return -errno;
	if (rec.state == IOMAP_EMPTY && !any_count(used, n))
		return 0;
	err = model_add_mapping(m, id, &rec, used, n, sizeof(*used), &mm);
	if (err)
		return err;
	/* The create event was not seen: take the backend from the maps. */
	for (size_t i = 0; rec.state == IOMAP_EMPTY && i < m->nr_callers; i++) {
		if (m->callers[i].mapping_id == id)
			mm->backend = m->callers[i].backend;
	}
	return 0;
}

static void locate(struct collector *c, struct model_mapping *mm)
{
	struct mapping_meta *meta = &c->mappings.meta[mm->id];
	_cleanup_free_ char *path = NULL;
	const struct symbol *sym;

	if (mm->state == IOMAP_EMPTY)
		return;
	if (meta->gen != mm->gen) {
		free(meta->owner);
		free(meta->module);
		*meta = (struct mapping_meta){ .gen = mm->gen };
	}
	if (!meta->located) {
		path = collector_path(c, "/sys/bus/pci/devices");
		meta->located = true;
		if (!path || pci_find(path, mm->base, &meta->pci))
			meta->pci.bar = -1;
	}
	mm->bar = meta->pci.bar;
	memcpy(mm->device, meta->pci.device, sizeof(mm->device));
	mm->owner = meta->owner;
	mm->module = meta->module;
	if (mm->owner_addr) {
		sym = symbols_get(c->symbols, mm->owner_addr);
		mm->owner = sym ? sym->name : NULL;
		mm->module = sym ? sym->module : NULL;
	}
}

/* Names callers, owners and devices, with one look-up of all new addresses. */
static int name_all(struct collector *c, struct model *m)
{
	size_t most = m->nr_callers + m->nr_mappings + m->ipi.nr_callers;
	_cleanup_free_ uint64_t *ips = calloc(most + 1, sizeof(*ips));
	const struct symbol *sym;
	size_t n = 0;

	if (!ips)
		return -ENOMEM;
	for (size_t i = 0; i < m->nr_callers; i++)
		ips[n++] = m->callers[i].addr;
	for (size_t i = 0; i < m->nr_mappings; i++) {
		if (m->mappings[i].owner_addr)
			ips[n++] = m->mappings[i].owner_addr;
	}
	for (size_t i = 0; i < m->ipi.nr_callers; i++)
		ips[n++] = m->ipi.callers[i].addr;
	/* An address without a name is shown as it is. */
	symbols_resolve(c->symbols, ips, n);
	for (size_t i = 0; i < m->nr_callers; i++) {
		sym = symbols_get(c->symbols, m->callers[i].addr);
		if (!sym)
			return -ENOMEM;
		m->callers[i].name = sym->name;
		m->callers[i].module = sym->module;
	}
	for (size_t i = 0; i < m->ipi.nr_callers; i++) {
		sym = symbols_get(c->symbols, m->ipi.callers[i].addr);
		if (!sym)
			return -ENOMEM;
		m->ipi.callers[i].name = sym->name;
		m->ipi.callers[i].module = sym->module;
	}
	for (size_t i = 0; i < m->nr_mappings; i++)
		locate(c, &m->mappings[i]);
	return 0;
}

static void add_head(const struct collector *c, struct model *m)
{
	m->time_ns = now_ns();
	m->started_unix = c->started_unix_ns / 1000000000;
	m->pid = getpid();
	m->version = IOMAP_VERSION;
	m->timing = c->opts.timing;
	m->source = c->opts.source;
	m->adopted = c->mappings.adopted;
	m->since_unix_ns = c->takeover.persistent->since_unix_ns;
	m->starts = c->takeover.persistent->starts;
	m->notes = (const char *const *)c->takeover.notes;
	m->nr_notes = c->takeover.nr_notes;
	snprintf(m->release, sizeof(m->release), "%s", c->uts.release);
	snprintf(m->machine, sizeof(m->machine), "%s", c->uts.machine);
	memcpy(m->backend_present, c->mappings.in_force, sizeof(m->backend_present));
}

int collector_sample(struct collector *c, struct model *m)
{
	const struct iomap_bpf *s = c->skel;
	uint32_t max_id = c->mappings.adopted_max_id;
	int err;

	add_head(c, m);
	err = canary_check(c);
	if (!err)
		err = stock_check(c);
	if (!err)
		err = hooks_report(c, m);
	if (!err)
		err = stock_read(c);
	if (!err)
		err = read_cpus(c, m, &max_id);
	if (!err)
		err = stock_add_misses(c, m);
	if (!err)
		err = hooks_add_misses(c, m);
	if (!err)
		err = collector_each_value(c, m, bpf_map__fd(s->maps.callers), 0,
					   bpf_map__max_entries(s->maps.callers) - 1,
					   c->nr_cpus * sizeof(struct iomap_caller_bucket),
					   add_callers);
	if (!err)
		err = read_hists(c, m);
	/* An id without a create event is in the records of callers only. */
	for (size_t i = 0; i < m->nr_callers; i++) {
		if (m->callers[i].mapping_id > max_id && m->callers[i].mapping_id < c->nr_ids)
			max_id = m->callers[i].mapping_id;
	}
	if (!err)
		err = collector_each_value(c, m, bpf_map__fd(s->maps.counters), 0, max_id,
					   c->nr_cpus * sizeof(struct iomap_counters), add_mapping);
	if (!err)
		err = ipi_read(c, m);
	if (err)
		return err;
	model_finish(m);
	err = name_all(c, m);
	return err ?: sites_report(c, m);
}
