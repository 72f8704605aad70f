/* SPDX-License-Identifier: GPL-2.0-or-later */
/* Functions that the commands of iomapctl share. Each command is do_<verb>() in its own file. */
#ifndef IOMAP_CLI_CTL_IOMAPCTL_H
#define IOMAP_CLI_CTL_IOMAPCTL_H

#include "cli/client.h"
#include "cli/recording/replay.h"
#include "cli/signals.h"
#include "daemon/base/opts.h"
#include "cli/table.h"

struct ctl_config {
	struct signals signals; /* on entry */
	const char *socket;
	bool json;
	bool freed;	  /* list */
	const char *kind; /* hist */
	bool follow;	  /* events */
	unsigned long
		last; /* events: how many past events; EVENTS_UNLIMITED: all that iomapd saved */
	/* assert */
	struct opt_list rules;
	const char *max_hold, *suppress, *format, *output;
	bool map_stacks;
	const char *fallback_file;
	/* record; its file is in output */
	const char *interval, *max_size;
	/* stats, list, hist, ipi, events, status: from a recording */
	const char *recording, *at;
	struct opt_list limits; /* diff */
	const char *html;	/* diff: the page */
	const char *source;	/* of events */
	/* assert, events, sites: source lines */
	const char *debug_dir;
	struct opt_list roots;
	/* sites */
	struct opt_list modules;
	char **words; /* what follows the options: a command, or the files of sites */
};

#define EVENTS_UNLIMITED 1e9

int do_status(void *config);
int do_list(void *config);
int do_stats(void *config);
int do_hist(void *config);
int do_ipi(void *config);
int do_events(void *config);
int do_assert(void *config);
int do_record(void *config);
int do_diff(void *config);
int do_report(void *config);
int do_detach(void *config);
int do_sites(void *config);

extern const char *const assert_format_names[]; /* NULL-terminated */
extern const char *const report_format_names[];

extern const struct prog iomapctl_prog;

/*
 * Prints the sentence as an error of the program and returns the exit status for the errno @code.
 */
int ctl_fail(int code, const struct errbuf *err);

/*
 * Calls one method of iomapd, or reads its reply from the recording. Returns 0 and the reply, or
 * prints the error and returns the exit status. ret_unix_ns: the time of the reply, or NULL.
 */
int ctl_call(const struct ctl_config *cfg, const char *method, json_t *params, json_t **ret,
	     uint64_t *ret_unix_ns);

/* ---- recorded.c ---- */

/* Checks the options that name the source. Prints an error and returns the exit status, or 0. */
int ctl_check_source(const struct ctl_config *cfg);
/*
 * Opens the recording; *ret_at_ns is the time that --at names, UINT64_MAX for none. Prints an error
 * and returns the exit status, or 0.
 */
int ctl_replay_open(const struct ctl_config *cfg, struct replay **ret, uint64_t *ret_at_ns);
/* Prints what is missing in the recording. Returns false if nothing is. */
bool ctl_print_losses(const struct replay *r);
/* ctl_call() with a recording; says to people from when it is. */
int ctl_call_recorded(const struct ctl_config *cfg, const char *method, const json_t *params,
		      json_t **ret, uint64_t *ret_ns);

/* Prints a reply for --json in ASCII, so that no text in it can steer a terminal. */
void ctl_print_json(const json_t *reply, size_t flags);

/* Returns the width of the terminal on standard output, or 0 (no limit) if it is not a terminal. */
size_t ctl_width(void);

#endif
