// SPDX-License-Identifier: GPL-2.0-or-later
/* The probes at sites: attaching, what the kernel counts of them, and what they cannot show. */
#include <inttypes.h>
#include <linux/perf_event.h>
#include <string.h>
#include <sys/syscall.h>
#include <bpf/bpf.h>

#include "daemon/collector/priv.h"

/* Readings of the counts until two are equal. */
#define READINGS_MAX 100

/* ---- attaching ---- */

int stock_open(struct collector *c, struct errbuf *e)
{
	probe_events_clear(false);
	c->takeover.persistent->probes = (__u32)getpid();
	return probe_events_open(&c->stock.events, getpid(), true, e);
}

/* Finds the modules that are loaded, and whether they are of the build of their table. */
int stock_find_loaded(struct collector *c, struct errbuf *e)
{
	int fd = bpf_map__fd(c->skel->maps.site_modules);

	for (uint32_t i = 0; i < c->stock.nr_modules; i++) {
		struct iomap_site_module m;
		struct build_id id, table;

		if (bpf_map_lookup_elem(fd, &i, &m))
			return set_error(e, -errno, "cannot read the modules");
		if (m.state != IOMAP_SITE_ABSENT || build_id_of_loaded(c->opts.root, m.name, &id))
			continue;
		table.len = m.build_id_len;
		memcpy(table.bytes, m.build_id, sizeof(table.bytes));
		m.state = build_id_equal(&id, &table) ? IOMAP_SITE_WATCHED : IOMAP_SITE_OTHER;
		if (bpf_map_update_elem(fd, &i, &m, BPF_ANY))
			return set_error(e, -errno, "cannot enter the modules");
	}
	return 0;
}

/* The hook that shows a gap. */
static const char *const gap_hooks[IOMAP_GAP_MAX] = {
	[IOMAP_GAP_MAPS] = "site_map",	    [IOMAP_GAP_UNMAPS] = "site_unmap",
	[IOMAP_GAP_INITS] = "site_init",    [IOMAP_GAP_FREES] = "site_free",
	[IOMAP_GAP_ARGS] = "map_arguments", [IOMAP_GAP_ADDRESS] = "unmap_address",
	[IOMAP_GAP_HALF_MAP] = "half_maps",
};

/* Counts a site that the kernel refused to probe. */
static int count_refused(struct collector *c, int hook, uint32_t nr)
{
	int fd = bpf_map__fd(c->skel->maps.site_modules);
	struct iomap_site_module m;

	if (bpf_map_lookup_elem(fd, &nr, &m))
		return -errno;
	for (int gap = 0; gap <= IOMAP_GAP_FREES; gap++)
		m.gap[gap] += !strcmp(gap_hooks[gap], hook_table[hook].name);
	m.nr_sites--;
	return bpf_map_update_elem(fd, &nr, &m, BPF_ANY);
}

/* Attaches the program to an event of tracefs. Returns 0 or a negative errno. */
static int attach_event(struct collector *c, struct bpf_program *prog, int id, uint32_t cookie)
{
	struct bpf_perf_event_opts opts = { .sz = sizeof(opts), .bpf_cookie = cookie };
	struct perf_event_attr attr = {
		.type = PERF_TYPE_TRACEPOINT,
		.size = sizeof(attr),
		.config = (__u64)id,
		.sample_period = 1,
		.wakeup_events = 1,
	};
	struct bpf_link *link;
	int fd, err;

	fd = (int)syscall(SYS_perf_event_open, &attr, -1, 0, -1, PERF_FLAG_FD_CLOEXEC);
	if (fd < 0)
		return -errno;
	link = bpf_program__attach_perf_event_opts(prog, fd, &opts);
	if (link)
		return hook_add_link(c, link);
	err = -errno;
	close(fd);
	return err;
}

/* Errors that have nothing to do with the site. */
static bool is_fatal(int err)
{
	return err == -EPERM || err == -EACCES || err == -ENOMEM || err == -EMFILE ||
	       err == -ENFILE || err == -EROFS;
}

