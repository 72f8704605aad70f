/* SPDX-License-Identifier: GPL-2.0-or-later */
/* A report as JSON for tests to look into. A missing value fails the test. */
#ifndef IOMAP_TESTS_LIB_REPORT_JSON_H
#define IOMAP_TESTS_LIB_REPORT_JSON_H

#include "tests/lib/test.h"

#include <jansson.h>

#include "daemon/collector/report.h"

typedef void (*report_fn)(struct jsonw *w, const char *key, const struct model *m);

/* Parses the buffer and frees it. The caller drops the reference. */
json_t *load(struct buf *out);

/* Writes and parses the report of a model. The caller drops the reference. */
json_t *write_report(report_fn fn, const struct model *m);

/* Returns the value at a path such as "mappings/0/maps/atomic". */
json_t *at(json_t *v, const char *path);

#endif
