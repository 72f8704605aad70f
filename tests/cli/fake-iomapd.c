// SPDX-License-Identifier: GPL-2.0-or-later
/*
 * Serves the socket of iomapd from made-up figures that grow with time, so that the clients can be
 * tested without BPF and without the patched kernel. The server and the reports are iomapd's own.
 *
 * The figures are functions of one number, the seconds since the start; --at fixes it.
 */
#include <getopt.h>
#include <signal.h>
#include <string.h>
#include <sys/signalfd.h>
#include <sys/timerfd.h>
#include <time.h>

#include "daemon/http.h"
#include "daemon/server.h"
#include "tests/lib/fake-ipi.h"
#include "tests/lib/fake-violations.h"

enum scenario {
	BUSY,
	IDLE,
	EMPTY,
	LOST,
	GAP,
	MANY,
	BROKEN,
	IPI,
	IPI_GAP,
	FAILING,
	SCENARIO_MAX
};

static const char *const scenarios[SCENARIO_MAX] = {
	[BUSY] = "busy",       [IDLE] = "idle",	      [EMPTY] = "empty",   [LOST] = "lost",
	[GAP] = "gap",	       [MANY] = "many",	      [BROKEN] = "broken", [IPI] = "ipi",
	[IPI_GAP] = "ipi-gap", [FAILING] = "failing",
};

struct fake {
	struct loop loop;
	struct loop_source timer;
	struct loop_source signals;
	struct server *server;
	struct http *http;
	struct history *history;
	enum scenario scenario;
	double at; /* below 0: time passes */
	uint64_t since;
	uint64_t start_ns;
	uint64_t events; /* told so far */
};

static const uint64_t second = 1000000000;

static double elapsed(const struct fake *f)
{
	if (f->at >= 0)
		return f->at;
	return (double)(clock_ns(CLOCK_MONOTONIC) - f->start_ns) / second;
}

/* One call site of the play: what it maps a second and how long it holds. */
struct site {
	uint64_t ip;
	const char *name;
	const char *module;
	uint32_t id;
	enum iomap_kind kind;
	enum iomap_backend backend;
	double rate;
	uint64_t hold_ns;
	unsigned int open; /* still mapped */
	double failures;   /* a second */
};

static const struct site sites[] = {
	{ 0xc0100100, "qxl_bo_kmap_atomic_page+0x4f", "qxl", 1, IOMAP_ATOMIC, IOMAP_LINEAR, 5200,
	  900, 1, 0 },
	{ 0xc0100200, "qxl_image_init_helper+0x1a2", "qxl", 1, IOMAP_ATOMIC, IOMAP_LINEAR, 310,
	  2600, 0, 0 },
	{ 0xc0200100, "test_map_one+0x3c", "test_io_mapping", 2, IOMAP_ATOMIC, IOMAP_LINEAR, 900,
	  350, 0, 0 },
	{ 0xc0200100, "test_map_one+0x3c", "test_io_mapping", 2, IOMAP_LOCAL, IOMAP_LINEAR, 450,
	  4000, 2, 0.5 },
	{ 0xc0200180, "test_map_wc+0x58", "test_io_mapping", 2, IOMAP_SLEEPABLE, IOMAP_LINEAR, 120,
	  180000, 7, 0 },
	{ 0x81100100, "ttm_bo_kmap_try+0x91", NULL, 1, IOMAP_SLEEPABLE, IOMAP_LINEAR, 12, 5000000,
	  3, 0 },
};

static const unsigned int nr_cpus = 4;

static double share(const struct fake *f)
{
	return f->scenario == IDLE ? 0 : elapsed(f);
}

static uint64_t site_maps(const struct fake *f, const struct site *s)
{
	return (uint64_t)(s->rate * share(f)) + (f->scenario == IDLE ? 1000 : s->open);
}

/* Part i of n of a total, so that the parts add up to it. */
static uint64_t part(uint64_t total, unsigned int i, unsigned int n)
{
	return total * (i + 1) / n - total * i / n;
}

