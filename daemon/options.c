// SPDX-License-Identifier: GPL-2.0-or-later
#include "daemon/options.h"

#include <getopt.h>
#include <string.h>
#include <sys/un.h>

#include "daemon/http.h"
#include "daemon/base/names.h"
#include "daemon/collector/pins.h"

enum setting_flags {
	COMMAND = 1 << 0, /* of the command line only */
	SWITCH = 1 << 1,  /* takes no value on the command line, and yes or no in the file */
	LIST = 1 << 2,	  /* may be repeated; set() with NULL begins anew */
};

struct setting {
	const char *name;
	const char *arg;   /* in --help */
	const char *takes; /* what its value is, in words, for the error */
	const char *help;  /* lines */
	/* Returns 0, -EINVAL for a wrong value, or -ENOMEM. */
	int (*set)(struct options *o, const char *value);
	/* NULL: it can change while iomapd runs. */
	bool (*differs)(const struct options *a, const struct options *b);
	unsigned int flags;
};

static int replace(char **text, const char *value)
{
	free(*text);
	*text = strdup(value);
	return *text ? 0 : -ENOMEM;
}

static bool texts_differ(const char *a, const char *b)
{
	return strcmp(a ?: "", b ?: "") != 0;
}

static int set_socket(struct options *o, const char *value)
{
	if (!*value || strlen(value) >= sizeof(((struct sockaddr_un *)0)->sun_path))
		return -EINVAL;
	return replace(&o->socket, value);
}

static bool socket_differs(const struct options *a, const struct options *b)
{
	return texts_differ(a->socket ?: IOMAPD_SOCKET, b->socket ?: IOMAPD_SOCKET);
}

static int set_metrics(struct options *o, const char *value)
{
	struct sockaddr_storage address;

	if (!strcmp(value, "off")) {
		free(o->metrics);
		o->metrics = NULL;
		return 0;
	}
	return http_address(value, &address) < 0 ? -EINVAL : replace(&o->metrics, value);
}

