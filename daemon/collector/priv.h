/* SPDX-License-Identifier: GPL-2.0-or-later */
/* What the collector's source files share. */
#ifndef IOMAP_DAEMON_COLLECTOR_PRIV_H
#define IOMAP_DAEMON_COLLECTOR_PRIV_H

#include <sys/utsname.h>
#include <bpf/libbpf.h>

#include "bpf/iomap.h"
#include "bpf/persistent.h"
#include "build/bpf/iomap.skel.h" /* needs what is above */
#include "daemon/collector/collector.h"
#include "daemon/collector/pci.h"
#include "daemon/collector/pins.h"
#include "daemon/collector/symbols.h"

enum {
	HOOK_CREATE,
	HOOK_FREE,
	HOOK_UNMAP,
	HOOK_MAP,
	HOOK_SWITCH,
	HOOK_EXIT,
	HOOK_MAY_SLEEP,
	/* Those of interrupts between CPUs */
	HOOK_UNMAP_DONE,
	HOOK_MAP_START,
	HOOK_PURGED,
	HOOK_PURGE,
	HOOK_RANGE,
	HOOK_RESERVE,
	HOOK_BROADCAST,
	HOOK_FUNC,
	HOOK_CALL,
	HOOK_IRQ,
	HOOK_SEND_MASK,
	HOOK_SEND,
	/* Files */
	HOOK_DEBUGFS,
	HOOK_LEVELS,
	HOOK_KALLSYMS,
	HOOK_MAX,
};

extern const char *const collector_hook_names[HOOK_MAX]; /* as `status` shows them */

struct site;

#define COLLECTOR_PROGRAMS_MAX 48
#define COLLECTOR_NOTES_MAX    8

/* What is found out once for a mapping, valid for that generation of its id. */
struct mapping_meta {
	uint32_t gen;
	bool located; /* pci is looked up */
	bool adopted; /* made before us: the owner is known as text only */
	bool listed;  /* in the reading of debugfs at hand */
	char *owner;
	char *module;
	struct pci_bar pci; /* bar -1: in no device */
};

struct collector {
	struct collector_options opts;
	struct iomap_bpf *skel;
	struct bpf_link *links[HOOK_MAX];
	struct bpf_link *probes[48]; /* of hooks that need several, or other kinds */
	size_t nr_probes;
	bool has_do_exit;
	bool has_reserve;  /* the kernel has an ioremap backend */
	const char *check; /* the function that tells of all that may sleep; NULL: none does */
	struct ring_buffer *ring;
	struct symbols *symbols;
	bool names_saved;		 /* what the programs noted is used */
	struct mapping_meta *meta;	 /* by id */
	char *missing[HOOK_MAX];	 /* NULL: the hook works */
	struct site *sites[IOMAP_SITES]; /* oldest first */
	size_t nr_sites;
	struct utsname uts;
	uint64_t started_unix_ns;
	uint64_t adopted; /* mappings made before us */
	struct pins pins;
	bool pinned;				/* what is in the kernel stays there */
	bool taken_over;			/* the programs were loaded by an earlier one */
	struct iomap_persistent *persistent;	/* mapped; NULL: not yet */
	struct iomap_saved_event *saved_events; /* likewise */
	uint64_t seq;				/* of the last event told */
	size_t nr_reported;			/* violations among them */
	bool replay;				/* the batch has those that an earlier one told */
	uint64_t begin;				/* the first of them, but for violations */
	const struct iomap_saved_event *look_saved; /* may be the first record of the ring, too */
	bool look_unreported;			    /* there may be sites that were not told of */
	int progs[COLLECTOR_PROGRAMS_MAX]; /* taken over: by number in the object, -1: not there */
	char *notes[COLLECTOR_NOTES_MAX];
	size_t nr_notes;
	uint32_t adopted_max_id;
	bool in_force[IOMAP_BACKEND_MAX];
	int nr_cpus; /* possible ones */
	int nr_online;
	void *chunk;			 /* for reading maps */
	struct iomap_saved_event *batch; /* records of the ring during collector_consume() */
	size_t nr_batch, cap_batch;
};

#define CHUNK_BYTES (256 * 1024)

/* The file exists, below the root. */
bool collector_has(const struct collector *c, const char *path);
/* root + path, to be freed; NULL when there is no memory. */
char *collector_path(const struct collector *c, const char *path);

/*
 * Enters the mappings of debugfs that the table does not have. To be called after the create and
 * free hooks are attached and before the others. A missing debugfs becomes a gap, not an error.
 */
int collector_adopt(struct collector *c);

/* Learns from it who owns the mappings that an earlier one adopted; changes none. */
int collector_adopt_again(struct collector *c);

