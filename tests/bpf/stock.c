// SPDX-License-Identifier: GPL-2.0-or-later
/* The programs at sites, with fake registers: they find the arguments and count as the others. */
#include "tests/bpf/stock-fixture.h"

#include "daemon/base/util.h"

/* Mappings that are older than the programs are entered at their first map. */
static void older_mapping(void **state)
{
	const struct model_mapping *m;
	struct bench b;

	(void)state;
	stock_open_bench(&b);
	for (int i = 0; i < 100; i++) {
		map_at(&b, MAP, &object, 4096 * (uint64_t)(i % 16));
		unmap_at(&b, UNMAP, 0);
	}
	m = stock_only(&b);
	assert_int_equal(m->base, object.base);
	assert_int_equal(m->size, SIZE);
	assert_int_equal(m->state, IOMAP_LIVE);
	assert_int_equal(m->backend, IOMAP_LINEAR);
	assert_int_equal(m->kind[IOMAP_ATOMIC].maps, 100);
	assert_int_equal(m->kind[IOMAP_ATOMIC].unmaps, 100);
	assert_int_equal(m->kind[IOMAP_ATOMIC].hold_count, 100);
	assert_int_equal(get_caller(&b, AT(MAP), m->id, IOMAP_ATOMIC)->maps, 100);
	assert_int_equal(total_violations(&b) + total_lost(&b), 0);
	bench_close(&b);
}

static void created_and_freed(void **state)
{
	const struct model_mapping *m;
	struct object second = object;
	struct bench b;
	uint32_t id;

	(void)state;
	second.base += SIZE;
	second.iomem += 2 * SIZE;
	stock_open_bench(&b);
	init_at(&b, &object);
	map_at(&b, MAP, &object, 0);
	unmap_at(&b, UNMAP, 0);
	init_at(&b, &second);
	map_at(&b, MAP, &second, 8192);
	unmap_at(&b, UNMAP_KNOWN, second.iomem + 8192);
	bench_sample(&b);
	assert_int_equal(b.m.created, 2);
	assert_int_equal(b.m.nr_mappings, 2);
	assert_int_equal(b.m.mappings[0].owner_addr, AT(INIT));
	id = b.m.mappings[0].id;
	free_at(&b, &object);
	free_at(&b, &second);
	bench_sample(&b);
	assert_int_equal(b.m.freed, 2);
	assert_int_equal(get_mapping(&b, id)->state, IOMAP_FREED);
	/* A new mapping in the same memory has the same id, and starts at zero. */
	second.size = 4096;
	object.size = 2 * SIZE;
	init_at(&b, &object);
	map_at(&b, MAP, &object, 0);
	bench_sample(&b);
	m = get_mapping(&b, id);
	assert_int_equal(m->size, 2 * SIZE);
	assert_int_equal(m->kind[IOMAP_ATOMIC].maps, 1);
	assert_int_equal(total_violations(&b), 0);
	unmap_at(&b, UNMAP, 0);
	object.size = SIZE;
	bench_close(&b);
}

/* The free of an older mapping that was never mapped. */
static void freed_unmet(void **state)
{
	struct bench b;

	(void)state;
	stock_open_bench(&b);
	free_at(&b, &object);
	assert_int_equal(stock_only(&b)->state, IOMAP_FREED);
	assert_int_equal(b.m.mappings[0].size, SIZE);
	bench_close(&b);
}

/* Without an address, an unmap ends the newest map. */
static void nested(void **state)
{
	struct bench b;

	(void)state;
	stock_open_bench(&b);
	map_at(&b, MAP, &object, 0);
	map_at(&b, MAP, &object, 4096);
	map_at(&b, MAP_NO_OFFSET, &object, 12345);
	unmap_at(&b, UNMAP, 0);
	unmap_at(&b, UNMAP_KNOWN, IOMEM + 4096);
	unmap_at(&b, UNMAP, 0);
	assert_int_equal(stock_only(&b)->kind[IOMAP_ATOMIC].unmaps, 3);
	assert_int_equal(b.m.unmatched_unmaps + total_violations(&b), 0);
	/* With an address, the order is checked. */
	map_at(&b, MAP, &object, 0);
	map_at(&b, MAP, &object, 4096);
	unmap_at(&b, UNMAP_KNOWN, IOMEM);
	unmap_at(&b, UNMAP_KNOWN, IOMEM + 4096);
	bench_sample(&b);
	assert_int_equal(get_site(&b, IOMAP_UNMAP_ORDER)->count, 1);
	assert_int_equal(total_violations(&b), 1);
	/* A map whose address is not known is ended by any unmap. */
	map_at(&b, MAP_NO_OFFSET, &object, 0);
	unmap_at(&b, UNMAP_KNOWN, IOMEM + 4096);
	bench_sample(&b);
	assert_int_equal(total_violations(&b), 1);
	assert_int_equal(b.m.unmatched_unmaps, 0);
	bench_close(&b);
}

