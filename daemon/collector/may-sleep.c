// SPDX-License-Identifier: GPL-2.0-or-later
/* Finds and attaches to the functions of this kernel that may sleep. */
#include <stdarg.h>
#include <string.h>
#include <bpf/btf.h>

#include "daemon/collector/priv.h"

/* The kernels on which a function is probed; each includes the ones before it. */
enum when {
	ALWAYS,		     /* it sleeps without a might_sleep() of its own, on some kernel */
	WITHOUT_CHECK,	     /* there is no check behind might_sleep() that can be probed */
	WITHOUT_MIGHT_SLEEP, /* might_sleep() calls nothing */
};

static const struct {
	const char *name;
	enum when when;
} sleepers[] = {
	{ "msleep", ALWAYS },
	{ "msleep_interruptible", ALWAYS },
	{ "usleep_range_state", ALWAYS },
	{ "schedule_timeout", ALWAYS },
	{ "schedule_hrtimeout_range_clock", ALWAYS },
	{ "io_schedule", ALWAYS },
	{ "yield", ALWAYS },
	{ "down_timeout", ALWAYS },
	{ "wait_for_completion_killable", ALWAYS },

	{ "mutex_lock", WITHOUT_CHECK },
	{ "mutex_lock_nested", WITHOUT_CHECK }, /* in place of the former with lockdep */
	{ "mutex_lock_interruptible", WITHOUT_CHECK },
	{ "mutex_lock_killable", WITHOUT_CHECK },
	{ "down", WITHOUT_CHECK },
	{ "down_interruptible", WITHOUT_CHECK },
	{ "down_read", WITHOUT_CHECK },
	{ "down_write", WITHOUT_CHECK },
	{ "down_read_killable", WITHOUT_CHECK },
	{ "down_write_killable", WITHOUT_CHECK },
	{ "wait_for_completion", WITHOUT_CHECK },
	{ "wait_for_completion_timeout", WITHOUT_CHECK },
	{ "wait_for_completion_interruptible", WITHOUT_CHECK },
	{ "synchronize_rcu", WITHOUT_CHECK },
	{ "flush_work", WITHOUT_CHECK },

	{ "mutex_lock_interruptible_nested", WITHOUT_MIGHT_SLEEP },
	{ "mutex_lock_killable_nested", WITHOUT_MIGHT_SLEEP },
	{ "mutex_lock_io", WITHOUT_MIGHT_SLEEP },
	{ "ww_mutex_lock", WITHOUT_MIGHT_SLEEP },
	{ "ww_mutex_lock_interruptible", WITHOUT_MIGHT_SLEEP },
	{ "rt_mutex_lock", WITHOUT_MIGHT_SLEEP },
	{ "down_killable", WITHOUT_MIGHT_SLEEP },
	{ "down_read_interruptible", WITHOUT_MIGHT_SLEEP },
	{ "down_read_nested", WITHOUT_MIGHT_SLEEP },
	{ "down_write_nested", WITHOUT_MIGHT_SLEEP },
	{ "percpu_down_write", WITHOUT_MIGHT_SLEEP },
	{ "wait_for_completion_io", WITHOUT_MIGHT_SLEEP },
	{ "wait_for_completion_io_timeout", WITHOUT_MIGHT_SLEEP },
	{ "wait_for_completion_interruptible_timeout", WITHOUT_MIGHT_SLEEP },
	{ "wait_for_completion_killable_timeout", WITHOUT_MIGHT_SLEEP },
	{ "wait_for_completion_state", WITHOUT_MIGHT_SLEEP },
	{ "prepare_to_wait_event", WITHOUT_MIGHT_SLEEP }, /* of wait_event() */
	{ "__wait_on_bit", WITHOUT_MIGHT_SLEEP },
	{ "dma_fence_wait_timeout", WITHOUT_MIGHT_SLEEP },
	{ "synchronize_rcu_expedited", WITHOUT_MIGHT_SLEEP },
	{ "synchronize_srcu", WITHOUT_MIGHT_SLEEP },
	{ "rcu_barrier", WITHOUT_MIGHT_SLEEP },
	{ "synchronize_irq", WITHOUT_MIGHT_SLEEP },
	{ "__flush_workqueue", WITHOUT_MIGHT_SLEEP },
	{ "flush_delayed_work", WITHOUT_MIGHT_SLEEP },
	{ "kthread_stop", WITHOUT_MIGHT_SLEEP },
	{ "remove_vm_area", WITHOUT_MIGHT_SLEEP }, /* of vunmap(), vfree() and iounmap() */
};

