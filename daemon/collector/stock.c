// SPDX-License-Identifier: GPL-2.0-or-later
/* The source of events, and the tables of sites on their way into the maps. */
#include <string.h>
#include <bpf/bpf.h>

#include "daemon/collector/priv.h"

/* ---- the source ---- */

/* One of the tables can be used, now or when its module is loaded. */
static bool any_table(const struct site_files *files)
{
	for (size_t i = 0; i < files->n; i++) {
		if (files->file[i].use == SITE_USE_LOADED || files->file[i].use == SITE_USE_WAITING)
			return true;
	}
	return false;
}

static int read_tables(struct collector *c, struct errbuf *e)
{
	struct site_files *files = &c->stock.files;
	int err = site_files_read(c->opts.root, files);

	if (!err)
		err = site_files_choose(c->opts.root, files);
	for (size_t i = 0; i < files->nr_problems && !err; i++)
		err = takeover_note(c, "%s", files->problems[i]);
	return err ? set_error(e, err, "out of memory") : 0;
}

/* Explains why there is no table. */
static int no_tables(const struct collector *c, struct errbuf *e)
{
	const struct site_files *files = &c->stock.files;

	if (files->nr_problems)
		return set_error(e, -ENOTSUP, "no table of sites can be used: %s",
				 files->problems[0]);
	return set_error(e, -ENOTSUP,
			 "there is no table of sites in /etc/iomap/sites, ~/.cache/iomap/sites or "
			 "/usr/share/iomap/sites; 'iomapctl sites' makes them");
}

int stock_choose(struct collector *c, struct errbuf *e)
{
	bool test = c->opts.no_attach || c->opts.root;
	int err = 0;

	c->stock.events = (struct probe_events){ .fd = -1, .profile = -1 };
	if (c->opts.source != IOMAP_SOURCE_SITES) {
		err = test ? 0 : hooks_check_tracepoints(c, e);
		if (err != -ENOTSUP || c->opts.source == IOMAP_SOURCE_TRACEPOINTS) {
			c->opts.source = IOMAP_SOURCE_TRACEPOINTS;
			return err;
		}
	}
	if (strcmp(c->uts.machine, "x86_64"))
		return err ?: set_error(e, -ENOTSUP, "sites can be probed on x86_64 only");
	if (read_tables(c, e))
		return -ENOMEM;
	if (!any_table(&c->stock.files))
		return err && !c->stock.files.nr_problems ? err : no_tables(c, e);
	c->opts.source = IOMAP_SOURCE_SITES;
	c->opts.tables = c->stock.files.hash;
	return 0;
}

/* ---- the maps ---- */

/* The table of each module that counts: the one in use, or the first one of a wrong build. */
static bool counts(const struct site_files *files, size_t i)
{
	const struct site_file *f = &files->file[i];

	if (f->use != SITE_USE_OTHER)
		return f->use != SITE_USE_OLDER;
	for (size_t k = 0; k < files->n; k++) {
		if (strcmp(files->file[k].table.module, f->table.module))
			continue;
		if (files->file[k].use == SITE_USE_LOADED || k < i)
			return false;
	}
	return true;
}

static struct iomap_site_module *new_module(struct stock *s, const struct site_file *f)
{
	struct iomap_site_module *m = &s->modules[s->nr_modules++];

	memset(m, 0, sizeof(*m));
	snprintf(m->name, sizeof(m->name), "%s", f->table.module);
	memcpy(m->build_id, f->table.build_id.bytes, f->table.build_id.len);
	m->build_id_len = (__u32)f->table.build_id.len;
	m->state = f->use == SITE_USE_OTHER ? IOMAP_SITE_OTHER : IOMAP_SITE_ABSENT;
	return m;
}

static int add_site(struct stock *s, const struct stock_site *site)
{
	struct stock_site *sites = reallocarray(s->sites, s->nr_sites + 1, sizeof(*sites));

	if (!sites)
		return -ENOMEM;
	s->sites = sites;
	sites[s->nr_sites++] = *site;
	return 0;
}

/* Lists the sites of one table that can be probed. */
static int list_sites(struct stock *s, const struct site_file *f)
{
	const uint32_t nr = (uint32_t)s->nr_modules;
	struct iomap_site_module *m = new_module(s, f);
	struct iomap_site unused;
	int err = 0;

	for (size_t i = 0; i < f->table.n && f->use != SITE_USE_OTHER && !err; i++) {
		const struct stock_site site = { .site = &f->table.sites[i], .module = nr };

		if (stock_hook(site.site) < 0 ||
		    stock_translate(&f->table, site.site, &unused, m->gap))
			continue;
		m->nr_sites++;
		err = add_site(s, &site);
	}
	return err;
}

