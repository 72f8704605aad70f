// SPDX-License-Identifier: GPL-2.0-or-later
/*
 * The canary: proves that attached hooks fire. The calling thread sets a canary for itself in the
 * kernel, makes system calls that reach a hook of each kind, and takes the canary back, with a bit
 * for each hook that fired (bpf/canary.bpf.h). This takes some microseconds and no capability, and
 * is done when somebody asks for figures.
 *
 * The thread sets its name to the name that it has, which reaches a tracepoint and a kprobe that
 * others rarely reach. It writes to a pipe, which takes a mutex and so reaches the functions that
 * may sleep. For a gate, it takes the canary from CPU to CPU, which proves the hook on task
 * switches as well.
 */
#include <fcntl.h>
#include <sched.h>
#include <stdarg.h>
#include <string.h>
#include <sys/prctl.h>
#include <bpf/bpf.h>

#include "daemon/collector/priv.h"

/*
 * A hook that does not fire is tried again for this time: on a preemptible kernel, the kernel skips
 * probes on a CPU while a task that was preempted there is reading a BPF map.
 */
#define PATIENCE_NS (NSEC_PER_SEC / 2)
#define NAP_US	    1000

/* Runs the program of the canary. Returns the bits of the canary, or a negative errno. */
static int run(const struct collector *c, uint64_t bits)
{
	struct bpf_test_run_opts opts = { .sz = sizeof(opts),
					  .ctx_in = &bits,
					  .ctx_size_in = sizeof(bits) };
	int fd = collector_prog_fd(c, c->skel->progs.iomap_canary);

	return bpf_prog_test_run_opts(fd, &opts) ? -errno : (int)opts.retval;
}

/* Makes the system calls. */
static void call(const struct collector *c)
{
	char name[16], byte = 0;

	if (!prctl(PR_GET_NAME, name))
		prctl(PR_SET_NAME, name);
	if (write(c->hooks.canary.pipe[1], &byte, 1) == 1)
		while (read(c->hooks.canary.pipe[0], &byte, 1) < 0 && errno == EINTR)
			;
}

/* Moves the calling thread. set NULL: it stays. Returns false if it cannot run there. */
static bool move(size_t size, const cpu_set_t *set)
{
	return !set || !sched_setaffinity(0, size, set);
}

/* One try, with a move while the thread has the canary. Returns the bits that fired. */
static uint32_t try(const struct collector *c, size_t size, const cpu_set_t *from,
		    const cpu_set_t *to)
{
	int bits;

	if (!move(size, from) || run(c, IOMAP_CANARY_SET) < 0)
		return 0;
	move(size, to);
	call(c);
	bits = run(c, 0);
	return bits < 0 ? 0 : (uint32_t)bits;
}

/* Tries until the wanted bits have fired. Gives up at once if the last check found silent hooks. */
static uint32_t ask(const struct collector *c, uint32_t want, size_t size, const cpu_set_t *from,
		    const cpu_set_t *to)
{
	uint64_t start = now_ns();
	uint32_t bits;

	for (;;) {
		bits = try(c, size, from, to);
		/* The canary of a thread that lost it has no bits. */
		if ((bits & want) == want || c->hooks.canary.silent ||
		    now_ns() - start > PATIENCE_NS)
			return bits;
		usleep(NAP_US);
	}
}

uint32_t canary_ask(struct collector *c, uint32_t want)
{
	return ask(c, want, 0, NULL, NULL);
}

static void set_one(size_t size, cpu_set_t *set, int cpu)
{
	CPU_ZERO_S(size, set);
	CPU_SET_S(cpu, size, set);
}

/*
 * Asks on each CPU that the process may use; the thread comes from the CPU before it. Returns the
 * bits that fired on all of them, and the CPU if a wanted one did not fire on only one; else -1.
 */
static uint32_t ask_each_cpu(struct collector *c, uint32_t want, int *ret_cpu)
{
	size_t size = CPU_ALLOC_SIZE(c->nr_cpus);
	cpu_set_t *all = CPU_ALLOC(c->nr_cpus), *from = CPU_ALLOC(c->nr_cpus),
		  *to = CPU_ALLOC(c->nr_cpus);
	uint32_t bits = ~0U, now;
	int last = 0, bad = 0;

	*ret_cpu = -1;
	if (!all || !from || !to || sched_getaffinity(0, size, all)) {
		bits = canary_ask(c, want);
		goto out;
	}
	for (int cpu = 0; cpu < c->nr_cpus; cpu++)
		last = CPU_ISSET_S(cpu, size, all) ? cpu : last;
	set_one(size, from, last);
	for (int cpu = 0; cpu < c->nr_cpus; cpu++) {
		set_one(size, to, cpu);
		/* A CPU may have gone offline. */
		if (!CPU_ISSET_S(cpu, size, all) || !move(size, to))
			continue;
		now = ask(c, want, size, from, to);
		if ((now & want) != want)
			*ret_cpu = bad++ ? -1 : cpu;
		bits &= now;
		set_one(size, from, cpu);
	}
	sched_setaffinity(0, size, all);
out:
	CPU_FREE(all);
	CPU_FREE(from);
	CPU_FREE(to);
	return bits;
}

int canary_attach(struct collector *c, struct errbuf *e)
{
	const struct iomap_bpf *s = c->skel;
	struct bpf_link *link =
		bpf_program__attach_raw_tracepoint(s->progs.iomap_canary_rename, "task_rename");
	uint32_t *expected = &c->takeover.persistent->canary;

	if (link && !hook_add_link(c, link))
		*expected |= IOMAP_CANARY_TRACEPOINT;
	if (!hook_add_probe(c, s->progs.iomap_canary_probe, false, CANARY_FUNCTION))
		*expected |= IOMAP_CANARY_KPROBE;
	return canary_open(c, e);
}

