// SPDX-License-Identifier: GPL-2.0-or-later
/* The commands and options of iomapctl, as data. */
#include "cli/ctl/iomapctl.h"
#include "daemon/base/names.h"
#include "cli/json.h"

static const struct opt prog_opts[] = {
	{ .name = "socket",
	  .type = OPT_TEXT,
	  .offset = OPT_INTO(struct ctl_config, socket),
	  .arg = "PATH",
	  .help = "socket of iomapd (default: $IOMAPD_SOCKET, else " IOMAPD_SOCKET ")" },
	{ .name = "json",
	  .type = OPT_FLAG,
	  .offset = OPT_INTO(struct ctl_config, json),
	  .help = "print iomapd's reply as JSON, with exact figures" },
	{ .name = "help", .letter = 'h', .type = OPT_HELP, .help = "print this help and exit" },
	{ .name = "version",
	  .letter = 'V',
	  .type = OPT_VERSION,
	  .help = "print the version and exit" },
};

#define RECORDING_OPTS                                                                         \
	{ .name = "recording",                                                                 \
	  .type = OPT_TEXT,                                                                    \
	  .offset = OPT_INTO(struct ctl_config, recording),                                    \
	  .arg = "FILE",                                                                       \
	  .help = "read a file that 'iomapctl record' wrote, instead of iomapd" },             \
	{                                                                                      \
		.name = "at", .type = OPT_TEXT, .offset = OPT_INTO(struct ctl_config, at),     \
		.arg = "TIME",                                                                 \
		.help = "show this time of the recording: 12:30:05, +90s from its start, or\n" \
			"before its end with -10s (default: its end)"                          \
	}

static const struct opt source_opts[] = {
	RECORDING_OPTS,
};

static const struct opt list_opts[] = {
	{ .name = "freed",
	  .type = OPT_FLAG,
	  .offset = OPT_INTO(struct ctl_config, freed),
	  .help = "list the mappings that were freed, too" },
	RECORDING_OPTS,
};

static const struct opt hist_opts[] = {
	{ .name = "kind",
	  .type = OPT_CHOICE,
	  .offset = OPT_INTO(struct ctl_config, kind),
	  .arg = "KIND",
	  .help = "show one kind only: atomic, local or sleepable",
	  .choices = kind_names },
	RECORDING_OPTS,
};

#define DEBUG_DIR_OPT                                                               \
	{                                                                           \
		.name = "debug-dir", .type = OPT_TEXT,                              \
		.offset = OPT_INTO(struct ctl_config, debug_dir), .arg = "DIR",     \
		.help = "look here for debug information (default: /usr/lib/debug)" \
	}

#define SOURCE_ROOT_OPT                                                                         \
	{                                                                                       \
		.name = "source-root", .type = OPT_LIST,                                        \
		.offset = OPT_INTO(struct ctl_config, roots), .arg = "DIR",                     \
		.help = "drop this folder from the paths of source files; DIR=TO replaces it\n" \
			"by TO; may be repeated"                                                \
	}

static const struct opt events_opts[] = {
	{ .name = "follow",
	  .letter = 'f',
	  .type = OPT_FLAG,
	  .offset = OPT_INTO(struct ctl_config, follow),
	  .help = "wait for new events and print them as they come" },
	{ .letter = 'n',
	  .type = OPT_COUNT,
	  .offset = OPT_INTO(struct ctl_config, last),
	  .arg = "N",
	  .help = "print only the last N of the past events",
	  .min = 0,
	  .max = EVENTS_UNLIMITED },
	RECORDING_OPTS,
	DEBUG_DIR_OPT,
	SOURCE_ROOT_OPT,
};

