// SPDX-License-Identifier: GPL-2.0-or-later
/*
 * The pinned set: it stays in the kernel when iomapd ends, and the next iomapd takes it over. A set
 * is made under a temporary name and renamed to its schema when it is complete, so a partial set is
 * never used. The next iomapd does not replace the programs: the kernel cannot replace programs on
 * tracepoints and probes without losing events or counting them twice.
 */
#include <limits.h>
#include <stdarg.h>
#include <string.h>
#include <sys/mman.h>
#include <time.h>
#include <bpf/bpf.h>

#include "build/bpf/schema.h"
#include "daemon/collector/priv.h"

#define FRESH "counters start at zero"

/* The name of our set. A test replaces it in the program, so all uses read it from here. */
static const char *const volatile takeover_schema = IOMAP_PIN_SCHEMA;

int takeover_note(struct collector *c, const char *fmt, ...)
{
	va_list ap;
	char *text;
	int n;

	if (c->takeover.nr_notes == COLLECTOR_NOTES_MAX)
		return 0;
	va_start(ap, fmt);
	n = vasprintf(&text, fmt, ap);
	va_end(ap);
	if (n < 0)
		return -ENOMEM;
	c->takeover.notes[c->takeover.nr_notes++] = text;
	return 0;
}

const char *collector_note(const struct collector *c, size_t i)
{
	return i < c->takeover.nr_notes ? c->takeover.notes[i] : NULL;
}

/* The members of struct collector_options and struct iomap_persistent_options. */
#define EACH_OPTION(from)                                                                     \
	{                                                                                     \
		.max_hold_ns = (from)->max_hold_ns, .hidden = (from)->hidden,                 \
		.max_mappings = (from)->max_mappings, .max_live = (from)->max_live,           \
		.max_callers = (from)->max_callers, .ring_bytes = (from)->ring_bytes,         \
		.timing = (from)->timing, .rules_off = (from)->rules_off, .ipi = (from)->ipi, \
		.map_stacks = (from)->map_stacks, .source = (from)->source,                   \
		.tables = (from)->tables,                                                     \
	}

/* The pinned map has the type of ours. The number of entries depends on the options. */
static bool same_kind(const struct bpf_map *map, int fd)
{
	struct bpf_map_info info = {};
	__u32 len = sizeof(info);

	return !bpf_obj_get_info_by_fd(fd, &info, &len) && info.type == bpf_map__type(map) &&
	       info.key_size == bpf_map__key_size(map) &&
	       info.value_size == bpf_map__value_size(map);
}

/* Takes the maps of the set. Returns 1, or 0 with the reason in why. */
static int take_maps(struct collector *c, char *why, size_t size)
{
	struct bpf_map *map;
	int err;

	bpf_object__for_each_map(map, c->skel->obj)
	{
		_cleanup_close_ int fd =
			pins_get(&c->takeover.pins, takeover_schema, "map", bpf_map__name(map));

		if (fd < 0) {
			snprintf(why, size, "the map %s: %s", bpf_map__name(map), strerror(-fd));
			return 0;
		}
		err = same_kind(map, fd) ? bpf_map__reuse_fd(map, fd) : -EINVAL;
		if (err) {
			snprintf(why, size, "the map %s is another one", bpf_map__name(map));
			return 0;
		}
	}
	return 1;
}

/* Takes the programs. Returns their number. */
static uint32_t take_programs(struct collector *c)
{
	struct bpf_program *prog = NULL;
	uint32_t n = 0;
	size_t i = 0;

	while ((prog = bpf_object__next_program(c->skel->obj, prog))) {
		bpf_program__set_autoload(prog, false);
		if (i == ARRAY_SIZE(c->takeover.progs))
			continue;
		c->takeover.progs[i] = pins_get(&c->takeover.pins, takeover_schema, "prog",
						bpf_program__name(prog));
		n += c->takeover.progs[i++] >= 0;
	}
	return n;
}

