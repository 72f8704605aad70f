/* SPDX-License-Identifier: GPL-2.0-or-later */
/* A report as JSON that a test can look into. What is not there fails the test. */
#ifndef IOMAP_TESTS_LIB_REPORT_JSON_H
#define IOMAP_TESTS_LIB_REPORT_JSON_H

#include "tests/lib/test.h"

#include <jansson.h>

#include "daemon/collector/report.h"

typedef void (*report_fn)(struct jsonw *w, const char *key, const struct model *m);

/* Reads what was written into the buffer, and frees that. The caller drops the reference. */
json_t *load(struct buf *out);

/* The report of a model, likewise. */
json_t *write_report(report_fn fn, const struct model *m);

/* The value at a path such as "mappings/0/maps/atomic". */
json_t *at(json_t *v, const char *path);

#endif
