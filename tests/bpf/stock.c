// SPDX-License-Identifier: GPL-2.0-or-later
/* The programs at sites, with fake registers: they find the arguments and count as the others. */
#include "tests/bpf/harness.h"

#include <ftw.h>
#include <string.h>
#include <sys/stat.h>
#include <bpf/bpf.h>

#include "bpf/sites.h"
#include "daemon/base/util.h"

/* The numbers of the sites in the table below: the order of its lines. */
enum {
	MAP,
	UNMAP,
	UNMAP_KNOWN,
	INIT,
	FREE,
	MAP_NO_OFFSET,
	MAP_NO_MAPPING,
	MAP_WC,
	MAP_LOCAL,
	MAP_FAR,
	MAP_MATH,
	MAP_CALLED,
};

enum reg {
	RAX,
	RDX,
	RCX,
	RBX,
	RSI,
	RDI,
	RBP,
	RSP,
	R8,
	IP = 16
};

static const char table[] =
	"iomap-sites 1\nmodule drv\nbuild-id 11\n"
	"struct base=0 size=8 iomem=24\n"
	"map atomic f+0x10 mapping=rdi offset=rsi\n"
	"unmap atomic f+0x20 vaddr=?\n"
	"unmap atomic f+0x21 vaddr=rdi\n"
	"init f+0x30 iomap=rdi base=rsi size=rdx\n"
	"fini f+0x40 mapping=rdi\n"
	"map atomic f+0x50 mapping=rdi offset=?\n"
	"map atomic f+0x60 mapping=? offset=rsi\n"
	"map sleepable f+0x70 mapping=rdi offset=rsi size=rdx\n"
	"map local f+0x80 mapping=rdi offset=rsi\n"
	"map atomic f+0x90 mapping=rdi+8,*8,16,add,*8 offset=rsi,*4,4095,and,2,shl,0,sar\n"
	"map atomic f+0xa0 mapping=rdi "
	"offset=rsi,3,mul,rdx,sub,1,or,1,xor,4,shr,8,shl\n"
	"map atomic g+0x0 called mapping=rdi offset=rsi\n"
	"map atomic h.cold+0x5 mapping=rdi offset=rsi\n"
	"map atomic k+? mapping=? offset=?\n"
	"end 14\n";

/* As the kernel has it. */
struct object {
	uint64_t base, size, prot, iomem;
};

#define SIZE  0x10000
#define IOMEM 0xffffc90000100000
/* A site outside of modules, as SITE. */
#define AT(n) (SITE + 0x100 + (uint64_t)(n))

static struct object object = { 0xfd000000, SIZE, 0, IOMEM };
static char root[] = "/tmp/iomap-stock-XXXXXX";

static void put(const char *name, const void *data, size_t size)
{
	char path[256];
	FILE *f;

	snprintf(path, sizeof(path), "%s%s", root, name);
	for (char *p = path + strlen(root) + 1; (p = strchr(p, '/')); p++) {
		*p = '\0';
		mkdir(path, 0755);
		*p = '/';
	}
	f = fopen(path, "w");
	assert_non_null(f);
	assert_int_equal(fwrite(data, 1, size, f), size);
	fclose(f);
	chmod(path, 0644);
}

/* The build-id of the module that is loaded. */
static void put_loaded(unsigned char id)
{
	const uint32_t note[] = { 4, 1, 3, 0x554e47, id };

	put("/sys/module/drv/notes/.note.gnu.build-id", note, sizeof(note));
}

static int make_root(void **state)
{
	(void)state;
	if (!mkdtemp(root))
		return -1;
	setenv("XDG_CACHE_HOME", "/nonexistent", 1);
	put("/sys/kernel/btf/vmlinux", "", 0);
	put("/proc/kallsyms", "ffffffff81000000 T f\nffffffff81001000 T g\n", 42);
	put("/etc/iomap/sites/11.sites", table, sizeof(table) - 1);
	put("/sys/module/drv/initstate", "live\n", 5);
	put_loaded(0x11);
	return 0;
}