/* Checks that the set is complete and has our options. Writes the reason to why if not. */
static bool usable(struct collector *c, const struct iomap_persistent *k, char *why, size_t size)
{
	const struct collector_options o = EACH_OPTION(&k->options);
	char names[128];
	int n;

	if (collector_options_differ(&c->opts, &o, names, sizeof(names))) {
		snprintf(why, size, "it was made with other options (%s)", names);
		return false;
	}
	n = take_programs(c);
	if (n < 0 || (uint32_t)n != k->nr_programs) {
		snprintf(why, size, "%d of its %u programs are there", n, k->nr_programs);
		return false;
	}
	n = pins_count(&c->takeover.pins, takeover_schema, "link");
	if (n < 0 || (uint32_t)n != k->nr_links) {
		snprintf(why, size, "%d of its %u links are there", n, k->nr_links);
		return false;
	}
	return true;
}

/* Takes the facts of the set: missing hooks, and the version of the programs. */
static int take_persistent(struct collector *c)
{
	int err = 0;

	c->mappings.adopted = c->takeover.persistent->adopted;
	c->takeover.persistent->starts++;
	for (size_t i = 0; i < IOMAP_PERSISTENT_HOOKS; i++) {
		const struct iomap_persistent_hook *g = &c->takeover.persistent->missing[i];

		for (int h = 0; h < hooks_nr; h++) {
			/* Each start checks kallsyms itself. */
			if (h == hook_find("kallsyms") || c->hooks.missing[h] ||
			    strncmp(g->hook, hook_table[h].name, sizeof(g->hook)))
				continue;
			c->hooks.missing[h] = strndup(g->missing, sizeof(g->missing));
			if (!c->hooks.missing[h])
				return -ENOMEM;
		}
	}
	if (strncmp(c->takeover.persistent->programs, IOMAP_PROGRAMS,
		    sizeof(c->takeover.persistent->programs)))
		err = takeover_note(c,
				    "the BPF programs are still those of the iomapd %.32s that "
				    "loaded them; 'iomapctl detach' and a start of iomapd "
				    "replace them, and then " FRESH,
				    c->takeover.persistent->version);
	return err;
}

static void drop_skeleton(struct collector *c)
{
	for (size_t i = 0; i < ARRAY_SIZE(c->takeover.progs); i++) {
		if (c->takeover.progs[i] >= 0)
			close(c->takeover.progs[i]);
		c->takeover.progs[i] = -1;
	}
	iomap_bpf__destroy(c->skel);
	c->skel = NULL;
}

/* Opens the set of our schema. Returns 1, 0 with the reason in why, or -ENOMEM. */
static int take_set(struct collector *c, char *why, size_t size)
{
	struct iomap_persistent saved;
	uint32_t zero = 0;
	int err;

	c->skel = iomap_bpf__open();
	if (!c->skel)
		return -ENOMEM;
	if (!take_maps(c, why, size))
		return 0;
	if (bpf_map_lookup_elem(bpf_map__fd(c->skel->maps.persistent), &zero, &saved)) {
		snprintf(why, size, "it cannot be read: %s", strerror(errno));
		return 0;
	}
	if (!usable(c, &saved, why, size))
		return 0;
	err = iomap_bpf__load(c->skel);
	if (err) {
		snprintf(why, size, "its maps cannot be used: %s", strerror(-err));
		return 0;
	}
	return 1;
}

/* Removes the set of a start that did not finish. */
static int clear_new(struct collector *c)
{
	int n = pins_remove(&c->takeover.pins, PINS_NEW);

	if (n == -ENOENT)
		return 0;
	c->takeover.unfinished = true;
	if (n < 0)
		return takeover_note(c, "cannot remove the pins of an unfinished start: %s",
				     strerror(-n));
	return takeover_note(c, "removed the pins of an unfinished start of iomapd");
}

