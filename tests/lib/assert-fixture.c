// SPDX-License-Identifier: GPL-2.0-or-later
#include <string.h>

#include "tests/lib/assert-fixture.h"
#include "tests/lib/figures.h"

static const struct figures unused = { .time = 100, .empty = true, .mappings = 1 };

static char *const command[] = { "./drive", "--all", NULL };
/* Characters that end a string, tag, line, property or word in one of the formats. */
#define HOSTILE "\x1b[31m\xff\x01\"'<&>]]>%\r\n:,#\\ \xc3\xa4\xc2\x9b\xe2\x80\xae\xef\xbf\xbf"
static char *const hostile_command[] = { "./" HOSTILE, "--- ...\n1..0", NULL };

void fixture_begin(struct assert_report *r, struct model *before)
{
	*r = (struct assert_report){
		.argv = (char **)command,
		.duration_ns = 1234567890,
		.host = "builder",
		.rules = (1U << IOMAP_RULE_MAX) - 1 - (1U << IOMAP_HOLD_TIME),
	};
	*before = (struct model){};
	if (figures_fill(&r->model, &unused))
		abort();
	r->start_ns = r->model.time_ns;
	r->start_unix_ns = r->model.started_unix * NSEC_PER_SEC;
}

void fixture_use(struct model *m, unsigned int kind, uint64_t maps, uint64_t unmaps)
{
	struct model_count *c = &m->mappings[0].kind[kind], *t = &m->total[IOMAP_LINEAR][kind];

	c->maps += maps;
	c->unmaps += unmaps;
	t->maps += maps;
	t->unmaps += unmaps;
	m->hist[IOMAP_LINEAR][kind].count += unmaps;
	m->hist[IOMAP_LINEAR][kind].max = 12345;
	m->seen += maps + unmaps;
	m->counted += maps + unmaps;
}

/* Adds the i-th site of the figures as one that breaks the rule. */
static struct model_violation *add_site(struct model *m, unsigned int i, unsigned int rule,
					uint64_t count)
{
	struct model_violation v = figures_site(&unused, i);

	v.rule = rule;
	v.count = count;
	v.time_ns = m->time_ns + 5000000 * (m->nr_violations + 1);
	v.time_unix_ns = m->started_unix * NSEC_PER_SEC + v.time_ns - m->time_ns;
	if (model_add_violation(m, &v))
		abort();
	m->rule_count[rule] += count;
	return &m->violations[m->nr_violations - 1];
}

struct model_violation *fixture_violation(struct model *m, unsigned int rule, uint64_t count)
{
	return add_site(m, 0, rule, count);
}

int fixture_suppress(struct assert_report *r, const char *text, struct errbuf *err)
{
	FILE *f = fmemopen((void *)text, strlen(text), "r");
	int e = suppressions_read(f, "known", &r->suppressions, err);

	fclose(f);
	return e;
}

static void good(struct assert_report *r)
{
	fixture_use(&r->model, IOMAP_ATOMIC, 1000, 1000);
	fixture_use(&r->model, IOMAP_SLEEPABLE, 5, 5);
}

static void partly(struct assert_report *r)
{
	fixture_use(&r->model, IOMAP_SLEEPABLE, 5, 5);
}

static void violations(struct assert_report *r)
{
	struct model_violation *v;

	good(r);
	r->rules |= 1U << IOMAP_HOLD_TIME;
	r->max_hold_ns = 50000;
	for (unsigned int i = 0; i < FIGURES_SITES; i++) {
		struct model_violation site = figures_site(&unused, i);

		add_site(&r->model, i, site.rule, site.count);
	}
	fixture_violation(&r->model, IOMAP_MAY_SLEEP_IN_ATOMIC, 1);
	v = fixture_violation(&r->model, IOMAP_HOLD_TIME, 9);
	v->offender = NULL;
	v->held_ns = 60000;
}

static void suppressed(struct assert_report *r)
{
	struct errbuf err;

	good(r);
	fixture_violation(&r->model, IOMAP_SLEEP_IN_ATOMIC, 3);
	fixture_suppress(r,
			 "sleep-in-atomic msleep -- the firmware needs it # bug 12\n"
			 "leak never_* [qxl] -- for later\n",
			 &err);
}

static void mixed(struct assert_report *r)
{
	struct model_violation *v;

	suppressed(r);
	v = fixture_violation(&r->model, IOMAP_SLEEP_IN_ATOMIC, 1);
	v->offender = NULL;
	v->nr_stack = 1;
}

