/* SPDX-License-Identifier: GPL-2.0-or-later */
/* Declarations shared by the collector's source files, by file. */
#ifndef IOMAP_DAEMON_COLLECTOR_PRIV_H
#define IOMAP_DAEMON_COLLECTOR_PRIV_H

#include <sys/utsname.h>
#include <bpf/libbpf.h>

#include "bpf/iomap.h"
#include "bpf/persistent.h"
#include "bpf/sites.h"
#include "build/bpf/iomap.skel.h" /* needs the headers above */
#include "daemon/collector/collector.h"
#include "daemon/collector/hook.h"
#include "daemon/collector/pci.h"
#include "daemon/collector/pins.h"
#include "daemon/collector/stock.h"
#include "daemon/collector/symbols.h"

#define COLLECTOR_PROGRAMS_MAX 64
#define COLLECTOR_NOTES_MAX    8

#define KPROBES "/sys/bus/event_source/devices/kprobe"

/* Cached facts about a mapping, valid for that generation of its id. */
struct mapping_meta {
	uint32_t gen;
	bool located; /* pci is set */
	bool adopted; /* older than the programs: its owner is text from debugfs */
	bool listed;  /* it was in debugfs at the last reading */
	char *owner;
	char *module;
	struct pci_bar pci; /* bar -1: it is in no device */
};

/* The mappings that are older than the programs (adopt.c), and facts about all (read.c). */
struct mappings {
	struct mapping_meta *meta; /* by id */
	uint64_t adopted;	   /* number of mappings older than the programs */
	uint32_t adopted_max_id;
	bool in_force[IOMAP_BACKEND_MAX]; /* the kernel's backend, from debugfs */
};

/* The sites that break a rule (violations.c). */
struct sites {
	struct site *site[IOMAP_SITES]; /* oldest first */
	size_t nr;
};

/* The records of the ring buffer on their way to the history (events.c). */
struct events {
	struct iomap_saved_event *saved;	    /* mapped; NULL: not yet */
	uint64_t seq;				    /* number of the last reported event */
	size_t nr_violations;			    /* number of reported violations */
	bool replay;				    /* the batch has events of an earlier iomapd */
	uint64_t begin;				    /* seq of the first such event */
	const struct iomap_saved_event *look_saved; /* may be the first record of the ring, too */
	bool look_unreported;			    /* some sites may not be reported yet */
	struct iomap_saved_event *batch;	    /* records during collector_consume() */
	size_t nr_batch, cap_batch;
};

/* The pinned set for the next iomapd (takeover.c). */
struct takeover {
	struct pins pins;
	bool pinned;			     /* the programs outlive this process */
	bool taken_over;		     /* an earlier iomapd loaded the programs */
	bool unfinished;		     /* an earlier start did not finish */
	char *why;			     /* the set of our schema is unusable; NULL: no set */
	struct iomap_persistent *persistent; /* mapped; NULL: not yet */
	int progs[COLLECTOR_PROGRAMS_MAX];   /* by number in the object; -1: none */
	char *notes[COLLECTOR_NOTES_MAX];
	size_t nr_notes;
};

/* The CPUs (cpus.c), and memory for their records (read.c). */
struct cpus {
	bool *online; /* as of the latest sampling, by CPU */
	int *used;    /* CPUs that were ever online since the start: only these have counts */
	int nr_used;
	struct iomap_cpu *records, *fresh;
	struct iomap_counters *counters; /* of one mapping, on the used CPUs */
};

struct collector {
	struct collector_options opts;
	uint32_t nr_ids; /* size of the table; id 0 stands for mappings without an entry */
	struct iomap_bpf *skel;
	struct ring_buffer *ring;
	struct symbols *symbols;
	bool use_saved_names; /* false with a test root or without kallsyms */
	struct utsname uts;
	uint64_t started_unix_ns;
	int nr_cpus; /* possible CPUs */
	struct cpus cpus;
	void *chunk; /* for reading maps */
	struct hooks hooks;
	struct mappings mappings;
	struct sites sites;
	struct events events;
	struct takeover takeover;
	struct stock stock;
};

#define CHUNK_BYTES (256 * 1024)

/* ---- access.c: files, maps and programs ---- */

/* The file exists, below the root. */
bool collector_has(const struct collector *c, const char *path);
/* root + path, to be freed; NULL when there is no memory. */
char *collector_path(const struct collector *c, const char *path);
/* The CLOCK_REALTIME of a CLOCK_TAI time; both in nanoseconds. */
uint64_t collector_unix_ns(uint64_t tai_ns);

