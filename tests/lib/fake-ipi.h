/* SPDX-License-Identifier: GPL-2.0-or-later */
/* Made-up interrupts between CPUs, for fake-iomapd and the test of the report. */
#ifndef IOMAP_TESTS_LIB_FAKE_IPI_H
#define IOMAP_TESTS_LIB_FAKE_IPI_H

#include "daemon/collector/model.h"

/*
 * What there is @secs after the start, of an ioremap backend on two CPUs; gap: the kernel cannot
 * tell stolen time, and something was lost. Returns 0 or -ENOMEM.
 */
int fake_add_ipi(struct model *m, double secs, bool gap);

#endif