static int add_callers(const struct fake *f, struct model *m)
{
	for (size_t i = 0; i < ARRAY_SIZE(sites); i++) {
		const struct site *s = &sites[i];
		struct iomap_caller rec = {
			.caller = s->ip,
			.id = s->id,
			.kind = s->kind,
			.backend = s->backend,
			.used = 1,
			.maps = site_maps(f, s),
			.failed = s->failures * share(f),
		};
		struct iomap_hist h = {};
		uint64_t unmaps = rec.maps - (f->scenario == IDLE ? 0 : s->open);

		/* Most near the middle, some twice as long, one in 128 eight times. */
		h.bucket[iomap_bucket(s->hold_ns * 8)] = unmaps / 128;
		h.bucket[iomap_bucket(s->hold_ns * 2)] += unmaps / 8;
		h.bucket[iomap_bucket(s->hold_ns)] += unmaps - unmaps / 128 - unmaps / 8;
		h.sum = unmaps * s->hold_ns;
		h.max = unmaps ? s->hold_ns * 8 : 0;
		model_add_hist(m, s->backend, s->kind, &h);
		if (model_add_caller(m, &rec))
			return -ENOMEM;
	}
	return 0;
}

static void name_callers(struct model *m)
{
	for (size_t i = 0; i < m->nr_callers; i++) {
		for (size_t j = 0; j < ARRAY_SIZE(sites); j++) {
			if (sites[j].ip != m->callers[i].addr)
				continue;
			m->callers[i].name = sites[j].name;
			m->callers[i].module = sites[j].module;
		}
	}
}

static int add_cpus(const struct fake *f, struct model *m)
{
	for (unsigned int cpu = 0; cpu < nr_cpus; cpu++) {
		struct iomap_cpu c = {};
		uint64_t n = 0;

		for (size_t i = 0; i < ARRAY_SIZE(sites) && f->scenario != EMPTY; i++) {
			const struct site *s = &sites[i];
			struct iomap_total *t = &c.total[s->backend][s->kind];
			uint64_t maps = site_maps(f, s);
			uint64_t open = f->scenario == IDLE ? 0 : s->open;

			t->maps += part(maps, cpu, nr_cpus);
			t->unmaps += part(maps - open, cpu, nr_cpus);
			t->failed += part(s->failures * share(f), cpu, nr_cpus);
		}
		for (int k = 0; k < IOMAP_KIND_MAX; k++)
			n += c.total[IOMAP_LINEAR][k].maps + c.total[IOMAP_LINEAR][k].unmaps +
			     c.total[IOMAP_LINEAR][k].failed;
		if (!cpu && f->scenario != EMPTY) {
			c.created = 3;
			c.freed = 1;
			n += 4;
		}
		if (f->scenario == LOST) {
			c.lost[IOMAP_LOST_RING_FULL] = 3 * elapsed(f);
			c.lost[IOMAP_LOST_CALLERS_FULL] = 11 * elapsed(f);
			c.unmatched[IOMAP_ATOMIC] = cpu;
			n += cpu;
		}
		c.seen = n + c.lost[IOMAP_LOST_RING_FULL] + c.lost[IOMAP_LOST_CALLERS_FULL];
		c.counted = n;
		if (model_add_cpu(m, cpu, &c))
			return -ENOMEM;
	}
	return 0;
}

struct play_mapping {
	uint64_t base;
	uint64_t size;
	const char *owner;
	const char *module;
	const char *device;
	int bar;
	uint8_t state;
};

