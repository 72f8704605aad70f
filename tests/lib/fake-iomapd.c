// SPDX-License-Identifier: GPL-2.0-or-later
/*
 * Serves the socket of iomapd from fake figures that grow with time, so that the clients can be
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
#include "tests/lib/figures.h"

enum scenario {
	BUSY,
	IDLE,
	EMPTY,
	NO_DEBUGFS,
	LOST,
	MISSING,
	MANY,
	BROKEN,
	IPI,
	IPI_MISSING,
	FAILING,
	SCENARIO_MAX
};

static const char *const scenarios[SCENARIO_MAX] = {
	[BUSY] = "busy",       [IDLE] = "idle",
	[EMPTY] = "empty",     [NO_DEBUGFS] = "no-debugfs",
	[LOST] = "lost",       [MISSING] = "missing",
	[MANY] = "many",       [BROKEN] = "broken",
	[IPI] = "ipi",	       [IPI_MISSING] = "ipi-missing",
	[FAILING] = "failing",
};

struct fake {
	struct loop loop;
	struct loop_source timer;
	struct loop_source signals;
	struct server *server;
	struct http *http;
	const char *metrics; /* their address */
	struct history *history;
	enum scenario scenario;
	double at; /* below 0: time passes */
	uint64_t since;
	uint64_t start_ns;
	uint64_t events;			     /* reported so far */
	struct model_violation sites[FIGURES_SITES]; /* of the events */
};

static const uint64_t second = 1000000000;

static double elapsed(const struct fake *f)
{
	if (f->at >= 0)
		return f->at;
	return (double)(now_ns() - f->start_ns) / second;
}

static struct figures figures_of(const struct fake *f)
{
	double secs = elapsed(f);

	return (struct figures){
		.time = f->at >= 0 ? f->at : (double)now_ns() / second,
		.work = f->scenario == IDLE ? 1 : secs,
		.pid = f->at >= 0 ? 0 : (uint32_t)getpid(),
		.since = f->since,
		.mappings = f->scenario == MANY ? 299 : 0,
		.lost = f->scenario == LOST ? (uint64_t)(11 * secs) : 0,
		.ring_full = f->scenario == LOST ? (uint64_t)(3 * secs) : 0,
		.unmatched = f->scenario == LOST,
		.timed = f->scenario == LOST ? 64 : 0,
		.hook_missing = f->scenario == MISSING,
		.no_debugfs = f->scenario == NO_DEBUGFS,
		.empty = f->scenario == EMPTY || f->scenario == NO_DEBUGFS,
		.sites = f->scenario == BROKEN ? FIGURES_SITES : 0,
		.unlisted = f->scenario == BROKEN ? 6 : 0,
		.first_ns = f->at >= 0 ? second : f->start_ns,
		.ipi = f->scenario == IPI || f->scenario == IPI_MISSING,
		.ipi_missing = f->scenario == IPI_MISSING,
	};
}

static int sample(void *ctx, struct model *m)
{
	const struct fake *f = ctx;
	struct figures figures = figures_of(f);

	int err = f->scenario == FAILING ? -EIO : figures_fill(m, &figures);

	http_describe(f->http, f->metrics, NULL, &m->metrics);
	return err;
}

static int cost(void *ctx, struct cost *c)
{
	struct fake *f = ctx;

	c->clients = server_clients(f->server);
	c->map_bytes = 4 << 20;
	c->programs[0] = (struct cost_program){ "iomap_map", 123 * 1000000, 456000 };
	c->programs[1] = (struct cost_program){ "iomap_unmap", 234 * 1000000, 455000 };
	c->nr_programs = f->scenario == MISSING ? 0 : 2;
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

/* Adds one event: in turn a mapping is created, a map of it fails, it is freed. */
static void add_event(struct fake *f)
{
	static const uint8_t types[] = { IOMAP_EVENT_CREATE, IOMAP_EVENT_MAP_FAILED,
					 IOMAP_EVENT_FREE };
	uint64_t n = f->events++;
	struct event e = {
		.time_unix_ns = f->at >= 0 ? 1700000000 * second : clock_ns(CLOCK_REALTIME),
		.rec = {
			.time_ns = f->at >= 0 ? n * second : now_ns(),
			.type = types[n % ARRAY_SIZE(types)],
			.id = 3,
			.pid = 512,
			.cpu = n % 4,
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

/* Adds an event for each site that breaks a rule. */
static void report_sites(struct fake *f)
{
	struct figures figures = figures_of(f);

	for (unsigned int i = 0; i < FIGURES_SITES; i++) {
		struct model_violation *v = &f->sites[i];
		struct event e;

		*v = figures_site(&figures, i);
		e = (struct event){
			.time_unix_ns = v->time_unix_ns,
			.rec = {
				.type = IOMAP_EVENT_VIOLATION,
				.time_ns = v->time_ns,
				.id = v->mapping_id,
				.pid = v->pid,
				.cpu = v->cpu,
				.kind = v->kind,
				.base = v->base,
				.size = v->size,
			},
			.caller = v->caller,
			.module = v->module,
			.violation = v,
		};
		memcpy(e.rec.comm, v->comm, IOMAP_COMM_LEN);
		history_add(f->history, &e);
	}
}

static int timer_event(struct loop_source *source, uint32_t events)
{
	struct fake *f = container_of(source, struct fake, timer);
	uint64_t n;

	(void)events;
	if (read(source->fd, &n, sizeof(n)) == sizeof(n)) {
		add_event(f);
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
	f->start_ns = now_ns();
	f->history = history_new();
	if (!f->history || loop_init(&f->loop)) {
		fprintf(stderr, "fake-iomapd: out of memory or descriptors\n");
		return 5;
	}
	for (int i = 0; i < 3 && f->scenario != EMPTY; i++)
		add_event(f);
	if (f->scenario == BROKEN)
		report_sites(f);
	service_init(&service, &source, f->history);
	f->metrics = metrics;
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
	"Serves fake figures, as iomapd would, until it gets SIGTERM.\n"
	"  --scenario NAME  busy (default), idle, empty, no-debugfs, lost, missing, many, broken,\n"
	"                   ipi, ipi-missing or failing\n"
	"  --at SECONDS     always the figures of that moment, and no new event\n"
	"  --since NS       when counting began, as a restarted iomapd reports it\n";

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
