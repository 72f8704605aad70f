// SPDX-License-Identifier: GPL-2.0-or-later
/* Finds and attaches to the functions of this kernel that may sleep. */
#include <string.h>

#include "daemon/collector/allowed.h"
#include "daemon/collector/priv.h"

#define MAX_SLEEPERS ARRAY_SIZE(((struct iomap_bpf__rodata *)NULL)->cfg_sleeper_start)

/* To probe where might_sleep() calls no function. */
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
 * PREEMPT_RT, spin locks call the other functions too, which is allowed: only the first one counts.
 */
static const char *const checks[] = { "__might_sleep", "___might_sleep", "__might_resched" };

static bool checks_rt(size_t i)
{
	return i == 0;
}

/* might_sleep() calls this one where preemption is voluntary. */
static const char *const cond_resched = "__cond_resched";

/*
 * Attaches the program to the named functions. Returns the number that can be probed; if that is 0,
 * a negative errno.
 */
static int probe(struct collector *c, struct bpf_program *prog, const char *const *names, size_t n)
{
	int done = 0, err = -ENOENT;

	for (size_t i = 0; i < n; i++) {
		struct bpf_link *link = bpf_program__attach_kprobe(prog, false, names[i]);

		if (!link)
			err = -errno;
		done += link && !hook_add_link(c, link);
	}
	return done ?: err;
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
	if (c->hooks.check || c->skel->rodata->cfg_ret_on_stack || !collector_has(c, KPROBES) ||
	    c->opts.rules_off & IOMAP_RULE(IOMAP_MAY_SLEEP_IN_ATOMIC) ||
	    libbpf_find_vmlinux_btf_id(cond_resched, BPF_TRACE_FENTRY) <= 0 ||
	    bpf_program__set_attach_target(prog, 0, cond_resched))
		return;
	bpf_program__set_autoload(prog, true);
}

void may_sleep_configure(struct collector *c)
{
	uint64_t start[MAX_SLEEPERS] = {}, end[MAX_SLEEPERS] = {};
	size_t k = 0;

	symbols_find(c->symbols, checks, ARRAY_SIZE(checks), start, end);
	for (size_t i = 0; i < ARRAY_SIZE(checks); i++) {
		if (start[i] && checks_rt(i) == c->skel->rodata->cfg_preempt_rt)
			c->hooks.check = checks[i];
	}
	choose_trampoline(c);
	if (c->hooks.check || symbols_find(c->symbols, sleepers, ARRAY_SIZE(sleepers), start, end))
		return;
	for (size_t i = 0; i < ARRAY_SIZE(sleepers); i++) {
		if (!end[i])
			continue;
		c->skel->rodata->cfg_sleeper_start[k] = start[i];
		c->skel->rodata->cfg_sleeper_end[k++] = end[i];
	}
}

static bool attach_trampoline(struct collector *c)
{
	struct bpf_program *prog = c->skel->progs.iomap_may_sleep_fentry;
	struct bpf_link *link =
		bpf_program__autoload(prog) ? bpf_program__attach_trace(prog) : NULL;

	return link && !hook_add_link(c, link);
}

int may_sleep_attach(struct collector *c, int hook, struct errbuf *e)
{
	struct bpf_program *prog = c->skel->progs.iomap_may_sleep;
	int n;

	if (c->hooks.check) {
		n = probe(c, prog, &c->hooks.check, 1);
	} else {
		n = probe(c, prog, sleepers, ARRAY_SIZE(sleepers));
		/* Without the functions above, the trampoline alone would see half of the calls. */
		if (n > 0 && !attach_trampoline(c))
			probe(c, prog, &cond_resched, 1);
	}
	if (n > 0)
		return 0;
	if (!collector_has(c, KPROBES))
		return hook_set_missing(c, hook, e, "this kernel has no kprobes (CONFIG_KPROBES)");
	return hook_set_missing(c, hook, e, "no function can be probed: %s",
				allowed_probe_error(n));
}