static int remove_one(const char *path, const struct stat *st, int type, struct FTW *ftw)
{
	(void)st;
	(void)type;
	(void)ftw;
	return remove(path);
}

static int remove_root(void **state)
{
	(void)state;
	return nftw(root, remove_one, 8, FTW_DEPTH | FTW_PHYS);
}

static void start(struct bench *b, struct collector_options *opts)
{
	opts->source = IOMAP_SOURCE_SITES;
	opts->root = root;
	opts->timing = IOMAP_TIMING_ALL;
	bench_open(b, opts);
	on_cpu(0);
}

static void open_bench(struct bench *b)
{
	struct collector_options opts = {};

	start(b, &opts);
}

/* A probe is reached, with these registers. */
static void at(struct bench *b, const char *program, uint64_t nr, const uint64_t regs[IP + 1])
{
	uint64_t args[] = { nr, (uint64_t)regs };

	run_program(b, program, args, ARRAY_SIZE(args));
	b->sent++;
}

static void map_at(struct bench *b, uint64_t nr, struct object *o, uint64_t offset)
{
	const uint64_t regs[IP + 1] = { [RDI] = (uint64_t)o, [RSI] = offset, [IP] = AT(nr) };

	at(b, "iomap_site_map", nr, regs);
}

static void unmap_at(struct bench *b, uint64_t nr, uint64_t vaddr)
{
	const uint64_t regs[IP + 1] = { [RDI] = vaddr, [IP] = AT(nr) };

	at(b, "iomap_site_unmap", nr, regs);
}

static void init_at(struct bench *b, struct object *o)
{
	const uint64_t regs[IP + 1] = {
		[RDI] = (uint64_t)o, [RSI] = o->base, [RDX] = o->size, [IP] = AT(INIT)
	};

	at(b, "iomap_site_init", INIT, regs);
}

static void free_at(struct bench *b, struct object *o)
{
	const uint64_t regs[IP + 1] = { [RDI] = (uint64_t)o, [IP] = AT(FREE) };

	at(b, "iomap_site_free", FREE, regs);
}

/* The only mapping. */
static const struct model_mapping *only(struct bench *b)
{
	bench_sample(b);
	assert_int_equal(b->m.nr_mappings, 1);
	return &b->m.mappings[0];
}

/* Mappings that are older than the programs are entered at their first map. */
static void older_mapping(void **state)
{
	const struct model_mapping *m;
	struct bench b;

	(void)state;
	open_bench(&b);
	for (int i = 0; i < 100; i++) {
		map_at(&b, MAP, &object, 4096 * (uint64_t)(i % 16));
		unmap_at(&b, UNMAP, 0);
	}
	m = only(&b);
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
	open_bench(&b);
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
	open_bench(&b);
	free_at(&b, &object);
	assert_int_equal(only(&b)->state, IOMAP_FREED);
	assert_int_equal(b.m.mappings[0].size, SIZE);
	bench_close(&b);
}

