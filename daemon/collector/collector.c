// SPDX-License-Identifier: GPL-2.0-or-later
/*
 * Starts a collector: checks, loads or takes over, attaches. Calls go one way: this file calls the
 * parts that are declared in priv.h, and a part calls access.c and the parts above it there.
 */
#include <string.h>
#include <time.h>
#include <bpf/bpf.h>

#include "daemon/collector/allowed.h"
#include "daemon/collector/priv.h"

/* Size of the table of map stacks. */
#define MAP_STACKS 4096

static int check_btf(const struct collector *c, struct errbuf *e)
{
	if (collector_has(c, "/sys/kernel/btf/vmlinux"))
		return 0;
	return set_error(e, -ENOTSUP,
			 "this kernel (%s) has no BTF at /sys/kernel/btf/vmlinux; build it "
			 "with CONFIG_DEBUG_INFO_BTF=y",
			 c->uts.release);
}

static bool is_preempt_rt(const struct collector *c)
{
	return strstr(c->uts.version, "PREEMPT_RT") || collector_has(c, "/sys/kernel/realtime");
}

static uint32_t round_up_pow2(uint32_t v)
{
	uint32_t r = 1;

	while (r < v && r < 1U << 31)
		r <<= 1;
	return r;
}

/* Sizes the maps and sets the constants of the programs. */
static int configure(struct collector *c)
{
	const struct collector_options *o = &c->opts;
	uint32_t buckets =
		round_up_pow2((o->max_callers ? o->max_callers : 1024) / IOMAP_CALLER_WAYS);
	struct iomap_bpf *s = c->skel;
	int err;

	err = bpf_map__set_max_entries(s->maps.mappings, c->nr_ids);
	if (!err)
		err = bpf_map__set_max_entries(s->maps.counters, c->nr_ids);
	if (!err)
		err = bpf_map__set_max_entries(s->maps.callers, buckets);
	if (!err && o->max_live)
		err = bpf_map__set_max_entries(s->maps.live, o->max_live);
	if (!err && o->ring_bytes)
		err = bpf_map__set_max_entries(s->maps.events, o->ring_bytes);
	s->rodata->cfg_max_mappings = c->nr_ids;
	s->rodata->cfg_cpus = c->nr_cpus;
	s->rodata->cfg_timing = o->timing;
	s->rodata->cfg_preempt_rt = o->preempt_rt < 0 ? is_preempt_rt(c) : o->preempt_rt;
	s->rodata->cfg_caller_mask = buckets - 1;
	s->rodata->cfg_rules_off = o->rules_off;
	s->rodata->cfg_max_hold_ns = o->max_hold_ns;
	s->rodata->cfg_map_stacks = o->map_stacks;
	s->rodata->cfg_slow_maps = o->map_stacks || o->slow_only;
	s->rodata->cfg_slow_unmaps = o->max_hold_ns || o->slow_only;
	s->rodata->cfg_page_size = sysconf(_SC_PAGESIZE);
	/* At a probe, the unwinder of 32-bit x86 omits the caller of the function. */
	if (c->uts.machine[0] == 'i' && !strcmp(c->uts.machine + 2, "86"))
		s->rodata->cfg_ret_on_stack = 4;
	if (!err && o->map_stacks)
		err = bpf_map__set_max_entries(s->maps.map_stacks, MAP_STACKS);
	hooks_configure(c);
	if (!err)
		err = stock_configure(c);
	return err ?: ipi_configure(c);
}

static int load(struct collector *c, struct errbuf *e)
{
	struct bpf_program *prog = NULL;
	char *log = c->chunk; /* not yet used for reading */
	int err;

	*log = '\0';
	c->skel = iomap_bpf__open();
	if (!c->skel)
		return set_error(e, -errno, "cannot open the BPF object: %s", strerror(errno));
	err = configure(c);
	if (err)
		return set_error(e, err, "cannot size the BPF maps: %s", strerror(-err));
	while ((prog = bpf_object__next_program(c->skel->obj, prog)))
		bpf_program__set_log_buf(prog, log, CHUNK_BYTES);
	err = iomap_bpf__load(c->skel);
	if (!err)
		return takeover_map_persistent(c, e);
	return load_failed(c, err, log, e);
}

/* Starts the counting of maps and unmaps. */
static void arm(struct collector *c)
{
	struct iomap_shared *shared = &c->skel->bss->shared;

	shared->armed_ns = now_ns();
	if (!shared->modules)
		shared->modules = 1;
	/* Number of old mappings. The programs decrement it when one of them is freed. */
	shared->old = 1;
	if (c->opts.source == IOMAP_SOURCE_TRACEPOINTS && !c->hooks.missing[hook_find("debugfs")])
		shared->old = adopt_alive(c);
	__atomic_store_n(&shared->armed, 1, __ATOMIC_RELEASE);
}

static int check_symbols(struct collector *c, struct errbuf *e)
{
	int err = symbols_check(c->symbols);

	if (!err)
		return 0;
	return hook_set_missing(c, hook_find("kallsyms"), e, "/proc/kallsyms %s",
				err == -EACCES ? "hides them (see kernel.kptr_restrict)"
					       : "cannot be read");
}

