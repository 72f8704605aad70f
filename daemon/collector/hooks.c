// SPDX-License-Identifier: GPL-2.0-or-later
/* Attaches the hooks of the table, and reports missing hooks and what is lost without them. */
#include <stdarg.h>
#include <string.h>
#include <bpf/btf.h>

#include "daemon/collector/allowed.h"
#include "daemon/collector/priv.h"

/* A kernel with this function has the reserve of the ioremap backend. */
static const char *const reserve_map = "io_mapping_reserve_map";

int hook_find(const char *name)
{
	for (int i = 0; i < hooks_nr; i++) {
		if (!strcmp(name, hook_table[i].name))
			return i;
	}
	return -EINVAL;
}

int collector_hook(const char *name)
{
	int hook = hook_find(name);

	if (hook >= 0 && hook_table[hook].need != NEED_IPI && hook_table[hook].need != NEED_RESERVE)
		return -EINVAL;
	return hook;
}

const char *collector_hook_name(size_t i)
{
	for (int hook = 0; hook < hooks_nr; hook++) {
		if (collector_hook(hook_table[hook].name) >= 0 && !i--)
			return hook_table[hook].name;
	}
	return NULL;
}

bool hook_has_source(const struct collector *c, int hook)
{
	bool sites = c->opts.source == IOMAP_SOURCE_SITES;

	return hook_table[hook].source != (sites ? FOR_TRACEPOINTS : FOR_SITES);
}

bool hook_needed(const struct collector *c, int hook)
{
	const struct hook *h = &hook_table[hook];

	if (!hook_has_source(c, hook))
		return false;
	switch (h->need) {
	case NEED_RULE:
		return h->rules & ~c->opts.rules_off;
	case NEED_RESERVE:
		return c->opts.ipi && c->hooks.has_reserve;
	case NEED_IPI:
		return c->opts.ipi;
	default:
		return true;
	}
}

struct bpf_program *hook_program(const struct collector *c, const struct hook *h, size_t i)
{
	if (i >= HOOK_PROGRAMS_MAX || !h->programs[i].prog)
		return NULL;
	return *(struct bpf_program **)((char *)c->skel + h->programs[i].prog);
}

int hook_set_missing(struct collector *c, int hook, struct errbuf *e, const char *fmt, ...)
{
	char *why, **missing = &c->hooks.missing[hook];
	va_list ap;
	int n;

	va_start(ap, fmt);
	n = vasprintf(&why, fmt, ap);
	va_end(ap);
	if (n >= 0) {
		n = asprintf(missing, "%s: %s", hook_table[hook].cost, why);
		free(why);
	}
	if (n >= 0)
		return 0;
	*missing = NULL;
	return set_error(e, -ENOMEM, "out of memory");
}

int hook_add_link(struct collector *c, struct bpf_link *link)
{
	struct bpf_link **links =
		reallocarray(c->hooks.links, c->hooks.nr_links + 1, sizeof(*links));

	if (!links) {
		bpf_link__destroy(link);
		return -ENOMEM;
	}
	c->hooks.links = links;
	links[c->hooks.nr_links++] = link;
	return 0;
}

const struct function *hook_function(const struct collector *c, const char *name)
{
	static const struct function none;

	for (size_t i = 0; i < c->hooks.nr_functions; i++) {
		if (!strcmp(c->hooks.names[i], name))
			return &c->hooks.functions[i];
	}
	return &none;
}

int hook_add_probe(struct collector *c, struct bpf_program *prog, bool at_return, const char *name)
{
	struct bpf_kprobe_opts opts = { .sz = sizeof(opts), .retprobe = at_return };
	const struct function *f = hook_function(c, name);
	bool hidden = c->hooks.missing[hook_find("kallsyms")];
	struct bpf_link *link;

	if (f->copies > 1)
		return -EADDRNOTAVAIL;
	if (!f->start && !hidden)
		return -ENOENT;
	/* An empty name makes the kernel take the offset as an address. */
	opts.offset = f->start;
	link = bpf_program__attach_kprobe_opts(prog, f->start ? "" : name, &opts);
	return link ? hook_add_link(c, link) : -errno;
}

const char *hook_probe_error(int err)
{
	if (err == -EADDRNOTAVAIL)
		return "there are several of this name";
	return allowed_probe_error(err);
}

