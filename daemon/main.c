// SPDX-License-Identifier: GPL-2.0-or-later
/* iomapd: counts what io_mapping users do and serves the figures on a socket. */
#include <getopt.h>
#include <signal.h>
#include <string.h>
#include <sys/signalfd.h>
#include <sys/stat.h>
#include <bpf/libbpf.h>

#include "daemon/collector.h"
#include "daemon/names.h"
#include "daemon/server.h"

#define SOCKET_DEFAULT "/run/iomapd/iomapd.sock"

enum exit_status {
	EXIT_USAGE = 2,
	EXIT_CANNOT_RUN = 5,
	EXIT_KERNEL_LACKS = 6,
};

struct options {
	const char *socket;
	struct collector_options collector;
};

struct daemon {
	struct loop loop;
	struct loop_source signals;
	struct loop_source events;
	struct collector *collector;
	struct history *history;
	struct service service;
	struct server *server;
	struct stat socket; /* ours, to be removed at the end */
};

static const char help[] =
	"Usage: iomapd [OPTION]...\n"
	"Count what io_mapping users do and serve the figures on a socket.\n"
	"It stays in the foreground until it gets SIGTERM or SIGINT.\n"
	"\n"
	"  --socket PATH      where to listen (default: $IOMAPD_SOCKET, else\n"
	"                     " SOCKET_DEFAULT ")\n"
	"  --max-mappings N   mappings that get counters of their own, 1 to 65536\n"
	"                     (default: 1024)\n"
	"  --hold-times MODE  which hold times to take: all, sampled, off (default: all)\n"
	"  --max-hold TIME    report atomic maps held for longer, such as 50us or 1.5ms\n"
	"  --without-check RULE  leave a rule of the API unchecked, or all; may be repeated\n"
	"  --help             show this help\n"
	"  --version          show the version\n"
	"\n"
	"Exit status: 0 ended by a signal, 2 wrong usage, 5 could not run, 6 the kernel\n"
	"lacks the tracepoints or BTF.\n";

static int usage(const char *what, const char *arg)
{
	fprintf(stderr, "iomapd: %s '%s': see 'iomapd --help'\n", what, arg);
	return EXIT_USAGE;
}

static int parse_number(const char *text, uint32_t max, uint32_t *ret)
{
	unsigned long v;
	char *end;

	errno = 0;
	v = strtoul(text, &end, 10);
	if (errno || end == text || *end || *text < '0' || *text > '9' || !v || v > max)
		return -EINVAL;
	*ret = v;
	return 0;
}

/* Adds a rule, or all of them, to the mask. */
static int parse_rule(const char *name, uint32_t *mask)
{
	int rule = rule_from_name(name);

	if (!strcmp(name, "all"))
		*mask |= IOMAP_RULE(IOMAP_RULE_MAX) - 1;
	else if (rule >= 0)
		*mask |= IOMAP_RULE(rule);
	else
		return -EINVAL;
	return 0;
}

/* Returns -1 to go on, else the exit status. */
static int parse_options(int argc, char **argv, struct options *o)
{
	static const struct option options[] = {
		{ "socket", required_argument, NULL, 's' },
		{ "max-mappings", required_argument, NULL, 'm' },
		{ "hold-times", required_argument, NULL, 't' },
		{ "max-hold", required_argument, NULL, 'b' },
		{ "without-check", required_argument, NULL, 'w' },
		{ "help", no_argument, NULL, 'h' },
		{ "version", no_argument, NULL, 'V' },
		{},
	};
	int c, timing;

	opterr = 0;
	while ((c = getopt_long(argc, argv, ":h", options, NULL)) != -1) {
		switch (c) {
		case 's':
			o->socket = optarg;
			break;
		case 'm':
			if (parse_number(optarg, COLLECTOR_MAPPINGS_MAX,
					 &o->collector.max_mappings))
				return usage("--max-mappings takes a number from 1 to 65536, not",
					     optarg);
			break;
		case 't':
			timing = timing_from_name(optarg);
			if (timing < 0)
				return usage("--hold-times takes all, sampled or off, not", optarg);
			o->collector.timing = timing;
			break;
		case 'b':
			if (time_from_text(optarg, &o->collector.max_hold_ns))
				return usage("--max-hold takes a time from 1ns to 1000s, not",
					     optarg);
			break;
		case 'w':
			if (parse_rule(optarg, &o->collector.rules_off))
				return usage("--without-check takes a rule of the API or all, not",
					     optarg);
			break;
		case 'h':
			fputs(help, stdout);
			return 0;
		case 'V':
			printf("iomapd %s\n", IOMAP_VERSION);
			return 0;
		case ':':
			return usage("a value must follow", argv[optind - 1]);
		default:
			return usage("unknown option", argv[optind - 1]);
		}
	}
	if (optind < argc)
		return usage("unexpected argument", argv[optind]);
	return -1;
}