/* Called with the value of one key: nr_cpus values, or one for a plain array. */
typedef int (*collector_each_fn)(struct collector *c, struct model *m, uint32_t key, void *value);
/*
 * Reads the keys first to last of an array, many in one system call, and calls fn for each. size:
 * of the values of one key on all CPUs.
 */
int collector_each_value(struct collector *c, struct model *m, int fd, uint32_t first,
			 uint32_t last, size_t size, collector_each_fn fn);
/* The descriptor of a program, also of a taken-over one; negative when it is not loaded. */
int collector_prog_fd(const struct collector *c, const struct bpf_program *prog);
/* Adds to *sum how often the kernel skipped the program because BPF was busy on that CPU. */
int collector_add_misses(const struct collector *c, const struct bpf_program *prog, uint64_t *sum);

/* ---- load-error.c ---- */

/* Tells whether the file, in the format of /sys/kernel/security/lockdown, says that level. */
bool lockdown_is(const char *path, const char *level);
/* Explains in e why the programs were not loaded; log: the verifier's. Returns err. */
int load_failed(const struct collector *c, int err, char *log, struct errbuf *e);

/* ---- cpus.c: which CPUs are online, and which ever were ---- */

/* Makes room for all possible CPUs. Returns 0 or -ENOMEM. */
int cpus_new(struct collector *c);
void cpus_free(struct collector *c);
/* Reads which CPUs are online; without the file, all are. */
void cpus_read_online(struct collector *c);
/* Finds the used CPUs. To be called with the records of the CPUs. */
void cpus_find_used(struct collector *c);
/* The number after the last used CPU. */
int cpus_end(const struct collector *c);

/* ---- read.c ---- */

/* Tells whether the CPUs that were read have counted maps of that kind; else all else is 0. */
bool collector_has_counts(const struct model *m, int backend, int kind);

/* ---- adopt.c: the mappings that are older than the programs ---- */

/*
 * Adds the mappings of debugfs that the table lacks. To be called when the create and free hooks
 * are attached and the others are not. A missing debugfs is a missing hook and no error.
 */
int adopt_start(struct collector *c, int hook, struct errbuf *e);
/* Reads from debugfs the owners of the mappings that an earlier iomapd adopted. */
int adopt_again(struct collector *c);
/* Returns the number of adopted mappings that are alive. */
uint32_t adopt_alive(const struct collector *c);

/* ---- violations.c: the sites that break a rule ---- */

struct site;

/* The site of a key of the map `violations`; NULL: none. Lives as long as c. */
struct site *site_get(struct collector *c, uint64_t key);
/* Gets all sites of the map `violations`. */
void sites_find(struct collector *c);
/* Names all addresses of new sites, and n others, in one pass over the symbols. */
int sites_name(struct collector *c, const uint64_t *addrs, size_t n);
/* Marks the site as reported, with that time. Returns false when it was already. */
bool site_claim(struct site *p, uint64_t time_unix_ns);
/* The facts about the site, with the names of sites_name(). */
const struct model_violation *site_violation(const struct site *p);
/* Makes the record for which the ring had no room. Returns false for a reported site. */
bool site_unreported(const struct site *p, struct iomap_event *ret);
/* Adds all sites with their counts. To be called after the CPUs and the callers are read. */
int sites_report(struct collector *c, struct model *m);
void sites_free(struct collector *c);

/* ---- events.c: the ring buffer ---- */

/* Callback of the ring buffer: adds the record to the batch. ctx: the collector. */
int events_arrived(void *ctx, void *data, size_t size);
/* Takes the events that an earlier iomapd reported. Returns 0 or a negative errno. */
int events_replay(struct collector *c);
void events_free(struct collector *c);

/* ---- ipi.c: interrupts between CPUs ---- */

/* Sizes the maps. To be called before the programs are loaded. */
int ipi_configure(struct collector *c);
int ipi_read(struct collector *c, struct model *m);

/* ---- takeover.c: the pinned set of an earlier iomapd ---- */

/*
 * Takes over the set that an earlier iomapd with the same options pinned. Returns 1, 0 when the
 * programs have to be loaded, or a negative errno with a sentence in e.
 */
int takeover_try(struct collector *c, struct errbuf *e);
/* Maps the saved records into memory. Returns 0, or a negative errno with a sentence in e. */
int takeover_map_persistent(struct collector *c, struct errbuf *e);
/* Adds a sentence on the start. Returns 0 or -ENOMEM. */
int takeover_note(struct collector *c, const char *fmt, ...) __attribute__((format(printf, 2, 3)));
/* Closes our descriptors of the pinned objects; pinned programs continue to run. */
void takeover_free(struct collector *c);

#endif