int takeover_try(struct collector *c, struct errbuf *e)
{
	char why[256] = "";
	int r;

	memset(c->takeover.progs, -1, sizeof(c->takeover.progs));
	if (!c->opts.pins)
		return 0;
	/* Without the folder there is no set. takeover_pin() tries to make the folder. */
	r = pins_open(c->opts.pins, false, &c->takeover.pins, e);
	if (r == -EBUSY)
		return r;
	*e->text = 0;
	if (r)
		return 0;
	if (clear_new(c))
		return set_error(e, -ENOMEM, "out of memory");
	if (pins_count(&c->takeover.pins, takeover_schema, "map") < 0)
		return 0;
	r = take_set(c, why, sizeof(why));
	if (r > 0) {
		c->takeover.taken_over = c->takeover.pinned = true;
		r = takeover_map_persistent(c, e);
		return r ? r : take_persistent(c) ? set_error(e, -ENOMEM, "out of memory") : 1;
	}
	drop_skeleton(c);
	c->takeover.why = r ? NULL : strdup(why);
	return c->takeover.why ? 0 : set_error(e, -ENOMEM, "out of memory");
}

static void *map_array(const struct bpf_map *map, size_t size)
{
	void *p = mmap(NULL, size, PROT_READ | PROT_WRITE, MAP_SHARED, bpf_map__fd(map), 0);

	return p == MAP_FAILED ? NULL : p;
}

int takeover_map_persistent(struct collector *c, struct errbuf *e)
{
	c->takeover.persistent =
		map_array(c->skel->maps.persistent, sizeof(*c->takeover.persistent));
	c->events.saved =
		map_array(c->skel->maps.saved_events, IOMAP_SAVED_ALL * sizeof(*c->events.saved));
	if (c->takeover.persistent && c->events.saved)
		return 0;
	return set_error(e, -errno, "cannot map the saved records: %s", strerror(errno));
}

static void fill_persistent(struct collector *c, uint32_t programs, uint32_t links)
{
	struct iomap_persistent *k = c->takeover.persistent;
	size_t n = 0;

	k->adopted = c->mappings.adopted;
	k->nr_programs = programs;
	k->nr_links = links;
	k->options = (struct iomap_persistent_options)EACH_OPTION(&c->opts);
	snprintf(k->version, sizeof(k->version), "%s", IOMAP_VERSION);
	snprintf(k->programs, sizeof(k->programs), "%s", IOMAP_PROGRAMS);
	for (int i = 0; i < hooks_nr && n < IOMAP_PERSISTENT_HOOKS; i++) {
		if (!c->hooks.missing[i])
			continue;
		snprintf(k->missing[n].hook, sizeof(k->missing[n].hook), "%s", hook_table[i].name);
		snprintf(k->missing[n].missing, sizeof(k->missing[n].missing), "%s",
			 c->hooks.missing[i]);
		n++;
	}
}

static int pin_link(struct collector *c, const struct bpf_link *link, uint32_t *n)
{
	char name[16];

	snprintf(name, sizeof(name), "%u", (*n)++);
	return pins_put(&c->takeover.pins, PINS_NEW, "link", name, bpf_link__fd(link));
}

static int pin_all(struct collector *c)
{
	struct bpf_program *prog = NULL;
	uint32_t programs = 0, links = 0;
	struct bpf_map *map;
	int err = pins_make(&c->takeover.pins, PINS_NEW);

	bpf_object__for_each_map(map, c->skel->obj)
	{
		if (!err)
			err = pins_put(&c->takeover.pins, PINS_NEW, "map", bpf_map__name(map),
				       bpf_map__fd(map));
	}
	while (!err && (prog = bpf_object__next_program(c->skel->obj, prog))) {
		if (bpf_program__fd(prog) < 0)
			continue;
		err = pins_put(&c->takeover.pins, PINS_NEW, "prog", bpf_program__name(prog),
			       bpf_program__fd(prog));
		programs++;
	}
	for (size_t i = 0; i < c->hooks.nr_links && !err; i++)
		err = pin_link(c, c->hooks.links[i], &links);
	fill_persistent(c, programs, links);
	return err;
}