/*
 * The function behind might_sleep() of kernels with DEBUG_ATOMIC_SLEEP, and its older name. On
 * PREEMPT_RT, spin locks call the other functions too, which is allowed: only the first one counts.
 */
static const char *const checks[] = { "__might_sleep", "___might_sleep", "__might_resched" };

static bool checks_rt(size_t i)
{
	return i == 0;
}

/* might_sleep() calls this one where preemption is voluntary. */
static const char *const cond_resched = "__cond_resched";

#define NR_SLEEPERS ARRAY_SIZE(sleepers)
#define NR_CHECKS   ARRAY_SIZE(checks)

_Static_assert(NR_SLEEPERS + NR_CHECKS + 1 + HOOKS_MAX <= HOOK_FUNCTIONS_MAX, "HOOK_FUNCTIONS_MAX");

const char *may_sleep_name(size_t i)
{
	if (i < NR_SLEEPERS)
		return sleepers[i].name;
	if (i < NR_SLEEPERS + NR_CHECKS)
		return checks[i - NR_SLEEPERS];
	return i == NR_SLEEPERS + NR_CHECKS ? cond_resched : NULL;
}

/*
 * A BPF trampoline takes less time than a kprobe. But its program can be preempted, and the kernel
 * then skips it for other tasks on that CPU, which does not happen to a kprobe. So the trampoline
 * is used for one function that is called often by kernels without preemption. Without kprobes it
 * is not used, as the other functions are missing then.
 */
static void choose_trampoline(struct collector *c)
{
	struct bpf_program *prog = c->skel->progs.iomap_may_sleep_fentry;

	/* On 32-bit x86, the unwinder would omit the caller. */
	if (c->hooks.may_sleep.check || c->skel->rodata->cfg_ret_on_stack ||
	    !collector_has(c, KPROBES) ||
	    c->opts.rules_off & IOMAP_RULE(IOMAP_MAY_SLEEP_IN_ATOMIC) ||
	    libbpf_find_vmlinux_btf_id(cond_resched, BPF_TRACE_FENTRY) <= 0 ||
	    bpf_program__set_attach_target(prog, 0, cond_resched))
		return;
	bpf_program__set_autoload(prog, true);
}

/* Tracepoints of allocations, and the position of the flags among their arguments. */
static const struct {
	size_t prog; /* offset in struct iomap_bpf */
	const char *tracepoint;
	unsigned int flags_at;
} allocations[] = {
	{ offsetof(struct iomap_bpf, progs.iomap_alloc_object), "kmem_cache_alloc", 3 },
	{ offsetof(struct iomap_bpf, progs.iomap_alloc_bytes), "kmalloc", 4 },
	{ offsetof(struct iomap_bpf, progs.iomap_alloc_pages), "mm_page_alloc", 2 },
};

static struct bpf_program *allocation_program(const struct collector *c, size_t i)
{
	return *(struct bpf_program **)((char *)c->skel + allocations[i].prog);
}

