// SPDX-License-Identifier: GPL-2.0-or-later
/*
 * The sites that break a rule. A site is named at its first violation, while the modules on its
 * stack are loaded. It lives as long as the collector.
 */
#include <string.h>
#include <bpf/bpf.h>

#include "daemon/base/symbol.h"
#include "daemon/collector/priv.h"

struct site {
	uint64_t key;
	bool named;
	bool reported; /* it is in the history */
	struct iomap_violation rec;
	struct model_violation v;
};

/* Functions between an event and the BPF program, which are not part of the offence. */
static bool is_tracing(const char *name)
{
	static const char *const prefixes[] = {
		"bpf_",
		"__bpf_",
		"___bpf_", /* the interpreter */
		"__traceiter_",
		"trace_",
		"__io_mapping_trace",
		"io_mapping_trace",
	};

	for (size_t i = 0; i < ARRAY_SIZE(prefixes); i++) {
		if (!strncmp(name, prefixes[i], strlen(prefixes[i])))
			return true;
	}
	return false;
}

/* Functions on the way to sleep: their caller is the offender. */
static bool is_scheduling(const char *name)
{
	static const char *const names[] = {
		"__schedule",	    "schedule",
		"schedule_timeout", "__might_resched",
		"___might_sleep",   "__might_sleep",
		"__cond_resched",   "preempt_schedule",
		"io_schedule",	    "schedule_preempt_disabled",
	};
	struct symbol_text t;

	symbol_parse(name, &t);
	symbol_strip_suffix(t.name);
	for (size_t i = 0; i < ARRAY_SIZE(names); i++) {
		if (!strcmp(t.name, names[i]))
			return true;
	}
	return false;
}

static const char *frame_name(const struct symbol *sym)
{
	char *text;

	if (!sym)
		return NULL;
	if (!sym->module)
		return strdup(sym->name);
	return asprintf(&text, "%s [%s]", sym->name, sym->module) < 0 ? NULL : text;
}

/* Names the frames of a stack except those of tracing. Returns their number. */
static size_t name_stack(struct collector *c, const __u64 *frames, size_t n, const char **names)
{
	const struct symbol *sym[IOMAP_STACK_FRAMES];
	size_t from = 0, got = 0;

	if (n > IOMAP_STACK_FRAMES)
		n = IOMAP_STACK_FRAMES;
	for (size_t i = 0; i < n; i++) {
		sym[i] = symbols_get(c->symbols, frames[i]);
		if (i < 8 && sym[i] && is_tracing(sym[i]->name))
			from = i + 1;
	}
	for (size_t i = from; i < n; i++) {
		names[got] = frame_name(sym[i]);
		if (names[got])
			got++;
	}
	return got;
}

/* Reads the saved stack of a map. Returns the number of frames. */
static size_t map_stack(const struct collector *c, int32_t id, __u64 *ips)
{
	size_t n = 0;

	if (id < 0 || bpf_map_lookup_elem(bpf_map__fd(c->skel->maps.map_stacks), &id, ips))
		return 0;
	while (n < IOMAP_STACK_FRAMES && ips[n])
		n++;
	return n;
}

/* The offending call; for a sleep, the caller of the scheduler. */
static void name_offender(struct collector *c, struct model_violation *v,
			  const struct iomap_violation *rec)
{
	bool sleep = v->rule == IOMAP_SLEEP_IN_ATOMIC || v->rule == IOMAP_MAY_SLEEP_IN_ATOMIC;
	const struct symbol *sym = rec->offender ? symbols_get(c->symbols, rec->offender) : NULL;

	for (size_t i = 0; sleep && !sym && i < rec->nr_stack && i < IOMAP_STACK_FRAMES; i++) {
		sym = symbols_get(c->symbols, rec->stack[i]);
		if (sym && (is_tracing(sym->name) || is_scheduling(sym->name)))
			sym = NULL;
	}
	v->offender = sym ? sym->name : NULL;
	v->offender_module = sym ? sym->module : NULL;
}

static void name_caller(struct collector *c, struct model_violation *v, uint64_t ip)
{
	const struct symbol *sym = ip ? symbols_get(c->symbols, ip) : NULL;

	v->caller = sym ? sym->name : NULL;
	v->module = sym ? sym->module : NULL;
}

