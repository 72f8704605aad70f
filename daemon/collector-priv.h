/* SPDX-License-Identifier: GPL-2.0-or-later */
/* What the collector's source files share. */
#ifndef IOMAP_DAEMON_COLLECTOR_PRIV_H
#define IOMAP_DAEMON_COLLECTOR_PRIV_H

#include <sys/utsname.h>
#include <bpf/libbpf.h>

#include "bpf/iomap.h"
#include "build/bpf/iomap.skel.h" /* needs what is above */
#include "daemon/collector.h"
#include "daemon/pci.h"
#include "daemon/symbols.h"

enum {
	HOOK_CREATE,
	HOOK_FREE,
	HOOK_UNMAP,
	HOOK_MAP,
	HOOK_SWITCH,
	HOOK_EXIT,
	HOOK_MAY_SLEEP,
	HOOK_DEBUGFS,
	HOOK_KALLSYMS,
	HOOK_MAX,
};

struct place;

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
	struct bpf_link *probes[32]; /* of HOOK_MAY_SLEEP */
	size_t nr_probes;
	bool has_do_exit;
	const char *check; /* the function that tells of all that may sleep; NULL: none does */
	struct ring_buffer *ring;
	struct symbols *symbols;
	bool names_kept;		    /* what the programs noted is used */
	struct mapping_meta *meta;	    /* by id */
	char *gaps[HOOK_MAX];		    /* NULL: the hook works */
	struct place *places[IOMAP_PLACES]; /* oldest first */
	size_t nr_places;
	struct utsname uts;
	uint64_t started_unix;
	uint64_t adopted; /* mappings made before us */
	uint32_t adopted_max_id;
	bool in_force[IOMAP_BACKEND_MAX];
	int nr_cpus; /* possible ones */
	int nr_online;
	void *chunk;		   /* for reading maps */
	struct iomap_event *batch; /* records of the ring during collector_consume() */
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

/* How many of the adopted mappings are alive. */
uint32_t collector_old(const struct collector *c);

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

/* The place of a key of `violations`, NULL: none. Lives as long as c. */
struct place *collector_place(struct collector *c, uint64_t key);
/* Names what is new: all addresses of the places, and n others, in one pass over the symbols. */
int collector_name(struct collector *c, const uint64_t *addrs, size_t n);
/* What is known of a place, to be told of: it is noted that it was. Named by collector_name(). */
const struct model_violation *collector_tell(struct place *p);
/* Gets all places that the table has. */
void collector_find_places(struct collector *c);
/* Adds all places with their counts. To be called after the CPUs and the call sites are read. */
int collector_add_violations(struct collector *c, struct model *m);
void collector_free_places(struct collector *c);

/* Removes the open maps that are left from earlier mappings under an id. */
void collector_sweep(struct collector *c, uint32_t id, uint32_t gen);

/* Finds owner and device of a mapping, if they are not known yet. */
void collector_locate(struct collector *c, struct model_mapping *mm);

#endif