/* Moves a set to `aside`, which ends its programs. */
static int set_aside(struct collector *c, const char *set)
{
	int err = pins_set_aside(&c->takeover.pins, set);

	if (err == -ENOTDIR) {
		err = pins_remove(&c->takeover.pins, set);
		return err < 0 ? err
			       : takeover_note(c, "removed %s/%s, which is no set of pins",
					       c->opts.pins, set);
	}
	if (err)
		return err;
	if (!strcmp(set, takeover_schema))
		return takeover_note(c,
				     FRESH ": the pinned set of an earlier iomapd is set aside in "
					   "%s/" PINS_ASIDE "/%s, as %s",
				     c->opts.pins, set,
				     c->takeover.why ?: "its maps cannot be read");
	return takeover_note(c,
			     FRESH
			     ": the pinned set of an iomapd of another schema is set aside in "
			     "%s/" PINS_ASIDE "/%s",
			     c->opts.pins, set);
}

/*
 * Sets all unusable sets aside. The sets of an earlier time are removed first, but not those that
 * an unfinished start has set aside and could not report.
 */
static int set_others_aside(struct collector *c)
{
	char name[NAME_MAX + 1];
	int err = 0;

	if (!c->takeover.unfinished && pins_find(&c->takeover.pins, name, sizeof(name)))
		err = pins_remove(&c->takeover.pins, PINS_ASIDE);
	if (err == -ENOENT)
		err = 0;
	while (err >= 0 && pins_find(&c->takeover.pins, name, sizeof(name)))
		err = set_aside(c, name);
	return err < 0 ? err : 0;
}

static int not_pinned(struct collector *c, const char *why, struct errbuf *e)
{
	if (takeover_note(c, "the counts will not outlive this iomapd: %s", why))
		return set_error(e, -ENOMEM, "out of memory");
	*e->text = 0;
	return 0;
}

int collector_pin(struct collector *c, struct errbuf *e)
{
	int err = 0;

	if (!c->opts.pins || c->takeover.taken_over)
		return 0;
	if (c->takeover.pins.fd < 0)
		err = pins_open(c->opts.pins, true, &c->takeover.pins, e);
	if (err)
		return err == -EBUSY ? err : not_pinned(c, e->text, e);
	err = pin_all(c);
	if (!err)
		err = set_others_aside(c);
	if (!err)
		err = pins_rename(&c->takeover.pins, PINS_NEW, takeover_schema);
	c->takeover.pinned = !err;
	/* Those of a set that is set aside are not in use any more. */
	if (c->opts.source == IOMAP_SOURCE_SITES)
		probe_events_clear(false);
	if (!err)
		return 0;
	pins_remove(&c->takeover.pins, PINS_NEW);
	set_error(e, err, "cannot pin the programs in %s: %s", c->opts.pins, strerror(-err));
	return not_pinned(c, e->text, e);
}

int collector_undo(struct collector *c)
{
	int n;

	if (c->takeover.taken_over)
		c->takeover.persistent->starts--;
	if (c->takeover.taken_over || !c->takeover.pinned)
		return 0;
	n = pins_remove(&c->takeover.pins, takeover_schema);
	if (n < 0)
		return n;
	c->takeover.pinned = false;
	/* Sets that were set aside stay, and the folder with them. */
	pins_remove_folder(&c->takeover.pins);
	return 0;
}

/* A disconnected link lives as long as a pin or descriptor refers to it; close ours. */
static void release_link(struct bpf_link *link)
{
	bpf_link__disconnect(link);
	close(bpf_link__fd(link));
}

void takeover_free(struct collector *c)
{
	for (size_t i = 0; i < c->hooks.nr_links && c->takeover.pinned; i++)
		release_link(c->hooks.links[i]);
	for (size_t i = 0; c->takeover.taken_over && i < ARRAY_SIZE(c->takeover.progs); i++) {
		if (c->takeover.progs[i] >= 0)
			close(c->takeover.progs[i]);
	}
	if (c->events.saved)
		munmap(c->events.saved, IOMAP_SAVED_ALL * sizeof(*c->events.saved));
	if (c->takeover.persistent)
		munmap(c->takeover.persistent, sizeof(*c->takeover.persistent));
	for (size_t i = 0; i < c->takeover.nr_notes; i++)
		free(c->takeover.notes[i]);
	free(c->takeover.why);
	pins_close(&c->takeover.pins);
}
