/* SPDX-License-Identifier: GPL-2.0-or-later */
/* How a parameter of an inlined function is found at an address: from DWARF to steps of a site. */
#ifndef IOMAP_CLI_DEBUG_VALUE_H
#define IOMAP_CLI_DEBUG_VALUE_H

#include <elfutils/libdw.h>

#include "cli/debug/debuginfo.h"
#include "daemon/collector/site-table.h"

/* A place in the code, as the debug information has it. */
struct place {
	const struct debuginfo *debug;
	Dwarf_Addr bias; /* from addresses of the DWARF to those of libdwfl */
	Dwarf_Addr pc;
	Dwarf_Die *function; /* that has the code */
};

/*
 * Finds the value of a parameter at the place. @ret has no steps if the value is not known there,
 * or if its expression has operations that a table cannot have.
 */
void value_find(const struct place *at, Dwarf_Die *param, struct site_value *ret);

#endif
