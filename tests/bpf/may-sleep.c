// SPDX-License-Identifier: GPL-2.0-or-later
/* Calls of functions that may sleep, and the canary that proves hooks. */
#include "tests/bpf/harness.h"

#include <sched.h>
#include <string.h>
#include <bpf/bpf.h>
#include <bpf/libbpf.h>

/* Runs the program of the canary. Returns the bits that the canary had. */
static uint32_t canary(struct bench *b, uint64_t bits)
{
	LIBBPF_OPTS(bpf_test_run_opts, opts, .ctx_in = &bits, .ctx_size_in = sizeof(bits));

	assert_int_equal(bpf_prog_test_run_opts(collector_program_fd(b->collector, "iomap_canary"),
						&opts),
			 0);
	return opts.retval;
}

static void run(struct bench *b, const char *program)
{
	const uint64_t args[6] = {};

	run_program(b, program, args, ARRAY_SIZE(args));
}

/* A call counts only with an atomic map, and not twice if one hooked function calls another. */
static void calls(void **state)
{
	struct bench b;

	(void)state;
	bench_open_one(&b, NULL);
	run(&b, "iomap_may_sleep");
	ev_map(&b, 1, PAGE(1), IOMAP_LOCAL, IOMAP_LINEAR, SITE);
	run(&b, "iomap_may_sleep");
	bench_sample(&b);
	assert_int_equal(total_violations(&b), 0);
	ev_map(&b, 1, PAGE(2), IOMAP_ATOMIC, IOMAP_LINEAR, SITE);
	run(&b, "iomap_may_sleep");
	run(&b, "iomap_may_sleep");
	ev_unmap(&b, PAGE(2), IOMAP_ATOMIC);
	run(&b, "iomap_may_sleep");
	bench_sample(&b);
	assert_int_equal(b.m.rule_count[IOMAP_MAY_SLEEP_IN_ATOMIC], 2);
	assert_int_equal(total_violations(&b), 2);
	assert_int_equal(get_site(&b, IOMAP_MAY_SLEEP_IN_ATOMIC)->count, 2);
	ev_unmap(&b, PAGE(1), IOMAP_LOCAL);
	bench_close(&b);
}

/* Says that the last function that was reported was called from addr. */
static void set_slept_from(struct bench *b, uint64_t addr)
{
	int fd = collector_map_fd(b->collector, "cpus"), n = libbpf_num_possible_cpus();
	struct iomap_cpu *cpu = calloc((size_t)n, sizeof(*cpu));
	uint32_t zero = 0;

	assert_non_null(cpu);
	assert_int_equal(bpf_map_lookup_elem(fd, &zero, cpu), 0);
	for (int i = 0; i < n; i++)
		cpu[i].stack.slept_from = addr;
	assert_int_equal(bpf_map_update_elem(fd, &zero, cpu, 0), 0);
	free(cpu);
}

/* The address on the stack of a program that this test runs, by the violation that it reports. */
static uint64_t frame_address(struct bench *b, unsigned int i)
{
	int fd = collector_map_fd(b->collector, "violations");
	struct iomap_violation v;
	uint64_t key;

	assert_int_equal(bpf_map_get_next_key(fd, NULL, &key), 0);
	assert_int_equal(bpf_map_lookup_elem(fd, &key, &v), 0);
	assert_true(v.nr_stack > i);
	return v.stack[i];
}

/* Of functions that call each other, the outer one is reported. */
static void nested_calls(void **state)
{
	uint64_t addr, n = 0;
	struct bench b;

	(void)state;
	bench_open_one(&b, NULL);
	ev_map(&b, 1, PAGE(1), IOMAP_ATOMIC, IOMAP_LINEAR, SITE);
	run(&b, "iomap_may_sleep");
	/* Called from the same place again, it is another call. */
	run(&b, "iomap_may_sleep");
	n = 2;
	for (unsigned int frame = 2; frame < 6; frame++) {
		addr = frame_address(&b, frame);
		set_slept_from(&b, addr);
		run(&b, "iomap_may_sleep");
		run(&b, "iomap_may_sleep");
		set_slept_from(&b, addr + 1);
		run(&b, "iomap_may_sleep");
		bench_sample(&b);
		assert_int_equal(total_violations(&b), ++n);
	}
	/* Nothing was reported: the unused frames are no match. */
	set_slept_from(&b, 0);
	run(&b, "iomap_may_sleep");
	bench_sample(&b);
	assert_int_equal(total_violations(&b), ++n);
	ev_unmap(&b, PAGE(1), IOMAP_ATOMIC);
	bench_close(&b);
}

