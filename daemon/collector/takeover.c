// SPDX-License-Identifier: GPL-2.0-or-later
/*
 * What stays in the kernel when iomapd ends, and how the next one goes on with it. A set of pins is
 * made under a name of its own and gets that of its schema when it is whole, so that a set under a
 * schema's name is a whole one. The programs stay what they are: the kernel cannot replace those on
 * tracepoints and probes without a moment in which none or both of them count.
 */
#include <stdarg.h>
#include <string.h>
#include <sys/mman.h>
#include <time.h>
#include <bpf/bpf.h>

#include "build/bpf/schema.h"
#include "daemon/collector/priv.h"

#define FRESH "counting starts anew"

int collector_add_note(struct collector *c, const char *fmt, ...)
{
	va_list ap;
	char *text;
	int n;

	if (c->nr_notes == COLLECTOR_NOTES_MAX)
		return 0;
	va_start(ap, fmt);
	n = vasprintf(&text, fmt, ap);
	va_end(ap);
	if (n < 0)
		return -ENOMEM;
	c->notes[c->nr_notes++] = text;
	return 0;
}

const char *collector_note(const struct collector *c, size_t i)
{
	return i < c->nr_notes ? c->notes[i] : NULL;
}

int collector_prog_fd(const struct collector *c, const struct bpf_program *prog)
{
	struct bpf_program *p = NULL;
	size_t i = 0;

	if (!c->taken_over)
		return bpf_program__fd(prog);
	while ((p = bpf_object__next_program(c->skel->obj, p)) && p != prog)
		i++;
	return p && i < ARRAY_SIZE(c->progs) ? c->progs[i] : -ENOENT;
}

static struct iomap_persistent_options options_of(const struct collector *c)
{
	const struct collector_options *o = &c->opts;

	return (struct iomap_persistent_options){
		.max_hold_ns = o->max_hold_ns,
		.hidden = o->hidden,
		.max_mappings = o->max_mappings,
		.max_live = o->max_live,
		.max_callers = o->max_callers,
		.ring_bytes = o->ring_bytes,
		.timing = o->timing,
		.rules_off = o->rules_off,
		.ipi = o->ipi,
		.map_stacks = o->map_stacks,
	};
}

/* Names those that are not alike. */
static void name_different(const struct iomap_persistent_options *a,
			   const struct iomap_persistent_options *b, char *text, size_t size)
{
	const struct {
		const char *name;
		bool other;
	} options[] = {
		{ "max-hold", a->max_hold_ns != b->max_hold_ns },
		{ "without-hook", a->hidden != b->hidden },
		{ "max-mappings", a->max_mappings != b->max_mappings },
		{ "hold-times", a->timing != b->timing },
		/* Without a budget, its rule is off, too. */
		{ "without-check", (a->rules_off ^ b->rules_off) & ~IOMAP_RULE(IOMAP_HOLD_TIME) },
		{ "without-ipi", a->ipi != b->ipi },
		{ "map-stacks", a->map_stacks != b->map_stacks },
		{ "sizes", a->max_live != b->max_live || a->max_callers != b->max_callers ||
				   a->ring_bytes != b->ring_bytes },
	};
	size_t n = 0;

	*text = '\0';
	for (size_t i = 0; i < ARRAY_SIZE(options); i++) {
		if (options[i].other && n < size)
			n += snprintf(text + n, size - n, "%s%s", n ? ", " : "", options[i].name);
	}
}

/* The pinned map is one as ours, but for its size, which the options decide. */
static bool same_kind(const struct bpf_map *map, int fd)
{
	struct bpf_map_info info = {};
	__u32 len = sizeof(info);

	return !bpf_obj_get_info_by_fd(fd, &info, &len) && info.type == bpf_map__type(map) &&
	       info.key_size == bpf_map__key_size(map) &&
	       info.value_size == bpf_map__value_size(map);
}

