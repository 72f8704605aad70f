// SPDX-License-Identifier: GPL-2.0-or-later
#include "tests/lib/fake-violations.h"

#define TEST_DRIVER " [test_io_mapping]"

/* What is 0 or NULL is not known. */
static struct model_violation places[FAKE_PLACES] = {
	{
		.rule = IOMAP_SLEEP_IN_ATOMIC,
		.kind = IOMAP_ATOMIC,
		.mapping_id = 1,
		.base = 0xf4000000,
		.size = 64 << 20,
		.held_ns = 1234567,
		.pid = 512,
		.comm = "Xorg",
		.caller = "qxl_bo_kmap_atomic_page+0x4f",
		.module = "qxl",
		.offender = "msleep+0x2e",
		.stack = { "schedule+0x2d", "schedule_timeout+0x91", "msleep+0x2e",
			   "qxl_bo_kmap_atomic_page+0x1b3 [qxl]", "drm_atomic_commit+0x84" },
		.nr_stack = 5,
	},
	{
		.rule = IOMAP_UNMAP_KIND,
		.kind = IOMAP_LOCAL,
		.mapping_id = 2,
		.base = 0xfe000000,
		.size = 1 << 20,
		.count = 1,
		.pid = 613,
		.cpu = 1,
		.comm = "sh",
		.caller = "test_map_one+0x3c",
		.module = "test_io_mapping",
		.offender = "test_unmap_one+0x18",
		.offender_module = "test_io_mapping",
		.stack = { "test_unmap_one+0x18" TEST_DRIVER, "vfs_write+0xf1" },
		.nr_stack = 2,
		.map_stack = { "test_map_one+0x3c" TEST_DRIVER, "control_write+0x92" TEST_DRIVER,
			       "vfs_write+0xf1" },
		.nr_map_stack = 3,
	},
	{
		.rule = IOMAP_OFFSET_RANGE,
		.kind = IOMAP_SLEEPABLE,
		.mapping_id = 2,
		.base = 0xfe000000,
		.size = 1 << 20,
		.offset = 1 << 20,
		.map_size = 4096,
		.count = 7,
		.pid = 613,
		.cpu = 3,
		.comm = "sh",
		.caller = "test_map_wc+0x58",
		.module = "test_io_mapping",
		.stack = { "test_map_wc+0x58" TEST_DRIVER, "vfs_write+0xf1" },
		.nr_stack = 2,
	},
	{
		.rule = IOMAP_LEAK,
		.kind = IOMAP_SLEEPABLE,
		.mapping_id = 3,
		.base = 0xfd000000,
		.size = 64 << 10,
		.count = 2,
		.held_ns = 98765432100,
		.pid = 700,
		.comm = "\033[2Jevil\377\a", /* wants to clear the screen, and is no UTF-8 */
		.caller = "test_map_wc+0x58",
		.module = "test_io_mapping",
		.stack = { "io_mapping_free+0x20" },
		.nr_stack = 1,
	},
	{
		/* Nothing is known of the map. */
		.rule = IOMAP_UNMAP_UNKNOWN,
		.kind = IOMAP_ATOMIC,
		.count = 1,
		.pid = 31,
		.cpu = 2,
		.comm = "kworker/2:1",
	},
};

void fake_places_begin(uint64_t time_ns, uint64_t time_unix_ns)
{
	for (size_t i = 0; i < FAKE_PLACES; i++) {
		places[i].time_ns = time_ns + i * 1000000;
		places[i].time_unix_ns = time_unix_ns + i * 1000000;
	}
}

const struct model_violation *fake_places(double secs)
{
	places[0].count = 9 + (uint64_t)(2 * secs); /* this one goes on, and stays the most */
	return places;
}

void fake_add_rules(struct model *m)
{
	m->rule_off[IOMAP_HOLD_TIME] = true;
}

int fake_add_violations(struct model *m, double secs)
{
	const struct model_violation *v = fake_places(secs);

	for (size_t i = 0; i < FAKE_PLACES; i++) {
		if (model_add_violation(m, &v[i]))
			return -ENOMEM;
		m->rule_count[v[i].rule] += v[i].count;
	}
	m->unlisted = 6;
	m->rule_count[IOMAP_OFFSET_ALIGN] += m->unlisted;
	m->undecided[IOMAP_ATOMIC] = 4;
	return 0;
}
