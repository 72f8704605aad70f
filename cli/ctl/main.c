// SPDX-License-Identifier: GPL-2.0-or-later
/* iomapctl: asks iomapd and prints the reply, as tables for people and as JSON for programs. */
#include <locale.h>
#include <signal.h>

#include "cli/ctl/iomapctl.h"
#include "cli/std_fds.h"

int main(int argc, char **argv)
{
	struct ctl_config cfg = { .last = (unsigned long)EVENTS_UNLIMITED };
	const struct cmd *cmd = NULL;
	struct errbuf err = {};
	int r;

	std_fds_open();
	setlocale(LC_CTYPE, "");
	signal(SIGPIPE, SIG_IGN);
	r = opts_parse(&iomapctl_prog, argc, argv, &cfg, &cmd, &err);
	switch (r) {
	case OPTS_RUN:
		return ctl_finish(cmd->run(&cfg));
	case OPTS_HELP:
		opts_help(&iomapctl_prog, cmd, stdout);
		return ctl_finish(EXIT_GOOD);
	case OPTS_VERSION:
		printf("iomapctl %s\n", IOMAP_VERSION);
		return ctl_finish(EXIT_GOOD);
	default:
		fprintf(stderr, "iomapctl: %s\n", err.text);
		return EXIT_USAGE;
	}
}
