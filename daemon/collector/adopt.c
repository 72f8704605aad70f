// SPDX-License-Identifier: GPL-2.0-or-later
/*
 * The mappings that are older than the programs, from debugfs. Mappings are created and freed
 * meanwhile, so the list is read again until a reading changes nothing.
 */
#include <linux/magic.h>
#include <string.h>
#include <sys/vfs.h>
#include <bpf/bpf.h>

#include "daemon/collector/listed.h"
#include "daemon/collector/priv.h"
#include "daemon/base/names.h"

#define DEBUGFS	 "/sys/kernel/debug"
#define MAPPINGS DEBUGFS "/io_mapping/mappings"
#define BACKEND	 DEBUGFS "/io_mapping/backend"

/* The list must be stable after this many readings. */
#define TRIES 100

/* Takes the owner from the list. */
static int set_owner(struct mapping_meta *meta, const struct listed *l)
{
	free(meta->owner);
	free(meta->module);
	meta->owner = *l->owner ? strdup(l->owner) : NULL;
	meta->module = *l->module ? strdup(l->module) : NULL;
	return (meta->owner || !*l->owner) && (meta->module || !*l->module) ? 0 : -ENOMEM;
}

/* Enters one mapping unless the table has it. Returns 1 when it changed the table. */
static int enter(void *ctx, const struct listed *l)
{
	struct collector *c = ctx;
	int fd = bpf_map__fd(c->skel->maps.mappings);
	struct iomap_mapping m;

	if (!l->id || l->id >= c->nr_ids)
		return 0;
	c->mappings.meta[l->id].listed = true;
	if (bpf_map_lookup_elem(fd, &l->id, &m))
		return -errno;
	if (m.state == IOMAP_LIVE && m.base == l->base && m.size == l->size)
		return 0;
	m.base = l->base;
	m.size = l->size;
	m.owner = 0;
	m.created_ns = 0;
	m.freed_ns = 0;
	m.gen++;
	m.backend = l->backend;
	m.state = IOMAP_LIVE;
	if (bpf_map_update_elem(fd, &l->id, &m, BPF_EXIST))
		return -errno;
	if (!c->mappings.meta[l->id].adopted)
		c->mappings.adopted++;
	c->mappings.meta[l->id].adopted = true;
	c->mappings.meta[l->id].gen = m.gen;
	if (l->id > c->mappings.adopted_max_id)
		c->mappings.adopted_max_id = l->id;
	return set_owner(&c->mappings.meta[l->id], l) ?: 1;
}

/* Marks adopted mappings that left the list as freed. Returns 1 when it changed the table. */
static int drop_missing(struct collector *c)
{
	int fd = bpf_map__fd(c->skel->maps.mappings), changed = 0;
	struct iomap_mapping m;

	for (uint32_t id = 1; id <= c->mappings.adopted_max_id; id++) {
		if (c->mappings.meta[id].listed || !c->mappings.meta[id].adopted ||
		    bpf_map_lookup_elem(fd, &id, &m))
			continue;
		if (m.state != IOMAP_LIVE || m.gen != c->mappings.meta[id].gen)
			continue;
		m.state = IOMAP_FREED;
		if (bpf_map_update_elem(fd, &id, &m, BPF_EXIST))
			return -errno;
		changed = 1;
	}
	return changed;
}

/* Calls fn for each mapping of the list; see listed_each(). */
static int each_listed(struct collector *c, int (*fn)(void *ctx, const struct listed *l))
{
	_cleanup_free_ char *path = collector_path(c, MAPPINGS);

	return path ? listed_each(path, fn, c) : -ENOMEM;
}

/* Reads the list once. Returns 1 when it changed the table, -ENOENT without the file. */
static int read_list(struct collector *c)
{
	int changed, r;

	for (uint32_t id = 0; id < c->nr_ids; id++)
		c->mappings.meta[id].listed = false;
	changed = each_listed(c, enter);
	if (changed < 0)
		return changed;
	r = drop_missing(c);
	return r < 0 ? r : changed | r;
}

