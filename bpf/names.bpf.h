/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * Names of code. The programs look them up at once: a test may load a driver, break a rule with it
 * and unload it before user space can look.
 */
#ifndef IOMAP_NAMES_BPF_H
#define IOMAP_NAMES_BPF_H

#include "maps.bpf.h"
#include "code.h"

/* The tag of code by its name. len: of the text, with its NUL. 0: it is of no module. */
static __always_inline __u32 tag_of(const struct iomap_name *name, long len)
{
	__u64 h = 0, word;
	__u32 i;

	/* The name of a module comes last, in brackets. */
	if (len < 2 || len > IOMAP_NAME_LEN || name->text[len - 2] != ']')
		return 0;
#pragma clang loop unroll(full)
	for (i = 0; i < IOMAP_NAME_LEN; i += sizeof(word)) {
		__builtin_memcpy(&word, name->text + i, sizeof(word));
		h = (h ^ word) * 0xff51afd7ed558ccdULL;
		h ^= h >> 32;
	}
	return (h & IOMAP_CODE_TAGS) ?: 1;
}

/* Returns the code at the address, and saves its name. To be called with interrupts off. */
static __always_inline __u64 code_at(__u64 addr)
{
	static const char format[] = "%pS";
	struct iomap_name name = {};
	__u64 code = addr;
	__u32 tag;
	long len;

	len = bpf_snprintf(name.text, sizeof(name.text), format, &addr, sizeof(addr));
	tag = tag_of(&name, len);
	if (tag)
		code = iomap_code(addr, tag);
	bpf_map_update_elem(&names, &code, &name, BPF_ANY);
	return code;
}

#define HALF (IOMAP_STACK_FRAMES / 2)

/*
 * Straight-line code: the verifier walks it once for each path that leads here. slot: in
 * `scratch`.
 */
static __always_inline void save_stack_names(__u64 stack[IOMAP_STACK_FRAMES], __u64 site,
					     __u32 slot)
{
	static const char format[] = "%pS\n%pS\n%pS\n%pS\n%pS\n%pS\n%pS\n%pS\n%pS\n%pS\n%pS\n%pS\n";
	struct iomap_stack_names *n = bpf_map_lookup_elem(&name_scratch, &slot);

	if (!n)
		return;
	/* bpf_snprintf() may fail and leave the names of the last stack: remove them. */
	n->text[0][0] = 0;
	n->text[1][0] = 0;
	bpf_snprintf(n->text[0], sizeof(n->text[0]), format, stack, HALF * sizeof(*stack));
	bpf_snprintf(n->text[1], sizeof(n->text[1]), format, stack + HALF, HALF * sizeof(*stack));
	bpf_map_update_elem(&stack_names, &site, n, BPF_ANY);
}

#endif
