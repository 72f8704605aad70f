/* SPDX-License-Identifier: GPL-2.0-only */
/* Code in place of addresses. BPF programs and user space use this header. */
#ifndef IOMAP_CODE_H
#define IOMAP_CODE_H

#include "iomap.h"

/*
 * The code at an address. Modules come and go, so an address of a module is not enough: bits 48 to
 * 62 have a hash of its name, not 0, and bit 63 is clear. An address of the kernel is its own code.
 */
#define IOMAP_CODE_SHIFT 48
#define IOMAP_CODE_TAGS	 0x7fff

IOMAP_INLINE __u64 iomap_code(__u64 addr, __u32 tag)
{
	addr &= (1ULL << IOMAP_CODE_SHIFT) - 1;
	return addr | (__u64)tag << IOMAP_CODE_SHIFT;
}

/* The address of the code. The upper bits of an address are as its bit 47. */
IOMAP_INLINE __u64 iomap_code_address(__u64 code)
{
	const int unused = 64 - IOMAP_CODE_SHIFT;

	if (code >> 63 || !(code >> IOMAP_CODE_SHIFT))
		return code;
	return (__u64)((__s64)(code << unused) >> unused);
}

#endif