static void unknown_arguments(void **state)
{
	struct object bad = { 0xfd000123, 4096, 0, IOMEM };
	struct bench b;

	(void)state;
	stock_open_bench(&b);
	map_at(&b, MAP_NO_MAPPING, &object, 0x7000);
	unmap_at(&b, UNMAP, 0);
	/* The base is inside a page: an offset that is not known breaks no rule. */
	map_at(&b, MAP_NO_OFFSET, &bad, 99);
	unmap_at(&b, UNMAP, 0);
	/* The structure cannot be read. */
	map_at(&b, MAP, (struct object *)8, 0);
	unmap_at(&b, UNMAP, 0);
	bench_sample(&b);
	assert_int_equal(b.m.nr_mappings, 1);
	assert_int_equal(b.m.unlisted_maps, 2);
	assert_int_equal(b.m.unattributed[IOMAP_ATOMIC].unmaps, 2);
	assert_int_equal(total_violations(&b) + total_lost(&b), 0);
	bench_close(&b);
}

static void expressions(void **state)
{
	uint32_t number = 0xab003;
	uint64_t pointer = (uintptr_t)&object;
	struct {
		uint64_t unused, next;
		uint64_t at[4];
	} chain = { .at[2] = pointer };
	uint64_t regs[IP + 1] = { [RDI] = (uintptr_t)&chain, [RSI] = (uintptr_t)&number };
	struct bench b;

	(void)state;
	stock_open_bench(&b);
	/* *(*(rdi + 8) + 16), and (*(u32 *)rsi & 4095) << 2 */
	chain.next = (uintptr_t)chain.at;
	stock_at(&b, "iomap_site_map", MAP_FAR, regs);
	bench_sample(&b);
	assert_int_equal(get_site(&b, IOMAP_OFFSET_ALIGN)->offset, 3 << 2);
	unmap_at(&b, UNMAP_KNOWN, IOMEM + 12);
	/* ((((rsi * 3 - rdx) | 1) ^ 1) >> 4) << 8 */
	regs[RDI] = pointer;
	regs[RSI] = 0x12345;
	regs[RDX] = 0x20;
	stock_at(&b, "iomap_site_map", MAP_MATH, regs);
	bench_sample(&b);
	assert_int_equal(get_site(&b, IOMAP_OFFSET_RANGE)->offset,
			 ((((0x12345 * 3 - 0x20) | 1) ^ 1) >> 4) << 8);
	unmap_at(&b, UNMAP, 0);
	/* A load that fails: the mapping is not known. */
	chain.next = 16;
	regs[RDI] = (uintptr_t)&chain;
	regs[RSI] = (uintptr_t)&number;
	stock_at(&b, "iomap_site_map", MAP_FAR, regs);
	unmap_at(&b, UNMAP, 0);
	bench_sample(&b);
	assert_int_equal(b.m.unlisted_maps, 1);
	assert_int_equal(b.m.unmatched_unmaps, 0);
	bench_close(&b);
}

/* The caller of a copy that is not inlined is at the return address. */
static void called(void **state)
{
	uint64_t stack[] = { SITE + 0x777 };
	uint64_t regs[IP + 1] = {
		[RDI] = (uintptr_t)&object, [RSP] = (uintptr_t)stack, [IP] = AT(MAP_CALLED)
	};
	struct bench b;

	(void)state;
	stock_open_bench(&b);
	stock_at(&b, "iomap_site_map", MAP_CALLED, regs);
	unmap_at(&b, UNMAP, 0);
	bench_sample(&b);
	assert_int_equal(get_caller(&b, SITE + 0x777, 1, IOMAP_ATOMIC)->maps, 1);
	bench_close(&b);
}

/* Local and sleepable maps have no end: they are not live, and no leak. */
static void maps_only(void **state)
{
	uint64_t regs[IP + 1] = { [RDI] = (uintptr_t)&object, [RDX] = 8192, [IP] = AT(MAP_WC) };
	const struct model_mapping *m;
	struct bench b;

	(void)state;
	stock_open_bench(&b);
	for (int i = 0; i < 50; i++) {
		stock_at(&b, "iomap_site_map", MAP_WC, regs);
		map_at(&b, MAP_LOCAL, &object, 4096);
	}
	m = stock_only(&b);
	assert_int_equal(m->kind[IOMAP_SLEEPABLE].maps, 50);
	assert_int_equal(m->kind[IOMAP_LOCAL].maps, 50);
	assert_int_equal(model_live(&m->kind[IOMAP_SLEEPABLE]), 0);
	assert_int_equal(model_live(&m->kind[IOMAP_LOCAL]), 0);
	assert_int_equal(live_entries(&b), 0);
	free_at(&b, &object);
	ev_exit(&b);
	bench_sample(&b);
	assert_int_equal(total_violations(&b) + total_lost(&b), 0);
	bench_close(&b);
}

