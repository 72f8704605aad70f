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
	HOOK_DEBUGFS,
	HOOK_KALLSYMS,
	HOOK_MAX,
};

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
	struct ring_buffer *ring;
	struct symbols *symbols;
	struct mapping_meta *meta; /* by id */
	char *gaps[HOOK_MAX];	   /* NULL: the hook works */
	struct utsname uts;
	uint64_t started_unix;
	uint64_t adopted; /* mappings made before us */
	uint32_t adopted_max_id;
	bool in_force[IOMAP_BACKEND_MAX];
	int nr_cpus; /* possible ones */
	int nr_online;
	void *chunk;		   /* for reading maps */
	struct history *consuming; /* during collector_consume() */
	int consumed;
};

#define CHUNK_BYTES (256 * 1024)

/* root + path, to be freed; NULL when there is no memory. */
char *collector_path(const struct collector *c, const char *path);

/*
 * Enters the mappings of debugfs that the table does not have. To be called after the create and
 * free hooks are attached and before the others. A missing debugfs becomes a gap, not an error.
 */
int collector_adopt(struct collector *c);

/* Removes the open maps that are left from earlier mappings under an id. */
void collector_sweep(struct collector *c, uint32_t id, uint32_t gen);

/* Finds owner and device of a mapping, if they are not known yet. */
void collector_locate(struct collector *c, struct model_mapping *mm);

#endif
