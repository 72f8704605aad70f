// SPDX-License-Identifier: GPL-2.0-or-later
/* What sites do not show, and modules of another build than their table. */
#include "tests/bpf/stock-fixture.h"

#include <string.h>
#include <bpf/bpf.h>

#include "bpf/sites.h"
#include "daemon/base/util.h"

static const char *missing(const struct bench *b, const char *hook)
{
	for (size_t i = 0; i < b->m.nr_hooks; i++) {
		if (!strcmp(b->m.hooks[i].name, hook))
			return b->m.hooks[i].missing;
	}
	return NULL;
}

/* What the sites do not show is named, and the rules that rest on it. */
static void gaps(void **state)
{
	struct bench b;

	(void)state;
	stock_open_bench(&b);
	bench_sample(&b);
	assert_string_equal(missing(&b, "site_map"), "maps are not counted: 2 sites of drv");
	assert_non_null(strstr(missing(&b, "map_arguments"), ": 2 sites of drv"));
	assert_non_null(strstr(missing(&b, "unmap_address"), ": 1 site of drv"));
	assert_non_null(strstr(missing(&b, "half_maps"), ": 2 sites of drv"));
	assert_null(missing(&b, "site_init"));
	assert_null(missing(&b, "debugfs"));
	assert_non_null(b.m.rule_missing[IOMAP_UNMAP_ORDER]);
	assert_non_null(b.m.rule_missing[IOMAP_LEAK]);
	bench_close(&b);
}

/* Nothing is counted of a module of another build. */
static void other_build(void **state)
{
	struct collector_options opts = { .source = IOMAP_SOURCE_SITES,
					  .root = stock_root,
					  .no_attach = true };
	struct collector *c = NULL;
	struct errbuf e = {};

	(void)state;
	stock_put_loaded(0x12);
	assert_int_equal(collector_new(&opts, &c, &e), -ENOTSUP);
	assert_non_null(strstr(e.text, "drv is not watched: its build-id is 12, and its table is "
				       "for 11"));
	stock_put_loaded(0x11);
}

/* Sets the state of the only module. */
static void set_state(struct bench *b, uint32_t module_state)
{
	int fd = collector_map_fd(b->collector, "site_modules");
	struct iomap_site_module m;
	uint32_t zero = 0;

	assert_int_equal(bpf_map_lookup_elem(fd, &zero, &m), 0);
	m.state = module_state;
	assert_int_equal(bpf_map_update_elem(fd, &zero, &m, 0), 0);
}

/* The module is unloaded, and one of another build is loaded. */
static void reloaded(void **state)
{
	struct bench b;

	(void)state;
	stock_open_bench(&b);
	map_at(&b, MAP, &object, 0);
	unmap_at(&b, UNMAP, 0);
	set_state(&b, IOMAP_SITE_OTHER);
	map_at(&b, MAP, &object, 0);
	unmap_at(&b, UNMAP, 0);
	b.sent -= 2;
	assert_int_equal(stock_only(&b)->kind[IOMAP_ATOMIC].maps, 1);
	assert_non_null(strstr(missing(&b, "site_map"),
			       "drv is not watched, as its table is for another build"));
	set_state(&b, IOMAP_SITE_ABSENT);
	bench_sample(&b);
	assert_null(missing(&b, "site_map"));
	assert_null(missing(&b, "half_maps"));
	bench_close(&b);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(gaps),
		cmocka_unit_test(other_build),
		cmocka_unit_test(reloaded),
	};

	return cmocka_run_group_tests_name("bpf/stock-gaps", tests, stock_make_root,
					   stock_remove_root);
}
