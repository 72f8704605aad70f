// SPDX-License-Identifier: GPL-2.0-or-later
/* iomapd: counts maps and unmaps of io_mapping and serves the figures on a socket. */
#include <limits.h>
#include <signal.h>
#include <string.h>
#include <sys/signalfd.h>
#include <sys/stat.h>
#include <bpf/libbpf.h>

#include "daemon/base/output.h"
#include "daemon/base/std_fds.h"
#include "daemon/base/utf8.h"
#include "daemon/collector/collector.h"
#include "daemon/http.h"
#include "daemon/notify.h"
#include "daemon/options.h"
#include "daemon/privilege.h"
#include "daemon/server.h"

struct daemon {
	int argc;
	char **argv;
	struct options options; /* in force */
	struct loop loop;
	struct loop_source signals;
	struct loop_source events;
	struct collector *collector;
	struct history *history;
	struct service service;
	struct server *server;
	struct http *http; /* NULL: none */
	struct errbuf http_error;
	struct stat socket;  /* to remove at the end; all zero: the socket is systemd's */
	char path[PATH_MAX]; /* of the socket */
	int claim;	     /* on that path, during the start; -1: none */
	struct watchdog watchdog;
};

static int consume(struct daemon *d)
{
	int n = collector_consume(d->collector, d->history);

	if (n > 0)
		server_events_added(d->server);
	return n < 0 ? n : 0;
}

static int on_events(struct loop_source *source, uint32_t events)
{
	(void)events;
	return consume(container_of(source, struct daemon, events));
}

static int sample(void *ctx, struct model *m)
{
	struct daemon *d = ctx;
	int err = collector_sample(d->collector, m);

	http_describe(d->http, d->options.metrics, d->http_error.text, &m->metrics);
	return err;
}

static int cost(void *ctx, struct cost *c)
{
	struct daemon *d = ctx;
	int err = cost_of_process(c);

	c->clients = server_clients(d->server);
	return err ?: collector_cost(d->collector, c);
}

/* Serves metrics at the address. NULL: does nothing. */
static int serve_metrics(struct daemon *d, const char *address, struct http **ret, struct errbuf *e)
{
	int fd, err;

	*ret = NULL;
	if (!address)
		return 0;
	fd = http_listen(address, e);
	if (fd < 0)
		return fd;
	err = http_new(&d->loop, &d->service, fd, ret);
	return err ? set_error(e, err, "cannot serve metrics: %s", strerror(-err)) : 0;
}

static void report_serving(const struct daemon *d)
{
	struct model_metrics m;

	utf8_line(stderr, "iomapd: serving %s", d->path);
	http_describe(d->http, d->options.metrics, d->http_error.text, &m);
	if (*m.url)
		utf8_line(stderr, "iomapd: serving %s%s%s", m.url, m.reason ? " later: " : "",
			  m.reason ?: "");
	else if (m.reason)
		utf8_line(stderr, "iomapd: %s", m.reason);
	notify_ready("counting");
}

/* Applies the settings that can change at run time, all or none, and names the others. */
static int apply(struct daemon *d, struct options *o, struct errbuf *e)
{
	struct http *http = d->http;
	char names[256], *metrics;
	int err;

	/* Metrics that failed get another attempt. */
	if (strcmp(d->options.metrics ?: "", o->metrics ?: "") || (o->metrics && !d->http)) {
		err = serve_metrics(d, o->metrics, &http, e);
		if (err)
			return err;
		http_free(d->http);
		d->http = http;
		metrics = d->options.metrics;
		d->options.metrics = o->metrics;
		o->metrics = metrics;
	}
	options_fixed(&d->options, o, names, sizeof(names));
	if (*names)
		fprintf(stderr, "iomapd: needs a restart to take effect: %s\n", names);
	return 0;
}

static void reload(struct daemon *d)
{
	struct errbuf e = {};
	struct options o;
	int err;

	notify_reloading();
	err = options_read(d->argc, d->argv, &o, &e);
	if (!err)
		err = apply(d, &o, &e);
	options_free(&o);
	if (err)
		fprintf(stderr, "iomapd: configuration not reloaded: %s\n", e.text);
	else
		fprintf(stderr, "iomapd: read the configuration again\n");
	report_serving(d);
}

static int on_signal(struct loop_source *source, uint32_t events)
{
	struct daemon *d = container_of(source, struct daemon, signals);
	struct signalfd_siginfo info;

	(void)events;
	if (read(source->fd, &info, sizeof(info)) != sizeof(info))
		return errno == EAGAIN || errno == EINTR ? 0 : -errno;
	if (info.ssi_signo == SIGHUP)
		reload(d);
	else
		d->loop.stop = true;
	return 0;
}

