// SPDX-License-Identifier: GPL-2.0-or-later
/* What the programs are attached to, and what the figures lose where the kernel lacks it. */
#include <string.h>
#include <bpf/btf.h>

#include "daemon/collector/priv.h"

#define KPROBES "/sys/bus/event_source/devices/kprobe"

#define MAX_SLEEPERS ARRAY_SIZE(((struct iomap_bpf__rodata *)NULL)->cfg_sleeper_start)

/*
 * Functions that may sleep, for kernels that check nothing at might_sleep() and leave nothing there
 * to be hooked.
 */
static const char *const sleepers[] = {
	"mutex_lock",
	"mutex_lock_interruptible",
	"mutex_lock_killable",
	"down",
	"down_interruptible",
	"down_read",
	"down_write",
	"down_read_killable",
	"down_write_killable",
	"wait_for_completion",
	"wait_for_completion_timeout",
	"wait_for_completion_interruptible",
	"synchronize_rcu",
	"msleep",
	"flush_work",
};

_Static_assert(ARRAY_SIZE(sleepers) < MAX_SLEEPERS, "the last one stays 0");

/*
 * The function behind might_sleep() of kernels with DEBUG_ATOMIC_SLEEP, and its older name. On
 * PREEMPT_RT spin locks come by there as well, and they are allowed: there it is the first.
 */
static const char *const checks[] = { "__might_sleep", "___might_sleep", "__might_resched" };

static bool checks_rt(size_t i)
{
	return i == 0;
}

const char *const collector_hook_names[HOOK_MAX] = {
	[HOOK_CREATE] = "io_mapping_create",
	[HOOK_FREE] = "io_mapping_free",
	[HOOK_UNMAP] = "io_mapping_unmap",
	[HOOK_MAP] = "io_mapping_map",
	[HOOK_SWITCH] = "sched_switch",
	[HOOK_EXIT] = "exit",
	[HOOK_MAY_SLEEP] = "may_sleep",
	[HOOK_UNMAP_DONE] = "io_mapping_unmap_done",
	[HOOK_MAP_START] = "io_mapping_map_start",
	[HOOK_PURGED] = "purge_vmap_area_lazy",
	[HOOK_PURGE] = "purge",
	[HOOK_RANGE] = "free_vmap_area_noflush",
	[HOOK_RESERVE] = "reserve_flush",
	[HOOK_BROADCAST] = "broadcast",
	[HOOK_FUNC] = "csd_function",
	[HOOK_CALL] = "csd_queue_cpu",
	[HOOK_IRQ] = "irq_vectors",
	[HOOK_SEND_MASK] = "ipi_send_cpumask",
	[HOOK_SEND] = "ipi_send_cpu",
	[HOOK_DEBUGFS] = "debugfs",
	[HOOK_LEVELS] = "preempt_count",
	[HOOK_KALLSYMS] = "kallsyms",
};

int collector_note_missing(struct collector *c, int hook, const char *cost, const char *what,
			   struct errbuf *e)
{
	if (asprintf(&c->missing[hook], "%s: %s", cost, what) >= 0)
		return 0;
	c->missing[hook] = NULL;
	return set_error(e, -ENOMEM, "out of memory");
}

/* Attaches one program; a tracepoint that the kernel lacks becomes a gap. */
static int attach(struct collector *c, int hook, struct bpf_program *prog, const char *tp,
		  const char *cost, struct errbuf *e)
{
	char what[128];
	int err;

	c->links[hook] = bpf_program__attach_raw_tracepoint(prog, tp);
	if (c->links[hook])
		return 0;
	err = -errno;
	if (err != -ENOENT)
		return set_error(e, err, "cannot attach to the tracepoint %s: %s", tp,
				 strerror(-err));
	snprintf(what, sizeof(what), "this kernel has no %s tracepoint", tp);
	return collector_note_missing(c, hook, cost, what, e);
}

/* Attaches the program to those of the functions that there are. Returns how many. */
static int probe(struct collector *c, struct bpf_program *prog, const char *const *names, size_t n)
{
	int done = 0;

	for (size_t i = 0; i < n && c->nr_probes < ARRAY_SIZE(c->probes); i++) {
		struct bpf_link *link = bpf_program__attach_kprobe(prog, false, names[i]);

		if (!link)
			continue;
		c->probes[c->nr_probes++] = link;
		done++;
	}
	return done;
}

/* What might_sleep() calls where preemption is voluntary. */
static const char *const cond_resched = "__cond_resched";

/*
 * A BPF trampoline takes less than a kprobe. But its program can be preempted, and is passed by for
 * all others on that CPU until it goes on; a kprobe's cannot. So it is for the function that is
 * called much where the kernel does not preempt, and not at all where it does. Where kprobes are
 * missing, so are the other functions.
 */
