/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * The site that a probe is at, and the arguments of the function there. All values pass through a
 * BPF map, where the verifier does not track them: it would check the loop once for each of them.
 */
#ifndef IOMAP_SITE_VALUE_BPF_H
#define IOMAP_SITE_VALUE_BPF_H

#include "account.bpf.h"
#include "checks.bpf.h"

#define STACK_MASK 7

/* A program begins. Returns the record of the CPU; NULL never, but the verifier asks. */
static __always_inline struct iomap_site_cpu *site_hit(void)
{
	struct iomap_site_cpu *s;
	__u32 zero = 0;

	s = bpf_map_lookup_elem(&site_cpus, &zero);
	if (s)
		s->hits++;
	return s;
}

/* Reads the registers. */
static __always_inline void site_regs(struct pt_regs *ctx, struct iomap_site_cpu *s)
{
	s->regs[0] = ctx->ax;
	s->regs[1] = ctx->dx;
	s->regs[2] = ctx->cx;
	s->regs[3] = ctx->bx;
	s->regs[4] = ctx->si;
	s->regs[5] = ctx->di;
	s->regs[6] = ctx->bp;
	s->regs[7] = ctx->sp;
	s->regs[8] = ctx->r8;
	s->regs[9] = ctx->r9;
	s->regs[10] = ctx->r10;
	s->regs[11] = ctx->r11;
	s->regs[12] = ctx->r12;
	s->regs[13] = ctx->r13;
	s->regs[14] = ctx->r14;
	s->regs[15] = ctx->r15;
	s->ip = ctx->ip;
}

/* Returns the site, and reads the registers; NULL: its events do not count. */
static __always_inline const struct iomap_site *site_at(struct pt_regs *ctx,
							struct iomap_site_cpu *s)
{
	const struct iomap_site_module *module;
	const struct iomap_site *site;
	__u32 nr, which;

	if (!shared.armed)
		return NULL;
	if (cfg_site_test) {
		struct bpf_raw_tracepoint_args *test = (void *)ctx;

		nr = test->args[0];
		bpf_probe_read_user(s->regs, sizeof(s->regs) + sizeof(s->ip),
				    (const void *)(unsigned long)test->args[1]);
	} else {
		nr = bpf_get_attach_cookie(ctx);
		site_regs(ctx, s);
	}
	site = bpf_map_lookup_elem(&sites, &nr);
	if (!site)
		return NULL;
	which = site->module;
	module = bpf_map_lookup_elem(&site_modules, &which);
	return module && module->state == IOMAP_SITE_WATCHED ? site : NULL;
}

/* Reads memory of the kernel, or of the test. Returns 0 when that was possible. */
static __always_inline long site_read(void *to, __u32 size, __u64 addr)
{
	const void *from = (const void *)(unsigned long)addr;

	return cfg_site_test ? bpf_probe_read_user(to, size, from)
			     : bpf_probe_read_kernel(to, size, from);
}

/* The return address of the call, or the site itself if the function is inlined. */
static __always_inline __u64 site_caller(struct iomap_site_cpu *s, const struct iomap_site *site)
{
	__u64 addr = s->ip;

	if (site->called)
		site_read(&addr, sizeof(addr), s->regs[7]);
	return addr;
}

/* The result of an operation on two values. */
static __always_inline __u64 combine(__u32 code, __u64 a, __u64 b)
{
	switch (code) {
	case IOMAP_SITE_ADD:
		return a + b;
	case IOMAP_SITE_SUB:
		return a - b;
	case IOMAP_SITE_MUL:
		return a * b;
	case IOMAP_SITE_AND:
		return a & b;
	case IOMAP_SITE_OR:
		return a | b;
	case IOMAP_SITE_XOR:
		return a ^ b;
	case IOMAP_SITE_SHL:
		return a << (b & 63);
	case IOMAP_SITE_SHR:
		return a >> (b & 63);
	default:
		return (__s64)a >> (b & 63);
	}
}

/*
 * Runs one step. There is one way out of it, and the state lies in the map: so the verifier checks
 * it once for each number of a step.
 */
static __always_inline void site_step(struct iomap_site_cpu *s, const struct iomap_site_step *step)
{
	__u32 sp = *(volatile __u8 *)&s->sp, code = step->code, bytes = step->arg;
	__u64 top = s->stack[(sp - 1) & STACK_MASK], r = 0;

	if (code <= IOMAP_SITE_CONST) {
		r = step->imm;
		if (code == IOMAP_SITE_REG)
			r += s->regs[step->arg & (IOMAP_SITE_REGS - 1)];
		sp++;
	} else if (code == IOMAP_SITE_LOAD) {
		if (bytes > sizeof(r) || site_read(&r, bytes, top))
			s->failed = 1;
	} else {
		sp--;
		r = combine(code, s->stack[(sp - 1) & STACK_MASK], top);
	}
	s->stack[(sp - 1) & STACK_MASK] = r;
	s->sp = sp;
}

/* An expression ends: keeps its value. */
static __always_inline void site_store(struct iomap_site_cpu *s, __u32 store)
{
	s->value[(store - 1) & (IOMAP_SITE_ARGS - 1)] = s->stack[0];
	s->known |= (!s->failed) << (store - 1);
	s->failed = 0;
	s->sp = 0;
}

/* Finds the arguments of the function in s->value. Returns a bit for each one that is known. */
static __always_inline __u32 site_values(struct iomap_site_cpu *s, const struct iomap_site *site)
{
	__u32 i, store;

	s->sp = 0;
	s->failed = 0;
	s->known = 0;
	for (i = 0; i < IOMAP_SITE_STEPS; i++) {
		if (i >= site->n)
			break;
		site_step(s, &site->step[i]);
		store = site->step[i].store;
		if (store)
			site_store(s, store);
	}
	return *(volatile __u8 *)&s->known;
}

#endif