int hooks_check_tracepoints(const struct collector *c, struct errbuf *e)
{
	struct btf *btf = btf__load_vmlinux_btf();
	bool any = false;
	char type[64];

	if (!btf)
		return set_error(e, -ENOTSUP, "the BTF of this kernel (%s) cannot be read: %s",
				 c->uts.release, strerror(errno));
	for (int i = 0; i < hooks_nr; i++) {
		if (hook_table[i].misses != MISSES_EVENTS)
			continue;
		snprintf(type, sizeof(type), "btf_trace_%s", hook_table[i].name);
		any |= btf__find_by_name_kind(btf, type, BTF_KIND_TYPEDEF) > 0;
	}
	btf__free(btf);
	if (any)
		return 0;
	return set_error(e, -ENOTSUP,
			 "this kernel (%s) has no io_mapping tracepoints; boot one with the patch "
			 "series, which is in kernel-patch/ of iomap's source, or on x86_64 make "
			 "tables of its drivers with 'iomapctl sites': see Kernel in iomapd(8)",
			 c->uts.release);
}

static void add_name(struct hooks *h, const char *name)
{
	if (h->nr_functions < HOOK_FUNCTIONS_MAX)
		h->names[h->nr_functions++] = name;
}

/* Finds all functions in one pass over the symbols. */
static void find_functions(struct collector *c)
{
	struct hooks *h = &c->hooks;
	const char *name;

	add_name(h, reserve_map);
	add_name(h, CANARY_FUNCTION);
	for (int i = 0; i < hooks_nr; i++) {
		for (size_t k = 0; hook_program(c, &hook_table[i], k); k++) {
			if (!hook_is_tracepoint(hook_table[i].programs[k].attach) &&
			    hook_table[i].programs[k].on)
				add_name(h, hook_table[i].programs[k].on);
		}
	}
	for (size_t i = 0; (name = may_sleep_name(i)); i++)
		add_name(h, name);
	symbols_find(c->symbols, h->names, h->nr_functions, h->functions);
}

void hooks_configure(struct collector *c)
{
	struct bpf_program *prog;

	if (!c->opts.no_attach) {
		find_functions(c);
		may_sleep_configure(c);
		c->hooks.has_do_exit =
			hook_function(c, "do_exit")->copies && collector_has(c, KPROBES);
		c->hooks.has_reserve = hook_function(c, reserve_map)->copies;
	}
	bpf_program__set_autoload(c->skel->progs.iomap_do_exit, c->hooks.has_do_exit);
	if (c->opts.no_attach)
		may_sleep_configure_test(c);
	for (int i = 0; i < hooks_nr; i++) {
		const struct hook *h = &hook_table[i];

		if (h->source == FOR_TRACEPOINTS && !hook_has_source(c, i)) {
			for (size_t k = 0; (prog = hook_program(c, h, k)); k++)
				bpf_program__set_autoload(prog,
							  prog == c->skel->progs.iomap_module_load);
			continue;
		}
		if (h->need != NEED_IPI && h->need != NEED_RESERVE)
			continue;
		for (size_t k = 0; (prog = hook_program(c, h, k)); k++) {
			bool needed =
				h->need == NEED_IPI || c->hooks.has_reserve || c->opts.no_attach;

			bpf_program__set_autoload(prog, c->opts.ipi && needed);
			/* Tests run all programs as raw tracepoints. */
			if (c->opts.no_attach)
				bpf_program__set_type(prog, BPF_PROG_TYPE_RAW_TRACEPOINT);
		}
	}
}

static int add_tracepoint(struct collector *c, struct bpf_program *prog, const char *name)
{
	struct bpf_link *link = bpf_program__attach_raw_tracepoint(prog, name);

	return link ? hook_add_link(c, link) : -errno;
}

/* Attaches a program of the hook. A hook that the kernel lacks is missing, which is no error. */
static int attach_one(struct collector *c, int hook, size_t i, struct errbuf *e)
{
	enum hook_attach how = hook_table[hook].programs[i].attach;
	const char *on = hook_table[hook].programs[i].on;
	struct bpf_program *prog = hook_program(c, &hook_table[hook], i);
	int err;

	if (how == ATTACH_OPTIONAL && !bpf_program__autoload(prog))
		return 0;
	err = hook_is_tracepoint(how) ? add_tracepoint(c, prog, on)
				      : hook_add_probe(c, prog, how == ATTACH_RETURN, on);
	if (!err || how == ATTACH_OPTIONAL || (how == ATTACH_IF_ANY && err == -ENOENT))
		return 0;
	if (!hook_is_tracepoint(how))
		return hook_set_missing(c, hook, e, "the function %s cannot be probed: %s", on,
					hook_probe_error(err));
	if (err == -ENOENT)
		return hook_set_missing(c, hook, e, "this kernel has no %s tracepoint", on);
	return set_error(e, err, "cannot attach to the tracepoint %s: %s", on, strerror(-err));
}