/* The argument of the tracepoint has the type gfp_t. Its position differs between kernels. */
static bool has_flags_at(const struct btf *btf, const char *tracepoint, unsigned int at)
{
	const struct btf_type *t;
	char name[64];
	int id;

	snprintf(name, sizeof(name), "btf_trace_%s", tracepoint);
	id = btf__find_by_name_kind(btf, name, BTF_KIND_TYPEDEF);
	/* A typedef of a pointer to a function whose first argument is no argument of the event. */
	for (int i = 0; i < 3; i++) {
		t = id > 0 ? btf__type_by_id(btf, (__u32)id) : NULL;
		if (!t)
			return false;
		id = (int)t->type;
	}
	if (!btf_is_func_proto(t) || btf_vlen(t) <= at + 1)
		return false;
	t = btf__type_by_id(btf, btf_params(t)[at + 1].type);
	return t && btf_is_typedef(t) && !strcmp(btf__name_by_offset(btf, t->name_off), "gfp_t");
}

/* Loads the programs for allocations, which a kernel with a check does not need. */
static void choose_allocations(struct collector *c)
{
	struct btf *btf;

	if (!c->opts.thorough || c->hooks.may_sleep.check ||
	    c->opts.rules_off & IOMAP_RULE(IOMAP_MAY_SLEEP_IN_ATOMIC))
		return;
	btf = btf__load_vmlinux_btf();
	for (size_t i = 0; btf && i < ARRAY_SIZE(allocations); i++)
		bpf_program__set_autoload(allocation_program(c, i),
					  has_flags_at(btf, allocations[i].tracepoint,
						       allocations[i].flags_at));
	btf__free(btf);
}

void may_sleep_configure(struct collector *c)
{
	const struct function *resched = hook_function(c, cond_resched);

	for (size_t i = 0; i < NR_CHECKS; i++) {
		if (hook_function(c, checks[i])->copies &&
		    checks_rt(i) == c->skel->rodata->cfg_preempt_rt)
			c->hooks.may_sleep.check = checks[i];
	}
	choose_trampoline(c);
	choose_allocations(c);
	c->skel->rodata->cfg_cond_resched_start = resched->start;
	c->skel->rodata->cfg_cond_resched_end = resched->end;
}

void may_sleep_configure_test(struct collector *c)
{
	bpf_program__set_type(c->skel->progs.iomap_may_sleep, BPF_PROG_TYPE_RAW_TRACEPOINT);
	bpf_program__set_type(c->skel->progs.iomap_canary_probe, BPF_PROG_TYPE_RAW_TRACEPOINT);
	for (size_t i = 0; i < ARRAY_SIZE(allocations); i++)
		bpf_program__set_autoload(allocation_program(c, i), c->opts.thorough);
}

__attribute__((format(printf, 3, 4))) static void append(char *text, size_t size, const char *fmt,
							 ...)
{
	size_t len = strlen(text);
	va_list ap;

	va_start(ap, fmt);
	vsnprintf(text + len, size - len, fmt, ap);
	va_end(ap);
}

/* Returns true if the function is probed. */
static bool probe(struct collector *c, const char *name)
{
	int err = hook_add_probe(c, c->skel->progs.iomap_may_sleep, false, name);
	struct may_sleep *m = &c->hooks.may_sleep;

	if (err && err != -ENOENT)
		append(m->refused, sizeof(m->refused), "%s%s (%s)", *m->refused ? ", " : "", name,
		       hook_probe_error(err));
	return !err;
}

/* Probes the sleepers from one level to another. Returns the number of those that are probed. */
static int probe_sleepers(struct collector *c, enum when first, enum when last)
{
	struct iomap_persistent_may_sleep *p = &c->takeover.persistent->may_sleep;
	int n = 0;

	for (size_t i = 0; i < NR_SLEEPERS; i++) {
		if (sleepers[i].when < first || sleepers[i].when > last ||
		    !probe(c, sleepers[i].name))
			continue;
		n++;
		/* The canary takes a mutex. */
		if (!strcmp(sleepers[i].name, "mutex_lock") ||
		    !strcmp(sleepers[i].name, "mutex_lock_nested"))
			c->takeover.persistent->canary |= IOMAP_CANARY_SLEEPER;
		append(p->functions, sizeof(p->functions), "%s%s", *p->functions ? " " : "",
		       sleepers[i].name);
	}
	return n;
}