/* Takes the maps of the set. Returns 1, or 0 with what is wrong in why. */
static int take_maps(struct collector *c, char *why, size_t size)
{
	struct bpf_map *map;
	int err;

	bpf_object__for_each_map(map, c->skel->obj)
	{
		_cleanup_close_ int fd =
			pins_get(&c->pins, IOMAP_PIN_SCHEMA, "map", bpf_map__name(map));

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

/* Takes the programs. Returns how many. */
static uint32_t take_programs(struct collector *c)
{
	struct bpf_program *prog = NULL;
	uint32_t n = 0;
	size_t i = 0;

	while ((prog = bpf_object__next_program(c->skel->obj, prog))) {
		bpf_program__set_autoload(prog, false);
		if (i == ARRAY_SIZE(c->progs))
			continue;
		c->progs[i] = pins_get(&c->pins, IOMAP_PIN_SCHEMA, "prog", bpf_program__name(prog));
		n += c->progs[i++] >= 0;
	}
	return n;
}

/* Tells whether the set is whole and was made with our options; else why not. */
static bool usable(struct collector *c, const struct iomap_persistent *k, char *why, size_t size)
{
	const struct iomap_persistent_options o = options_of(c);
	char names[128];
	int n;

	if (memcmp(&o, &k->options, sizeof(o))) {
		name_different(&o, &k->options, names, sizeof(names));
		snprintf(why, size, "it was made with other options (%s)", names);
		return false;
	}
	n = take_programs(c);
	if (n < 0 || (uint32_t)n != k->nr_programs) {
		snprintf(why, size, "%d of its %u programs are there", n, k->nr_programs);
		return false;
	}
	n = pins_count(&c->pins, IOMAP_PIN_SCHEMA, "link");
	if (n < 0 || (uint32_t)n != k->nr_links) {
		snprintf(why, size, "%d of its %u links are there", n, k->nr_links);
		return false;
	}
	return true;
}

/* The rest of a taken set: what is missing in the kernel, and what runs there. */
static int take_kept(struct collector *c)
{
	int err = 0;

	c->adopted = c->persistent->adopted;
	c->persistent->starts++;
	for (size_t i = 0; i < IOMAP_PERSISTENT_HOOKS; i++) {
		const struct iomap_persistent_hook *g = &c->persistent->missing[i];

		for (int h = 0; h < HOOK_MAX; h++) {
			/* Whether names can be read is found out each time. */
			if (h == HOOK_KALLSYMS || c->missing[h] ||
			    strncmp(g->hook, collector_hook_names[h], sizeof(g->hook)))
				continue;
			c->missing[h] = strndup(g->missing, sizeof(g->missing));
			if (!c->missing[h])
				return -ENOMEM;
		}
	}
	if (strncmp(c->persistent->programs, IOMAP_PROGRAMS, sizeof(c->persistent->programs)))
		err = collector_add_note(
			c,
			"the BPF programs are still those of the iomapd %.32s that "
			"loaded them; 'iomapctl detach' and a start of iomapd "
			"replace them, and then " FRESH,
			c->persistent->version);
	return err;
}

static void drop_skeleton(struct collector *c)
{
	for (size_t i = 0; i < ARRAY_SIZE(c->progs); i++) {
		if (c->progs[i] >= 0)
			close(c->progs[i]);
		c->progs[i] = -1;
	}
	iomap_bpf__destroy(c->skel);
	c->skel = NULL;
}

/* Opens the set of our schema. Returns 1 when it is in use now, 0 with what is wrong in why. */
static int take_set(struct collector *c, char *why, size_t size)
{
	struct iomap_persistent kept;
	uint32_t zero = 0;
	int err;

	c->skel = iomap_bpf__open();
	if (!c->skel)
		return -ENOMEM;
	if (!take_maps(c, why, size))
		return 0;
	if (bpf_map_lookup_elem(bpf_map__fd(c->skel->maps.persistent), &zero, &kept)) {
		snprintf(why, size, "it cannot be read: %s", strerror(errno));
		return 0;
	}
	if (!usable(c, &kept, why, size))
		return 0;
	err = iomap_bpf__load(c->skel);
	if (err) {
		snprintf(why, size, "its maps cannot be used: %s", strerror(-err));
		return 0;
	}
	return 1;
}

/* Removes what a start that was broken off left. */
static int clear_new(struct collector *c)
{
	int n = pins_remove(&c->pins, PINS_NEW);

	if (n == -ENOENT)
		return 0;
	if (n < 0)
		return collector_add_note(c, "what an unfinished start left cannot be removed: %s",
					  strerror(-n));
	return collector_add_note(c, "removed what a start of iomapd left that did not come to its "
				     "end");
}

int collector_take_over(struct collector *c, struct errbuf *e)
{
	char why[256] = "";
	int r;

	memset(c->progs, -1, sizeof(c->progs));
	if (!c->opts.pins)
		return 0;
	/* Where it cannot be opened, there is nothing to go on with; to pin is tried later. */
	r = pins_open(c->opts.pins, false, &c->pins, e);
	if (r)
		return r == -EBUSY ? r : 0;
	if (clear_new(c))
		return set_error(e, -ENOMEM, "out of memory");
	if (pins_count(&c->pins, IOMAP_PIN_SCHEMA, "map") < 0)
		return 0;
	r = take_set(c, why, sizeof(why));
	if (r > 0) {
		c->taken_over = c->pinned = true;
		r = collector_map_persistent(c, e);
		return r ? r : take_kept(c) ? set_error(e, -ENOMEM, "out of memory") : 1;
	}
	drop_skeleton(c);
	if (!r)
		r = collector_add_note(c,
				       FRESH ": what an earlier iomapd left is set aside in "
					     "%s/" PINS_ASIDE ", as %s",
				       c->opts.pins, why);
	return r ? set_error(e, r, "out of memory") : 0;
}

static void *map_array(const struct bpf_map *map, size_t size)
{
	void *p = mmap(NULL, size, PROT_READ | PROT_WRITE, MAP_SHARED, bpf_map__fd(map), 0);

	return p == MAP_FAILED ? NULL : p;
}

int collector_map_persistent(struct collector *c, struct errbuf *e)
{
	c->persistent = map_array(c->skel->maps.persistent, sizeof(*c->persistent));
	c->saved_events =
		map_array(c->skel->maps.saved_events, IOMAP_SAVED_ALL * sizeof(*c->saved_events));
	if (c->persistent && c->saved_events)
		return 0;
	return set_error(e, -errno, "cannot map what is kept: %s", strerror(errno));
}

static void fill_kept(struct collector *c, uint32_t programs, uint32_t links)
{
	struct iomap_persistent *k = c->persistent;
	size_t n = 0;

	k->adopted = c->adopted;
	k->nr_programs = programs;
	k->nr_links = links;
	k->options = options_of(c);
	snprintf(k->version, sizeof(k->version), "%s", IOMAP_VERSION);
	snprintf(k->programs, sizeof(k->programs), "%s", IOMAP_PROGRAMS);
	for (int i = 0; i < HOOK_MAX && n < IOMAP_PERSISTENT_HOOKS; i++) {
		if (!c->missing[i])
			continue;
		snprintf(k->missing[n].hook, sizeof(k->missing[n].hook), "%s",
			 collector_hook_names[i]);
		snprintf(k->missing[n].missing, sizeof(k->missing[n].missing), "%s", c->missing[i]);
		n++;
	}
}

static int pin_link(struct collector *c, const struct bpf_link *link, uint32_t *n)
{
	char name[16];

	if (!link)
		return 0;
	snprintf(name, sizeof(name), "%u", (*n)++);
	return pins_put(&c->pins, PINS_NEW, "link", name, bpf_link__fd(link));
}

static int pin_all(struct collector *c)
{
	struct bpf_program *prog = NULL;
	uint32_t programs = 0, links = 0;
	struct bpf_map *map;
	int err = pins_make(&c->pins, PINS_NEW);

	bpf_object__for_each_map(map, c->skel->obj)
	{
		if (!err)
			err = pins_put(&c->pins, PINS_NEW, "map", bpf_map__name(map),
				       bpf_map__fd(map));
	}
	while (!err && (prog = bpf_object__next_program(c->skel->obj, prog))) {
		if (bpf_program__fd(prog) < 0)
			continue;
		err = pins_put(&c->pins, PINS_NEW, "prog", bpf_program__name(prog),
			       bpf_program__fd(prog));
		programs++;
	}
	for (int i = 0; i < HOOK_MAX && !err; i++)
		err = pin_link(c, c->links[i], &links);
	for (size_t i = 0; i < c->nr_probes && !err; i++)
		err = pin_link(c, c->probes[i], &links);
	fill_kept(c, programs, links);
	return err;
}

/* Makes room for the new set: what is of no use any more stops counting. */
static int set_others_aside(struct collector *c)
{
	char name[64];
	int r;

	r = pins_set_aside(&c->pins, IOMAP_PIN_SCHEMA);
	if (r < 0 && r != -ENOENT)
		return r;
	while (pins_find(&c->pins, NULL, name, sizeof(name))) {
		r = pins_set_aside(&c->pins, name);
		if (r >= 0 && collector_add_note(c,
						 FRESH ": what an iomapd of another schema (%s) "
						       "left is set aside in %s/" PINS_ASIDE,
						 name, c->opts.pins))
			r = -ENOMEM;
		if (r < 0)
			return r;
	}
	return 0;
}

static int not_pinned(struct collector *c, const char *why, struct errbuf *e)
{
	if (!collector_add_note(c, "the counts will not outlive this iomapd: %s", why))
		return 0;
	return set_error(e, -ENOMEM, "out of memory");
}

int collector_pin(struct collector *c, struct errbuf *e)
{
	int err = 0;

	c->persistent->since_unix_ns = c->started_unix_ns;
	c->persistent->starts = 1;
	if (!c->opts.pins)
		return 0;
	if (c->pins.fd < 0)
		err = pins_open(c->opts.pins, true, &c->pins, e);
	if (err)
		return err == -EBUSY ? err : not_pinned(c, e->text, e);
	err = pin_all(c);
	if (!err)
		err = set_others_aside(c);
	if (!err)
		err = pins_rename(&c->pins, PINS_NEW, IOMAP_PIN_SCHEMA);
	c->pinned = !err;
	if (!err)
		return 0;
	pins_remove(&c->pins, PINS_NEW);
	set_error(e, err, "cannot pin them in %s: %s", c->opts.pins, strerror(-err));
	return not_pinned(c, e->text, e);
}

/* A link that goes its way ends with its last descriptor, which is not to be ours. */
static void let_go(struct bpf_link *link)
{
	if (!link)
		return;
	bpf_link__disconnect(link);
	close(bpf_link__fd(link));
}

void collector_unpin(struct collector *c)
{
	for (int i = 0; i < HOOK_MAX && c->pinned; i++)
		let_go(c->links[i]);
	for (size_t i = 0; i < c->nr_probes && c->pinned; i++)
		let_go(c->probes[i]);
	for (size_t i = 0; c->taken_over && i < ARRAY_SIZE(c->progs); i++) {
		if (c->progs[i] >= 0)
			close(c->progs[i]);
	}
	if (c->saved_events)
		munmap(c->saved_events, IOMAP_SAVED_ALL * sizeof(*c->saved_events));
	if (c->persistent)
		munmap(c->persistent, sizeof(*c->persistent));
	for (size_t i = 0; i < c->nr_notes; i++)
		free(c->notes[i]);
	pins_close(&c->pins);
}
