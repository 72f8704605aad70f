// SPDX-License-Identifier: GPL-2.0-or-later
#include "daemon/options.h"

#include <string.h>
#include <sys/un.h>

#include "daemon/base/opts.h"
#include "daemon/collector/pins.h"
#include "daemon/http.h"

static int replace(char **text, const char *value)
{
	free(*text);
	*text = strdup(value);
	return *text ? 0 : -ENOMEM;
}

static int set_config(void *config, const char *value)
{
	struct options *o = config;

	return *value ? replace(&o->config, value) : -EINVAL;
}

static int set_check_config(void *config, const char *value)
{
	struct options *o = config;

	(void)value;
	o->task = OPTIONS_CHECK;
	return 0;
}

static int set_socket(void *config, const char *value)
{
	struct options *o = config;

	if (!*value || strlen(value) >= sizeof(((struct sockaddr_un *)0)->sun_path))
		return -EINVAL;
	return replace(&o->socket, value);
}

static int set_metrics(void *config, const char *value)
{
	struct sockaddr_storage address;
	struct options *o = config;

	if (!strcmp(value, "off")) {
		free(o->metrics);
		o->metrics = NULL;
		return 0;
	}
	return http_address(value, &address) < 0 ? -EINVAL : replace(&o->metrics, value);
}

static int set_max_mappings(void *config, const char *value)
{
	struct options *o = config;
	unsigned long v;
	char *end;

	errno = 0;
	v = strtoul(value, &end, 10);
	if (errno || end == value || *end || *value < '0' || *value > '9' || !v ||
	    v > COLLECTOR_MAPPINGS_MAX)
		return -EINVAL;
	o->collector.max_mappings = v;
	return 0;
}

static int set_hold_times(void *config, const char *value)
{
	struct options *o = config;
	int timing = timing_from_name(value);

	if (timing < 0)
		return -EINVAL;
	o->collector.timing = timing;
	return 0;
}

static const char *timing_word(size_t i)
{
	return i < IOMAP_TIMING_MAX ? timing_name(i) : NULL;
}

static int set_max_hold(void *config, const char *value)
{
	struct options *o = config;

	if (strcmp(value, "off"))
		return time_from_text(value, &o->collector.max_hold_ns);
	o->collector.max_hold_ns = 0;
	return 0;
}

static int set_without_check(void *config, const char *value)
{
	struct options *o = config;
	int rule = value ? rule_from_name(value) : 0;

	if (!value)
		o->collector.rules_off = 0;
	else if (!strcmp(value, "all"))
		o->collector.rules_off |= IOMAP_RULE(IOMAP_RULE_MAX) - 1;
	else if (rule >= 0)
		o->collector.rules_off |= IOMAP_RULE(rule);
	else
		return -EINVAL;
	return 0;
}

static const char *check_word(size_t i)
{
	return i == IOMAP_RULE_MAX ? "all" : rule_word(i);
}

static int set_source(void *config, const char *value)
{
	struct options *o = config;
	int source = source_from_name(value);

	if (source < 0)
		return -EINVAL;
	o->collector.source = (enum iomap_source)source;
	return 0;
}

static int set_without_ipi(void *config, const char *value)
{
	struct options *o = config;

	if (strcmp(value, "yes") && strcmp(value, "no"))
		return -EINVAL;
	o->collector.ipi = *value == 'n';
	return 0;
}

static int set_without_hook(void *config, const char *value)
{
	struct options *o = config;
	int hook = value ? collector_hook(value) : 0;

	if (hook < 0)
		return -EINVAL;
	o->collector.hidden = value ? o->collector.hidden | 1ULL << hook : 0;
	return 0;
}

#define SETTING(n) .name = (n), .type = OPT_SET