static int add_mapping(const struct fake *f, struct model *m, uint32_t id,
		       const struct play_mapping *p)
{
	struct iomap_mapping rec = { .base = p->base, .size = p->size, .state = p->state };
	struct iomap_counters c = {};
	struct model_mapping *mm;

	for (size_t i = 0; i < ARRAY_SIZE(sites); i++) {
		const struct site *s = &sites[i];
		struct iomap_count *k = &c.kind[s->kind];
		uint64_t maps = site_maps(f, s);
		uint64_t unmaps = maps - (f->scenario == IDLE ? 0 : s->open);

		if (s->id != id)
			continue;
		k->maps += maps;
		k->unmaps += unmaps;
		k->failed += s->failures * share(f);
		k->hold_count += unmaps;
		k->hold_sum += unmaps * s->hold_ns;
		if (s->hold_ns * 8 > k->hold_max)
			k->hold_max = s->hold_ns * 8;
	}
	if (model_add_mapping(m, id, &rec, &c, 1, sizeof(c), &mm))
		return -ENOMEM;
	mm->owner = p->owner;
	mm->module = p->module;
	mm->bar = p->bar;
	snprintf(mm->device, sizeof(mm->device), "%s", p->device ? p->device : "");
	return 0;
}

static int add_mappings(const struct fake *f, struct model *m)
{
	static const struct play_mapping play[] = {
		{ 0xf4000000, 64 << 20, "qxl_device_init+0x1c8", "qxl", "0000:00:02.0", 0,
		  IOMAP_LIVE },
		{ 0xfe000000, 1 << 20, "test_io_mapping_probe+0xe4", "test_io_mapping",
		  "0000:00:04.0", 2, IOMAP_LIVE },
		{ 0xfd000000, 64 << 10, "qxl_device_init+0x214", "qxl", "0000:00:02.0", 1,
		  IOMAP_FREED },
	};

	for (size_t i = 0; i < ARRAY_SIZE(play); i++) {
		if (add_mapping(f, m, i + 1, &play[i]))
			return -ENOMEM;
	}
	for (uint32_t id = 4; id <= 300 && f->scenario == MANY; id++) {
		struct play_mapping p = { 0x380000000000 + id * 0x200000,
					  2 << 20,
					  "a_driver_with_a_rather_long_function_name_probe+0x1234",
					  "a_driver_with_a_rather_long_name",
					  "0000:3b:00.0",
					  4,
					  IOMAP_LIVE };

		if (add_mapping(f, m, id, &p))
			return -ENOMEM;
	}
	return 0;
}

static int sample(void *ctx, struct model *m)
{
	static const char no_free[] = "mappings are never shown as freed: this kernel has no "
				      "io_mapping_free tracepoint";
	static const char *const hooks[] = { "io_mapping_create", "io_mapping_free",
					     "io_mapping_unmap", "io_mapping_map" };
	struct fake *f = ctx;
	int err;

	if (f->scenario == FAILING)
		return -EIO;
	m->time_ns = f->at >= 0 ? (uint64_t)(f->at * second) : clock_ns(CLOCK_MONOTONIC);
	m->version = IOMAP_VERSION;
	m->started_unix = 1700000000;
	m->since_unix_ns = f->since;
	m->starts = f->since ? 2 : 0;
	m->pid = f->at >= 0 ? 4242 : getpid();
	m->timing = f->scenario == LOST ? IOMAP_TIMING_SAMPLED : IOMAP_TIMING_ALL;
	m->backend_present[IOMAP_LINEAR] = true;
	strcpy(m->release, "6.12.117");
	strcpy(m->machine, "x86_64");
	for (size_t i = 0; i < ARRAY_SIZE(hooks); i++) {
		bool missing = f->scenario == GAP && i == 1;

		err = model_add_hook(m, hooks[i], missing ? no_free : NULL);
		if (err)
			return err;
	}
	fake_add_rules(m);
	if (f->scenario == GAP)
		m->rule_missing[IOMAP_USE_AFTER_FREE] = m->rule_missing[IOMAP_LEAK] = no_free;
	err = f->scenario == BROKEN ? fake_add_violations(m, elapsed(f)) : 0;
	if (!err)
		err = add_cpus(f, m);
	if (!err && f->scenario != EMPTY)
		err = add_callers(f, m);
	if (!err && f->scenario != EMPTY)
		err = add_mappings(f, m);
	if (!err && (f->scenario == IPI || f->scenario == IPI_GAP))
		err = fake_add_ipi(m, elapsed(f), f->scenario == IPI_GAP);
	model_finish(m);
	name_callers(m);
	return err;
}

