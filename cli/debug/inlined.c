// SPDX-License-Identifier: GPL-2.0-or-later
#include "cli/debug/inlined.h"

#include <dwarf.h>
#include <inttypes.h>
#include <string.h>

#include "bpf/iomap.h"
#include "cli/debug/value.h"

#define DEPTH_MAX 64 /* of blocks and inlined functions in each other */

static const struct function {
	const char *name;
	enum site_what what;
	unsigned int kind;
} functions[] = {
	{ "io_mapping_map_atomic_wc", SITE_MAP, IOMAP_ATOMIC },
	{ "io_mapping_map_local_wc", SITE_MAP, IOMAP_LOCAL },
	{ "io_mapping_map_wc", SITE_MAP, IOMAP_SLEEPABLE },
	{ "io_mapping_unmap_atomic", SITE_UNMAP, IOMAP_ATOMIC },
	{ "io_mapping_unmap_local", SITE_UNMAP, IOMAP_LOCAL },
	{ "io_mapping_unmap", SITE_UNMAP, IOMAP_SLEEPABLE },
	{ "io_mapping_create_wc", SITE_CREATE, 0 },
	{ "io_mapping_init_wc", SITE_INIT, 0 },
	{ "io_mapping_free", SITE_FREE, 0 },
	{ "io_mapping_fini", SITE_FINI, 0 },
};

/* The walk through one module. */
struct walk {
	const struct debuginfo *debug;
	struct site_table *table;
	Dwarf_Addr bias;
	Dwarf_Die *cu;
	Dwarf_Die *function;	    /* that has the code */
	Dwarf_Die *path[DEPTH_MAX]; /* it, and the blocks and inlined functions in it */
	int depth;
	bool has_struct;
	int err;
};

static const struct function *function_named(const char *name)
{
	for (size_t i = 0; name && i < ARRAY_SIZE(functions); i++) {
		if (!strcmp(name, functions[i].name))
			return &functions[i];
	}
	return NULL;
}

bool inlined_is_api(const char *function)
{
	return function && !strncmp(function, "io_mapping_", strlen("io_mapping_"));
}

static void find_args(const struct place *at, Dwarf_Die *die, const struct function *fn,
		      struct site *site)
{
	const char *const *names = site_args(fn->what, fn->kind);
	Dwarf_Die child;

	if (dwarf_child(die, &child))
		return;
	do {
		const char *name =
			dwarf_tag(&child) == DW_TAG_formal_parameter ? dwarf_diename(&child) : NULL;

		for (int i = 0; name && names[i]; i++) {
			if (!strcmp(names[i], name))
				value_find(at, &child, &site->arg[i]);
		}
	} while (!dwarf_siblingof(&child, &child));
}

static bool all_known(const struct function *fn, const struct site *site)
{
	const char *const *names = site_args(fn->what, fn->kind);

	for (int i = 0; names[i]; i++) {
		if (!site->arg[i].n)
			return false;
	}
	return true;
}

/*
 * An atomic map begins with preempt_disable(): before that instruction the task can be preempted,
 * and kprobes cannot turn it into a jump. So the site is at the pagefault_disable() that follows,
 * if the arguments are still known there.
 */
static void find_section_start(struct place *at, Dwarf_Die *die, const struct function *fn,
			       struct site *site)
{
	struct place later = *at;
	struct site there = *site;
	Dwarf_Die child;

	if (fn->what != SITE_MAP || fn->kind != IOMAP_ATOMIC || dwarf_child(die, &child))
		return;
	do {
		const char *name = dwarf_tag(&child) == DW_TAG_inlined_subroutine
					   ? dwarf_diename(&child)
					   : NULL;

		if (!name || strcmp(name, "pagefault_disable") || dwarf_entrypc(&child, &later.pc))
			continue;
		memset(there.arg, 0, sizeof(there.arg));
		find_args(&later, die, fn, &there);
		if (all_known(fn, &there)) {
			*at = later;
			*site = there;
		}
		return;
	} while (!dwarf_siblingof(&child, &child));
}

static const char *base_name(const char *path)
{
	const char *slash = path ? strrchr(path, '/') : NULL;

	return slash ? slash + 1 : path;
}

