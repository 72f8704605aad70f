/* SPDX-License-Identifier: GPL-2.0-or-later */
/* The command line of iomaptop. */
#ifndef IOMAP_CLI_TOP_IOMAPTOP_H
#define IOMAP_CLI_TOP_IOMAPTOP_H

#include "daemon/base/opts.h"

struct top_config {
	const char *socket;
	const char *recording;
	double interval; /* seconds */
	bool batch;
	unsigned long frames; /* 0: no limit */
	const char *view, *sort, *filter;
};

extern const struct prog iomaptop_prog;

#endif