/* Lists the modules and their sites. */
static int list_all(struct collector *c)
{
	struct stock *s = &c->stock;
	int err = 0;

	for (size_t i = 0; i < s->files.n && !err; i++) {
		if (!counts(&s->files, i))
			continue;
		if (s->nr_modules == IOMAP_SITE_MODULES)
			return takeover_note(c,
					     "%s and other modules are not watched: there are "
					     "tables of more than %d modules",
					     s->files.file[i].table.module, IOMAP_SITE_MODULES);
		err = list_sites(s, &s->files.file[i]);
	}
	return err;
}

int stock_configure(struct collector *c)
{
	struct bpf_program *programs[] = {
		c->skel->progs.iomap_site_map,	c->skel->progs.iomap_site_unmap,
		c->skel->progs.iomap_site_init, c->skel->progs.iomap_site_free,
		c->skel->progs.iomap_site_load, c->skel->progs.iomap_site_unload,
	};
	struct iomap_bpf *s = c->skel;
	int err;

	if (c->opts.source != IOMAP_SOURCE_SITES)
		return 0;
	for (size_t i = 0; i < ARRAY_SIZE(programs); i++) {
		bpf_program__set_autoload(programs[i], true);
		/* Tests run all programs as raw tracepoints. */
		if (c->opts.no_attach)
			bpf_program__set_type(programs[i], BPF_PROG_TYPE_RAW_TRACEPOINT);
	}
	s->rodata->cfg_site_test = c->opts.no_attach;
	/* The wrong unmaps that a probe sees may be the fault of a map that it did not see. */
	s->rodata->cfg_rules_off |= IOMAP_RULE(IOMAP_UNMAP_KIND) | IOMAP_RULE(IOMAP_UNMAP_UNKNOWN);
	err = list_all(c);
	if (!err && c->stock.nr_sites)
		err = bpf_map__set_max_entries(s->maps.sites, (__u32)c->stock.nr_sites);
	if (!err)
		err = bpf_map__set_max_entries(s->maps.site_ids, c->nr_ids);
	return err ?: bpf_map__set_max_entries(s->maps.site_objects, c->nr_ids);
}

static const struct site_table *table_of(const struct stock *s, uint32_t module)
{
	for (size_t i = 0; i < s->files.n; i++) {
		if (counts(&s->files, i) && !module--)
			return &s->files.file[i].table;
	}
	return NULL;
}

/* Some inits are not seen, so the address of a freed mapping may have a new one. */
static bool misses_inits(const struct stock *s)
{
	for (size_t i = 0; i < s->nr_modules; i++) {
		if (s->modules[i].gap[IOMAP_GAP_INITS])
			return true;
	}
	return false;
}

static int enter_site(struct collector *c, uint32_t nr)
{
	const struct stock_site *s = &c->stock.sites[nr];
	uint32_t gap[IOMAP_GAP_MAX] = {};
	struct iomap_site site;

	if (stock_translate(table_of(&c->stock, s->module), s->site, &site, gap))
		return -EINVAL;
	site.module = s->module;
	site.forgotten = misses_inits(&c->stock);
	return bpf_map_update_elem(bpf_map__fd(c->skel->maps.sites), &nr, &site, BPF_ANY);
}

static int enter_all(struct collector *c)
{
	int names = bpf_map__fd(c->skel->maps.site_names), err = 0;
	int modules = bpf_map__fd(c->skel->maps.site_modules);

	for (uint32_t i = 0; i < c->stock.nr_sites && !err; i++)
		err = enter_site(c, i);
	for (uint32_t i = 0; i < c->stock.nr_modules && !err; i++) {
		const struct iomap_site_module *m = &c->stock.modules[i];
		struct iomap_site_name name = {};

		snprintf(name.text, sizeof(name.text), "%s", m->name);
		err = bpf_map_update_elem(modules, &i, m, BPF_ANY);
		if (!err)
			err = bpf_map_update_elem(names, &name, &i, BPF_ANY);
	}
	return err;
}

int stock_enter(struct collector *c, struct errbuf *e)
{
	int err;

	if (c->opts.source != IOMAP_SOURCE_SITES)
		return 0;
	err = enter_all(c);
	if (err)
		return set_error(e, err, "cannot enter the sites: %s", strerror(-err));
	return c->opts.no_attach ? stock_find_loaded(c, e) : stock_open(c, e);
}
