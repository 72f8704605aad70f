// SPDX-License-Identifier: GPL-2.0-or-later
#include "tests/lib/report-json.h"

json_t *load(struct buf *out)
{
	json_error_t e;
	json_t *root;

	assert_int_equal(out->err, 0);
	root = json_loadb(out->data, out->len, JSON_REJECT_DUPLICATES, &e);
	if (!root)
		fail_msg("%s in %.*s", e.text, (int)out->len, out->data);
	buf_free(out);
	return root;
}

json_t *write_report(report_fn fn, const struct model *m)
{
	struct buf out = {};
	struct jsonw w;

	jsonw_init(&w, &out);
	fn(&w, NULL, m);
	return load(&out);
}

json_t *at(json_t *v, const char *path)
{
	char copy[128], *save, *step;

	snprintf(copy, sizeof(copy), "%s", path);
	for (step = strtok_r(copy, "/", &save); step; step = strtok_r(NULL, "/", &save)) {
		v = json_is_array(v) ? json_array_get(v, atoi(step)) : json_object_get(v, step);
		if (!v)
			fail_msg("nothing at '%s' of %s", step, path);
	}
	return v;
}