static void inconclusive(struct assert_report *r)
{
	good(r);
	r->model.lost[IOMAP_LOST_RING_FULL] = 2;
	r->model.seen += 2;
	r->model.undecided[IOMAP_ATOMIC] = 1;
	r->model.rule_missing[IOMAP_MAY_SLEEP_IN_ATOMIC] = "this kernel has no kprobes";
	model_add_hook(&r->model, "may-sleep", "this kernel has no kprobes");
}

/* A kernel with full preemption. */
static void without_might_sleep(struct assert_report *r)
{
	good(r);
	r->model.may_sleep = (struct model_may_sleep){ .functions = "msleep ww_mutex_lock down",
						       .allocations = true };
}

static void nothing(struct assert_report *r)
{
	(void)r;
}

static void failed(struct assert_report *r)
{
	good(r);
	r->wait_status = 3 << 8;
}

static void killed(struct assert_report *r)
{
	nothing(r);
	r->wait_status = 9;
}

/* Violations whose site is not in the list. */
static void unlisted(struct assert_report *r)
{
	good(r);
	r->model.rule_count[IOMAP_LEAK] = r->model.unlisted = 4;
}

static void hostile(struct assert_report *r)
{
	struct model_violation *v;
	struct errbuf err;

	good(r);
	r->argv = (char **)hostile_command;
	strcpy(r->host, HOSTILE);
	r->model.mappings[0].owner = HOSTILE "+0x1";
	r->model.mappings[0].module = HOSTILE;
	r->model.rule_missing[IOMAP_LEAK] = HOSTILE;
	model_add_hook(&r->model, HOSTILE, HOSTILE);
	for (int i = 0; i < IOMAP_RULE_MAX; i++) {
		v = fixture_violation(&r->model, i, UINT64_MAX);
		memcpy(v->comm, HOSTILE, sizeof(v->comm) - 1);
		v->caller = v->offender = v->stack[0] = v->stack[1] = HOSTILE "+0x12 [a] b";
		v->module = v->offender_module = v->map_stack[0] = HOSTILE;
		v->nr_map_stack = 1;
		v->time_unix_ns = v->size = v->offset = v->map_size = UINT64_MAX;
	}
	fixture_suppress(r,
			 "unmap-kind * -- \x1b[31m\xff\x01\"'<&>]]>%:,# TODO \\ \xc3\xa4\n"
			 "unmap-kind never[\xff]\"<&>%:,#\\ [\x1b<] -- unused\n",
			 &err);
}

/* As many sites as iomapd saves, with full stacks. */
static void crowded(struct assert_report *r)
{
	struct model_violation *v;

	good(r);
	for (int i = 0; i < IOMAP_SITES; i++) {
		v = fixture_violation(&r->model, i % IOMAP_RULE_MAX, i + 1);
		for (int k = 0; k < IOMAP_STACK_FRAMES; k++)
			v->stack[k] = v->map_stack[k] =
				"a_function_with_a_long_name+0x1234 [driver]";
		v->nr_stack = v->nr_map_stack = IOMAP_STACK_FRAMES;
	}
}

static const struct {
	const char *name;
	void (*fill)(struct assert_report *r);
} runs[] = {
	{ "good", good },
	{ "partly", partly },
	{ "violations", violations },
	{ "suppressed", suppressed },
	{ "mixed", mixed },
	{ "inconclusive", inconclusive },
	{ "without-might-sleep", without_might_sleep },
	{ "nothing", nothing },
	{ "failed", failed },
	{ "killed", killed },
	{ "unlisted", unlisted },
	{ "hostile", hostile },
	{ "crowded", crowded },
};

const char *const fixture_names[] = { "good",
				      "partly",
				      "violations",
				      "suppressed",
				      "mixed",
				      "inconclusive",
				      "without-might-sleep",
				      "nothing",
				      "failed",
				      "killed",
				      "unlisted",
				      "hostile",
				      "crowded",
				      NULL };

bool fixture_fill(const char *name, struct assert_report *r, struct model *before)
{
	for (size_t i = 0; i < ARRAY_SIZE(runs); i++) {
		if (strcmp(runs[i].name, name))
			continue;
		fixture_begin(r, before);
		runs[i].fill(r);
		return true;
	}
	return false;
}

bool fixture_report(const char *name, struct assert_report *r)
{
	struct model before;

	return fixture_fill(name, r, &before) && !assert_judge(r, &before);
}
