// SPDX-License-Identifier: GPL-2.0-or-later
/* Where the events come from, in the reports. */
#include <string.h>

#include "daemon/base/names.h"
#include "daemon/collector/report.h"

void report_source(struct jsonw *w, const struct model *m)
{
	jsonw_string(w, "source", m->source == IOMAP_SOURCE_AUTO ? NULL : source_name(m->source));
}

void report_hooks(struct jsonw *w, const struct model *m)
{
	jsonw_array_begin(w, "hooks");
	for (size_t i = 0; i < m->nr_hooks; i++) {
		jsonw_object_begin(w, NULL);
		jsonw_string(w, "name", m->hooks[i].name);
		jsonw_string(w, "state", m->hooks[i].missing ? "missing" : "attached");
		jsonw_string(w, "reason", m->hooks[i].missing);
		jsonw_object_end(w);
	}
	jsonw_array_end(w);
}

void report_may_sleep(struct jsonw *w, const struct model *m)
{
	const struct model_may_sleep *s = &m->may_sleep;
	char name[64];

	if (!s->functions) {
		jsonw_null(w, "may_sleep");
		return;
	}
	jsonw_object_begin(w, "may_sleep");
	jsonw_string(w, "might_sleep", s->might_sleep);
	jsonw_array_begin(w, "functions");
	for (const char *p = s->functions, *end; *p; p = *end ? end + 1 : end) {
		end = strchrnul(p, ' ');
		snprintf(name, sizeof(name), "%.*s", (int)(end - p), p);
		jsonw_string(w, NULL, name);
	}
	jsonw_array_end(w);
	jsonw_bool(w, "allocations", s->allocations);
	jsonw_object_end(w);
}