/* The facts that need no names. */
static void set_facts(struct site *p)
{
	const struct iomap_violation *rec = &p->rec;
	struct model_violation *v = &p->v;

	v->rule = rec->rule;
	v->kind = rec->kind;
	v->backend = rec->backend;
	v->mapping_id = rec->id;
	v->count = rec->maps;
	v->time_ns = rec->time_ns;
	v->time_unix_ns = collector_unix_ns(rec->tai_ns);
	v->base = rec->base;
	v->size = rec->size;
	v->offset = rec->offset;
	v->map_size = rec->map_size;
	v->at_exit = rec->at_exit;
	v->pid = rec->pid;
	v->cpu = rec->cpu;
	memcpy(v->comm, rec->comm, IOMAP_COMM_LEN);
}

struct site *site_get(struct collector *c, uint64_t key)
{
	struct site *p;

	for (size_t i = 0; i < c->sites.nr; i++) {
		if (c->sites.site[i]->key == key)
			return c->sites.site[i];
	}
	if (c->sites.nr == IOMAP_SITES)
		return NULL;
	p = calloc(1, sizeof(*p));
	if (!p)
		return NULL;
	p->key = key;
	if (bpf_map_lookup_elem(bpf_map__fd(c->skel->maps.violations), &key, &p->rec)) {
		free(p);
		return NULL;
	}
	set_facts(p);
	c->sites.site[c->sites.nr++] = p;
	return p;
}

static int by_time(const void *a, const void *b)
{
	const struct site *pa = *(struct site *const *)a, *pb = *(struct site *const *)b;

	return pa->rec.time_ns < pb->rec.time_ns ? -1 : pa->rec.time_ns > pb->rec.time_ns;
}

void sites_find(struct collector *c)
{
	int fd = bpf_map__fd(c->skel->maps.violations);
	uint64_t key, next, *prev = NULL;
	size_t before = c->sites.nr;

	while (!bpf_map_get_next_key(fd, prev, &next)) {
		site_get(c, next);
		key = next;
		prev = &key;
	}
	if (c->sites.nr > before)
		qsort(c->sites.site, c->sites.nr, sizeof(struct site *), by_time);
}

bool site_claim(struct site *p, uint64_t time_unix_ns)
{
	bool was = p->reported;

	if (!was)
		p->v.time_unix_ns = time_unix_ns;
	p->reported = true;
	return !was;
}

const struct model_violation *site_violation(const struct site *p)
{
	return &p->v;
}

bool site_unreported(const struct site *p, struct iomap_event *ret)
{
	const struct iomap_violation *rec = &p->rec;

	if (p->reported)
		return false;
	*ret = (struct iomap_event){
		.type = IOMAP_EVENT_VIOLATION,
		.site = p->key,
		.time_ns = rec->time_ns,
		.tai_ns = rec->tai_ns,
		.caller = rec->caller,
		.base = rec->base,
		.size = rec->size,
		.offset = rec->offset,
		.id = rec->id,
		.gen = rec->gen,
		.pid = rec->pid,
		.cpu = rec->cpu,
		.kind = rec->kind,
		.backend = rec->backend,
	};
	memcpy(ret->comm, rec->comm, IOMAP_COMM_LEN);
	return true;
}

static void name_site(struct collector *c, struct site *p)
{
	struct model_violation *v = &p->v;
	__u64 ips[IOMAP_STACK_FRAMES] = {};

	v->nr_stack = name_stack(c, p->rec.stack, p->rec.nr_stack, v->stack);
	v->nr_map_stack = name_stack(c, ips, map_stack(c, p->rec.map_stack, ips), v->map_stack);
	name_caller(c, v, p->rec.caller);
	name_offender(c, v, &p->rec);
	p->named = true;
}

/* Gets all addresses of a site. Returns their number. */
static size_t addresses(struct collector *c, const struct site *p, uint64_t *ret)
{
	__u64 ips[IOMAP_STACK_FRAMES] = {};
	size_t k = map_stack(c, p->rec.map_stack, ips), n = 0;

	for (size_t i = 0; i < p->rec.nr_stack && i < IOMAP_STACK_FRAMES; i++)
		ret[n++] = p->rec.stack[i];
	for (size_t i = 0; i < k; i++)
		ret[n++] = ips[i];
	if (p->rec.caller)
		ret[n++] = p->rec.caller;
	if (p->rec.offender)
		ret[n++] = p->rec.offender;
	return n;
}

