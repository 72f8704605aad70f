// SPDX-License-Identifier: GPL-2.0-or-later
/* The reader and the writer of tables of sites. */
#include "tests/lib/test.h"

#include "bpf/iomap.h"
#include "daemon/collector/site-table.h"

#define HEAD                                                 \
	"iomap-sites 1\nmodule qxl\nbuild-id 53a2bd01e2a0\n" \
	"struct base=0 size=8 iomem=24\n"

static const char good[] = HEAD
	"map atomic qxl_bo_kmap_atomic_page+0x4f mapping=r12+680 offset=rax\n"
	"map sleepable f.isra.0+0x12 mapping=rsp+16,*8,680,add offset=rbx,4095,and size=-4096\n"
	"map local g+? mapping=? offset=?\n"
	"unmap atomic h+0x0 called vaddr=?\n"
	"create i+0x1c8 base=rdi-8,*4,12,shl size=1,rcx,sub\n"
	"init i+0x1d0 iomap=rax base=rdi size=rsi,2,mul,3,or,4,xor,5,shr,6,sar\n"
	"free j+0x1 iomap=r15\n"
	"fini j+0x2 mapping=r15+48\n"
	"end 8\n";

static int parse(const char *text, struct site_table *ret, struct errbuf *e)
{
	return site_table_parse(text, strlen(text), ret, e);
}

static void written_as_read(void **state)
{
	struct site_table t = {};
	struct errbuf err = {};
	char *text;
	size_t len;
	FILE *f;

	(void)state;
	if (parse(good, &t, &err))
		fail_msg("%s", err.text);
	assert_int_equal(t.n, 8);
	assert_int_equal(t.build_id.len, 6);
	assert_int_equal(t.iomem, 24);
	assert_string_equal(t.sites[1].symbol, "f.isra.0");
	assert_int_equal(t.sites[1].arg[0].n, 4);
	assert_int_equal(t.sites[1].arg[0].step[1].arg, 8);
	assert_false(t.sites[2].has_offset);
	assert_true(t.sites[3].called);
	f = open_memstream(&text, &len);
	site_table_write(&t, f);
	fclose(f);
	assert_string_equal(text, good);
	free(text);
	site_table_free(&t);
}

static void comments_and_spaces(void **state)
{
	struct site_table t = {};
	struct errbuf err = {};

	(void)state;
	if (parse("# a table\n\n" HEAD "\n  free  j+0x1   iomap=r15 # in k\nend 1\n\n", &t, &err))
		fail_msg("%s", err.text);
	assert_int_equal(t.n, 1);
	site_table_free(&t);
}

