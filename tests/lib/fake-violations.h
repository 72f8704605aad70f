/* SPDX-License-Identifier: GPL-2.0-or-later */
/* Made-up violations for fake-iomapd. */
#ifndef IOMAP_TESTS_LIB_FAKE_VIOLATIONS_H
#define IOMAP_TESTS_LIB_FAKE_VIOLATIONS_H

#include "daemon/collector/model.h"

#define FAKE_PLACES 5

/* The places as they are @secs after the start; they live as long as the program. */
const struct model_violation *fake_places(double secs);
/* Sets when the first violation was: the daemon's clock and the time of day. */
void fake_places_begin(uint64_t time_ns, uint64_t time_unix_ns);

/* The rules, none of which is broken; for hold-time there is no budget. */
void fake_add_rules(struct model *m);
/* The places, and what is counted without one. Returns 0 or -ENOMEM. */
int fake_add_violations(struct model *m, double secs);

#endif