/* Learns the names that the programs saved of the stack, except a truncated one. */
static void learn_stack(struct collector *c, const struct site *p)
{
	struct iomap_stack_names n;

	if (!c->use_saved_names ||
	    bpf_map_lookup_elem(bpf_map__fd(c->skel->maps.stack_names), &p->key, &n))
		return;
	for (size_t half = 0; half < 2; half++) {
		size_t i = half * IOMAP_STACK_FRAMES / 2;
		char *line = n.text[half], *end;

		n.text[half][IOMAP_STACK_NAMES_LEN - 1] = '\0';
		for (; i < p->rec.nr_stack && (end = strchr(line, '\n')); i++) {
			*end = '\0';
			symbols_learn(c->symbols, p->rec.stack[i], line);
			line = end + 1;
		}
	}
}

int sites_name(struct collector *c, const uint64_t *addrs, size_t n)
{
	_cleanup_free_ uint64_t *all = NULL;
	size_t unnamed = 0;

	for (size_t i = 0; i < c->sites.nr; i++)
		unnamed += !c->sites.site[i]->named;
	all = calloc(unnamed * (2 * IOMAP_STACK_FRAMES + 2) + n + 1, sizeof(*all));
	if (!all)
		return -ENOMEM;
	if (n)
		memcpy(all, addrs, n * sizeof(*all));
	for (size_t i = 0; i < c->sites.nr; i++) {
		if (c->sites.site[i]->named)
			continue;
		learn_stack(c, c->sites.site[i]);
		n += addresses(c, c->sites.site[i], all + n);
	}
	/* An address without a name is shown as it is. */
	symbols_resolve(c->symbols, all, n);
	for (size_t i = 0; i < c->sites.nr; i++) {
		if (!c->sites.site[i]->named)
			name_site(c, c->sites.site[i]);
	}
	return 0;
}

/* Finds the caller of all leaked maps: its address times their number is the saved sum. */
static void find_caller(struct site *p, const struct model *m)
{
	for (size_t i = 0; i < m->nr_callers; i++) {
		const struct model_caller *mc = &m->callers[i];

		if (mc->mapping_id != p->rec.id || mc->kind != p->rec.kind ||
		    mc->addr * p->rec.maps != p->rec.callers)
			continue;
		p->v.caller = mc->name;
		p->v.module = mc->module;
		return;
	}
}

static int read_count(struct collector *c, struct site *p, struct iomap_violation_count *counts)
{
	int fd = bpf_map__fd(c->skel->maps.violation_counts);
	uint64_t n = 0;

	if (bpf_map_lookup_elem(fd, &p->key, counts))
		return errno == ENOENT ? 0 : -errno; /* a program is about to enter it */
	for (int i = 0; i < c->nr_cpus; i++) {
		n += counts[i].count;
		if (counts[i].held_ns > p->v.held_ns)
			p->v.held_ns = counts[i].held_ns;
	}
	p->v.count = n;
	return 0;
}

int sites_report(struct collector *c, struct model *m)
{
	_cleanup_free_ struct iomap_violation_count *counts = calloc(c->nr_cpus, sizeof(*counts));
	uint64_t listed[IOMAP_RULE_MAX] = {};
	int err = 0;

	if (!counts)
		return -ENOMEM;
	sites_find(c);
	err = sites_name(c, NULL, 0);
	for (size_t i = 0; i < c->sites.nr && !err; i++) {
		struct site *p = c->sites.site[i];

		err = read_count(c, p, counts);
		if (!p->v.caller && p->rec.callers)
			find_caller(p, m);
		if (!err)
			err = model_add_violation(m, &p->v);
		listed[p->v.rule] += p->v.count;
	}
	for (int i = 0; i < IOMAP_RULE_MAX; i++) {
		/* The CPUs were read before the sites. */
		if (m->rule_count[i] < listed[i])
			m->rule_count[i] = listed[i];
		m->unlisted += m->rule_count[i] - listed[i];
	}
	return err;
}

void sites_free(struct collector *c)
{
	for (size_t i = 0; i < c->sites.nr; i++) {
		struct model_violation *v = &c->sites.site[i]->v;

		for (size_t k = 0; k < v->nr_stack; k++)
			free((char *)v->stack[k]);
		for (size_t k = 0; k < v->nr_map_stack; k++)
			free((char *)v->map_stack[k]);
		free(c->sites.site[i]);
	}
	c->sites.nr = 0;
}