static int set_max_mappings(struct options *o, const char *value)
{
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

static bool max_mappings_differs(const struct options *a, const struct options *b)
{
	return a->collector.max_mappings != b->collector.max_mappings;
}

static int set_hold_times(struct options *o, const char *value)
{
	int timing = timing_from_name(value);

	if (timing < 0)
		return -EINVAL;
	o->collector.timing = timing;
	return 0;
}

static bool hold_times_differs(const struct options *a, const struct options *b)
{
	return a->collector.timing != b->collector.timing;
}

static int set_max_hold(struct options *o, const char *value)
{
	if (strcmp(value, "off"))
		return time_from_text(value, &o->collector.max_hold_ns);
	o->collector.max_hold_ns = 0;
	return 0;
}

static bool max_hold_differs(const struct options *a, const struct options *b)
{
	return a->collector.max_hold_ns != b->collector.max_hold_ns;
}

static int set_without_check(struct options *o, const char *value)
{
	int rule;

	if (!value) {
		o->collector.rules_off = 0;
		return 0;
	}
	rule = rule_from_name(value);
	if (!strcmp(value, "all"))
		o->collector.rules_off |= IOMAP_RULE(IOMAP_RULE_MAX) - 1;
	else if (rule >= 0)
		o->collector.rules_off |= IOMAP_RULE(rule);
	else
		return -EINVAL;
	return 0;
}

static bool without_check_differs(const struct options *a, const struct options *b)
{
	return a->collector.rules_off != b->collector.rules_off;
}

static int set_without_ipi(struct options *o, const char *value)
{
	if (strcmp(value, "yes") && strcmp(value, "no"))
		return -EINVAL;
	o->collector.ipi = *value == 'n';
	return 0;
}

static bool without_ipi_differs(const struct options *a, const struct options *b)
{
	return a->collector.ipi != b->collector.ipi;
}

static int set_without_hook(struct options *o, const char *value)
{
	int hook;

	if (!value) {
		o->collector.hidden = 0;
		return 0;
	}
	hook = collector_hook(value);
	if (hook < 0)
		return -EINVAL;
	o->collector.hidden |= 1ULL << hook;
	return 0;
}

static bool without_hook_differs(const struct options *a, const struct options *b)
{
	return a->collector.hidden != b->collector.hidden;
}

static int set_config(struct options *o, const char *value)
{
	return *value ? replace(&o->config, value) : -EINVAL;
}

static int set_check_config(struct options *o, const char *value)
{
	(void)value;
	o->task = OPTIONS_CHECK;
	return 0;
}

static int set_help(struct options *o, const char *value)
{
	(void)value;
	o->task = OPTIONS_HELP;
	return 0;
}

static int set_version(struct options *o, const char *value)
{
	(void)value;
	o->task = OPTIONS_VERSION;
	return 0;
}

/* clang-format off */
static const struct setting settings[] = {
	{ "config", "FILE", "the name of a file",
	  "the configuration: the options below without their dashes,\n"
	  "such as 'max-hold = 50us', one a line; options win (default:\n"
	  CONFIG_DEFAULT ", if it is there)",
	  set_config, NULL, COMMAND },
	{ "check-config", NULL, NULL,
	  "check the configuration and the options, and exit",
	  set_check_config, NULL, COMMAND | SWITCH },
	{ "socket", "PATH", "a path of 1 to 107 characters",
	  "where to listen (default: $IOMAPD_SOCKET, else\n"
	  IOMAPD_SOCKET ")",
	  set_socket, socket_differs, 0 },
	{ "metrics", "ADDR", "an address such as 127.0.0.1:9751, [::1]:9751 or :9751, or off",
	  "serve metrics to Prometheus at HOST:PORT, [IPV6]:PORT, or at\n"
	  ":PORT of localhost (default: off)",
	  set_metrics, NULL, 0 },
	{ "max-mappings", "N", "a number from 1 to 65536",
	  "mappings that get counters of their own, 1 to 65536\n"
	  "(default: 1024)",
	  set_max_mappings, max_mappings_differs, 0 },
	{ "hold-times", "MODE", "all, sampled or off",
	  "which hold times to take: all, sampled, off (default: sampled)",
	  set_hold_times, hold_times_differs, 0 },
	{ "max-hold", "TIME", "a time from 1ns to 1000s, or off",
	  "report atomic maps held for longer, such as 50us or 1.5ms\n"
	  "(default: off)",
	  set_max_hold, max_hold_differs, 0 },
	{ "without-check", "RULE", "a rule of the API or all",
	  "leave a rule of the API unchecked, or all; may be repeated",
	  set_without_check, without_check_differs, LIST },
	{ "without-ipi", NULL, "yes or no",
	  "do not look at interrupts between CPUs",
	  set_without_ipi, without_ipi_differs, SWITCH },
	{ "without-hook", "HOOK", "a hook for interrupts between CPUs, such as csd_queue_cpu",
	  "do without one of the hooks for these, as on a kernel that\n"
	  "lacks it; may be repeated",
	  set_without_hook, without_hook_differs, LIST },
	{ "help", NULL, NULL, "show this help", set_help, NULL, COMMAND | SWITCH },
	{ "version", NULL, NULL, "show the version", set_version, NULL, COMMAND | SWITCH },
};
/* clang-format on */

_Static_assert(ARRAY_SIZE(settings) <= 32, "bits of struct options_pass");

#define HELP_COLUMN 21

void options_help(FILE *f)
{
	const char *line, *end;
	int n;

	fputs("Usage: iomapd [OPTION]...\n"
	      "Count what io_mapping users do and serve the figures on a socket.\n"
	      "It stays in the foreground until it gets SIGTERM or SIGINT. On SIGHUP it reads its\n"
	      "configuration again.\n"
	      "\n",
	      f);
	for (size_t i = 0; i < ARRAY_SIZE(settings); i++) {
		const struct setting *s = &settings[i];

		n = fprintf(f, "  --%s%s%s", s->name, s->arg ? " " : "", s->arg ?: "");
		fprintf(f, "%*s", n + 2 > HELP_COLUMN ? 2 : HELP_COLUMN - n, "");
		for (line = s->help; (end = strchr(line, '\n')); line = end + 1)
			fprintf(f, "%.*s\n%*s", (int)(end - line), line, HELP_COLUMN, "");
		fprintf(f, "%s\n", line);
	}
	fputs("\n"
	      "Exit status: 0 ended by a signal, or nothing wrong with the configuration,\n"
	      "2 wrong usage or configuration, 5 could not run, 6 the kernel lacks the\n"
	      "tracepoints or BTF.\n",
	      f);
}

/* Sets it. dashes: what stands before its name on the command line. */
static int set(struct options_pass *pass, size_t i, const char *value, const char *dashes,
	       struct errbuf *e)
{
	const struct setting *s = &settings[i];
	int err = 0;

	/* What an earlier pass said of a list is replaced, not added to. */
	if ((s->flags & LIST) && !(pass->seen & 1U << i))
		err = s->set(pass->options, NULL);
	pass->seen |= 1U << i;
	if (!err)
		err = s->set(pass->options, value);
	if (err == -ENOMEM)
		return set_error(e, err, "out of memory");
	if (err)
		return set_error(e, err, "%s%s takes %s, not '%s'", dashes, s->name, s->takes,
				 value);
	return 0;
}

int options_set(struct options_pass *pass, const char *name, const char *value, struct errbuf *e)
{
	for (size_t i = 0; i < ARRAY_SIZE(settings); i++) {
		if (strcmp(settings[i].name, name))
			continue;
		if (settings[i].flags & COMMAND)
			return set_error(e, -EINVAL, "%s is an option of the command line only",
					 name);
		return set(pass, i, value, "", e);
	}
	return set_error(e, -EINVAL, "there is no setting '%s'", name);
}

static int usage(struct errbuf *e, const char *what, const char *arg)
{
	return set_error(e, -EINVAL, "%s '%s': see 'iomapd --help'", what, arg);
}

/* Sets what the command line says: which, those that only it can say, or the others. */
static int read_line(int argc, char **argv, struct options *o, bool which, struct errbuf *e)
{
	struct option options[ARRAY_SIZE(settings) + 1] = {};
	struct options_pass pass = { .options = o };
	struct errbuf why = {};
	int c, i;

	for (size_t n = 0; n < ARRAY_SIZE(settings); n++) {
		options[n].name = settings[n].name;
		options[n].has_arg = settings[n].flags & SWITCH ? no_argument : required_argument;
		options[n].val = 256 + n;
	}
	opterr = 0;
	optind = 0; /* it may have been read before */
	while ((c = getopt_long(argc, argv, ":h", options, NULL)) != -1) {
		if (c == ':')
			return usage(e, "a value must follow", argv[optind - 1]);
		if (c == 'h') {
			o->task = OPTIONS_HELP;
			return 0;
		}
		i = c - 256;
		if (i < 0)
			return usage(e, "unknown option", argv[optind - 1]);
		if (!!(settings[i].flags & COMMAND) != which)
			continue;
		if (set(&pass, i, optarg ?: "yes", "--", &why))
			return set_error(e, -EINVAL, "%s: see 'iomapd --help'", why.text);
		if (o->task >= OPTIONS_HELP)
			return 0;
	}
	return optind < argc ? usage(e, "unexpected argument", argv[optind]) : 0;
}

/* The socket of the environment. */
static int read_environment(struct options *o, struct errbuf *e)
{
	const char *path = getenv("IOMAPD_SOCKET");

	if (path && *path && set_socket(o, path))
		return set_error(e, -EINVAL, "IOMAPD_SOCKET is too long for a socket: '%s'", path);
	return 0;
}

int options_read(int argc, char **argv, struct options *o, struct errbuf *e)
{
	int err;

	*o = (struct options){
		.collector = { .max_mappings = COLLECTOR_MAPPINGS_DEFAULT,
			       .timing = IOMAP_TIMING_SAMPLED,
			       .preempt_rt = -1,
			       .ipi = true,
			       .pins = PINS_BASE },
	};
	err = read_line(argc, argv, o, true, e);
	if (err || o->task >= OPTIONS_HELP)
		return err;
	err = config_read(o->config ?: CONFIG_DEFAULT, !o->config, o, e);
	if (!err)
		err = read_environment(o, e);
	return err ?: read_line(argc, argv, o, false, e);
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
	size_t n = 0;

	*text = '\0';
	for (size_t i = 0; i < ARRAY_SIZE(settings); i++) {
		const struct setting *s = &settings[i];

		if (!s->differs || !s->differs(a, b) || n >= size)
			continue;
		n += snprintf(text + n, size - n, "%s%s", n ? ", " : "", s->name);
	}
}