static const struct opt opts[] = {
	{ SETTING("config"), .arg = "FILE", .takes = "the name of a file",
	  .help = "configuration file: the options below without their dashes,\n"
		  "one per line, such as 'max-hold = 50us'; the command line\n"
		  "overrides it (default: " CONFIG_DEFAULT ", if it exists)",
	  .set = set_config, .flags = OPT_LINE_ONLY },
	{ SETTING("check-config"), .help = "check the configuration and the options, and exit",
	  .set = set_check_config, .flags = OPT_LINE_ONLY | OPT_SWITCH },
	{ SETTING("socket"), .arg = "PATH", .takes = "a path of 1 to 107 characters",
	  .help = "listen on this socket (default: $IOMAPD_SOCKET, else\n" IOMAPD_SOCKET ")",
	  .set = set_socket },
	{ SETTING("metrics"), .arg = "ADDR",
	  .takes = "an address such as 127.0.0.1:9751, [::1]:9751 or :9751, or off",
	  .help = "serve metrics to Prometheus at HOST:PORT, [IPV6]:PORT, or\n"
		  ":PORT on localhost (default: off)",
	  .set = set_metrics },
	{ SETTING("max-mappings"), .arg = "N", .takes = "a number from 1 to 65536",
	  .help = "mappings with their own counters, 1 to 65536 (default: 1024)",
	  .set = set_max_mappings },
	{ SETTING("hold-times"), .arg = "MODE", .takes = "all, sampled or off",
	  .help = "hold times to measure: all, sampled, off (default: sampled)",
	  .set = set_hold_times, .words = timing_word },
	{ SETTING("max-hold"), .arg = "TIME", .takes = "a time from 1ns to 1000s, or off",
	  .help = "report atomic maps held longer than TIME, such as 50us or\n"
		  "1.5ms (default: off)",
	  .set = set_max_hold },
	{ SETTING("without-check"), .arg = "RULE", .takes = "a rule of the API or all",
	  .help = "do not check this rule of the API, or all; may be repeated",
	  .set = set_without_check, .words = check_word, .flags = OPT_REPEAT },
	{ SETTING("source"), .arg = "SOURCE", .takes = "auto, tracepoints or sites",
	  .help = "where events come from: tracepoints of a patched kernel, sites\n"
		  "in the drivers of a stock kernel, or auto: sites only without\n"
		  "the tracepoints (default: auto)",
	  .set = set_source, .words = source_word },
	{ SETTING("without-ipi"), .takes = "yes or no",
	  .help = "do not count interrupts between CPUs", .set = set_without_ipi,
	  .flags = OPT_SWITCH },
	{ SETTING("without-hook"), .arg = "HOOK",
	  .takes = "a hook for interrupts between CPUs, such as csd_queue_cpu",
	  .help = "do not use this hook for interrupts between CPUs, as on a\n"
		  "kernel that lacks it; may be repeated",
	  .set = set_without_hook, .words = collector_hook_name, .flags = OPT_REPEAT },
	{ .name = "help", .letter = 'h', .type = OPT_HELP, .help = "print this help and exit" },
	{ .name = "version",
	  .letter = 'V',
	  .type = OPT_VERSION,
	  .help = "print the version and exit" },
};

const struct prog iomapd_prog = {
	.name = "iomapd",
	.help = "Count maps and unmaps of io_mapping and serve the figures on a socket.\n"
		"iomapd stays in the foreground until it gets SIGTERM or SIGINT. On SIGHUP, it\n"
		"reads its configuration again.",
	.opts = opts,
	.n_opts = ARRAY_SIZE(opts),
	.notes = "Exit status:\n"
		 "  0  ended by a signal, or the configuration is valid\n"
		 "  2  the command line or the configuration is wrong\n"
		 "  5  iomapd could not run\n"
		 "  6  the kernel lacks the tracepoints or BTF\n",
};

/* Reads IOMAPD_SOCKET. */
static int read_environment(struct options *o, struct errbuf *e)
{
	const char *path = getenv("IOMAPD_SOCKET");

	if (path && *path && set_socket(o, path))
		return set_error(e, -EINVAL, "IOMAPD_SOCKET is too long for a socket: '%s'", path);
	return 0;
}

int options_read(int argc, char **argv, struct options *o, struct errbuf *e)
{
	int r;

	*o = (struct options){
		.collector = { .max_mappings = COLLECTOR_MAPPINGS_DEFAULT,
			       .timing = IOMAP_TIMING_SAMPLED,
			       .preempt_rt = -1,
			       .ipi = true,
			       .pins = PINS_BASE },
	};
	r = opts_parse_some(&iomapd_prog, argc, argv, true, o, e);
	if (r == OPTS_HELP || r == OPTS_VERSION) {
		o->task = r == OPTS_HELP ? OPTIONS_HELP : OPTIONS_VERSION;
		return 0;
	}
	if (!r)
		r = config_read(o->config ?: CONFIG_DEFAULT, !o->config, o, e);
	if (!r)
		r = read_environment(o, e);
	return r ?: opts_parse_some(&iomapd_prog, argc, argv, false, o, e);
}

void options_free(struct options *o)
{
	free(o->config);
	free(o->socket);
	free(o->metrics);
	o->config = o->socket = o->metrics = NULL;
}

void options_fixed(const struct options *a, const struct options *b, char *text, size_t size)
{
	bool socket = strcmp(a->socket ?: IOMAPD_SOCKET, b->socket ?: IOMAPD_SOCKET);
	char names[256];

	collector_options_differ(&a->collector, &b->collector, names, sizeof(names));
	snprintf(text, size, "%s%s%s", socket ? "socket" : "", socket && *names ? ", " : "", names);
}
