// SPDX-License-Identifier: GPL-2.0-or-later
#include "tests/bpf/stock-fixture.h"

#include <ftw.h>
#include <string.h>
#include <sys/stat.h>

#include "daemon/base/util.h"

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

struct object object = { 0xfd000000, SIZE, 0, IOMEM };
char stock_root[] = "/tmp/iomap-stock-XXXXXX";

static void put(const char *name, const void *data, size_t size)
{
	char path[256];
	FILE *f;

	snprintf(path, sizeof(path), "%s%s", stock_root, name);
	for (char *p = path + strlen(stock_root) + 1; (p = strchr(p, '/')); p++) {
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

void stock_put_loaded(unsigned char id)
{
	const uint32_t note[] = { 4, 1, 3, 0x554e47, id };

	put("/sys/module/drv/notes/.note.gnu.build-id", note, sizeof(note));
}

int stock_make_root(void **state)
{
	(void)state;
	if (!mkdtemp(stock_root))
		return -1;
	setenv("XDG_CACHE_HOME", "/nonexistent", 1);
	put("/sys/kernel/btf/vmlinux", "", 0);
	put("/proc/kallsyms", "ffffffff81000000 T f\nffffffff81001000 T g\n", 42);
	put("/etc/iomap/sites/11.sites", table, sizeof(table) - 1);
	put("/sys/module/drv/initstate", "live\n", 5);
	stock_put_loaded(0x11);
	return 0;
}

static int remove_one(const char *path, const struct stat *st, int type, struct FTW *ftw)
{
	(void)st;
	(void)type;
	(void)ftw;
	return remove(path);
}

int stock_remove_root(void **state)
{
	(void)state;
	return nftw(stock_root, remove_one, 8, FTW_DEPTH | FTW_PHYS);
}

void stock_open_with(struct bench *b, struct collector_options *opts)
{
	opts->source = IOMAP_SOURCE_SITES;
	opts->root = stock_root;
	opts->timing = IOMAP_TIMING_ALL;
	bench_open(b, opts);
	on_cpu(0);
}

void stock_open_bench(struct bench *b)
{
	struct collector_options opts = {};

	stock_open_with(b, &opts);
}

void stock_at(struct bench *b, const char *program, uint64_t nr, const uint64_t regs[IP + 1])
{
	uint64_t args[] = { nr, (uintptr_t)regs };

	run_program(b, program, args, ARRAY_SIZE(args));
	b->sent++;
}

void map_at(struct bench *b, uint64_t nr, struct object *o, uint64_t offset)
{
	const uint64_t regs[IP + 1] = { [RDI] = (uintptr_t)o, [RSI] = offset, [IP] = AT(nr) };

	stock_at(b, "iomap_site_map", nr, regs);
}

void unmap_at(struct bench *b, uint64_t nr, uint64_t vaddr)
{
	const uint64_t regs[IP + 1] = { [RDI] = vaddr, [IP] = AT(nr) };

	stock_at(b, "iomap_site_unmap", nr, regs);
}

void init_at(struct bench *b, struct object *o)
{
	const uint64_t regs[IP + 1] = {
		[RDI] = (uintptr_t)o, [RSI] = o->base, [RDX] = o->size, [IP] = AT(INIT)
	};

	stock_at(b, "iomap_site_init", INIT, regs);
}

void free_at(struct bench *b, struct object *o)
{
	const uint64_t regs[IP + 1] = { [RDI] = (uintptr_t)o, [IP] = AT(FREE) };

	stock_at(b, "iomap_site_free", FREE, regs);
}

const struct model_mapping *stock_only(struct bench *b)
{
	bench_sample(b);
	assert_int_equal(b->m.nr_mappings, 1);
	return &b->m.mappings[0];
}
