// SPDX-License-Identifier: GPL-2.0-or-later
/* Tables of sites, and the notes that have build-ids. */
#include "tests/lib/fuzz.h"

#include <string.h>

#include "bpf/iomap.h"
#include "daemon/collector/site-table.h"

static void check_site(const struct api_site *s)
{
	const char *const *args = site_args(s->what, s->kind);

	CHECK(s->what >= 0 && s->what < SITE_WHAT_MAX && s->kind < IOMAP_KIND_MAX);
	CHECK(s->symbol && *s->symbol && strlen(s->symbol) < SYMBOL_NAME_MAX);
	CHECK(s->offset <= UINT32_MAX);
	for (size_t i = 0; i < SITE_ARGS_MAX && args[i]; i++) {
		const struct site_value *v = &s->arg[i];

		CHECK(v->n <= SITE_STEPS_MAX && (!v->n || site_value_valid(v)));
		for (size_t k = 0; k < v->n; k++) {
			CHECK(v->step[k].code >= 0 && v->step[k].code < SITE_CODE_MAX);
			CHECK(v->step[k].code != SITE_REG || v->step[k].arg < SITE_REGS_MAX);
			CHECK(v->step[k].code != SITE_LOAD || v->step[k].arg <= 8);
		}
	}
}

/* What is written is read as the same table. */
static void check_table(const struct site_table *t)
{
	struct site_table again;
	char *text, *second;
	size_t len, len2;
	FILE *f = open_memstream(&text, &len);

	CHECK(t->build_id.len && t->build_id.len <= BUILD_ID_MAX);
	for (size_t i = 0; i < t->n; i++)
		check_site(&t->sites[i]);
	CHECK(f);
	site_table_write(t, f);
	fclose(f);
	CHECK(!site_table_parse(text, len, &again, NULL));
	f = open_memstream(&second, &len2);
	CHECK(f);
	site_table_write(&again, f);
	fclose(f);
	CHECK(len == len2 && !memcmp(text, second, len));
	site_table_free(&again);
	free(text);
	free(second);
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	struct site_table t;
	struct build_id id = {};
	struct errbuf e = {};

	if (!site_table_parse((const char *)data, size, &t, &e)) {
		check_table(&t);
		site_table_free(&t);
	} else {
		CHECK(*e.text);
	}
	CHECK(build_id_from_notes(data, size, &id) || id.len <= BUILD_ID_MAX);
	return 0;
}
