/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * Kernels without the tracepoints, such as those of a distribution: events come from probes at
 * sites, which tables name (site-table.h). Part of the collector.
 *
 * What sites cannot show is a gap. A gap is a hook that is missing, and the rules that rest on it
 * cannot be checked. Gaps of a module count while the module is loaded.
 */
#ifndef IOMAP_DAEMON_COLLECTOR_STOCK_H
#define IOMAP_DAEMON_COLLECTOR_STOCK_H

#include "bpf/sites.h"
#include "daemon/base/util.h"
#include "daemon/collector/hook.h"
#include "daemon/collector/probe-events.h"
#include "daemon/collector/site-files.h"

/* A site that can be probed. */
struct stock_site {
	const struct api_site *site;
	uint32_t module; /* number in the map `site_modules` */
};

struct stock {
	struct site_files files;
	struct iomap_site_module modules[IOMAP_SITE_MODULES];
	size_t nr_modules;
	struct stock_site *sites; /* by cookie of the probe, and number in the map `sites` */
	size_t nr_sites;
	struct probe_events events;
	struct probe_counts *counts; /* of the probes, at the last reading */
	uint64_t seen;		     /* by the probes, at the last reading */
	uint64_t lost;		     /* skipped events, at most at any reading */
	const char *gap[HOOKS_MAX];  /* by hook: a sentence; NULL: no gap */
	char **texts;		     /* all sentences so far: models refer to them */
	size_t nr_texts;
};

/*
 * Decides on the source of events, and reads the tables for the sites. Returns 0, or a negative
 * errno with a sentence in e: -ENOTSUP when there is nothing to read events from.
 */
int stock_choose(struct collector *c, struct errbuf *e);
/* Chooses the programs and sizes their maps. To be called before they are loaded. */
int stock_configure(struct collector *c);
/* Fills the maps from the tables. Returns 0, or a negative errno with a sentence in e. */
int stock_enter(struct collector *c, struct errbuf *e);
/* Finds the modules that are loaded, and if they are of the build of their table. */
int stock_find_loaded(struct collector *c, struct errbuf *e);
/* Opens the files of the probes, which will have the number of this process in their names. */
int stock_open(struct collector *c, struct errbuf *e);
/* Is hook.start of the hooks of sites. */
int stock_attach(struct collector *c, int hook, struct errbuf *e);
/* Notes what the probes counted until now. To be called when the programs begin to count. */
int stock_begin(struct collector *c, struct errbuf *e);
/* Opens the files of probes that an earlier iomapd made. */
int stock_go_on(struct collector *c, struct errbuf *e);

/* Reads the counts of the probes. To be called before the counts of the programs are read. */
int stock_read(struct collector *c);
/* Adds the events that the kernel skipped to the model. To be called after stock_read(). */
int stock_add_misses(struct collector *c, struct model *m);
/* Finds the gaps of the modules that are loaded now. Returns 0 or -ENOMEM. */
int stock_check(struct collector *c);
void stock_free(struct collector *c);

/* ---- stock-site.c ---- */

/* The hook that the site belongs to, or -EINVAL if no hook takes such sites. */
int stock_hook(const struct api_site *site);
/*
 * Translates a site of the table. Returns 0, or -ENOTSUP if it cannot be probed. gap: counts what
 * the site does not show, also if it cannot be probed.
 */
int stock_translate(const struct site_table *t, const struct api_site *site, struct iomap_site *ret,
		    uint32_t gap[IOMAP_GAP_MAX]);

#endif