/* Reads the name that the programs saved of an address, as its module may be unloaded by now. */
static bool saved_name(void *ctx, uint64_t addr, char *buf, size_t size)
{
	const struct collector *c = ctx;
	struct iomap_name name;

	if (bpf_map_lookup_elem(bpf_map__fd(c->skel->maps.names), &addr, &name))
		return false;
	snprintf(buf, size, "%.*s", IOMAP_NAME_LEN, name.text);
	return true;
}

/* Attaches the programs. */
static int begin(struct collector *c, struct errbuf *e)
{
	int err;

	if (!c->opts.no_attach)
		err = hooks_attach(c, e);
	else if (c->opts.source == IOMAP_SOURCE_SITES)
		err = stock_enter(c, e);
	else
		err = adopt_start(c, hook_find("debugfs"), e);
	if (!err)
		err = stock_begin(c, e);
	if (err)
		return err;
	arm(c);
	c->takeover.persistent->since_unix_ns = c->started_unix_ns;
	c->takeover.persistent->starts = 1;
	return c->opts.no_attach ? 0 : may_sleep_complete(c, e);
}

/* Restores what only the memory of the earlier iomapd held. Its programs are counting. */
static int go_on(struct collector *c, struct errbuf *e)
{
	int err = adopt_again(c);

	c->hooks.has_reserve = collector_prog_fd(c, c->skel->progs.iomap_ipi_reserve) >= 0;
	if (!err)
		err = events_replay(c);
	if (err)
		return set_error(e, err, "cannot take over the pinned set: %s", strerror(-err));
	return stock_go_on(c, e) ?: canary_open(c, e);
}

static int setup(struct collector *c, struct errbuf *e)
{
	_cleanup_free_ char *kallsyms = NULL;
	int err, taken;

	err = allowed_to_load(e);
	if (!err)
		err = check_btf(c, e);
	if (!err)
		err = stock_choose(c, e);
	if (err)
		return err;
	c->nr_cpus = libbpf_num_possible_cpus();
	if (c->nr_cpus < 0)
		return set_error(e, c->nr_cpus, "cannot find the number of possible CPUs");
	kallsyms = collector_path(c, "/proc/kallsyms");
	c->symbols = kallsyms ? symbols_new(kallsyms) : NULL;
	c->chunk = malloc(CHUNK_BYTES);
	if (!c->symbols || !c->chunk || cpus_new(c))
		return set_error(e, -ENOMEM, "out of memory");
	err = check_symbols(c, e);
	if (err)
		return err;
	taken = takeover_try(c, e);
	err = taken < 0 ? taken : taken ? 0 : load(c, e);
	if (err)
		return err;
	/* With a test root, names come from its kallsyms file, not from the running kernel. */
	c->use_saved_names = !c->opts.root && !c->hooks.missing[hook_find("kallsyms")];
	if (c->use_saved_names)
		symbols_set_source(c->symbols, saved_name, c);
	c->mappings.meta = calloc(c->nr_ids, sizeof(*c->mappings.meta));
	if (!c->mappings.meta)
		return set_error(e, -ENOMEM, "out of memory");
	c->ring = ring_buffer__new(bpf_map__fd(c->skel->maps.events), events_arrived, c, NULL);
	if (!c->ring)
		return set_error(e, -errno, "cannot map the ring buffer: %s", strerror(errno));
	return taken ? go_on(c, e) : begin(c, e);
}

int collector_new(const struct collector_options *opts, struct collector **ret, struct errbuf *e)
{
	struct collector *c = calloc(1, sizeof(*c));
	int err;

	if (!c)
		return set_error(e, -ENOMEM, "out of memory");
	c->opts = *opts;
	collector_options_complete(&c->opts);
	c->nr_ids = c->opts.max_mappings + 1;
	c->started_unix_ns = clock_ns(CLOCK_REALTIME);
	c->takeover.pins.fd = -1;
	uname(&c->uts);
	err = setup(c, e);
	if (err) {
		collector_free(c);
		return err;
	}
	*ret = c;
	return 0;
}

struct collector *collector_free(struct collector *c)
{
	if (!c)
		return NULL;
	takeover_free(c);
	hooks_free(c);
	stock_free(c);
	sites_free(c);
	events_free(c);
	for (uint32_t i = 0; c->mappings.meta && i < c->nr_ids; i++) {
		free(c->mappings.meta[i].owner);
		free(c->mappings.meta[i].module);
	}
	ring_buffer__free(c->ring);
	iomap_bpf__destroy(c->skel);
	symbols_free(c->symbols);
	free(c->mappings.meta);
	free(c->chunk);
	cpus_free(c);
	free(c);
	return NULL;
}

int collector_event_fd(const struct collector *c)
{
	return ring_buffer__epoll_fd(c->ring);
}

int collector_program_fd(const struct collector *c, const char *name)
{
	struct bpf_program *prog = bpf_object__find_program_by_name(c->skel->obj, name);

	return prog ? collector_prog_fd(c, prog) : -ENOENT;
}

int collector_map_fd(const struct collector *c, const char *name)
{
	int fd = bpf_object__find_map_fd_by_name(c->skel->obj, name);

	return fd < 0 ? -ENOENT : fd;
}
