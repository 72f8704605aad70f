// SPDX-License-Identifier: GPL-2.0-or-later
#include <string.h>

#include "tests/lib/assert-fixture.h"

#define START_NS   (100 * NSEC_PER_SEC)
#define START_UNIX (1700000000 * NSEC_PER_SEC)

static char *const command[] = { "./drive", "--all", NULL };
/* Bytes that end strings, tags, lines, properties and words in one of the formats. */
#define HOSTILE "\x1b[31m\xff\x01\"'<&>]]>%\r\n:,#\\ \xc3\xa4\xc2\x9b\xe2\x80\xae\xef\xbf\xbf"
static char *const hostile_command[] = { "./" HOSTILE, "--- ...\n1..0", NULL };

static void *grow(void *p, size_t n, size_t size)
{
	p = reallocarray(p, n, size);
	if (!p)
		abort();
	memset((char *)p + (n - 1) * size, 0, size);
	return p;
}

void fixture_begin(struct assert_report *r, struct model *before)
{
	struct model *m = &r->model;
	struct model_mapping *mm;

	*r = (struct assert_report){
		.argv = (char **)command,
		.start_ns = START_NS,
		.start_unix_ns = START_UNIX,
		.duration_ns = 1234567890,
		.host = "builder",
		.rules = (1U << IOMAP_RULE_MAX) - 1 - (1U << IOMAP_HOLD_TIME),
	};
	*before = (struct model){};
	strcpy(m->release, "6.12.117");
	m->backend_present[IOMAP_LINEAR] = true;
	model_add_hook(m, "io_mapping_map", NULL);
	model_add_hook(m, "sched_switch", NULL);
	m->mappings = mm = grow(NULL, m->nr_mappings = m->cap_mappings = 1, sizeof(*mm));
	*mm = (struct model_mapping){ .id = 1,
				      .gen = 1,
				      .base = 0xf4000000,
				      .size = 64 << 20,
				      .owner = "qxl_device_init+0x1c8",
				      .module = "qxl",
				      .device = "0000:00:02.0",
				      .state = IOMAP_LIVE };
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

struct model_violation *fixture_violation(struct model *m, unsigned int rule, uint64_t count)
{
	struct model_violation *v;

	m->violations = grow(m->violations, ++m->nr_violations, sizeof(*v));
	v = &m->violations[m->nr_violations - 1];
	*v = (struct model_violation){
		.rule = rule,
		.mapping_id = 1,
		.count = count,
		.time_ns = START_NS + 5000000 * m->nr_violations,
		.time_unix_ns = START_UNIX + 5000000 * m->nr_violations,
		.base = 0xf4000000,
		.size = 64 << 20,
		.held_ns = 1234,
		.pid = 77,
		.cpu = 1,
		.comm = "drive",
		.caller = "draw_line+0x4c",
		.module = "qxl",
		.stack = { "schedule+0x2d", "msleep+0x1a", "draw_line+0x77 [qxl]" },
		.nr_stack = 3,
	};
	m->rule_count[rule] += count;
	return v;
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
	v = fixture_violation(&r->model, IOMAP_SLEEP_IN_ATOMIC, 3);
	v->map_stack[0] = "draw_line+0x4c [qxl]";
	v->map_stack[1] = "ioctl+0x9";
	v->nr_map_stack = 2;
	v = fixture_violation(&r->model, IOMAP_MAY_SLEEP_IN_ATOMIC, 1);
	v->offender = "mutex_lock+0x0";
	v = fixture_violation(&r->model, IOMAP_OFFSET_RANGE, 2);
	v->offset = 64 << 20;
	v->map_size = 4096;
	v->held_ns = 0;
	v->nr_stack = 0;
	v = fixture_violation(&r->model, IOMAP_UNMAP_UNKNOWN, 1);
	v->mapping_id = 0;
	v->base = v->size = v->held_ns = 0;
	v->caller = v->module = NULL;
	v->offender = "draw_end+0x10";
	v->offender_module = "qxl";
	v = fixture_violation(&r->model, IOMAP_HOLD_TIME, 9);
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
	suppressed(r);
	fixture_violation(&r->model, IOMAP_SLEEP_IN_ATOMIC, 1)->nr_stack = 1;
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

/* Counted, but with no place in the list. */
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
	{ "nothing", nothing },
	{ "failed", failed },
	{ "killed", killed },
	{ "unlisted", unlisted },
	{ "hostile", hostile },
};

const char *const fixture_names[] = { "good",	"partly",	"violations", "suppressed",
				      "mixed",	"inconclusive", "nothing",    "failed",
				      "killed", "unlisted",	"hostile",    NULL };

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