/* Each text is refused with a sentence that has the words. */
static void refused(void **state)
{
	static const struct {
		const char *text, *words;
	} cases[] = {
		{ "", "line 0: the file is cut off" },
		{ HEAD, "line 4: the file is cut off" },
		{ HEAD "free j+0x1 iomap=rax\n", "line 5: the file is cut off" },
		{ HEAD "end 0", "line 5: the line is cut off" },
		{ HEAD "free j+0x1 iomap=rax\nend 2\n", "line 6: the number of sites" },
		{ HEAD "end 0\nend 0\n", "line 6: a line follows the end" },
		{ "#!/bin/sh\nexit 0\n", "line 2: this is not a table of sites" },
		{ "iomap-sites 2\n", "line 1: the version" },
		{ "iomap-sites 1\nfree j+0x1 iomap=rax\n", "line 2: module, build-id and struct" },
		{ "iomap-sites 1\nmodule ../x\n", "line 2: the name of the module" },
		{ "iomap-sites 1\nmodule q\033[2J\n", "line 2: the name of the module" },
		{ "iomap-sites 1\nmodule q\nbuild-id 1\n", "line 3: the build-id" },
		{ "iomap-sites 1\nmodule q\nbuild-id XY\n", "line 3: the build-id" },
		{ "iomap-sites 1\nmodule q\nbuild-id 00\nstruct base=0 size=8\n", "line 4: not" },
		{ "iomap-sites 1\nmodule q\nbuild-id 00\nstruct base=-8 size=8 iomem=1\n",
		  "line 4: not" },
		{ HEAD "jump j+0x1\n", "line 5: the line begins with an unknown word" },
		{ HEAD "map fast j+0x1 mapping=? offset=?\n", "line 5: the kind" },
		{ HEAD "map\n", "line 5: the kind" },
		{ HEAD "free\n", "line 5: the address" },
		{ HEAD "free j iomap=rax\n", "line 5: the address" },
		{ HEAD "free j+1 iomap=rax\n", "line 5: the address" },
		{ HEAD "free j+0x1ffffffff iomap=rax\n", "line 5: the address" },
		{ HEAD "free j:k+0x1 iomap=rax\n", "line 5: the symbol" },
		{ HEAD "free +0x1 iomap=rax\n", "line 5: the symbol" },
		{ HEAD "free j+0x1\n", "line 5: an argument is missing" },
		{ HEAD "free j+0x1 iomap=rax iomap=rax\n", "line 5: an argument is not one" },
		{ HEAD "free j+0x1 vaddr=rax\n", "line 5: an argument is not one" },
		{ HEAD "free j+0x1 iomap=\n", "line 5: the expression" },
		{ HEAD "free j+0x1 iomap=r16\n", "line 5: the expression" },
		{ HEAD "free j+0x1 iomap=rax+\n", "line 5: the expression" },
		{ HEAD "free j+0x1 iomap=rax,rbx\n", "line 5: the expression" },
		{ HEAD "free j+0x1 iomap=add\n", "line 5: the expression" },
		{ HEAD "free j+0x1 iomap=*8\n", "line 5: the expression" },
		{ HEAD "free j+0x1 iomap=rax,*3\n", "line 5: the expression" },
		{ HEAD "free j+0x1 iomap=99999999999999999999\n", "line 5: the expression" },
		{ HEAD "free j+0x1 iomap=1,2,3,4,5,6,7,8,9,add,add,add,add,add\n",
		  "line 5: the expression" },
		{ HEAD "free j+0x1 iomap=1,2,add,2,add,2,add,2,add,2,add,2,add,2,add\n",
		  "line 5: the expression" },
	};

	(void)state;
	for (size_t i = 0; i < ARRAY_SIZE(cases); i++) {
		struct site_table t = { .n = 7 };
		struct errbuf err = {};

		assert_int_equal(parse(cases[i].text, &t, &err), -EINVAL);
		if (strncmp(err.text, cases[i].words, strlen(cases[i].words)))
			fail_msg("\"%s\" is refused with: %s", cases[i].text, err.text);
		assert_int_equal(t.n, 7);
	}
}

/* A file that is cut off at any byte is refused. */
static void cut_off(void **state)
{
	struct site_table t;

	(void)state;
	for (size_t len = 0; len < sizeof(good) - 1; len++)
		assert_int_equal(site_table_parse(good, len, &t, NULL), -EINVAL);
}

static void too_large(void **state)
{
	const size_t size = SITE_FILE_MAX + 1;
	struct site_table t;
	char *text = malloc(size), *p;

	(void)state;
	assert_non_null(text);
	memset(text, '\n', size);
	assert_int_equal(site_table_parse(text, size, &t, NULL), -EINVAL);
	p = text + sprintf(text, "%s", HEAD);
	for (int i = 0; i <= SITE_TABLE_MAX; i++)
		p += sprintf(p, "free j+0x%x iomap=rax\n", i);
	p += sprintf(p, "end %d\n", SITE_TABLE_MAX + 1);
	assert_int_equal(site_table_parse(text, p - text, &t, NULL), -EINVAL);
	free(text);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(written_as_read), cmocka_unit_test(comments_and_spaces),
		cmocka_unit_test(refused),	   cmocka_unit_test(cut_off),
		cmocka_unit_test(too_large),
	};

	return cmocka_run_group_tests_name("unit/site-table", tests, NULL, NULL);
}