/* Probes one site. A site that the kernel refuses is a gap and no error. */
static int attach_site(struct collector *c, int hook, uint32_t nr, struct errbuf *e)
{
	const struct stock_site *s = &c->stock.sites[nr];
	const char *module = c->stock.modules[s->module].name;
	struct bpf_program *prog = hook_program(c, &hook_table[hook], 0);
	int err = probe_events_add(&c->stock.events, nr, module, s->site->symbol, s->site->offset);

	if (err > 0) {
		err = attach_event(c, prog, err, nr);
		if (err)
			probe_events_remove(&c->stock.events, nr);
	}
	if (is_fatal(err))
		return set_error(e, err, "cannot probe %s+0x%" PRIx64 " of %s: %s", s->site->symbol,
				 s->site->offset, module, strerror(-err));
	return err < 0 ? count_refused(c, hook, s->module) : 0;
}

int stock_attach(struct collector *c, int hook, struct errbuf *e)
{
	int err = 0;

	if (!strcmp(hook_table[hook].name, "other_unmaps"))
		return hook_set_missing(c, hook, e,
					"unmaps of local and sleepable maps leave no "
					"code in this kernel");
	/* The hook on modules is attached by now: none is loaded without a trace. */
	if (!strcmp(hook_table[hook].name, "site_init"))
		err = stock_find_loaded(c, e);
	for (uint32_t i = 0; i < c->stock.nr_sites && !err; i++) {
		if (stock_hook(c->stock.sites[i].site) == hook)
			err = attach_site(c, hook, i, e);
	}
	return err;
}

/* ---- the kernel's counts of the probes ---- */

/* Adds up the runs of the programs. */
static int read_hits(struct collector *c, uint64_t *ret)
{
	_cleanup_free_ struct iomap_site_cpu *cpus = calloc(c->nr_cpus, sizeof(*cpus));
	uint32_t zero = 0;

	if (!cpus)
		return -ENOMEM;
	if (bpf_map_lookup_elem(bpf_map__fd(c->skel->maps.site_cpus), &zero, cpus))
		return -errno;
	*ret = 0;
	for (int i = 0; i < c->nr_cpus; i++)
		*ret += cpus[i].hits;
	return 0;
}

int stock_read(struct collector *c)
{
	struct stock *s = &c->stock;
	_cleanup_free_ struct probe_counts *now = NULL;
	int err;

	if (s->events.profile < 0)
		return 0;
	now = calloc(s->nr_sites + 1, sizeof(*now));
	if (!now)
		return -ENOMEM;
	err = probe_events_counts(&s->events, now, s->nr_sites);
	if (err)
		return err;
	s->seen = 0;
	for (size_t i = 0; i < s->nr_sites; i++) {
		s->seen += now[i].hits + now[i].missed;
		/* When a module is loaded again, the kernel counts misses from 0. */
		if (now[i].missed < s->counts[i].missed)
			c->takeover.persistent->probes_base -= s->counts[i].missed;
		s->counts[i] = now[i];
	}
	return 0;
}

int stock_begin(struct collector *c, struct errbuf *e)
{
	uint64_t before = 0, after = 1;
	int err = 0;

	if (c->opts.source != IOMAP_SOURCE_SITES || c->opts.no_attach)
		return 0;
	c->stock.counts = calloc(c->stock.nr_sites + 1, sizeof(*c->stock.counts));
	if (!c->stock.counts)
		return set_error(e, -ENOMEM, "out of memory");
	/* Probes are reached meanwhile. */
	for (int i = 0; i < READINGS_MAX && before != after && !err; i++) {
		err = read_hits(c, &before);
		if (!err)
			err = stock_read(c);
		if (!err)
			err = read_hits(c, &after);
	}
	c->takeover.persistent->probes_base = c->stock.seen - after;
	return err ? set_error(e, err, "cannot read the counts of the probes: %s", strerror(-err))
		   : 0;
}

int stock_go_on(struct collector *c, struct errbuf *e)
{
	struct stock *s = &c->stock;
	int fd = bpf_map__fd(c->skel->maps.site_modules), err;
	struct iomap_site_module m;

	if (c->opts.source != IOMAP_SOURCE_SITES)
		return 0;
	for (uint32_t i = 0; i < IOMAP_SITE_MODULES; i++) {
		if (bpf_map_lookup_elem(fd, &i, &m) || !m.build_id_len)
			break;
		s->modules[s->nr_modules++] = m;
	}
	s->nr_sites = bpf_map__max_entries(c->skel->maps.sites);
	s->counts = calloc(s->nr_sites + 1, sizeof(*s->counts));
	if (!s->counts)
		return set_error(e, -ENOMEM, "out of memory");
	err = probe_events_open(&s->events, (pid_t)c->takeover.persistent->probes, false, e);
	if (err)
		return err;
	err = stock_read(c);
	return err ? set_error(e, err, "cannot read the counts of the probes: %s", strerror(-err))
		   : 0;
}