static int attach_hook(struct collector *c, int hook, struct errbuf *e)
{
	const struct hook *h = &hook_table[hook];
	int err = 0;

	if (c->opts.hidden & 1ULL << hook)
		return hook_set_missing(c, hook, e, "disabled by --without-hook");
	if (h->start)
		return h->start(c, hook, e);
	for (size_t i = 0; hook_program(c, h, i) && !c->hooks.missing[hook] && !err; i++)
		err = attach_one(c, hook, i, e);
	if (!err && !c->hooks.missing[hook])
		c->skel->bss->shared.ipi_hooks |= h->ipi_bit;
	return err;
}

int hooks_attach(struct collector *c, struct errbuf *e)
{
	int err = stock_enter(c, e) ?: canary_attach(c, e);

	for (int i = 0; i < hooks_nr && !err; i++) {
		if (hook_needed(c, i))
			err = attach_hook(c, i, e);
	}
	return err;
}

/* Why the hook is of no use; NULL: it works. */
static const char *why_missing(const struct collector *c, int hook)
{
	return c->hooks.missing[hook] ?: c->hooks.silent[hook] ?: c->stock.gap[hook];
}

static int add_hooks(const struct collector *c, struct model *m, bool files)
{
	int err = 0;

	for (int i = 0; i < hooks_nr && !err; i++) {
		bool file = hook_table[i].need == NEED_FILE;

		if (file == files && (why_missing(c, i) || (!file && hook_needed(c, i))))
			err = model_add_hook(m, hook_table[i].name, why_missing(c, i));
	}
	return err;
}

int hooks_report(const struct collector *c, struct model *m)
{
	int err = add_hooks(c, m, false) ?: add_hooks(c, m, true);

	may_sleep_report(c, m);
	for (unsigned int rule = 0; rule < IOMAP_RULE_MAX; rule++)
		m->rule_off[rule] = c->opts.rules_off & IOMAP_RULE(rule);
	for (int i = 0; i < hooks_nr; i++) {
		const char *missing = why_missing(c, i);

		for (unsigned int rule = 0; missing && rule < IOMAP_RULE_MAX; rule++) {
			if (hook_table[i].rules & IOMAP_RULE(rule) && !m->rule_off[rule] &&
			    !m->rule_missing[rule])
				m->rule_missing[rule] = missing;
		}
		for (int f = 0; missing && c->opts.ipi && f < IPI_FIGURE_MAX; f++) {
			/* An unknown preempt count is the more important reason. */
			if (hook_table[i].figures & 1U << f &&
			    (!m->ipi.missing[f] || hook_table[i].need == NEED_FILE))
				m->ipi.missing[f] = missing;
		}
	}
	return err;
}

static int misses_of(const struct collector *c, const struct hook *h, uint64_t *sum)
{
	struct bpf_program *prog, *last = NULL;
	int err = 0;

	/* A program on two tracepoints is listed twice in a row. */
	for (size_t i = 0; (prog = hook_program(c, h, i)) && !err; i++) {
		if (prog != last)
			err = collector_add_misses(c, prog, sum);
		last = prog;
	}
	return err;
}

/*
 * On a preemptible kernel, a task can be preempted while it reads a BPF map. Until it runs again,
 * the kernel skips kprobes on its CPU; it does not skip tracepoints.
 */
int hooks_add_misses(const struct collector *c, struct model *m)
{
	int err = 0;

	for (int i = 0; i < hooks_nr && !err; i++) {
		uint64_t n = 0;

		err = misses_of(c, &hook_table[i], &n);
		switch (hook_table[i].misses) {
		case MISSES_EVENTS:
			m->seen += n;
			m->lost[IOMAP_LOST_RECURSION] += n;
			break;
		case MISSES_SITES:
			break; /* the kernel's counts of the probes have them */
		case MISSES_RULES:
			for (unsigned int rule = 0; rule < IOMAP_RULE_MAX; rule++)
				m->rule_missed[rule] +=
					hook_table[i].rules & IOMAP_RULE(rule) ? n : 0;
			break;
		case MISSES_SENDS:
			m->ipi.missed_sends += n;
			break;
		case MISSES_CALLS:
			m->ipi.missed_calls += n;
			break;
		case MISSES_IPI:
			m->ipi.missed += n;
			break;
		}
	}
	return err;
}

void hooks_free(struct collector *c)
{
	for (size_t i = 0; i < c->hooks.nr_links; i++)
		bpf_link__destroy(c->hooks.links[i]);
	free(c->hooks.links);
	for (int i = 0; i < HOOKS_MAX; i++)
		free(c->hooks.missing[i]);
	canary_free(c);
}