static const int ending[] = { SIGINT, SIGTERM };

static void end_at_once(int sig)
{
	(void)sig;
	_exit(EXIT_GOOD);
}

/*
 * Until iomapd pins something, a signal ends it at once, also while it waits: the kernel frees what
 * was loaded. SIGHUP waits for the loop.
 */
static int signals_end(void)
{
	const struct sigaction end = { .sa_handler = end_at_once };
	sigset_t set, hangup;

	sigemptyset(&set);
	sigemptyset(&hangup);
	sigaddset(&hangup, SIGHUP);
	signal(SIGPIPE, SIG_IGN);
	for (size_t i = 0; i < ARRAY_SIZE(ending); i++) {
		sigaddset(&set, ending[i]);
		if (sigaction(ending[i], &end, NULL))
			return -errno;
	}
	if (sigprocmask(SIG_BLOCK, &hangup, NULL) || sigprocmask(SIG_UNBLOCK, &set, NULL))
		return -errno;
	return 0;
}

/* From now on, all signals wait for the loop. */
static int signals_wait(struct daemon *d)
{
	sigset_t set;

	sigemptyset(&set);
	sigaddset(&set, SIGHUP);
	for (size_t i = 0; i < ARRAY_SIZE(ending); i++)
		sigaddset(&set, ending[i]);
	if (sigprocmask(SIG_BLOCK, &set, NULL))
		return -errno;
	d->signals.fn = on_signal;
	d->signals.fd = signalfd(-1, &set, SFD_CLOEXEC | SFD_NONBLOCK);
	if (d->signals.fd < 0)
		return -errno;
	return loop_add(&d->loop, &d->signals, EPOLLIN);
}

/* Returns -EINTR if a signal to end came since signals_wait(). */
static int interrupted(void)
{
	sigset_t set;

	sigemptyset(&set);
	sigpending(&set);
	for (size_t i = 0; i < ARRAY_SIZE(ending); i++) {
		if (sigismember(&set, ending[i]))
			return -EINTR;
	}
	return 0;
}

/* Takes systemd's socket or makes one. Returns its descriptor or a negative errno. */
static int listening(struct daemon *d, int passed, struct errbuf *e)
{
	int fd = passed;

	if (fd == -ENOENT) {
		fd = server_bind(d->path, e);
		if (fd >= 0)
			lstat(d->path, &d->socket);
		if (fd >= 0 && *e->text)
			fprintf(stderr, "iomapd: %s\n", e->text);
		server_unclaim(d->path, d->claim);
		d->claim = -1;
	}
	return fd;
}

/* Loads the programs, or takes over those of an earlier iomapd. */
static int load(struct daemon *d, int passed, struct errbuf *e)
{
	int err = signals_end();

	if (err)
		return set_error(e, err, "cannot handle signals: %s", strerror(-err));
	err = collector_new(&d->options.collector, &d->collector, e);
	if (!err && passed == -ENOENT) {
		d->claim = server_claim(d->path, e);
		if (d->claim < 0)
			err = d->claim;
	}
	if (err)
		return err;
	err = signals_wait(d);
	if (err)
		return set_error(e, err, "cannot handle signals: %s", strerror(-err));
	return collector_pin(d->collector, e);
}

static int start(struct daemon *d, struct errbuf *e)
{
	const struct service_source source = { d, sample, cost };
	const struct options *o = &d->options;
	int passed, fd, err;

	passed = notify_socket(o->socket, d->path, sizeof(d->path), e);
	if (passed == -ENOENT) {
		snprintf(d->path, sizeof(d->path), "%s", o->socket ?: IOMAPD_SOCKET);
		/* Find another iomapd before anything is loaded. */
		err = server_probe(d->path, e);
		if (err)
			return err;
	} else if (passed < 0) {
		return passed;
	}
	err = loop_init(&d->loop);
	if (err)
		return set_error(e, err, "cannot start: %s", strerror(-err));
	d->history = history_new();
	if (!d->history)
		return set_error(e, -ENOMEM, "out of memory");
	service_init(&d->service, &source, d->history);

	/*
	 * Start to count before the socket exists, so the figures include all events since the
	 * first client could connect.
	 */
	err = load(d, passed, e);
	if (err)
		return err;
	fd = listening(d, passed, e);
	if (fd < 0)
		return fd;
	err = server_new(&d->loop, &d->service, fd, &d->server);
	if (err) {
		close(fd);
		return set_error(e, err, "cannot serve: %s", strerror(-err));
	}
	/* Metrics that fail do not end the service; the status has the reason. */
	serve_metrics(d, o->metrics, &d->http, &d->http_error);
	d->events.fd = collector_event_fd(d->collector);
	d->events.fn = on_events;
	err = loop_add(&d->loop, &d->events, EPOLLIN);
	if (!err)
		err = watchdog_start(&d->watchdog, &d->loop);
	/* Take the events that came while no iomapd ran. */
	if (!err)
		err = consume(d);
	if (err)
		return set_error(e, err, "cannot wait for events: %s", strerror(-err));
	/* Nothing needs a privilege any more. */
	return privilege_drop(e) ?: interrupted();
}