static bool attach_trampoline(struct collector *c)
{
	struct bpf_program *prog = c->skel->progs.iomap_may_sleep_fentry;
	struct bpf_link *link =
		bpf_program__autoload(prog) ? bpf_program__attach_trace(prog) : NULL;

	return link && !hook_add_link(c, link);
}

static int say_refused(struct collector *c, int hook, struct errbuf *e)
{
	if (!*c->hooks.may_sleep.refused || c->hooks.missing[hook])
		return 0;
	return hook_set_missing(c, hook, e, "functions that cannot be probed: %s",
				c->hooks.may_sleep.refused);
}

int may_sleep_attach(struct collector *c, int hook, struct errbuf *e)
{
	struct iomap_persistent_may_sleep *p = &c->takeover.persistent->may_sleep;
	struct may_sleep *m = &c->hooks.may_sleep;
	int n;

	if (m->check) {
		n = probe(c, m->check);
		if (n) {
			snprintf(p->might_sleep, sizeof(p->might_sleep), "%s", m->check);
			c->takeover.persistent->canary |= IOMAP_CANARY_SLEEPER;
		}
		n += probe_sleepers(c, ALWAYS, ALWAYS);
	} else {
		n = probe_sleepers(c, ALWAYS, WITHOUT_CHECK);
		/* Without the functions above, the trampoline alone would see half of the calls. */
		if (n && !attach_trampoline(c))
			probe(c, cond_resched);
	}
	if (n || collector_has(c, KPROBES))
		return say_refused(c, hook, e);
	return hook_set_missing(c, hook, e, "this kernel has no kprobes (CONFIG_KPROBES)");
}

static void attach_allocations(struct collector *c)
{
	bool all = true;

	for (size_t i = 0; i < ARRAY_SIZE(allocations); i++) {
		struct bpf_program *prog = allocation_program(c, i);
		struct bpf_link *link = NULL;

		if (bpf_program__autoload(prog))
			link = bpf_program__attach_raw_tracepoint(prog, allocations[i].tracepoint);
		all &= link && !hook_add_link(c, link);
	}
	c->takeover.persistent->may_sleep.allocations = all;
}

/*
 * __cond_resched() exists on kernels on which might_sleep() does not call it: those without
 * preemption, where only cond_resched() does, and those with CONFIG_PREEMPT_DYNAMIC and
 * preempt=full or preempt=none. So the canary decides.
 */
int may_sleep_complete(struct collector *c, struct errbuf *e)
{
	struct iomap_persistent_may_sleep *p = &c->takeover.persistent->may_sleep;
	int hook = hook_find("may_sleep");

	if (!hook_needed(c, hook) || !*p->functions || *p->might_sleep)
		return 0;
	if (canary_ask(c, IOMAP_CANARY_COND_RESCHED) & IOMAP_CANARY_COND_RESCHED) {
		snprintf(p->might_sleep, sizeof(p->might_sleep), "%s", cond_resched);
		c->takeover.persistent->canary |= IOMAP_CANARY_COND_RESCHED;
		return 0;
	}
	probe_sleepers(c, WITHOUT_MIGHT_SLEEP, WITHOUT_MIGHT_SLEEP);
	attach_allocations(c);
	return say_refused(c, hook, e);
}

void may_sleep_report(const struct collector *c, struct model *m)
{
	const struct iomap_persistent_may_sleep *p = &c->takeover.persistent->may_sleep;
	int hook = hook_find("may_sleep");

	if (!hook_needed(c, hook) || !*p->functions || c->hooks.silent[hook])
		return;
	m->may_sleep = (struct model_may_sleep){
		.functions = p->functions,
		.might_sleep = *p->might_sleep ? p->might_sleep : NULL,
		.allocations = *p->might_sleep || p->allocations,
	};
}
