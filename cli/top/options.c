// SPDX-License-Identifier: GPL-2.0-or-later
/* The options of iomaptop, as data. */
#include "cli/client.h"
#include "cli/top/iomaptop.h"
#include "cli/top/top.h"

static const struct opt opts[] = {
	{ .name = "socket",
	  .type = OPT_TEXT,
	  .offset = OPT_INTO(struct top_config, socket),
	  .arg = "PATH",
	  .help = "socket of iomapd (default: $IOMAPD_SOCKET, else " IOMAPD_SOCKET ")" },
	{ .name = "recording",
	  .letter = 'r',
	  .type = OPT_TEXT,
	  .offset = OPT_INTO(struct top_config, recording),
	  .arg = "FILE",
	  .help = "show a file that 'iomapctl record' wrote, instead of iomapd" },
	{ .name = "delay",
	  .letter = 'd',
	  .type = OPT_SECONDS,
	  .offset = OPT_INTO(struct top_config, interval),
	  .arg = "SECS",
	  .help = "seconds between snapshots (default: 1)",
	  .min = TOP_INTERVAL_MIN,
	  .max = TOP_INTERVAL_MAX },
	{ .name = "batch",
	  .letter = 'b',
	  .type = OPT_FLAG,
	  .offset = OPT_INTO(struct top_config, batch),
	  .help = "print frames as text; needs no terminal" },
	{ .name = "frames",
	  .letter = 'n',
	  .type = OPT_COUNT,
	  .offset = OPT_INTO(struct top_config, frames),
	  .arg = "N",
	  .help = "end after N frames",
	  .min = 1,
	  .max = 1e9 },
	{ .name = "view",
	  .letter = 'v',
	  .type = OPT_CHOICE,
	  .offset = OPT_INTO(struct top_config, view),
	  .arg = "VIEW",
	  .help = "begin with mappings, callers, backends, cpus, violations or ipis",
	  .choices = view_names },
	{ .name = "sort",
	  .letter = 's',
	  .type = OPT_TEXT,
	  .offset = OPT_INTO(struct top_config, sort),
	  .arg = "COLUMN",
	  .help = "sort by this column of the view" },
	{ .name = "filter",
	  .letter = 'f',
	  .type = OPT_TEXT,
	  .offset = OPT_INTO(struct top_config, filter),
	  .arg = "TEXT",
	  .help = "show only rows that contain TEXT; with !TEXT, those that do not" },
	{ .name = "help", .letter = 'h', .type = OPT_HELP, .help = "print this help and exit" },
	{ .name = "version",
	  .letter = 'V',
	  .type = OPT_VERSION,
	  .help = "print the version and exit" },
};

const struct prog iomaptop_prog = {
	.name = "iomaptop",
	.help = "Show live what the users of io_mapping do, as counted by iomapd.\n"
		"In it, ? lists the keys.",
	.opts = opts,
	.n_opts = ARRAY_SIZE(opts),
	.notes =
		"Exit status:\n"
		"  0  good\n"
		"  2  the command line is wrong, or there is no terminal to draw on\n"
		"  5  no iomapd, no permission to ask it, a recording that cannot be read, or the\n"
		"     output could not be written\n",
};