/* Without an address, an unmap ends the newest map. */
static void nested(void **state)
{
	struct bench b;

	(void)state;
	open_bench(&b);
	map_at(&b, MAP, &object, 0);
	map_at(&b, MAP, &object, 4096);
	map_at(&b, MAP_NO_OFFSET, &object, 12345);
	unmap_at(&b, UNMAP, 0);
	unmap_at(&b, UNMAP_KNOWN, IOMEM + 4096);
	unmap_at(&b, UNMAP, 0);
	assert_int_equal(only(&b)->kind[IOMAP_ATOMIC].unmaps, 3);
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
	open_bench(&b);
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
	uint64_t pointer = (uint64_t)&object;
	struct {
		uint64_t unused, next;
		uint64_t at[4];
	} chain = { .at[2] = pointer };
	uint64_t regs[IP + 1] = { [RDI] = (uint64_t)&chain, [RSI] = (uint64_t)&number };
	struct bench b;

	(void)state;
	open_bench(&b);
	/* *(*(rdi + 8) + 16), and (*(u32 *)rsi & 4095) << 2 */
	chain.next = (uint64_t)chain.at;
	at(&b, "iomap_site_map", MAP_FAR, regs);
	bench_sample(&b);
	assert_int_equal(get_site(&b, IOMAP_OFFSET_ALIGN)->offset, 3 << 2);
	unmap_at(&b, UNMAP_KNOWN, IOMEM + 12);
	/* ((((rsi * 3 - rdx) | 1) ^ 1) >> 4) << 8 */
	regs[RDI] = pointer;
	regs[RSI] = 0x12345;
	regs[RDX] = 0x20;
	at(&b, "iomap_site_map", MAP_MATH, regs);
	bench_sample(&b);
	assert_int_equal(get_site(&b, IOMAP_OFFSET_RANGE)->offset,
			 ((((0x12345 * 3 - 0x20) | 1) ^ 1) >> 4) << 8);
	unmap_at(&b, UNMAP, 0);
	/* A load that fails: the mapping is not known. */
	chain.next = 16;
	regs[RDI] = (uint64_t)&chain;
	regs[RSI] = (uint64_t)&number;
	at(&b, "iomap_site_map", MAP_FAR, regs);
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
		[RDI] = (uint64_t)&object, [RSP] = (uint64_t)stack, [IP] = AT(MAP_CALLED)
	};
	struct bench b;

	(void)state;
	open_bench(&b);
	at(&b, "iomap_site_map", MAP_CALLED, regs);
	unmap_at(&b, UNMAP, 0);
	bench_sample(&b);
	assert_int_equal(get_caller(&b, SITE + 0x777, 1, IOMAP_ATOMIC)->maps, 1);
	bench_close(&b);
}

/* Local and sleepable maps have no end: they are not live, and no leak. */
static void maps_only(void **state)
{
	uint64_t regs[IP + 1] = { [RDI] = (uint64_t)&object, [RDX] = 8192, [IP] = AT(MAP_WC) };
	const struct model_mapping *m;
	struct bench b;

	(void)state;
	open_bench(&b);
	for (int i = 0; i < 50; i++) {
		at(&b, "iomap_site_map", MAP_WC, regs);
		map_at(&b, MAP_LOCAL, &object, 4096);
	}
	m = only(&b);
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
	open_bench(&b);
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
	open_bench(&b);
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
	open_bench(&b);
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
	open_bench(&b);
	map_at(&b, MAP, &o, 0);
	unmap_at(&b, UNMAP, 0);
	o = (struct object){ 0xfe000000, 2 * SIZE, 0, IOMEM + 0x100000 };
	map_at(&b, MAP, &o, SIZE);
	unmap_at(&b, UNMAP_KNOWN, IOMEM + 0x100000 + SIZE);
	assert_int_equal(only(&b)->base, 0xfe000000);
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
	start(&b, &opts);
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
	open_bench(&b);
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
	struct collector_options opts = { .source = IOMAP_SOURCE_SITES, .root = root, .no_attach = true };
	struct collector *c = NULL;
	struct errbuf e = {};

	(void)state;
	put_loaded(0x12);
	assert_int_equal(collector_new(&opts, &c, &e), -ENOTSUP);
	assert_non_null(strstr(e.text, "drv is not watched: its build-id is 12, and its table is "
				       "for 11"));
	put_loaded(0x11);
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
	open_bench(&b);
	map_at(&b, MAP, &object, 0);
	unmap_at(&b, UNMAP, 0);
	set_state(&b, IOMAP_SITE_OTHER);
	map_at(&b, MAP, &object, 0);
	unmap_at(&b, UNMAP, 0);
	b.sent -= 2;
	assert_int_equal(only(&b)->kind[IOMAP_ATOMIC].maps, 1);
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
		cmocka_unit_test(gaps),
		cmocka_unit_test(other_build),
		cmocka_unit_test(reloaded),
	};

	return cmocka_run_group_tests_name("bpf/stock", tests, make_root, remove_root);
}