static const struct opt assert_opts[] = {
	{ .name = "rule",
	  .type = OPT_LIST,
	  .offset = OPT_INTO(struct ctl_config, rules),
	  .arg = "RULE",
	  .help = "check this rule only; may be repeated (default: all)",
	  .words = rule_word },
	{ .name = "max-hold",
	  .type = OPT_TEXT,
	  .offset = OPT_INTO(struct ctl_config, max_hold),
	  .arg = "TIME",
	  .help = "check hold-time, too: no atomic map held for longer, such as 50us" },
	{ .name = "source",
	  .type = OPT_CHOICE,
	  .offset = OPT_INTO(struct ctl_config, source),
	  .arg = "SOURCE",
	  .help = "where events come from: auto (default), tracepoints or sites",
	  .choices = source_names },
	{ .name = "suppress",
	  .type = OPT_TEXT,
	  .offset = OPT_INTO(struct ctl_config, suppress),
	  .arg = "FILE",
	  .help = "violations that may stay, a line each: RULE SYMBOL -- reason" },
	{ .name = "map-stacks",
	  .type = OPT_FLAG,
	  .offset = OPT_INTO(struct ctl_config, map_stacks),
	  .help = "show the kernel stack of the map, too" },
	DEBUG_DIR_OPT,
	SOURCE_ROOT_OPT,
	{ .name = "fallback-file",
	  .type = OPT_TEXT,
	  .offset = OPT_INTO(struct ctl_config, fallback_file),
	  .arg = "FILE",
	  .help = "file of the repository to name where no source line is known" },
	{ .name = "format",
	  .type = OPT_CHOICE,
	  .offset = OPT_INTO(struct ctl_config, format),
	  .arg = "FORMAT",
	  .help = "text (default), tap, junit, sarif, github or json",
	  .choices = assert_format_names },
	{ .name = "output",
	  .type = OPT_TEXT,
	  .offset = OPT_INTO(struct ctl_config, output),
	  .arg = "FILE",
	  .help = "write the report to this file (default: standard output)" },
};

static const struct opt record_opts[] = {
	{ .name = "output",
	  .letter = 'o',
	  .type = OPT_TEXT,
	  .offset = OPT_INTO(struct ctl_config, output),
	  .arg = "FILE",
	  .help = "write the recording to this file (default: iomap-DATE-TIME.rec)" },
	{ .name = "interval",
	  .type = OPT_TEXT,
	  .offset = OPT_INTO(struct ctl_config, interval),
	  .arg = "TIME",
	  .help = "take a snapshot of the figures at this interval (default: 1s)" },
	{ .name = "max-size",
	  .type = OPT_TEXT,
	  .offset = OPT_INTO(struct ctl_config, max_size),
	  .arg = "SIZE",
	  .help = "end when the file has this size, such as 20M (default: no limit)" },
};

static const struct opt diff_opts[] = {
	{ .name = "fail-on",
	  .type = OPT_LIST,
	  .offset = OPT_INTO(struct ctl_config, limits),
	  .arg = "LIMIT",
	  .help = "fail if a metric changed by more, such as 'maps<-5%' or 'ipis>+10';\n"
		  "may be repeated" },
	{ .name = "html",
	  .type = OPT_TEXT,
	  .offset = OPT_INTO(struct ctl_config, html),
	  .arg = "FILE",
	  .help = "write a page about both to this file, too" },
};

static const struct opt report_opts[] = {
	{ .name = "output",
	  .letter = 'o',
	  .type = OPT_TEXT,
	  .offset = OPT_INTO(struct ctl_config, output),
	  .arg = "FILE",
	  .help = "write the report to this file (default: standard output)" },
	{ .name = "format",
	  .type = OPT_CHOICE,
	  .offset = OPT_INTO(struct ctl_config, format),
	  .arg = "FORMAT",
	  .help = "html (default), json or csv",
	  .choices = report_format_names },
	DEBUG_DIR_OPT,
	SOURCE_ROOT_OPT,
};

static const struct opt sites_opts[] = {
	{ .name = "module",
	  .type = OPT_LIST,
	  .offset = OPT_INTO(struct ctl_config, modules),
	  .arg = "MODULE",
	  .help = "this module of the running kernel; may be repeated\n"
		  "(default: all that are loaded)" },
	DEBUG_DIR_OPT,
	{ .name = "output",
	  .type = OPT_TEXT,
	  .offset = OPT_INTO(struct ctl_config, output),
	  .arg = "DIR",
	  .help = "write the tables to this folder, or with - to standard output\n"
		  "(default: ~/.cache/iomap/sites)" },
};

