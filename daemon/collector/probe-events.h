/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * Probes by the name of a module and a function, as events of tracefs. The kernel places such a
 * probe when the module is loaded, before the module's own code runs, and again after each reload.
 *
 * A name has the number of the process that made the probe, so that the probes of a process that
 * was killed can be found and removed. Probes that a program is attached to cannot be removed.
 */
#ifndef IOMAP_DAEMON_COLLECTOR_PROBE_EVENTS_H
#define IOMAP_DAEMON_COLLECTOR_PROBE_EVENTS_H

#include <stdbool.h>
#include <stdint.h>
#include <sys/types.h>

#include "daemon/base/util.h"

#define TRACEFS "/sys/kernel/tracing"

struct probe_events {
	int fd;	     /* of the list of events; -1: not open */
	int profile; /* of their counts; -1: not open */
	pid_t pid;   /* that the names have */
};

/* How often a probe was reached, and how often the kernel skipped it. */
struct probe_counts {
	uint64_t hits, missed;
};

/*
 * Opens the files of tracefs. write: probes will be added. Returns 0, or a negative errno with a
 * sentence in e: -ENOTSUP when the kernel has no such probes or tracefs is not mounted.
 */
int probe_events_open(struct probe_events *p, pid_t pid, bool write, struct errbuf *e);
void probe_events_close(struct probe_events *p);

/*
 * Adds the probe number nr. module: "vmlinux" is the kernel. Returns the event's id for
 * perf_event_open(), or a negative errno.
 */
int probe_events_add(const struct probe_events *p, unsigned int nr, const char *module,
		     const char *symbol, uint64_t offset);
/* Removes the probe. Returns 0 or a negative errno: -EBUSY when it is in use. */
int probe_events_remove(const struct probe_events *p, unsigned int nr);

/* Reads the counts of the first n probes. Returns 0 or a negative errno. */
int probe_events_counts(const struct probe_events *p, struct probe_counts *counts, size_t n);
/*
 * Parses the text of the kernel's counts. Any text is safe. Counts of other probes than the first n
 * of that process are skipped.
 */
void probe_events_parse(char *text, pid_t pid, struct probe_counts *counts, size_t n);

/*
 * Removes all probes of iomap that are not in use and whose process has ended, or of any process
 * if all is set. Returns their number, or a negative errno; 0 without tracefs.
 */
int probe_events_clear(bool all);

#endif
