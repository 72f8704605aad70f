// SPDX-License-Identifier: GPL-2.0-or-later
/* iomapctl list */
#include <string.h>

#include "cli/ctl/iomapctl.h"
#include "cli/json.h"
#include "daemon/base/utf8.h"

enum {
	ID,
	BASE,
	SIZE,
	BACKEND,
	DEVICE,
	BAR,
	ATOMIC,
	LOCAL,
	SLEEPABLE,
	LIVE,
	FAILED,
	OWNER
};

static const struct column cols[] = {
	[ID] = { .name = "ID", .type = COL_ID },
	[BASE] = { .name = "BASE", .flags = COL_RIGHT },
	[SIZE] = { .name = "SIZE", .type = COL_BYTES },
	[BACKEND] = { .name = "BACKEND" },
	[DEVICE] = { .name = "DEVICE" },
	[BAR] = { .name = "BAR", .type = COL_ID },
	[ATOMIC] = { .name = "ATOMIC", .type = COL_COUNT },
	[LOCAL] = { .name = "LOCAL", .type = COL_COUNT },
	[SLEEPABLE] = { .name = "SLEEPABLE", .type = COL_COUNT },
	[LIVE] = { .name = "LIVE", .type = COL_COUNT },
	[FAILED] = { .name = "FAILED", .type = COL_COUNT },
	[OWNER] = { .name = "OWNER", .width = 24, .flags = COL_FLEX },
};

static void add_row(struct table *t, const json_t *m)
{
	struct cell *c = table_row(t, 0, 0);
	struct kinds maps = rec_kinds(m, "maps"), live = rec_kinds(m, "live");
	bool freed = !strcmp(rec_text(m, "state", "live"), "freed");
	struct cell owner = rec_symbol(t, rec_text(m, "owner", NULL), rec_text(m, "module", NULL));

	if (!c)
		return;
	if (freed && owner.set)
		owner = cell_text(table_text(t, "%s (freed)", owner.text));
	c[ID] = rec_cell(m, "mapping_id");
	c[BASE] = rec_cell(m, "base");
	c[SIZE] = rec_cell(m, "size");
	c[BACKEND] = rec_cell(m, "backend");
	c[DEVICE] = rec_cell(m, "device");
	c[BAR] = rec_cell(m, "bar");
	c[ATOMIC] = cell_num((double)maps.n[IOMAP_ATOMIC]);
	c[LOCAL] = cell_num((double)maps.n[IOMAP_LOCAL]);
	c[SLEEPABLE] = cell_num((double)maps.n[IOMAP_SLEEPABLE]);
	c[LIVE] = cell_num((double)kinds_sum(&live));
	c[FAILED] = rec_cell(m, "failed");
	c[OWNER] = owner;
}

int do_list(void *config)
{
	const struct ctl_config *cfg = config;
	_cleanup_json_ json_t *reply = NULL;
	json_t *m, *params = NULL;
	const char *missing;
	struct table t;
	size_t i;
	int r;

	if (cfg->freed)
		params = json_pack("{s:b}", "freed", 1);
	r = ctl_call(cfg, "List", params, &reply, NULL);
	if (r)
		return r;
	if (cfg->json) {
		ctl_print_json(reply, JSON_INDENT(2));
		return EXIT_GOOD;
	}
	missing = rec_text(reply, "missing", NULL);
	table_init(&t, cols, ARRAY_SIZE(cols));
	json_array_foreach(json_object_get(reply, "mappings"), i, m)
		add_row(&t, m);
	if (t.n_rows)
		table_print(&t, stdout, ctl_width(), 0);
	else
		puts(missing ? "No mapping was created since iomapd began to count."
			     : "No mapping: no driver of this kernel holds one now.");
	if (missing)
		utf8_line(stdout, "Mappings older than iomapd are not listed: %s", missing);
	table_free(&t);
	return EXIT_GOOD;
}
