/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * Modules that are loaded while the programs run. The kernel has placed the probes by then, and
 * calls this program before the module's own code: if the module is of another build than its
 * table, its events do not count.
 */
#ifndef IOMAP_SITE_MODULES_BPF_H
#define IOMAP_SITE_MODULES_BPF_H

#include <bpf/bpf_core_read.h>

#include "maps.bpf.h"

/* Notes of a module that are looked at. Some have a note of the compiler before the build-id. */
#define NOTES_TRIED 4
#define NOTE_GNU    0x554e47 /* "GNU" and its NUL */
#define NOTE_ID	    3	     /* the note is a build-id */

/* The members of the kernel's structs that are read. */
struct bin_attribute {
	void *private;
} __attribute__((preserve_access_index));

struct module_notes_attrs {
	struct bin_attribute attrs[1];
} __attribute__((preserve_access_index));

struct module {
	char name[IOMAP_SITE_NAME];
	struct module_notes_attrs *notes_attrs;
} __attribute__((preserve_access_index));

/* A note with a build-id, as it lies in the module. */
struct id_note {
	__u32 namesz, descsz, type;
	__u32 name;
	__u32 id[IOMAP_SITE_ID / 4];
};

/* The note has that build-id. Without branches, for the loop around it. */
static __always_inline __u32 same_id(const struct id_note *note, const struct iomap_site_module *m)
{
	const __u32 *id = (const __u32 *)m->build_id;
	__u32 differs = 0, i;

	differs |= note->namesz ^ 4;
	differs |= note->descsz ^ m->build_id_len;
	differs |= note->type ^ NOTE_ID;
	differs |= note->name ^ NOTE_GNU;
#pragma clang loop unroll(full)
	for (i = 0; i < IOMAP_SITE_ID / 4; i++)
		differs |= note->id[i] ^ id[i];
	barrier_var(differs); /* the compiler would make branches of it */
	return !differs;
}

/* Reads a note. The rest of a short build-id is 0, as in struct iomap_site_module. */
static __always_inline void read_note(struct id_note *note, const char *data, __u32 len)
{
	__builtin_memset(note, 0, sizeof(*note));
	bpf_probe_read_kernel(note, sizeof(*note) - IOMAP_SITE_ID, data);
	if (len <= IOMAP_SITE_ID)
		bpf_probe_read_kernel(note->id, len, data + sizeof(*note) - IOMAP_SITE_ID);
}

/* The state of a module that is being loaded. */
static __always_inline __u32 state_of(struct module *mod, const struct iomap_site_module *m)
{
	struct module_notes_attrs *notes = NULL;
	struct bin_attribute *attr = NULL;
	struct id_note note;
	__u32 i, found = 0;
	void *data, *p;

	if (!bpf_core_field_exists(mod->notes_attrs) || !bpf_core_field_exists(notes->attrs) ||
	    !bpf_core_field_exists(attr->private))
		return IOMAP_SITE_UNCHECKED;
	bpf_probe_read_kernel(&notes, sizeof(notes),
			      (char *)mod + bpf_core_field_offset(mod->notes_attrs));
	for (i = 0; i < NOTES_TRIED && notes; i++) {
		p = (char *)notes + bpf_core_field_offset(notes->attrs) +
		    i * bpf_core_type_size(struct bin_attribute) +
		    bpf_core_field_offset(attr->private);
		data = NULL;
		bpf_probe_read_kernel(&data, sizeof(data), p);
		read_note(&note, data, m->build_id_len);
		found |= same_id(&note, m);
	}
	return found ? IOMAP_SITE_WATCHED : IOMAP_SITE_OTHER;
}

/* The entry of the module; NULL: no table names it. */
static __always_inline struct iomap_site_module *entry_of(struct module *mod)
{
	struct iomap_site_name name = {};
	__u32 *nr;

	bpf_probe_read_kernel_str(name.text, sizeof(name.text),
				  (char *)mod + bpf_core_field_offset(mod->name));
	nr = bpf_map_lookup_elem(&site_names, &name);
	return nr ? bpf_map_lookup_elem(&site_modules, nr) : NULL;
}

/* module_load(struct module *mod) */
SEC("?raw_tp/module_load")
int iomap_site_load(struct bpf_raw_tracepoint_args *ctx)
{
	struct module *mod = (void *)ctx->args[0];
	struct iomap_site_module *m = entry_of(mod);

	/* Without probes, nothing of it would be seen. */
	if (m)
		m->state = m->nr_sites ? state_of(mod, m) : IOMAP_SITE_OTHER;
	return 0;
}

/* module_free(struct module *mod) */
SEC("?raw_tp/module_free")
int iomap_site_unload(struct bpf_raw_tracepoint_args *ctx)
{
	struct iomap_site_module *m = entry_of((void *)ctx->args[0]);

	if (m)
		m->state = IOMAP_SITE_ABSENT;
	return 0;
}

#endif