/* For people: the source line of the call, and the functions that it was inlined into. */
static char *describe(const struct walk *w, Dwarf_Die *die)
{
	Dwarf_Word line = 0, nr = 0;
	const char *file = NULL;
	Dwarf_Attribute attr;
	Dwarf_Files *files;
	size_t n, len;
	char *text;
	FILE *f;

	if (dwarf_attr(die, DW_AT_call_line, &attr))
		dwarf_formudata(&attr, &line);
	if (dwarf_attr(die, DW_AT_call_file, &attr) && !dwarf_formudata(&attr, &nr) &&
	    !dwarf_getsrcfiles(w->cu, &files, &n))
		file = base_name(dwarf_filesrc(files, nr, NULL, NULL));
	f = open_memstream(&text, &len);
	if (!f)
		return NULL;
	if (file)
		fprintf(f, "%s:%" PRIu64, file, (uint64_t)line);
	for (int i = w->depth - 1; i >= 0; i--) {
		int tag = dwarf_tag(w->path[i]);

		if (tag == DW_TAG_inlined_subroutine || tag == DW_TAG_subprogram)
			fprintf(f, " in %s", dwarf_diename(w->path[i]) ?: "?");
	}
	if (fclose(f))
		return NULL;
	/* One line of text, whatever the names are. */
	for (char *p = text; *p; p++)
		*p = *p < ' ' || *p == 0x7f ? '?' : *p;
	return text;
}

/* The first address of the code that has the entry. */
static bool first_address(Dwarf_Die *die, Dwarf_Addr *ret)
{
	Dwarf_Addr base, end;

	return dwarf_ranges(die, 0, &base, ret, &end) > 0;
}

/* Adds the site of an inlined copy, or of a function that was not inlined. */
static void add_site(struct walk *w, Dwarf_Die *die, const struct function *fn)
{
	struct place at = { .debug = w->debug, .bias = w->bias, .function = w->function };
	struct site site = { .what = fn->what, .kind = fn->kind };
	const char *symbol;
	GElf_Off offset;
	GElf_Sym sym;

	site.has_offset = !dwarf_entrypc(die, &at.pc);
	site.called = dwarf_tag(die) == DW_TAG_subprogram;
	if (site.has_offset) {
		find_args(&at, die, fn, &site);
		find_section_start(&at, die, fn, &site);
	} else if (!first_address(die, &at.pc)) {
		return;
	}
	symbol = dwfl_module_addrinfo(w->debug->mod, at.pc + at.bias, &offset, &sym, NULL, NULL,
				      NULL);
	if (!symbol)
		return;
	site.offset = offset;
	site.symbol = strdup(symbol);
	site.comment = describe(w, die);
	w->err = site.symbol ? site_table_add(w->table, &site) : -ENOMEM;
	if (w->err) {
		free(site.symbol);
		free(site.comment);
	}
}

/* Whether the entry has code in this place. An abstract function has no address. */
static bool has_code(Dwarf_Die *die)
{
	Dwarf_Addr base, start, end;

	switch (dwarf_tag(die)) {
	case DW_TAG_inlined_subroutine:
	case DW_TAG_lexical_block:
		return true;
	case DW_TAG_subprogram:
		return dwarf_ranges(die, 0, &base, &start, &end) > 0;
	default:
		return false;
	}
}

static void walk_children(struct walk *w, Dwarf_Die *die, const struct function *inside);

/* A create calls init, which has the address of the structure: then only the init is a site. */
static void visit_function(struct walk *w, Dwarf_Die *die, const struct function *fn,
			   const struct function *inside)
{
	size_t before = w->table->n;

	if (inside && fn->what != SITE_INIT)
		return;
	if (fn->what != SITE_CREATE)
		add_site(w, die, fn);
	walk_children(w, die, fn);
	if (fn->what == SITE_CREATE && w->table->n == before && !w->err)
		add_site(w, die, fn);
}

static void visit(struct walk *w, Dwarf_Die *die, const struct function *inside)
{
	const struct function *fn =
		dwarf_tag(die) == DW_TAG_lexical_block ? NULL : function_named(dwarf_diename(die));

	if (dwarf_tag(die) == DW_TAG_subprogram)
		w->function = die;
	if (fn)
		visit_function(w, die, fn, inside);
	else
		walk_children(w, die, inside);
}

