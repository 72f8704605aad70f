// SPDX-License-Identifier: GPL-2.0-or-later
/* Call sites in modules that are replaced by others. */
#include "tests/bpf/harness.h"

#include "bpf/code.h"

#include <inttypes.h>
#include <stdio.h>
#include <string.h>
#include <bpf/bpf.h>
#include <bpf/libbpf.h>

/* A function of any module. A kernel without modules may have code of "__builtin__ftrace". */
static struct {
	uint64_t start;
	char name[128], module[64];
} function;

static int find_function(void **state)
{
	FILE *f = fopen("/proc/kallsyms", "re");
	char line[512], type;

	(void)state;
	assert_non_null(f);
	while (fgets(line, sizeof(line), f)) {
		if (sscanf(line, "%" SCNx64 " %c %127s [%63[^]]]", &function.start, &type,
			   function.name, function.module) == 4 &&
		    strchr("tT", type) && strcmp(function.module, "bpf"))
			break;
		function.start = 0;
	}
	fclose(f);
	return 0;
}

/* An address in the function. */
static uint64_t module_address(void)
{
	if (!function.start) {
		printf("this machine has no module\n");
		skip();
	}
	return function.start + 1;
}

/* A module is loaded. */
static void ev_module_load(struct bench *b)
{
	const uint64_t args[1] = {};

	run_program(b, "iomap_module_load", args, ARRAY_SIZE(args));
}

static void map_and_unmap(struct bench *b, uint64_t caller)
{
	ev_map(b, 1, PAGE(1), IOMAP_ATOMIC, IOMAP_LINEAR, caller);
	ev_unmap(b, PAGE(1), IOMAP_ATOMIC);
}

/* The maps and unmaps that took the slow path */
static uint64_t slow(struct bench *b)
{
	int fd = collector_map_fd(b->collector, "cpus"), n = libbpf_num_possible_cpus();
	struct iomap_cpu *cpu = calloc((size_t)n, sizeof(*cpu));
	uint32_t zero = 0;
	uint64_t sum = 0;

	assert_non_null(cpu);
	assert_int_equal(bpf_map_lookup_elem(fd, &zero, cpu), 0);
	for (int i = 0; i < n; i++)
		sum += cpu[i].slow;
	free(cpu);
	return sum;
}

/* Says that the call site has had other code until now, of that name. Returns that code. */
static uint64_t replace_code(struct bench *b, uint64_t code, const char *text)
{
	int callers = collector_map_fd(b->collector, "callers"), n = libbpf_num_possible_cpus();
	uint64_t other = iomap_code(code, (code >> IOMAP_CODE_SHIFT) ^ 1);
	struct iomap_caller_bucket *v = calloc((size_t)n, sizeof(*v));
	struct iomap_name name = {};
	uint32_t key, next;
	int changed = 0;

	assert_non_null(v);
	for (void *prev = NULL; !bpf_map_get_next_key(callers, prev, &next); prev = &key) {
		key = next;
		assert_int_equal(bpf_map_lookup_elem(callers, &key, v), 0);
		for (int i = 0; i < n; i++) {
			for (int k = 0; k < IOMAP_CALLER_WAYS; k++) {
				if (!v[i].way[k].modules || v[i].way[k].caller != code)
					continue;
				v[i].way[k].caller = other;
				changed++;
			}
		}
		assert_int_equal(bpf_map_update_elem(callers, &key, v, 0), 0);
	}
	assert_int_equal(changed, 1);
	free(v);
	snprintf(name.text, sizeof(name.text), "%s", text);
	assert_int_equal(
		bpf_map_update_elem(collector_map_fd(b->collector, "names"), &other, &name, 0), 0);
	return other;
}

/* Addresses of the kernel, and those without a name, are their own code. */
static void kernel_code(void **state)
{
	struct bench b;

	(void)state;
	bench_open_one(&b, NULL);
	map_and_unmap(&b, SITE);
	ev_module_load(&b);
	map_and_unmap(&b, SITE);
	bench_sample(&b);
	assert_int_equal(b.m.nr_callers, 1);
	assert_int_equal(b.m.callers[0].addr, SITE);
	assert_int_equal(b.m.callers[0].maps, 2);
	assert_int_equal(total_violations(&b), 0);
	bench_close(&b);
}

