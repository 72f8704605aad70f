// SPDX-License-Identifier: GPL-2.0-or-later
#include "tests/lib/fake-ipi.h"

#include <string.h>

#define SITE_ONE 0xc0200200

int fake_add_ipi(struct model *m, double secs, bool gap)
{
	const struct iomap_ipi_caller_key key = {
		.caller = SITE_ONE, .id = 2, .kind = IOMAP_SLEEPABLE, .backend = IOMAP_IOREMAP
	};
	uint64_t n = (uint64_t)secs;
	struct iomap_ipi_cpu c = {
		.count = {
			[IOMAP_IPI_OTHER] = { .broadcasts = 2 * n,
					      .sends = 90 * n,
					      .ipis = 100 * n,
					      .calls = 110 * n,
					      .wait_ns = 50000 * n,
					      .stolen_ns = 70000 * n },
			[IOMAP_IPI_DIRECT] = { n, n, 3 * n, 3 * n, 9000 * n, 6000 * n },
			[IOMAP_IPI_PURGE] = { n, n, 3 * n, 3 * n, 8000 * n, 4000 * n },
		},
		.sent = { 86 * n, 20 * n },
		.received = { 85 * n, 20 * n },
		.queued = 50 * n + 7,
		.unjoined = gap ? 5 : 0,
	};
	struct iomap_ipi_caller site = {
		.direct = c.count[IOMAP_IPI_DIRECT],
		.deferred = { .broadcasts = n << (IOMAP_SHARE_BITS - 1),
			      .sends = n << (IOMAP_SHARE_BITS - 1),
			      .ipis = 3 * n << (IOMAP_SHARE_BITS - 1),
			      .calls = 3 * n << (IOMAP_SHARE_BITS - 1),
			      .wait_ns = 4000 * n,
			      .stolen_ns = 2000 * n },
		.queued = 25 * n + 7,
		.open = { { .epoch = 3, .ranges = 7 } },
	};
	struct iomap_ipi_cell cell = { { 100 * n, 3 * n, 3 * n, 0 } };
	struct iomap_hist h = { .sum = 90000, .max = 12000 };
	static struct iomap_ipi_purge purges[IOMAP_PURGES];

	h.bucket[iomap_bucket(9000)] = 10;
	m->ipi.on = true;
	m->backend_present[IOMAP_IOREMAP] = true;
	m->total[IOMAP_IOREMAP][IOMAP_SLEEPABLE].maps = 2000 * n;
	m->ipi.purging = (struct iomap_ipi_purging){ .epoch = 3, .purges = 2, .ranges = 50 * n };
	if (gap)
		m->ipi.missing[IPI_STOLEN] =
			"what interrupted CPUs lose is not known: this kernel has "
			"no csd_function_entry tracepoint";
	model_add_op_hist(m, IOMAP_OP_MAP, IOMAP_IOREMAP, IOMAP_SLEEPABLE, &h);
	model_add_op_hist(m, IOMAP_OP_UNMAP, IOMAP_IOREMAP, IOMAP_SLEEPABLE, &h);
	ipi_add_cpu(&m->ipi, &c);
	if (ipi_add_caller(&m->ipi, &key, &site, purges) || ipi_add_cell(&m->ipi, 2, 0, 1, &cell))
		return -ENOMEM;
	ipi_finish(&m->ipi);
	m->ipi.callers[0].name = "test_map_wc+0x58";
	m->ipi.callers[0].module = "test_io_mapping";
	return 0;
}
