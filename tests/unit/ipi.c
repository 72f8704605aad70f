// SPDX-License-Identifier: GPL-2.0-or-later
/* Interrupts between CPUs: the sums, the shares, and the report of them. */
#include "tests/lib/report-json.h"

#include "tests/lib/figures.h"

static void is(json_t *v, const char *path, double want)
{
	assert_true(json_is_number(at(v, path)));
	if (json_number_value(at(v, path)) != want)
		fail_msg("%s is %f, not %f", path, json_number_value(at(v, path)), want);
}

static void figures(void **state)
{
	static const struct iomap_ipi_cell cell = { .ipis = { [IOMAP_IPI_OTHER] = 1,
							      [IOMAP_IPI_DIRECT] = 2,
							      [IOMAP_IPI_PURGE] = 3,
							      [IOMAP_IPI_RESERVE] = 4 } };
	struct model m = {};
	json_t *v;

	(void)state;
	assert_int_equal(figures_add_ipi(&m, 10, false), 0);
	v = write_report(report_ipi, &m);
	is(v, "schema", IOMAP_SCHEMA);
	assert_true(json_is_true(at(v, "enabled")));
	assert_int_equal(json_object_size(at(v, "missing")), 0);
	is(v, "backends/ioremap/maps", 20000);
	is(v, "backends/ioremap/direct/ipis", 30);
	is(v, "backends/ioremap/direct/broadcasts", 10);
	is(v, "backends/ioremap/deferred/ipis", 15);
	is(v, "backends/ioremap/deferred/broadcasts", 5);
	is(v, "backends/ioremap/deferred/stolen_ns", 20000);
	is(v, "backends/ioremap/queued", 257);
	is(v, "backends/ioremap/pending", 7);
	is(v, "backends/ioremap/map_ns/count", 10);
	is(v, "backends/ioremap/unmap_ns/max", 12000);
	is(v, "callers/0/direct/wait_ns", 90000);
	is(v, "callers/0/deferred/calls", 15);
	is(v, "callers/0/queued", 257);
	/* IPIs of others, and the half of the purges that io_mapping did not queue. */
	is(v, "other/ipis", 1015);
	is(v, "other/stolen_ns", 720000);
	is(v, "total/ipis", 1060);
	is(v, "total/calls", 1160);
	is(v, "purges/count", 2);
	is(v, "purges/queued", 507);
	is(v, "purges/own_pending", 7);
	is(v, "accounting/purges/ipis", 30);
	is(v, "accounting/other/ipis", 1000);
	is(v, "accounting/interrupts/call/sent", 860);
	is(v, "accounting/interrupts/call/received", 850);
	is(v, "accounting/interrupts/reschedule/received", 200);
	is(v, "accounting/interrupts/irq_work/sent", 0);
	is(v, "accounting/lost/unjoined", 0);
	is(v, "cpus/0/sender", 0);
	is(v, "cpus/0/target", 1);
	is(v, "cpus/0/direct", 30);
	is(v, "cpus/0/flushes", 30);
	is(v, "cpus/0/other", 1000);
	assert_int_equal(json_array_size(at(v, "cpus")), 9);
	is(v, "offline_cpus/other", 0);
	json_decref(v);
	ipi_add_offline(&m.ipi, &cell);
	v = write_report(report_ipi, &m);
	is(v, "offline_cpus/direct", 2);
	is(v, "offline_cpus/flushes", 7);
	is(v, "offline_cpus/other", 1);
	assert_int_equal(json_array_size(at(v, "cpus")), 9);
	json_decref(v);
	/* A second sampling starts at zero. */
	model_reset(&m);
	assert_int_equal(figures_add_ipi(&m, 10, false), 0);
	v = write_report(report_ipi, &m);
	is(v, "total/ipis", 1060);
	assert_int_equal(json_array_size(at(v, "callers")), 1);
	json_decref(v);
	model_free(&m);
}

/* A figure that the kernel cannot give is null, and has a reason. */
static void missing_hooks(void **state)
{
	struct model m = {};
	json_t *v;

	(void)state;
	assert_int_equal(figures_add_ipi(&m, 10, true), 0);
	v = write_report(report_ipi, &m);
	assert_true(json_is_null(at(v, "total/stolen_ns")));
	assert_true(json_is_null(at(v, "backends/ioremap/deferred/stolen_ns")));
	assert_non_null(json_string_value(at(v, "missing/stolen")));
	is(v, "backends/ioremap/deferred/ipis", 15);
	is(v, "other/ipis", 1015);
	json_decref(v);
	/* Without deferred IPIs, the other ones are not known. */
	m.ipi.missing[IPI_DEFERRED] = "for a reason";
	v = write_report(report_ipi, &m);
	assert_true(json_is_null(at(v, "backends/ioremap/deferred")));
	assert_true(json_is_null(at(v, "backends/ioremap/pending")));
	assert_true(json_is_null(at(v, "callers/0/deferred")));
	assert_true(json_is_null(at(v, "other")));
	is(v, "backends/ioremap/direct/ipis", 30);
	is(v, "total/ipis", 1060);
	json_decref(v);
	model_free(&m);
}

static void disabled(void **state)
{
	struct model m = {};
	json_t *v;

	(void)state;
	m.backend_present[IOMAP_LINEAR] = true;
	v = write_report(report_ipi, &m);
	assert_true(json_is_false(at(v, "enabled")));
	assert_int_equal(json_object_size(at(v, "backends")), 0);
	json_decref(v);
	model_free(&m);
}

/* Fractions are written to the nearest millionth. */
static void fractions(void **state)
{
	static const struct {
		uint64_t v;
		unsigned int bits;
		const char *want;
	} cases[] = {
		{ 0, 20, "0.000000" },		{ 3, 0, "3.000000" },
		{ 1 << 19, 20, "0.500000" },	{ (1 << 20) - 1, 20, "0.999999" },
		{ 0xffffffff, 32, "1.000000" }, { (7ULL << 32) + (1ULL << 31), 32, "7.500000" },
	};

	(void)state;
	for (size_t i = 0; i < ARRAY_SIZE(cases); i++) {
		struct buf out = {};
		struct jsonw w;

		jsonw_init(&w, &out);
		jsonw_fraction(&w, NULL, cases[i].v, cases[i].bits);
		assert_int_equal(out.len, strlen(cases[i].want));
		assert_memory_equal(out.data, cases[i].want, out.len);
		buf_free(&out);
	}
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(figures),
		cmocka_unit_test(missing_hooks),
		cmocka_unit_test(disabled),
		cmocka_unit_test(fractions),
	};

	return cmocka_run_group_tests_name("unit/ipi", tests, NULL, NULL);
}