static int cost(void *ctx, struct cost *c)
{
	struct fake *f = ctx;

	c->clients = server_clients(f->server);
	c->map_bytes = 4 << 20;
	c->programs[0] = (struct cost_program){ "iomap_map", 123 * 1000000, 456000 };
	c->programs[1] = (struct cost_program){ "iomap_unmap", 234 * 1000000, 455000 };
	c->nr_programs = f->scenario == GAP ? 0 : 2;
	return cost_of_process(c);
}

static int serve_metrics(struct fake *f, struct service *service, const char *address,
			 struct errbuf *e)
{
	char url[128];
	int fd, err;

	if (!address)
		return 0;
	fd = http_listen(address, e);
	if (fd < 0)
		return fd;
	err = http_new(&f->loop, service, fd, &f->http);
	if (err)
		return set_error(e, err, "cannot serve metrics: %s", strerror(-err));
	http_url(f->http, url, sizeof(url));
	fprintf(stderr, "fake-iomapd: serving %s\n", url);
	return 0;
}

/* Tells one event: a mapping comes, a map of it fails, it goes. */
static void tell(struct fake *f)
{
	static const uint8_t types[] = { IOMAP_EVENT_CREATE, IOMAP_EVENT_MAP_FAILED,
					 IOMAP_EVENT_FREE };
	uint64_t n = f->events++;
	struct event e = {
		.time_unix_ns = f->at >= 0 ? 1700000000 * second : clock_ns(CLOCK_REALTIME),
		.rec = {
			.time_ns = f->at >= 0 ? n * second : clock_ns(CLOCK_MONOTONIC),
			.type = types[n % ARRAY_SIZE(types)],
			.id = 3,
			.pid = 512,
			.cpu = n % nr_cpus,
			.kind = IOMAP_LOCAL,
			.base = 0xfd000000,
			.size = 64 << 10,
			.comm = "modprobe",
		},
	};

	if (e.rec.type == IOMAP_EVENT_MAP_FAILED) {
		e.rec.size = 4096;
		e.rec.offset = 0x3000;
		e.caller = "test_map_one+0x3c";
		e.module = "test_io_mapping";
	} else if (e.rec.type == IOMAP_EVENT_CREATE) {
		e.caller = "qxl_device_init+0x214";
		e.module = "qxl";
	}
	history_add(f->history, &e);
}

/* Tells of each place that breaks a rule. */
static void report_sites(struct fake *f)
{
	const struct model_violation *v = fake_places(elapsed(f));

	for (size_t i = 0; i < FAKE_PLACES; i++) {
		struct event e = {
			.time_unix_ns = v[i].time_unix_ns,
			.rec = {
				.type = IOMAP_EVENT_VIOLATION,
				.time_ns = v[i].time_ns,
				.id = v[i].mapping_id,
				.pid = v[i].pid,
				.cpu = v[i].cpu,
				.kind = v[i].kind,
				.base = v[i].base,
				.size = v[i].size,
			},
			.caller = v[i].caller,
			.module = v[i].module,
			.violation = &v[i],
		};

		memcpy(e.rec.comm, v[i].comm, IOMAP_COMM_LEN);
		history_add(f->history, &e);
	}
}

static int timer_event(struct loop_source *source, uint32_t events)
{
	struct fake *f = container_of(source, struct fake, timer);
	uint64_t n;

	(void)events;
	if (read(source->fd, &n, sizeof(n)) == sizeof(n)) {
		tell(f);
		server_events_added(f->server);
	}
	return 0;
}

static int signal_event(struct loop_source *source, uint32_t events)
{
	struct fake *f = container_of(source, struct fake, signals);

	(void)events;
	f->loop.stop = true;
	return 0;
}

