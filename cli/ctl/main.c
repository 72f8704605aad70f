// SPDX-License-Identifier: GPL-2.0-or-later
/* iomapctl: asks iomapd and prints the reply, as tables for people and as JSON for programs. */
#include <locale.h>

#include "cli/ctl/iomapctl.h"
#include "daemon/base/output.h"
#include "daemon/base/std_fds.h"

int main(int argc, char **argv)
{
	struct ctl_config cfg = { .last = (unsigned long)EVENTS_UNLIMITED };
	const struct cmd *cmd = NULL;
	struct errbuf err = {};
	int status = EXIT_GOOD;

	std_fds_open();
	setlocale(LC_CTYPE, "");
	signals_init(&cfg.signals);
	switch (opts_parse(&iomapctl_prog, argc, argv, &cfg, &cmd, &err)) {
	case OPTS_RUN:
		status = cmd->run(&cfg);
		break;
	case OPTS_HELP:
		opts_help(&iomapctl_prog, cmd, stdout);
		break;
	case OPTS_VERSION:
		printf("iomapctl %s\n", IOMAP_VERSION);
		break;
	default:
		fprintf(stderr, "iomapctl: %s\n", err.text);
		return EXIT_USAGE;
	}
	status = output_finish(status, &err);
	if (*err.text)
		fprintf(stderr, "iomapctl: %s\n", err.text);
	return status;
}