static void walk_children(struct walk *w, Dwarf_Die *die, const struct function *inside)
{
	Dwarf_Die child;

	if (w->depth == DEPTH_MAX || dwarf_child(die, &child))
		return;
	w->path[w->depth++] = die;
	do {
		if (has_code(&child))
			visit(w, &child, inside);
	} while (!w->err && !dwarf_siblingof(&child, &child));
	w->depth--;
}

static bool member_offset(Dwarf_Die *member, unsigned int *ret)
{
	Dwarf_Attribute attr;
	Dwarf_Word n;

	if (!dwarf_attr(member, DW_AT_data_member_location, &attr) || dwarf_formudata(&attr, &n) ||
	    n > 1024)
		return false;
	*ret = (unsigned int)n;
	return true;
}

/* Reads the layout of struct io_mapping. Returns false if it has other members. */
static bool read_struct(Dwarf_Die *die, struct site_table *t)
{
	const struct {
		const char *name;
		unsigned int *to;
	} members[] = { { "base", &t->base }, { "size", &t->size }, { "iomem", &t->iomem } };
	Dwarf_Die child;
	size_t found = 0;

	if (dwarf_child(die, &child))
		return false;
	do {
		const char *name =
			dwarf_tag(&child) == DW_TAG_member ? dwarf_diename(&child) : NULL;

		for (size_t i = 0; name && i < ARRAY_SIZE(members); i++)
			found += !strcmp(name, members[i].name) &&
				 member_offset(&child, members[i].to);
	} while (!dwarf_siblingof(&child, &child));
	return found == ARRAY_SIZE(members);
}

static void find_struct(struct walk *w)
{
	Dwarf_Die child;

	if (w->has_struct || dwarf_child(w->cu, &child))
		return;
	do {
		const char *name =
			dwarf_tag(&child) == DW_TAG_structure_type ? dwarf_diename(&child) : NULL;

		if (name && !strcmp(name, "io_mapping") && read_struct(&child, w->table)) {
			w->has_struct = true;
			return;
		}
	} while (!dwarf_siblingof(&child, &child));
}

static size_t count_units(const struct debuginfo *d)
{
	Dwarf_Die *cu = NULL;
	Dwarf_Addr bias;
	size_t n = 0;

	while ((cu = dwfl_module_nextcu(d->mod, cu, &bias)))
		n++;
	return n;
}

static int finish(const struct walk *w, struct errbuf *e)
{
	const struct debuginfo *d = w->debug;

	if (w->err == -E2BIG)
		return set_error(e, w->err, "%s has more than %d sites", d->file, SITE_TABLE_MAX);
	if (w->err)
		return set_error(e, w->err, "out of memory");
	if (!w->table->n)
		return set_error(e, -ENOENT, "%s has no code of io_mapping", d->file);
	if (!w->has_struct)
		return set_error(e, -EINVAL,
				 "the debug information of %s has no struct io_mapping with base, "
				 "size and iomem",
				 d->file);
	return 0;
}

int inlined_find(const struct debuginfo *d, const struct debug_progress *progress,
		 struct site_table *ret, struct errbuf *e)
{
	struct site_table table = {};
	struct walk w = { .debug = d, .table = &table };
	size_t done = 0, all = count_units(d);
	const unsigned char *id;
	int err;

	if (d->machine != EM_X86_64)
		return set_error(e, -ENOTSUP, "%s is not for x86_64", d->file);
	table.build_id_len = debuginfo_build_id(d, &id);
	if (!table.build_id_len || table.build_id_len > sizeof(table.build_id))
		return set_error(e, -EINVAL, "%s has no build-id, so a table could not name it",
				 d->file);
	memcpy(table.build_id, id, table.build_id_len);
	strcpy(table.module, d->module);
	while (!w.err && (w.cu = dwfl_module_nextcu(d->mod, w.cu, &w.bias))) {
		size_t before = table.n;

		walk_children(&w, w.cu, NULL);
		if (table.n != before)
			find_struct(&w);
		if (progress->step)
			progress->step(progress->arg, ++done, all);
	}
	err = finish(&w, e);
	if (err)
		site_table_free(&table);
	else
		*ret = table;
	return err;
}