/* How many of the adopted mappings are alive. */
uint32_t collector_old(const struct collector *c);

/* Called with the value of one key: nr values, one a CPU, or one for a plain array. */
typedef int (*collector_each_fn)(struct collector *c, struct model *m, uint32_t key, void *value);
/*
 * Reads the keys first to last of an array, many in one system call, and calls fn for each.
 * size: of the value of one key, all CPUs together.
 */
int collector_each_value(struct collector *c, struct model *m, int fd, uint32_t first,
			 uint32_t last, size_t size, collector_each_fn fn);
/* The descriptor of a program, whoever loaded it; negative when it is not loaded. */
int collector_prog_fd(const struct collector *c, const struct bpf_program *prog);
/* Adds to *sum how often the kernel did not call a program, as it was busy on that CPU. */
int collector_add_misses(const struct collector *c, const struct bpf_program *prog, uint64_t *sum);

/* Interrupts between CPUs: before the programs are loaded, after, and for a sample. */
int collector_configure_ipi(struct collector *c);
int collector_attach_ipi(struct collector *c, struct errbuf *e);
int collector_read_ipi(struct collector *c, struct model *m);
/* The hook is one that this kernel and these options call for. */
bool collector_has_hook(const struct collector *c, int hook);

/* What a hook that is missing costs. Returns 0 or -ENOMEM with a sentence in e. */
int collector_note_missing(struct collector *c, int hook, const char *cost, const char *what,
			   struct errbuf *e);

/* Returns 0 when the kernel has any tracepoint of io_mapping, -ENOTSUP with a sentence in e. */
int collector_check_tracepoints(const struct collector *c, struct errbuf *e);
/* Finds the functions to be probed. To be called before the programs are loaded. */
void collector_find_functions(struct collector *c);
/* Adopts and attaches. Returns 0, or a negative errno with a sentence in e. */
int collector_attach(struct collector *c, struct errbuf *e);
/* collector_adopt() with a sentence. */
int collector_adopt_now(struct collector *c, struct errbuf *e);
/* What is attached, what is missing, and which rules that concerns. */
int collector_add_hooks(const struct collector *c, struct model *m);
/* Which rules it concerns that the hooks were passed by so often. */
void collector_add_missed(const uint64_t missed[HOOK_MAX], struct model *m);

/* A callback of the ring buffer, with the collector: keeps the record in the batch. */
int collector_event_arrived(void *ctx, void *data, size_t size);
/* Takes the events that an earlier one told of. Returns 0 or a negative errno. */
int collector_replay(struct collector *c);

/*
 * Goes on with what is pinned by an earlier one that had the same options. Returns 1 when it does,
 * 0 when all is to be loaded, or a negative errno with a sentence in e.
 */
int collector_take_over(struct collector *c, struct errbuf *e);
/* Maps what is kept for those that come after us. Returns 0, or an errno with a sentence in e. */
int collector_map_persistent(struct collector *c, struct errbuf *e);
/*
 * Fills it in and pins everything, or notes why that is not done. Returns 0, or -EBUSY or -ENOMEM
 * with a sentence in e.
 */
int collector_pin(struct collector *c, struct errbuf *e);
/* Gives up what is pinned, without ending it. */
void collector_unpin(struct collector *c);
/* Adds a sentence. Returns 0 or -ENOMEM. */
__attribute__((format(printf, 2, 3))) int collector_add_note(struct collector *c, const char *fmt,
							     ...);

/* The site of a key of `violations`, NULL: none. Lives as long as c. */
struct site *collector_site(struct collector *c, uint64_t key);
/* Names what is new: all addresses of the sites, and n others, in one pass over the symbols. */
int collector_name(struct collector *c, const uint64_t *addrs, size_t n);
/* It is to be told of, and noted that it was; false: that is done already. */
bool collector_claim(struct site *p);
/* What is known of it. Named by collector_name(). */
const struct model_violation *collector_violation(const struct site *p);
/* Gets all sites that the table has. */
void collector_find_sites(struct collector *c);
/* The record of a site that was not told of, as the ring would have had it. False: told. */
bool collector_unreported(const struct site *p, struct iomap_event *ret);
/* Adds all sites with their counts. To be called after the CPUs and the call sites are read. */
int collector_add_violations(struct collector *c, struct model *m);
void collector_free_sites(struct collector *c);

/* Removes the open maps that are left from earlier mappings under an id. */
void collector_sweep(struct collector *c, uint32_t id, uint32_t gen);

/* Finds owner and device of a mapping, if they are not known yet. */
void collector_locate(struct collector *c, struct model_mapping *mm);

#endif