int stock_add_misses(struct collector *c, struct model *m)
{
	struct stock *s = &c->stock;
	uint64_t hits, skipped;
	int err;

	if (s->events.profile < 0)
		return 0;
	err = read_hits(c, &hits);
	if (err)
		return err;
	/* Events since stock_read() make it too low, so the highest result is the best one. */
	skipped = s->seen - c->takeover.persistent->probes_base - hits;
	if (!(skipped >> 63) && skipped > s->lost)
		s->lost = skipped;
	m->seen += s->lost;
	m->lost[IOMAP_LOST_RECURSION] += s->lost;
	return 0;
}

/* ---- gaps ---- */

static bool is_loaded(const struct iomap_site_module *m)
{
	return m->state != IOMAP_SITE_ABSENT;
}

/* Writes what a hook lacks. Returns false if it lacks nothing. */
static bool write_gap(const struct stock *s, enum iomap_site_gap gap, FILE *f)
{
	const char *comma = ": ";
	bool any = false;

	for (size_t i = 0; i < s->nr_modules; i++) {
		const struct iomap_site_module *m = &s->modules[i];
		bool other = gap == IOMAP_GAP_MAPS && m->state != IOMAP_SITE_WATCHED;

		if (!is_loaded(m) || (!other && !m->gap[gap]))
			continue;
		if (other && m->state == IOMAP_SITE_UNCHECKED)
			fprintf(f, "%s%s is not watched, as this kernel hides its build-id", comma,
				m->name);
		else if (other)
			fprintf(f, "%s%s is not watched, as its table is for another build", comma,
				m->name);
		else
			fprintf(f, "%s%u site%s of %s", comma, m->gap[gap],
				m->gap[gap] > 1 ? "s" : "", m->name);
		comma = ", ";
		any = true;
	}
	return any;
}

/* Keeps the sentence until stock_free(). */
static int set_gap(struct stock *s, int hook, char *text)
{
	char **texts;

	if (s->gap[hook] && !strcmp(s->gap[hook], text)) {
		free(text);
		return 0;
	}
	texts = reallocarray(s->texts, s->nr_texts + 1, sizeof(*texts));
	if (!texts) {
		free(text);
		return -ENOMEM;
	}
	s->texts = texts;
	texts[s->nr_texts++] = text;
	s->gap[hook] = text;
	return 0;
}

static int check_gap(struct stock *s, enum iomap_site_gap gap)
{
	int hook = hook_find(gap_hooks[gap]);
	char *text = NULL;
	size_t size;
	FILE *f = open_memstream(&text, &size);
	bool any;

	if (!f)
		return -ENOMEM;
	fputs(hook_table[hook].cost, f);
	any = write_gap(s, gap, f);
	if (fclose(f)) {
		free(text);
		return -ENOMEM;
	}
	if (any)
		return set_gap(s, hook, text);
	free(text);
	s->gap[hook] = NULL;
	return 0;
}

int stock_check(struct collector *c)
{
	int fd = bpf_map__fd(c->skel->maps.site_modules), err = 0;
	struct stock *s = &c->stock;

	if (c->opts.source != IOMAP_SOURCE_SITES)
		return 0;
	for (uint32_t i = 0; i < s->nr_modules; i++) {
		if (bpf_map_lookup_elem(fd, &i, &s->modules[i]))
			return -errno;
	}
	for (int gap = 0; gap < IOMAP_GAP_MAX && !err; gap++)
		err = check_gap(s, gap);
	return err;
}

/* ---- the end ---- */

void stock_free(struct collector *c)
{
	struct stock *s = &c->stock;

	/* Pinned probes go on. The links of others are gone by now. */
	for (uint32_t i = 0; i < s->nr_sites && s->events.fd >= 0 && !c->takeover.pinned; i++)
		probe_events_remove(&s->events, i);
	probe_events_close(&s->events);
	for (size_t i = 0; i < s->nr_texts; i++)
		free(s->texts[i]);
	free(s->texts);
	free(s->counts);
	free(s->sites);
	site_files_free(&s->files);
}