/* Reads from debugfs the backend that the kernel uses. */
static void read_backend(struct collector *c)
{
	_cleanup_free_ char *path = collector_path(c, BACKEND);
	_cleanup_fclose_ FILE *f = path ? fopen(path, "re") : NULL;
	char name[32];
	int b;

	if (!f || fscanf(f, "%31s", name) != 1)
		return;
	b = backend_from_name(name);
	if (b >= 0)
		c->mappings.in_force[b] = true;
}

/* Tells whether the kernel lists debugfs as a file system. Without the list it may have it. */
static bool may_have_debugfs(const struct collector *c)
{
	_cleanup_free_ char *path = collector_path(c, "/proc/filesystems"), *line = NULL;
	_cleanup_fclose_ FILE *f = path ? fopen(path, "re") : NULL;
	size_t size = 0;

	while (f && getline(&line, &size, f) >= 0) {
		if (!strcmp(line, "nodev\tdebugfs\n"))
			return true;
	}
	return !f;
}

static int set_missing(struct collector *c, int hook, int err, struct errbuf *e)
{
	_cleanup_free_ char *path = collector_path(c, DEBUGFS);
	const char *why;
	struct statfs fs;

	if (!path)
		return set_error(e, -ENOMEM, "out of memory");
	if (err == -EACCES)
		why = "no permission to read " MAPPINGS "; run iomapd as root";
	else if (!statfs(path, &fs) && (unsigned long)fs.f_type == DEBUGFS_MAGIC)
		why = "this kernel has no " MAPPINGS;
	else if (!may_have_debugfs(c))
		why = "this kernel has no debugfs: it was booted with debugfs=off or "
		      "debugfs=no-mount, or lacks CONFIG_DEBUG_FS";
	else
		why = "debugfs is not mounted at " DEBUGFS "; mount it and restart iomapd";
	return hook_set_missing(c, hook, e, "%s", why);
}

int adopt_start(struct collector *c, int hook, struct errbuf *e)
{
	int r = -EBUSY;

	read_backend(c);
	for (int i = 0; i < TRIES; i++) {
		r = read_list(c);
		if (r <= 0)
			break;
		r = -EBUSY;
	}
	if (r == -ENOENT || r == -EACCES)
		return set_missing(c, hook, r, e);
	return r ? set_error(e, r, "cannot read the kernel's list of mappings: %s", strerror(-r))
		 : 0;
}

/* Finds out whether an earlier collector adopted the mapping. If so, takes its owner. */
static int recognize(void *ctx, const struct listed *l)
{
	struct collector *c = ctx;
	int fd = bpf_map__fd(c->skel->maps.mappings);
	struct mapping_meta *meta;
	struct iomap_mapping m;

	if (!l->id || l->id >= c->nr_ids)
		return 0;
	if (bpf_map_lookup_elem(fd, &l->id, &m))
		return -errno;
	if (m.state != IOMAP_LIVE || m.created_ns || m.base != l->base || m.size != l->size)
		return 0;
	meta = &c->mappings.meta[l->id];
	meta->adopted = true;
	meta->gen = m.gen;
	if (l->id > c->mappings.adopted_max_id)
		c->mappings.adopted_max_id = l->id;
	return set_owner(meta, l);
}

int adopt_again(struct collector *c)
{
	int fd = bpf_map__fd(c->skel->maps.mappings), r;
	struct iomap_mapping m;

	read_backend(c);
	/* Adopted mappings that were freed since are still in the table. */
	for (uint32_t id = 1; id < c->nr_ids; id++) {
		if (!bpf_map_lookup_elem(fd, &id, &m) && m.state != IOMAP_EMPTY && !m.created_ns)
			c->mappings.adopted_max_id = id;
	}
	r = each_listed(c, recognize);
	return r == -ENOENT || r == -EACCES ? 0 : r;
}

uint32_t adopt_alive(const struct collector *c)
{
	int fd = bpf_map__fd(c->skel->maps.mappings);
	struct iomap_mapping m;
	uint32_t n = 0;

	for (uint32_t id = 1; id <= c->mappings.adopted_max_id; id++)
		n += c->mappings.meta[id].adopted && !bpf_map_lookup_elem(fd, &id, &m) &&
		     m.state == IOMAP_LIVE && !m.created_ns;
	return n;
}
