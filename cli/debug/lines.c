// SPDX-License-Identifier: GPL-2.0-or-later
#include "cli/debug/lines.h"

#include <dwarf.h>
#include <string.h>

/* Finds the address of the function. */
static int find_symbol(const struct debuginfo *d, const char *symbol, uint64_t size,
		       Dwarf_Addr *ret)
{
	int n = dwfl_module_getsymtab(d->mod), err = -ENOENT;
	GElf_Addr addr;
	GElf_Sym sym;

	for (int i = 0; i < n; i++) {
		const char *name =
			dwfl_module_getsym_info(d->mod, i, &sym, &addr, NULL, NULL, NULL);

		if (!name || sym.st_shndx == SHN_UNDEF || strcmp(name, symbol))
			continue;
		if (size && sym.st_size && sym.st_size != size)
			continue;
		/* Two names of one function are no contradiction. */
		if (!err && addr != *ret)
			return -ENOTUNIQ;
		*ret = addr;
		err = 0;
	}
	return err;
}

static bool is_function(Dwarf_Die *die)
{
	return dwarf_tag(die) == DW_TAG_inlined_subroutine || dwarf_tag(die) == DW_TAG_subprogram;
}

/* The innermost scope at the address, with its place in the tree. Returns their number. */
static int find_scopes(Dwarf_Die *cu, Dwarf_Addr pc, Dwarf_Die **ret)
{
	Dwarf_Die *scopes = NULL, innermost;
	int n = dwarf_getscopes(cu, pc, &scopes);

	if (n <= 0)
		return 0;
	innermost = scopes[0];
	free(scopes);
	n = dwarf_getscopes_die(&innermost, ret);
	return n > 0 ? n : 0;
}

static unsigned int number(Dwarf_Die *die, unsigned int name)
{
	Dwarf_Attribute attr;
	Dwarf_Word n;

	return dwarf_attr(die, name, &attr) && !dwarf_formudata(&attr, &n) ? (unsigned int)n : 0;
}

/* The line in the caller of an inlined function. */
static void set_call(Dwarf_Die *cu, Dwarf_Die *inlined, const char *folder, struct source_line *ret)
{
	Dwarf_Files *files;
	size_t n;

	ret->folder = folder;
	ret->line = number(inlined, DW_AT_call_line);
	ret->column = number(inlined, DW_AT_call_column);
	ret->file = dwarf_getsrcfiles(cu, &files, &n)
			    ? NULL
			    : dwarf_filesrc(files, number(inlined, DW_AT_call_file), NULL, NULL);
}

/*
 * The unit that has the code at an address, with the difference of its addresses to those in the
 * debug information. clang writes no index of addresses (.debug_aranges): look into each unit then.
 */
static Dwarf_Die *find_unit(const struct debuginfo *d, Dwarf_Addr addr, Dwarf_Addr *bias)
{
	Dwarf_Die *cu = dwfl_module_addrdie(d->mod, addr, bias);

	if (cu)
		return cu;
	while ((cu = dwfl_module_nextcu(d->mod, cu, bias))) {
		if (dwarf_haspc(cu, addr - *bias) > 0)
			return cu;
	}
	return NULL;
}

/* The line of the address itself. */
static bool set_innermost(Dwarf_Die *cu, Dwarf_Addr pc, struct source_line *ret)
{
	Dwarf_Line *line = dwarf_getsrc_die(cu, pc);
	int nr = 0, column = 0;
	Dwarf_Attribute attr;

	if (!line || dwarf_lineno(line, &nr))
		return false;
	if (dwarf_linecol(line, &column))
		column = 0;
	ret->file = dwarf_linesrc(line, NULL, NULL);
	ret->folder = dwarf_formstring(dwarf_attr(cu, DW_AT_comp_dir, &attr));
	ret->line = nr > 0 ? (unsigned int)nr : 0;
	ret->column = column > 0 ? (unsigned int)column : 0;
	return ret->file && ret->line;
}

int lines_find(const struct debuginfo *d, const char *symbol, uint64_t offset, uint64_t size,
	       struct source_lines *ret)
{
	struct source_lines lines = {};
	Dwarf_Die *cu, *scopes = NULL;
	Dwarf_Addr addr, bias;
	int n, err;

	err = find_symbol(d, symbol, size, &addr);
	if (err)
		return err;
	/* The call ends before the address. */
	addr += offset - 1;
	cu = find_unit(d, addr, &bias);
	if (!cu || !set_innermost(cu, addr - bias, &lines.line[0]))
		return -ENOENT;
	n = find_scopes(cu, addr - bias, &scopes);
	for (int i = 0; i < n && lines.n < LINES_MAX - 1; i++) {
		struct source_line *l = &lines.line[lines.n];

		if (!is_function(&scopes[i]))
			continue;
		l->function = dwarf_diename(&scopes[i]);
		lines.n++;
		if (dwarf_tag(&scopes[i]) == DW_TAG_subprogram)
			break;
		set_call(cu, &scopes[i], lines.line[0].folder, l + 1);
	}
	free(scopes);
	if (!lines.n)
		return -ENOENT;
	*ret = lines;
	return 0;
}
