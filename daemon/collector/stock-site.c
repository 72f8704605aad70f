// SPDX-License-Identifier: GPL-2.0-or-later
/* Sites of a table as the programs have them. */
#include <string.h>

#include "daemon/collector/priv.h"

_Static_assert((int)SITE_REG == IOMAP_SITE_REG && (int)SITE_LOAD == IOMAP_SITE_LOAD &&
		       (int)SITE_ADD == IOMAP_SITE_ADD && (int)SITE_SAR == IOMAP_SITE_SAR,
	       "enum site_code and enum iomap_site_code have the same values");
_Static_assert(SITE_REGS_MAX == IOMAP_SITE_REGS && SITE_ARGS_MAX <= IOMAP_SITE_ARGS,
	       "limits of the programs");

int stock_hook(const struct api_site *site)
{
	switch (site->what) {
	case SITE_MAP:
		return hook_find("site_map");
	case SITE_UNMAP:
		/* The others leave no code on 64-bit. */
		return site->kind == IOMAP_ATOMIC ? hook_find("site_unmap") : -EINVAL;
	case SITE_INIT:
		return hook_find("site_init");
	case SITE_FREE:
	case SITE_FINI:
		return hook_find("site_free");
	default:
		/* A create without a known structure: the first map enters its mapping. */
		return -EINVAL;
	}
}

/* Counts a site that cannot be probed. */
static void not_probed(const struct api_site *s, uint32_t gap[IOMAP_GAP_MAX])
{
	switch (s->what) {
	case SITE_MAP:
		gap[IOMAP_GAP_MAPS]++;
		break;
	case SITE_UNMAP:
		gap[IOMAP_GAP_UNMAPS]++;
		break;
	case SITE_FREE:
	case SITE_FINI:
		gap[IOMAP_GAP_FREES]++;
		break;
	default:
		gap[IOMAP_GAP_INITS]++;
	}
}

/* Counts arguments that are not known at a site that is probed. */
static void count_unknown(const struct api_site *s, unsigned int known, uint32_t gap[IOMAP_GAP_MAX])
{
	unsigned int all = s->kind == IOMAP_SLEEPABLE ? 7 : 3;

	switch (s->what) {
	case SITE_MAP:
		gap[IOMAP_GAP_ARGS] += (known & all) != all;
		gap[IOMAP_GAP_HALF_MAP] += s->kind != IOMAP_ATOMIC;
		break;
	case SITE_UNMAP:
		gap[IOMAP_GAP_ADDRESS] += !(known & 1);
		break;
	case SITE_FREE:
	case SITE_FINI:
		gap[IOMAP_GAP_FREES] += !(known & 1);
		break;
	default:
		gap[IOMAP_GAP_INITS] += !(known & 1);
	}
}

/* Adds an argument. Returns false if there is no room for its steps. */
static bool add_value(struct iomap_site *ret, const struct site_value *v, unsigned int arg)
{
	if (ret->n + v->n > IOMAP_SITE_STEPS)
		return false;
	for (size_t i = 0; i < v->n; i++) {
		struct iomap_site_step *step = &ret->step[ret->n++];

		step->code = (__u8)v->step[i].code;
		step->arg = (__u8)v->step[i].arg;
		step->imm = (__u64)v->step[i].imm;
		step->store = i == v->n - 1 ? (__u8)(arg + 1) : 0;
	}
	return v->n;
}

static bool word_of(unsigned int offset, __u8 *ret)
{
	*ret = (__u8)(offset / sizeof(__u64));
	return !(offset % sizeof(__u64)) && *ret < IOMAP_SITE_OBJECT;
}

int stock_translate(const struct site_table *t, const struct api_site *site, struct iomap_site *ret,
		    uint32_t gap[IOMAP_GAP_MAX])
{
	const char *const *args = site_args(site->what, site->kind);
	struct iomap_site s = { .kind = (__u8)site->kind };
	unsigned int known = 0;

	/* A cold part of a function has no entry that kprobes accept. */
	if (!site->has_offset || strstr(site->symbol, ".cold") || !word_of(t->base, &s.base) ||
	    !word_of(t->size, &s.size) || !word_of(t->iomem, &s.iomem)) {
		not_probed(site, gap);
		return -ENOTSUP;
	}
	/* Only at the entry of the function, the return address is on top of the stack. */
	s.called = site->called && !site->offset;
	for (unsigned int i = 0; args[i]; i++)
		known |= (unsigned int)add_value(&s, &site->arg[i], i) << i;
	count_unknown(site, known, gap);
	*ret = s;
	return 0;
}