#define CMD_OPTS(o) .opts = (o), .n_opts = ARRAY_SIZE(o)

static const struct cmd cmds[] = {
	{ .name = "status",
	  .help = "what iomapd watches, what it lacks, and whether its accounting balances",
	  CMD_OPTS(source_opts),
	  .run = do_status },
	{ .name = "list",
	  .help = "the mappings, their devices and owners",
	  CMD_OPTS(list_opts),
	  .run = do_list },
	{ .name = "stats",
	  .help = "maps and hold times by backend, caller and CPU",
	  CMD_OPTS(source_opts),
	  .run = do_stats },
	{ .name = "hist",
	  .help = "how long maps are held, as histograms",
	  CMD_OPTS(hist_opts),
	  .run = do_hist },
	{ .name = "ipi",
	  .help = "interrupts between CPUs: what maps and unmaps cause, and who pays",
	  CMD_OPTS(source_opts),
	  .run = do_ipi },
	{ .name = "events",
	  .help = "mappings created and freed, maps that failed, rules that were broken",
	  CMD_OPTS(events_opts),
	  .run = do_events },
	{ .name = "assert",
	  .help = "run a command, and fail if a rule of io_mapping was broken meanwhile",
	  CMD_OPTS(assert_opts),
	  .words = "CMD [ARG]...",
	  .words_offset = OPT_INTO(struct ctl_config, words),
	  .run = do_assert },
	{ .name = "record",
	  .help = "record figures and events in a file, while a command runs",
	  CMD_OPTS(record_opts),
	  .words = "[CMD [ARG]...]",
	  .words_offset = OPT_INTO(struct ctl_config, words),
	  .run = do_record },
	{ .name = "diff",
	  .help = "compare two recordings, fail if a metric changed too much",
	  CMD_OPTS(diff_opts),
	  .words = "A B",
	  .words_offset = OPT_INTO(struct ctl_config, words),
	  .words_mixed = true,
	  .run = do_diff },
	{ .name = "report",
	  .help = "make a page about a recording, or its figures for programs",
	  CMD_OPTS(report_opts),
	  .words = "FILE",
	  .words_offset = OPT_INTO(struct ctl_config, words),
	  .words_mixed = true,
	  .run = do_report },
	{ .name = "sites",
	  .help = "write the tables that stock kernels need, from debug information",
	  CMD_OPTS(sites_opts),
	  .words = "[FILE]...",
	  .words_offset = OPT_INTO(struct ctl_config, words),
	  .run = do_sites },
	{ .name = "detach",
	  .help = "end iomapd, and remove its programs and counts from the kernel",
	  .run = do_detach },
};

const struct prog iomapctl_prog = {
	.name = "iomapctl",
	.help = "Show what the users of io_mapping do, as counted by iomapd.",
	.opts = prog_opts,
	.n_opts = ARRAY_SIZE(prog_opts),
	.cmds = cmds,
	.n_cmds = ARRAY_SIZE(cmds),
	.notes = "A command may be shortened, as long as it stays clear which one is meant.\n"
		 "'iomapctl COMMAND --help' lists the options of a command.\n"
		 "\nExit status:\n"
		 "  0  good\n"
		 "  1  a rule was broken (assert), a limit was exceeded (diff)\n"
		 "  2  the command line is wrong\n"
		 "  3  nothing was exercised that a rule could judge (assert)\n"
		 "  4  inconclusive: events were lost, or a hook is missing (status, ipi, assert)\n"
		 "     or a part of a recording (events, diff)\n"
		 "  5  no iomapd, no permission, no such command, or no way to write the output\n"
		 "  6  the kernel lacks the tracepoints or BTF (assert)\n"
		 "  7  the command failed (assert)\n",
};