int canary_open(struct collector *c, struct errbuf *e)
{
	if (!pipe2(c->hooks.canary.pipe, O_CLOEXEC | O_NONBLOCK))
		return 0;
	return set_error(e, -errno, "cannot make a pipe: %s", strerror(errno));
}

static bool is_zero(const struct collector *c, const char *path)
{
	_cleanup_free_ char *p = collector_path(c, path);
	_cleanup_fclose_ FILE *f = p ? fopen(p, "re") : NULL;

	return f && fgetc(f) == '0';
}

/* Says why probes do not fire. */
static const char *reason(const struct collector *c)
{
	if (is_zero(c, "/proc/sys/kernel/ftrace_enabled"))
		return "the sysctl kernel.ftrace_enabled is 0";
	if (is_zero(c, "/sys/kernel/debug/kprobes/enabled"))
		return "/sys/kernel/debug/kprobes/enabled is 0";
	return "look at the sysctl kernel.ftrace_enabled and at /sys/kernel/debug/kprobes/enabled";
}

/* Saves a sentence until canary_free(). Returns the saved one. */
static const char *save(struct canary *k, const char *text)
{
	char **p;

	for (size_t i = 0; i < k->nr_texts; i++) {
		if (!strcmp(k->texts[i], text))
			return k->texts[i];
	}
	p = reallocarray(k->texts, k->nr_texts + 1, sizeof(*p));
	if (!p)
		return NULL;
	k->texts = p;
	p[k->nr_texts] = strdup(text);
	return p[k->nr_texts] ? p[k->nr_texts++] : NULL;
}

__attribute__((format(printf, 3, 4))) static int set_silent(struct collector *c, int hook,
							    const char *fmt, ...)
{
	char text[512];
	va_list ap;
	int n;

	n = snprintf(text, sizeof(text), "%s: ", hook_table[hook].cost);
	va_start(ap, fmt);
	vsnprintf(text + n, sizeof(text) - (size_t)n, fmt, ap);
	va_end(ap);
	c->hooks.silent[hook] = save(&c->hooks.canary, text);
	c->hooks.canary.silent = true;
	return c->hooks.silent[hook] ? 0 : -ENOMEM;
}

/* The bits that have to fire for a hook. */
static uint32_t bits_of(const struct collector *c, int hook)
{
	const struct hook *h = &hook_table[hook];
	uint32_t bits = 0;

	if (hook == hook_find("may_sleep")) {
		bits = c->takeover.persistent->canary &
		       (IOMAP_CANARY_SLEEPER | IOMAP_CANARY_COND_RESCHED);
		return bits & IOMAP_CANARY_SLEEPER ? bits : bits | IOMAP_CANARY_KPROBE;
	}
	for (size_t i = 0; hook_program(c, h, i); i++) {
		if (hook_is_tracepoint(h->programs[i].attach))
			bits |= IOMAP_CANARY_SET | IOMAP_CANARY_TRACEPOINT;
		else if (h->programs[i].attach != ATTACH_OPTIONAL)
			bits |= IOMAP_CANARY_KPROBE;
	}
	return bits;
}

static int check_hook(struct collector *c, int hook, uint32_t fired, const char *where)
{
	uint32_t silent = bits_of(c, hook) & ~fired, known = c->takeover.persistent->canary;
	bool probes = silent & (IOMAP_CANARY_KPROBE | IOMAP_CANARY_SLEEPER);

	if (!silent)
		return 0;
	if (probes && !(silent & known))
		return set_silent(
			c, hook,
			"nothing proves that its probes fire: the function " CANARY_FUNCTION
			" cannot be probed");
	if (probes)
		return set_silent(c, hook, "its probes are attached but do not fire%s: %s", where,
				  reason(c));
	if (silent & IOMAP_CANARY_COND_RESCHED)
		return set_silent(
			c, hook,
			"might_sleep() does not call __cond_resched() any more%s: look at "
			"/sys/kernel/debug/sched/preempt",
			where);
	if (!(known & IOMAP_CANARY_TRACEPOINT))
		return set_silent(c, hook,
				  "nothing proves that its tracepoints fire: this kernel has no "
				  "task_rename tracepoint");
	return set_silent(c, hook, "its tracepoints are attached but do not fire%s", where);
}

int canary_check(struct collector *c)
{
	uint32_t want = c->takeover.persistent->canary | IOMAP_CANARY_SET, fired;
	char where[32] = "";
	int cpu = -1, err = 0;

	if (c->opts.no_attach)
		return 0;
	fired = c->opts.thorough ? ask_each_cpu(c, want, &cpu) : canary_ask(c, want);
	/* Any kprobe proves the others. */
	if (fired & IOMAP_CANARY_SLEEPER)
		fired |= IOMAP_CANARY_KPROBE;
	if (cpu >= 0)
		snprintf(where, sizeof(where), " on CPU %d", cpu);
	c->hooks.canary.silent = false;
	for (int i = 0; i < hooks_nr && !err; i++) {
		c->hooks.silent[i] = NULL;
		if (hook_needed(c, i) && !c->hooks.missing[i])
			err = check_hook(c, i, fired, where);
	}
	return err;
}

void canary_free(struct collector *c)
{
	struct canary *k = &c->hooks.canary;

	for (size_t i = 0; i < k->nr_texts; i++)
		free(k->texts[i]);
	free(k->texts);
	for (size_t i = 0; i < ARRAY_SIZE(k->pipe); i++) {
		if (k->pipe[i] > 0)
			close(k->pipe[i]);
	}
}