static void choose_trampoline(struct collector *c)
{
	struct bpf_program *prog = c->skel->progs.iomap_may_sleep_fentry;

	/* Unwinders that go by frame pointers would leave out the caller. */
	if (c->check || c->skel->rodata->cfg_ret_on_stack || !collector_has(c, KPROBES) ||
	    c->opts.rules_off & IOMAP_RULE(IOMAP_MAY_SLEEP_IN_ATOMIC) ||
	    libbpf_find_vmlinux_btf_id(cond_resched, BPF_TRACE_FENTRY) <= 0 ||
	    bpf_program__set_attach_target(prog, 0, cond_resched))
		return;
	bpf_program__set_autoload(prog, true);
}

/* Attaches it if it was loaded. Returns how many functions it is at. */
static int attach_trampoline(struct collector *c)
{
	struct bpf_program *prog = c->skel->progs.iomap_may_sleep_fentry;
	struct bpf_link *link;

	if (!bpf_program__autoload(prog) || c->nr_probes == ARRAY_SIZE(c->probes))
		return 0;
	link = bpf_program__attach_trace(prog);
	if (!link)
		return 0;
	c->probes[c->nr_probes++] = link;
	return 1;
}

void collector_find_functions(struct collector *c)
{
	const char *names[] = { "do_exit", checks[0], checks[1], checks[2],
				"io_mapping_reserve_map" };
	uint64_t start[MAX_SLEEPERS] = {}, end[MAX_SLEEPERS] = {};
	size_t k = 0;

	symbols_find(c->symbols, names, ARRAY_SIZE(names), start, end);
	/* With kprobes, it is told of before all that may sleep on the way. */
	c->has_do_exit = start[0] && collector_has(c, KPROBES);
	c->has_reserve = start[4];
	for (size_t i = 0; i < ARRAY_SIZE(checks); i++) {
		if (start[i + 1] && checks_rt(i) == c->skel->rodata->cfg_preempt_rt)
			c->check = checks[i];
	}
	choose_trampoline(c);
	if (c->check || symbols_find(c->symbols, sleepers, ARRAY_SIZE(sleepers), start, end))
		return;
	for (size_t i = 0; i < ARRAY_SIZE(sleepers); i++) {
		if (!end[i])
			continue;
		c->skel->rodata->cfg_sleeper_start[k] = start[i];
		c->skel->rodata->cfg_sleeper_end[k++] = end[i];
	}
}

static int attach_may_sleep(struct collector *c, struct errbuf *e)
{
	struct bpf_program *prog = c->skel->progs.iomap_may_sleep;
	int n;

	if (c->opts.rules_off & IOMAP_RULE(IOMAP_MAY_SLEEP_IN_ATOMIC))
		return 0;
	if (c->check) {
		n = probe(c, prog, &c->check, 1);
	} else {
		n = probe(c, prog, sleepers, ARRAY_SIZE(sleepers));
		/* A trampoline alone would be half of it. */
		if (n && !attach_trampoline(c))
			probe(c, prog, &cond_resched, 1);
	}
	if (n)
		return 0;
	return collector_note_missing(
		c, HOOK_MAY_SLEEP,
		"calls of functions that may sleep are not seen in atomic sections",
		"this kernel has no kprobes (CONFIG_KPROBES), or none of the functions "
		"that could be probed",
		e);
}

/*
 * The tracepoint sees what the probe of do_exit() was passed by for, which comes before all that
 * may sleep in there.
 */
static int attach_exit(struct collector *c, struct errbuf *e)
{
	static const char *const do_exit[] = { "do_exit" };

	if (c->has_do_exit)
		probe(c, c->skel->progs.iomap_do_exit, do_exit, 1);
	return attach(c, HOOK_EXIT, c->skel->progs.iomap_exit, "sched_process_exit",
		      "maps that a task leaves behind are not seen", e);
}

/* Those of io_mapping: mappings first, so that none is missed between the older ones and now. */
static int attach_io_mapping(struct collector *c, struct errbuf *e)
{
	const struct iomap_bpf *s = c->skel;
	int err;

	err = attach(c, HOOK_CREATE, s->progs.iomap_create, "io_mapping_create",
		     "new mappings are not seen", e);
	if (!err)
		err = attach(c, HOOK_FREE, s->progs.iomap_free, "io_mapping_free",
			     "mappings are never shown as freed", e);
	if (!err)
		err = collector_adopt_now(c, e);
	if (!err)
		err = attach(c, HOOK_UNMAP, s->progs.iomap_unmap, "io_mapping_unmap",
			     "unmaps are not counted and hold times are not known", e);
	if (!err)
		err = attach(c, HOOK_MAP, s->progs.iomap_map, "io_mapping_map",
			     "maps are not counted", e);
	return err;
}