static int on_signal(struct loop_source *source, uint32_t events)
{
	struct daemon *d = container_of(source, struct daemon, signals);

	(void)events;
	d->loop.stop = true;
	return 0;
}

static int on_events(struct loop_source *source, uint32_t events)
{
	struct daemon *d = container_of(source, struct daemon, events);
	int n = collector_consume(d->collector, d->history);

	(void)events;
	if (n > 0)
		server_events_added(d->server);
	return n < 0 ? n : 0;
}

/* Blocks the signals that end it and takes them by descriptor. */
static int catch_signals(struct daemon *d)
{
	static const int signals[] = { SIGINT, SIGTERM, SIGHUP };
	sigset_t set;

	sigemptyset(&set);
	for (size_t i = 0; i < ARRAY_SIZE(signals); i++)
		sigaddset(&set, signals[i]);
	signal(SIGPIPE, SIG_IGN);
	if (sigprocmask(SIG_BLOCK, &set, NULL))
		return -errno;
	d->signals.fn = on_signal;
	d->signals.fd = signalfd(-1, &set, SFD_CLOEXEC | SFD_NONBLOCK);
	return d->signals.fd < 0 ? -errno : 0;
}

static int sample(void *ctx, struct model *m)
{
	struct daemon *d = ctx;

	return collector_sample(d->collector, m);
}

static int start(struct daemon *d, const struct options *o, struct errbuf *e)
{
	const struct service_source source = { d, sample };
	int fd, err;

	/* Another one at work is told of before anything is loaded. */
	err = server_probe(o->socket, e);
	if (err)
		return err;
	err = catch_signals(d);
	if (!err)
		err = loop_init(&d->loop);
	if (err)
		return set_error(e, err, "cannot start: %s", strerror(-err));
	d->history = history_new();
	if (!d->history)
		return set_error(e, -ENOMEM, "out of memory");
	service_init(&d->service, &source, d->history);

	/* Before the socket exists, so that whoever can connect is told of everything since. */
	err = collector_new(&o->collector, &d->collector, e);
	if (err)
		return err;
	fd = server_listen(o->socket, e);
	if (fd < 0)
		return fd;
	lstat(o->socket, &d->socket);
	err = server_new(&d->loop, &d->service, fd, &d->server);
	if (err) {
		close(fd);
		return set_error(e, err, "cannot serve: %s", strerror(-err));
	}
	d->events.fd = collector_event_fd(d->collector);
	d->events.fn = on_events;
	err = loop_add(&d->loop, &d->signals, EPOLLIN);
	if (!err)
		err = loop_add(&d->loop, &d->events, EPOLLIN);
	return err ? set_error(e, err, "cannot wait for events: %s", strerror(-err)) : 0;
}

/* Removes the socket, unless somebody else has put theirs there. */
static void remove_socket(const struct daemon *d, const char *path)
{
	struct stat st;

	if (d->socket.st_ino && !lstat(path, &st) && st.st_ino == d->socket.st_ino &&
	    st.st_dev == d->socket.st_dev)
		unlink(path);
}

static void stop(struct daemon *d, const struct options *o)
{
	remove_socket(d, o->socket);
	server_free(d->server);
	service_done(&d->service);
	collector_free(d->collector);
	history_free(d->history);
	loop_done(&d->loop);
	if (d->signals.fd >= 0)
		close(d->signals.fd);
}

static int quiet(enum libbpf_print_level level, const char *fmt, va_list args)
{
	(void)level;
	(void)fmt;
	(void)args;
	return 0;
}

int main(int argc, char **argv)
{
	struct daemon d = { .loop.epfd = -1, .signals.fd = -1 };
	struct options o = {
		.socket = getenv("IOMAPD_SOCKET"),
		.collector = { .timing = IOMAP_TIMING_ALL, .preempt_rt = -1 },
	};
	struct errbuf e = {};
	int err;

	if (!o.socket || !*o.socket)
		o.socket = SOCKET_DEFAULT;
	err = parse_options(argc, argv, &o);
	if (err >= 0)
		return err;
	/* Our own sentences say what went wrong. */
	libbpf_set_print(quiet);

	err = start(&d, &o, &e);
	if (!err) {
		fprintf(stderr, "iomapd: serving %s\n", o.socket);
		err = loop_run(&d.loop);
		if (err)
			set_error(&e, err, "stopped: %s", strerror(-err));
	}
	stop(&d, &o);
	if (!err)
		return 0;
	fprintf(stderr, "iomapd: %s\n", e.text);
	return err == -ENOTSUP ? EXIT_KERNEL_LACKS : EXIT_CANNOT_RUN;
}
