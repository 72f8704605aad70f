/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * Names of code in modules, looked up in the kernel at once: user space may come too late, as a
 * test that loads a driver, breaks a rule with it and unloads it takes no time.
 */
#ifndef IOMAP_NAMES_BPF_H
#define IOMAP_NAMES_BPF_H

#include "maps.bpf.h"

/* Only for where the interrupts are off. */
static __always_inline void save_name(__u64 addr)
{
	static const char format[] = "%pS";
	struct iomap_name name = {};

	bpf_snprintf(name.text, sizeof(name.text), format, &addr, sizeof(addr));
	bpf_map_update_elem(&names, &addr, &name, BPF_ANY);
}

#define HALF (IOMAP_STACK_FRAMES / 2)

/* No loop and no branch, as the verifier comes by on many paths. slot: as of `scratch`. */
static __always_inline void save_stack_names(__u64 stack[IOMAP_STACK_FRAMES], __u64 site,
					     __u32 slot)
{
	static const char format[] = "%pS\n%pS\n%pS\n%pS\n%pS\n%pS\n%pS\n%pS\n%pS\n%pS\n%pS\n%pS\n";
	struct iomap_stack_names *n = bpf_map_lookup_elem(&name_scratch, &slot);

	if (!n)
		return;
	/* What fails leaves the buffer as it is: with the names of another stack, but for this. */
	n->text[0][0] = 0;
	n->text[1][0] = 0;
	bpf_snprintf(n->text[0], sizeof(n->text[0]), format, stack, HALF * sizeof(*stack));
	bpf_snprintf(n->text[1], sizeof(n->text[1]), format, stack + HALF, HALF * sizeof(*stack));
	bpf_map_update_elem(&stack_names, &site, n, BPF_ANY);
}

#endif
