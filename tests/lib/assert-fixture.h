/* SPDX-License-Identifier: GPL-2.0-or-later */
/* Fake runs of iomapctl assert, by name, over the model of tests/lib/figures.h. */
#ifndef IOMAP_TESTS_LIB_ASSERT_FIXTURE_H
#define IOMAP_TESTS_LIB_ASSERT_FIXTURE_H

#include "cli/assert/report.h"

extern const char *const fixture_names[]; /* NULL-terminated */

/* Fills in the findings of a run before they are judged. false: no run has that name. */
bool fixture_fill(const char *name, struct assert_report *r, struct model *before);
/* The same, and judges them. */
bool fixture_report(const char *name, struct assert_report *r);

/* Begins a run: all rules but hold-time are checked, and nothing is mapped. `before` is empty. */
void fixture_begin(struct assert_report *r, struct model *before);
/* Adds maps and unmaps of mapping 1. */
void fixture_use(struct model *m, unsigned int kind, uint64_t maps, uint64_t unmaps);
/* Adds a site with `count` violations, which the caller may change. */
struct model_violation *fixture_violation(struct model *m, unsigned int rule, uint64_t count);
/* Reads a suppression file from a string. */
int fixture_suppress(struct assert_report *r, const char *text, struct errbuf *err);

#endif