/* The same code at the same address is the same call site. */
static void same_code(void **state)
{
	uint64_t addr = module_address(), code;
	struct iomap_name name;
	struct bench b;

	(void)state;
	bench_open_one(&b, NULL);
	map_and_unmap(&b, addr);
	ev_module_load(&b);
	map_and_unmap(&b, addr);
	bench_sample(&b);
	assert_int_equal(b.m.nr_callers, 1);
	assert_int_equal(b.m.callers[0].maps, 2);
	assert_string_equal(b.m.callers[0].module, function.module);
	assert_int_equal(strncmp(b.m.callers[0].name, function.name, strlen(function.name)), 0);
	code = b.m.callers[0].addr;
	assert_int_equal(iomap_code_address(code), addr);
	assert_int_equal(bpf_map_lookup_elem(collector_map_fd(b.collector, "names"), &code, &name),
			 0);
	/* bpf_snprintf() has no name for code of ftrace. */
	if (strchr(name.text, ']'))
		assert_int_not_equal(code, addr);
	assert_int_equal(total_violations(&b), 0);
	bench_close(&b);
}

/* Other code at the same address is another call site, as is its name. */
static void other_code(void **state)
{
	const struct model_caller *before, *after;
	uint64_t addr, old;
	struct bench b;

	(void)state;
	addr = module_address();
	bench_open_one(&b, NULL);
	for (int i = 0; i < 5; i++)
		map_and_unmap(&b, addr);
	bench_sample(&b);
	old = replace_code(&b, b.m.callers[0].addr, "before+0x4/0x20 [drv]");
	/* No module was loaded: nobody looks. */
	map_and_unmap(&b, addr);
	ev_module_load(&b);
	for (int i = 0; i < 3; i++)
		map_and_unmap(&b, addr);
	bench_sample(&b);
	assert_int_equal(b.m.nr_callers, 2);
	before = get_caller(&b, old, 1, IOMAP_ATOMIC);
	assert_int_equal(before->maps, 6);
	assert_string_equal(before->name, "before+0x4");
	assert_string_equal(before->module, "drv");
	after = &b.m.callers[before == b.m.callers];
	assert_int_equal(after->maps, 3);
	assert_string_equal(after->module, function.module);
	assert_int_equal(iomap_code_address(after->addr), addr);
	assert_int_equal(total_violations(&b), 0);
	assert_int_equal(total_lost(&b), 0);
	bench_close(&b);
}

/* Both codes break the same rule: two violations, each with its name. */
static void other_code_breaks_a_rule(void **state)
{
	uint64_t args[] = { 1, PAGE(1) + 1, 1, 4096, IOMAP_ATOMIC, IOMAP_LINEAR, 0 };
	struct bench b;
	int old;

	(void)state;
	args[6] = module_address();
	bench_open_one(&b, NULL);
	map_and_unmap(&b, args[6]);
	bench_sample(&b);
	replace_code(&b, b.m.callers[0].addr, "before+0x4/0x20 [drv]");
	for (int i = 0; i < 3; i++) {
		ev_raw(&b, b.map_fd, args, ARRAY_SIZE(args));
		ev_unmap(&b, args[1], IOMAP_ATOMIC);
		if (!i)
			ev_module_load(&b);
	}
	bench_sample(&b);
	assert_int_equal(total_violations(&b), 3);
	assert_int_equal(b.m.nr_violations, 2);
	old = strcmp(b.m.violations[0].caller, "before+0x4") ? 1 : 0;
	assert_string_equal(b.m.violations[old].caller, "before+0x4");
	assert_string_equal(b.m.violations[old].module, "drv");
	assert_int_equal(b.m.violations[old].count, 1);
	assert_string_equal(b.m.violations[!old].module, function.module);
	assert_int_equal(b.m.violations[!old].count, 2);
	bench_close(&b);
}

/* The slow path looks the code up once for each module that is loaded; the fast path goes on. */
static void looked_up_once(void **state)
{
	uint64_t addr, before;
	struct bench b;

	(void)state;
	addr = module_address();
	bench_open_one(&b, NULL);
	map_and_unmap(&b, addr);
	map_and_unmap(&b, addr);
	for (int i = 0; i < 3; i++) {
		before = slow(&b);
		map_and_unmap(&b, addr);
		map_and_unmap(&b, addr);
		assert_int_equal(slow(&b), before);
		ev_module_load(&b);
		map_and_unmap(&b, addr);
		assert_int_equal(slow(&b), before + 1);
	}
	bench_close(&b);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(kernel_code),	  cmocka_unit_test(same_code),
		cmocka_unit_test(other_code),	  cmocka_unit_test(other_code_breaks_a_rule),
		cmocka_unit_test(looked_up_once),
	};

	return cmocka_run_group_tests_name("bpf/reload", tests, find_function, NULL);
}