int collector_check_tracepoints(const struct collector *c, struct errbuf *e)
{
	struct btf *btf = btf__load_vmlinux_btf();
	bool any = false;
	char type[64];

	if (!btf)
		return set_error(e, -ENOTSUP, "the BTF of this kernel (%s) cannot be read: %s",
				 c->uts.release, strerror(errno));
	for (int i = HOOK_CREATE; i <= HOOK_MAP; i++) {
		snprintf(type, sizeof(type), "btf_trace_%s", collector_hook_names[i]);
		any |= btf__find_by_name_kind(btf, type, BTF_KIND_TYPEDEF) > 0;
	}
	btf__free(btf);
	if (any)
		return 0;
	return set_error(e, -ENOTSUP,
			 "this kernel (%s) has no io_mapping tracepoints; boot one with the patch "
			 "series, which is in kernel-patch/ of iomap's source: see Kernel in "
			 "iomapd(8)",
			 c->uts.release);
}

int collector_attach(struct collector *c, struct errbuf *e)
{
	const struct iomap_bpf *s = c->skel;
	int err;

	err = attach_io_mapping(c, e);
	if (!err)
		err = attach(c, HOOK_SWITCH, s->progs.iomap_switch, "sched_switch",
			     "sleeping in atomic sections is not seen", e);
	if (!err)
		err = attach_exit(c, e);
	if (!err)
		err = attach_may_sleep(c, e);
	if (!err)
		err = collector_attach_ipi(c, e);
	return err;
}

/* What a rule cannot be checked without. */
static bool needs(unsigned int rule, int hook)
{
#define NEEDS(hook) (1U << HOOK_##hook)
	static const unsigned int hooks[IOMAP_RULE_MAX] = {
		[IOMAP_SLEEP_IN_ATOMIC] = NEEDS(MAP) | NEEDS(UNMAP) | NEEDS(SWITCH),
		[IOMAP_MAY_SLEEP_IN_ATOMIC] =
			NEEDS(MAP) | NEEDS(UNMAP) | NEEDS(SWITCH) | NEEDS(MAY_SLEEP),
		[IOMAP_UNMAP_ORDER] = NEEDS(MAP) | NEEDS(UNMAP) | NEEDS(SWITCH),
		[IOMAP_UNMAP_KIND] = NEEDS(MAP) | NEEDS(UNMAP) | NEEDS(SWITCH),
		[IOMAP_UNMAP_UNKNOWN] = NEEDS(MAP) | NEEDS(UNMAP) | NEEDS(SWITCH),
		[IOMAP_OFFSET_RANGE] = NEEDS(MAP) | NEEDS(CREATE),
		[IOMAP_OFFSET_ALIGN] = NEEDS(MAP),
		[IOMAP_USE_AFTER_FREE] = NEEDS(MAP) | NEEDS(CREATE) | NEEDS(FREE),
		[IOMAP_LEAK] = NEEDS(MAP) | NEEDS(UNMAP) | NEEDS(CREATE) | NEEDS(FREE) |
			       NEEDS(SWITCH) | NEEDS(EXIT),
		[IOMAP_HOLD_TIME] = NEEDS(MAP) | NEEDS(UNMAP) | NEEDS(SWITCH),
	};
#undef NEEDS

	return hooks[rule] & 1U << hook;
}

static const char *rule_missing(const struct collector *c, unsigned int rule)
{
	for (int i = 0; i < HOOK_MAX; i++) {
		if (needs(rule, i) && c->missing[i])
			return c->missing[i];
	}
	return NULL;
}

void collector_add_missed(const uint64_t missed[HOOK_MAX], struct model *m)
{
	for (unsigned int rule = 0; rule < IOMAP_RULE_MAX; rule++) {
		for (int i = 0; i < HOOK_MAX; i++)
			m->rule_missed[rule] += needs(rule, i) ? missed[i] : 0;
	}
}

int collector_add_hooks(const struct collector *c, struct model *m)
{
	int err = 0;

	for (int i = 0; i < HOOK_MAX && !err; i++) {
		bool off = i == HOOK_MAY_SLEEP &&
			   c->opts.rules_off & IOMAP_RULE(IOMAP_MAY_SLEEP_IN_ATOMIC);

		/* The files are named only when they are missing. */
		if ((i < HOOK_DEBUGFS && !off && collector_has_hook(c, i)) || c->missing[i])
			err = model_add_hook(m, collector_hook_names[i], c->missing[i]);
	}
	for (unsigned int rule = 0; rule < IOMAP_RULE_MAX; rule++) {
		m->rule_off[rule] = c->opts.rules_off & IOMAP_RULE(rule);
		m->rule_missing[rule] = m->rule_off[rule] ? NULL : rule_missing(c, rule);
	}
	return err;
}