/* Removes what a start that failed has left in the kernel. */
static void undo(struct daemon *d)
{
	int err = d->collector ? collector_undo(d->collector) : 0;

	if (err)
		fprintf(stderr,
			"iomapd: cannot remove the pins of this start: %s; run 'iomapctl detach'\n",
			strerror(-err));
}

/* Removes the socket unless another process has replaced it. */
static void remove_socket(const struct daemon *d)
{
	struct stat st;

	if (d->socket.st_ino && !lstat(d->path, &st) && st.st_ino == d->socket.st_ino &&
	    st.st_dev == d->socket.st_dev)
		unlink(d->path);
}

static void stop(struct daemon *d)
{
	notify_stopping();
	remove_socket(d);
	server_unclaim(d->path, d->claim);
	http_free(d->http);
	server_free(d->server);
	service_done(&d->service);
	collector_free(d->collector);
	history_free(d->history);
	watchdog_stop(&d->watchdog);
	loop_done(&d->loop);
	if (d->signals.fd >= 0)
		close(d->signals.fd);
}

/* Prints the collector's notes about its start. */
static void report_notes(const struct daemon *d)
{
	const char *note;

	for (size_t i = 0; d->collector && (note = collector_note(d->collector, i)); i++)
		utf8_line(stderr, "iomapd: %s", note);
}

static int quiet(enum libbpf_print_level level, const char *fmt, va_list args)
{
	(void)level;
	(void)fmt;
	(void)args;
	return 0;
}

/* Handles --help, --version and --check-config. Returns the exit status, or -1 to start iomapd. */
static int without_start(const struct options *o)
{
	const char *config = o->config ?: CONFIG_DEFAULT;

	switch (o->task) {
	case OPTIONS_HELP:
		opts_help(&iomapd_prog, NULL, stdout);
		return 0;
	case OPTIONS_VERSION:
		printf("iomapd %s\n", IOMAP_VERSION);
		return 0;
	case OPTIONS_CHECK:
		utf8_line(stdout, "%s: %s", config,
			  access(config, F_OK) ? "not found (optional)" : "nothing wrong");
		return 0;
	default:
		return -1;
	}
}

static int run(struct daemon *d)
{
	struct errbuf e = {};
	int err;

	/* iomapd reports the errors of libbpf in its own sentences. */
	libbpf_set_print(quiet);

	err = start(d, &e);
	report_notes(d);
	if (!err) {
		report_serving(d);
		err = loop_run(&d->loop);
		if (err)
			set_error(&e, err, "stopped: %s", strerror(-err));
	} else {
		undo(d);
	}
	stop(d);
	/* -EINTR: a signal ended the start. */
	if (!err || err == -EINTR)
		return 0;
	fprintf(stderr, "iomapd: %s\n", e.text);
	return err == -ENOTSUP ? EXIT_KERNEL : EXIT_CANNOT;
}

int main(int argc, char **argv)
{
	struct daemon d = { .argc = argc,
			    .argv = argv,
			    .loop.epfd = -1,
			    .signals.fd = -1,
			    .claim = -1,
			    .watchdog.timer.fd = -1 };
	struct errbuf e = {};
	int status;

	std_fds_open();
	if (options_read(argc, argv, &d.options, &e)) {
		fprintf(stderr, "iomapd: %s\n", e.text);
		status = EXIT_USAGE;
	} else {
		status = without_start(&d.options);
	}
	if (status < 0)
		status = run(&d);
	options_free(&d.options);
	status = output_finish(status, &e);
	if (*e.text)
		fprintf(stderr, "iomapd: %s\n", e.text);
	return status;
}