static void rules(void **state)
{
	struct object unaligned = object;
	struct bench b;

	(void)state;
	unaligned.base += SIZE;
	stock_open_bench(&b);
	map_at(&b, MAP, &object, SIZE);
	unmap_at(&b, UNMAP, 0);
	map_at(&b, MAP, &unaligned, 16);
	unmap_at(&b, UNMAP, 0);
	bench_sample(&b);
	assert_int_equal(get_site(&b, IOMAP_OFFSET_RANGE)->count, 1);
	assert_int_equal(get_site(&b, IOMAP_OFFSET_ALIGN)->count, 1);
	assert_int_equal(total_violations(&b), 2);
	/* A sleep, and a map that is still held at the free. */
	map_at(&b, MAP, &object, 0);
	ev_switch(&b, false, TASK(1), TASK(2), SLEEPING);
	ev_switch(&b, false, TASK(2), TASK(1), SLEEPING);
	free_at(&b, &object);
	bench_sample(&b);
	assert_int_equal(get_site(&b, IOMAP_SLEEP_IN_ATOMIC)->count, 1);
	assert_int_equal(get_site(&b, IOMAP_LEAK)->count, 1);
	unmap_at(&b, UNMAP, 0);
	bench_close(&b);
}

/* The table has a site that cannot be probed, but no init: so this rule can be broken. */
static void use_after_free(void **state)
{
	struct bench b;

	(void)state;
	stock_open_bench(&b);
	init_at(&b, &object);
	free_at(&b, &object);
	map_at(&b, MAP, &object, 0);
	unmap_at(&b, UNMAP, 0);
	bench_sample(&b);
	assert_int_equal(get_site(&b, IOMAP_USE_AFTER_FREE)->count, 1);
	assert_int_equal(total_violations(&b), 1);
	bench_close(&b);
}

/* The map may be older than the programs, or may have been skipped: no violation. */
static void unmatched(void **state)
{
	struct bench b;

	(void)state;
	stock_open_bench(&b);
	unmap_at(&b, UNMAP, 0);
	unmap_at(&b, UNMAP_KNOWN, IOMEM);
	bench_sample(&b);
	assert_int_equal(b.m.unmatched_unmaps, 2);
	assert_int_equal(b.m.undecided[IOMAP_ATOMIC], 2);
	assert_int_equal(total_violations(&b), 0);
	bench_close(&b);
}

/* Another mapping lies where a mapping was whose free nobody saw. */
static void replaced(void **state)
{
	struct object o = object;
	struct bench b;

	(void)state;
	stock_open_bench(&b);
	map_at(&b, MAP, &o, 0);
	unmap_at(&b, UNMAP, 0);
	o = (struct object){ 0xfe000000, 2 * SIZE, 0, IOMEM + 0x100000 };
	map_at(&b, MAP, &o, SIZE);
	unmap_at(&b, UNMAP_KNOWN, IOMEM + 0x100000 + SIZE);
	assert_int_equal(stock_only(&b)->base, 0xfe000000);
	assert_int_equal(b.m.mappings[0].kind[IOMAP_ATOMIC].maps, 1);
	assert_int_equal(total_violations(&b), 0);
	bench_close(&b);
}

/* More mappings than the table takes: their maps are counted together. */
static void table_full(void **state)
{
	struct collector_options opts = { .max_mappings = 4 };
	struct object many[8];
	struct bench b;

	(void)state;
	stock_open_with(&b, &opts);
	for (size_t i = 0; i < ARRAY_SIZE(many); i++) {
		many[i] = object;
		many[i].iomem += i * SIZE;
		map_at(&b, MAP, &many[i], 0);
		unmap_at(&b, UNMAP, 0);
	}
	bench_sample(&b);
	assert_int_equal(b.m.nr_mappings, 4);
	assert_int_equal(b.m.unlisted_maps, 4);
	bench_close(&b);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(older_mapping),
		cmocka_unit_test(created_and_freed),
		cmocka_unit_test(freed_unmet),
		cmocka_unit_test(nested),
		cmocka_unit_test(unknown_arguments),
		cmocka_unit_test(expressions),
		cmocka_unit_test(called),
		cmocka_unit_test(maps_only),
		cmocka_unit_test(rules),
		cmocka_unit_test(use_after_free),
		cmocka_unit_test(unmatched),
		cmocka_unit_test(replaced),
		cmocka_unit_test(table_full),
	};

	return cmocka_run_group_tests_name("bpf/stock", tests, stock_make_root, stock_remove_root);
}