/* An allocation counts if its flags let it sleep. */
static void allocations(void **state)
{
	static const struct {
		const char *program;
		unsigned int flags_at;
	} programs[] = {
		{ "iomap_alloc_object", 3 },
		{ "iomap_alloc_bytes", 4 },
		{ "iomap_alloc_pages", 2 },
	};
	/* GFP_KERNEL and GFP_ATOMIC */
	const uint32_t may_sleep = 0xcc0, may_not = 0x820;
	const struct collector_options opts = { .timing = IOMAP_TIMING_ALL, .thorough = true };
	uint64_t n = 0;
	struct bench b;

	(void)state;
	bench_open_one(&b, &opts);
	for (size_t i = 0; i < ARRAY_SIZE(programs); i++) {
		uint64_t args[6] = {};

		args[programs[i].flags_at] = may_sleep;
		run_program(&b, programs[i].program, args, ARRAY_SIZE(args));
		ev_map(&b, 1, PAGE(1), IOMAP_ATOMIC, IOMAP_LINEAR, SITE);
		run_program(&b, programs[i].program, args, ARRAY_SIZE(args));
		/* All other arguments have the bit, and the flags have not. */
		memset(args, 0xff, sizeof(args));
		args[programs[i].flags_at] = may_not;
		run_program(&b, programs[i].program, args, ARRAY_SIZE(args));
		ev_unmap(&b, PAGE(1), IOMAP_ATOMIC);
		bench_sample(&b);
		assert_int_equal(total_violations(&b), ++n);
		assert_int_equal(b.m.rule_count[IOMAP_MAY_SLEEP_IN_ATOMIC], n);
	}
	bench_close(&b);
}

/* Each program sets its bit, and only for a task that has a canary. */
static void canary_bits(void **state)
{
	struct bench b;

	(void)state;
	bench_open_one(&b, NULL);
	run(&b, "iomap_canary_rename");
	run(&b, "iomap_canary_probe");
	run(&b, "iomap_may_sleep");
	assert_int_equal(canary(&b, IOMAP_CANARY_SET), 0);
	assert_int_equal(canary(&b, IOMAP_CANARY_SET), IOMAP_CANARY_SET);
	run(&b, "iomap_canary_rename");
	assert_int_equal(canary(&b, IOMAP_CANARY_SET), IOMAP_CANARY_SET | IOMAP_CANARY_TRACEPOINT);
	run(&b, "iomap_canary_probe");
	assert_int_equal(canary(&b, IOMAP_CANARY_SET), IOMAP_CANARY_SET | IOMAP_CANARY_KPROBE);
	run(&b, "iomap_may_sleep");
	run(&b, "iomap_canary_rename");
	assert_int_equal(canary(&b, 0),
			 IOMAP_CANARY_SET | IOMAP_CANARY_TRACEPOINT | IOMAP_CANARY_SLEEPER);
	run(&b, "iomap_canary_rename");
	assert_int_equal(canary(&b, 0), 0);
	bench_sample(&b);
	assert_int_equal(total_violations(&b), 0);
	bench_close(&b);
}

/* The canary moves with its task, and a switch to another task does not show it. */
static void canary_moves(void **state)
{
	int other = cpus_online() > 1;
	struct bench b;

	(void)state;
	bench_open_one(&b, NULL);
	canary(&b, IOMAP_CANARY_SET);
	ev_switch(&b, false, TASK(1), TASK(2), SLEEPING);
	run(&b, "iomap_canary_rename");
	assert_int_equal(canary(&b, 0), 0);
	on_cpu(other);
	ev_switch(&b, false, TASK(3), TASK(1), SLEEPING);
	run(&b, "iomap_canary_probe");
	assert_int_equal(canary(&b, 0), IOMAP_CANARY_SET | IOMAP_CANARY_KPROBE);
	bench_sample(&b);
	assert_int_equal(total_violations(&b), 0);
	assert_int_equal(total_lost(&b), 0);
	bench_close(&b);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(calls),	cmocka_unit_test(nested_calls),
		cmocka_unit_test(allocations),	cmocka_unit_test(canary_bits),
		cmocka_unit_test(canary_moves),
	};

	return cmocka_run_group_tests_name("bpf/may-sleep", tests, NULL, NULL);
}
