/* SPDX-License-Identifier: GPL-2.0-or-later */
/* Made-up runs of iomapctl assert, by name. */
#ifndef IOMAP_TESTS_LIB_ASSERT_FIXTURE_H
#define IOMAP_TESTS_LIB_ASSERT_FIXTURE_H

#include "cli/assert/report.h"

/* NULL-terminated */
extern const char *const fixture_names[];

/* Fills in what such a run saw; false where there is none of that name. To be freed. */
bool fixture_fill(const char *name, struct assert_report *r, struct model *before);
/* The same, judged. */
bool fixture_report(const char *name, struct assert_report *r);

/* What runs begin with: all rules but hold-time checked, nothing happened before. */
void fixture_begin(struct assert_report *r, struct model *before);
/* Maps and unmaps of mapping 1. */
void fixture_use(struct model *m, unsigned int kind, uint64_t maps, uint64_t unmaps);
/* A violation, which the caller may change, counted by its rule. */
struct model_violation *fixture_violation(struct model *m, unsigned int rule, uint64_t count);
/* Reads a suppression file out of a string. */
int fixture_suppress(struct assert_report *r, const char *text, struct errbuf *err);

#endif