static int run(struct fake *f, const char *path, const char *metrics)
{
	const struct service_source source = { f, sample, cost };
	struct itimerspec every = { { 1, 0 }, { 1, 0 } };
	struct service service;
	struct errbuf e;
	sigset_t set;
	int fd, err;

	sigemptyset(&set);
	sigaddset(&set, SIGINT);
	sigaddset(&set, SIGTERM);
	sigprocmask(SIG_BLOCK, &set, NULL);
	f->signals =
		(struct loop_source){ .fd = signalfd(-1, &set, SFD_CLOEXEC), .fn = signal_event };
	f->timer = (struct loop_source){ .fd = timerfd_create(CLOCK_MONOTONIC, TFD_CLOEXEC),
					 .fn = timer_event };
	f->start_ns = clock_ns(CLOCK_MONOTONIC);
	f->history = history_new();
	if (!f->history || loop_init(&f->loop)) {
		fprintf(stderr, "fake-iomapd: out of memory or descriptors\n");
		return 5;
	}
	for (int i = 0; i < 3 && f->scenario != EMPTY; i++)
		tell(f);
	fake_places_begin(f->at >= 0 ? second : f->start_ns,
			  f->at >= 0 ? 1700000000 * second : clock_ns(CLOCK_REALTIME));
	if (f->scenario == BROKEN)
		report_sites(f);
	service_init(&service, &source, f->history);
	err = serve_metrics(f, &service, metrics, &e);
	fd = err ? err : server_listen(path, &e);
	if (fd < 0) {
		fprintf(stderr, "fake-iomapd: %s\n", e.text);
		return 5;
	}
	err = server_new(&f->loop, &service, fd, &f->server);
	if (!err)
		err = loop_add(&f->loop, &f->signals, EPOLLIN);
	if (!err && f->at < 0 && f->scenario != EMPTY && f->scenario != IDLE) {
		timerfd_settime(f->timer.fd, 0, &every, NULL);
		err = loop_add(&f->loop, &f->timer, EPOLLIN);
	}
	if (!err)
		err = loop_run(&f->loop);
	unlink(path);
	http_free(f->http);
	server_free(f->server);
	service_done(&service);
	history_free(f->history);
	loop_done(&f->loop);
	close(f->signals.fd);
	close(f->timer.fd);
	return err ? 5 : 0;
}

static const char help[] =
	"Usage: fake-iomapd --socket PATH [--metrics ADDR] [--scenario NAME]\n"
	"                    [--at SECONDS] [--since NS]\n"
	"Serves made-up figures, as iomapd would, until it gets SIGTERM.\n"
	"  --scenario NAME  busy (default), idle, empty, lost, gap, many, broken, ipi,\n"
	"                   ipi-gap or failing\n"
	"  --at SECONDS     the figures of that moment, always; no event comes\n"
	"  --since NS       when counting began, as a second iomapd would tell\n";

int main(int argc, char **argv)
{
	static const struct option options[] = {
		{ "socket", required_argument, NULL, 's' },
		{ "metrics", required_argument, NULL, 'm' },
		{ "scenario", required_argument, NULL, 'c' },
		{ "at", required_argument, NULL, 'a' },
		{ "since", required_argument, NULL, 'n' },
		{ "help", no_argument, NULL, 'h' },
		{},
	};
	struct fake f = { .at = -1 };
	const char *path = NULL, *metrics = NULL;
	char *end;
	int c;

	while ((c = getopt_long(argc, argv, "h", options, NULL)) != -1) {
		switch (c) {
		case 's':
			path = optarg;
			break;
		case 'm':
			metrics = optarg;
			break;
		case 'c':
			for (f.scenario = 0; f.scenario < SCENARIO_MAX; f.scenario++) {
				if (!strcmp(scenarios[f.scenario], optarg))
					break;
			}
			break;
		case 'a':
			f.at = strtod(optarg, &end);
			if (*end || f.at < 0)
				f.scenario = SCENARIO_MAX;
			break;
		case 'n':
			f.since = strtoull(optarg, NULL, 10);
			break;
		case 'h':
			fputs(help, stdout);
			return 0;
		default:
			return 2;
		}
	}
	if (!path || f.scenario == SCENARIO_MAX || optind != argc) {
		fputs(help, stderr);
		return 2;
	}
	return run(&f, path, metrics);
}
