// SPDX-License-Identifier: GPL-2.0-or-later
/* The start of a collector: missing features are reported, and older mappings are adopted. */
#include "tests/bpf/harness.h"

#include <ftw.h>
#include <linux/filter.h>
#include <linux/seccomp.h>
#include <string.h>
#include <sys/prctl.h>
#include <sys/stat.h>
#include <sys/syscall.h>
#include <sys/wait.h>
#include <bpf/bpf.h>
#include <bpf/libbpf.h>

#include "tests/lib/refuse.h"
#include "daemon/collector/priv.h"

/* A folder with fake files of /sys and /proc. */
struct root {
	char path[64];
};

static void put(const struct root *r, const char *name, const char *text)
{
	char path[256], *slash;
	FILE *f;

	snprintf(path, sizeof(path), "%s%s", r->path, name);
	for (slash = strchr(path + 1, '/'); slash; slash = strchr(slash + 1, '/')) {
		*slash = '\0';
		mkdir(path, 0755);
		*slash = '/';
	}
	f = fopen(path, "w");
	assert_non_null(f);
	fputs(text, f);
	fclose(f);
}

static void make_root(struct root *r)
{
	strcpy(r->path, "/tmp/iomap-root-XXXXXX");
	assert_non_null(mkdtemp(r->path));
	put(r, "/sys/kernel/btf/vmlinux", "");
	put(r, "/proc/kallsyms",
	    "ffffffff81000000 T start\nffffffff81000080 t a_driver\n"
	    "ffffffff81000800 T other\n");
	put(r, "/sys/bus/pci/devices/0000:00:02.0/resource",
	    "0x00000000f4000000 0x00000000f7ffffff 0x0000000000040208\n"
	    "0x00000000f8000000 0x00000000f8ffffff 0x0000000000040200\n");
}

static int remove_one(const char *path, const struct stat *st, int type, struct FTW *ftw)
{
	(void)st;
	(void)type;
	(void)ftw;
	return remove(path);
}

static void remove_root(const struct root *r)
{
	nftw(r->path, remove_one, 8, FTW_DEPTH | FTW_PHYS);
}

static int start(const struct collector_options *opts, struct errbuf *e)
{
	struct collector *c = NULL;
	int err = collector_new(opts, &c, e);

	assert_true(err ? c == NULL : c != NULL);
	collector_free(c);
	return err;
}

static void no_tracepoints(void **state)
{
	const struct collector_options opts = { .timing = IOMAP_TIMING_ALL, .preempt_rt = -1 };
	struct errbuf e = {};

	(void)state;
	if (!access("/sys/kernel/tracing/events/io_mapping", F_OK))
		skip();
	assert_int_equal(start(&opts, &e), -ENOTSUP);
	assert_non_null(strstr(e.text, "has no io_mapping tracepoints"));
}

static void no_btf(void **state)
{
	struct collector_options opts = { .timing = IOMAP_TIMING_ALL };
	struct errbuf e = {};
	struct root r;

	(void)state;
	make_root(&r);
	opts.root = r.path;
	remove_root(&r);
	assert_int_equal(start(&opts, &e), -ENOTSUP);
	assert_non_null(strstr(e.text, "has no BTF"));
}

/* Starts a collector for which bpf(2) fails, and exits with 0 if it names the filter. */
static void start_filtered(int error)
{
	const struct collector_options opts = { .no_attach = true };
	struct collector *c = NULL;
	struct errbuf e = {};

	_exit(refuse_call(SYS_bpf, error) || collector_new(&opts, &c, &e) != -EPERM ||
	      !strstr(e.text, "a seccomp filter refuses bpf(2)"));
}

/* Whatever the error of the filter is. */
static void bpf_refused_by_a_filter(void **state)
{
	static const int errors[] = { EPERM, ENOSYS, EACCES };

	(void)state;
	for (size_t i = 0; i < ARRAY_SIZE(errors); i++) {
		pid_t pid = fork();
		int status;

		if (!pid)
			start_filtered(errors[i]);
		assert_int_equal(waitpid(pid, &status, 0), pid);
		assert_int_equal(status, 0);
	}
}

static void adopts_older_mappings(void **state)
{
	struct collector_options opts = { .timing = IOMAP_TIMING_ALL };
	const struct model_mapping *m;
	struct bench b;
	struct root r;

	(void)state;
	make_root(&r);
	put(&r, "/sys/kernel/debug/io_mapping/backend", "kmap\n");
	put(&r, "/sys/kernel/debug/io_mapping/mappings",
	    "# id base size backend owner\n"
	    "1 0xf4000000 67108864 linear qxl_device_init+0x1c8/0x2d0 [qxl]\n"
	    "4 0xf8001000 4096 ioremap some_driver_probe+0x10/0x20\n"
	    "garbage\n"
	    "900000 0x1000 4096 linear far_too_many+0x1/0x2\n");
	opts.root = r.path;
	bench_open(&b, &opts);
	bench_sample(&b);
	assert_int_equal(b.m.nr_mappings, 2);
	assert_int_equal(b.m.adopted, 2);
	assert_int_equal(b.m.created, 0);
	m = get_mapping(&b, 1);
	assert_int_equal(m->state, IOMAP_LIVE);
	assert_int_equal(m->base, 0xf4000000);
	assert_int_equal(m->size, 67108864);
	assert_int_equal(m->backend, IOMAP_LINEAR);
	assert_string_equal(m->owner, "qxl_device_init+0x1c8");
	assert_string_equal(m->module, "qxl");
	assert_string_equal(m->device, "0000:00:02.0");
	assert_int_equal(m->bar, 0);
	m = get_mapping(&b, 4);
	assert_int_equal(m->backend, IOMAP_IOREMAP);
	assert_string_equal(m->owner, "some_driver_probe+0x10");
	assert_null(m->module);
	assert_int_equal(m->bar, 1);
	assert_true(b.m.backend_present[IOMAP_KMAP]);
	assert_int_equal(b.m.nr_hooks, 7);

	/* Adopted mappings are like others: they count, are freed, and their ids are used again. */
	ev_map(&b, 1, 0x5000, IOMAP_ATOMIC, IOMAP_LINEAR, SITE);
	ev_free(&b, 4);
	ev_create(&b, 4, 0x77000, 4096, IOMAP_IOREMAP, SITE);
	bench_sample(&b);
	assert_int_equal(get_mapping(&b, 1)->kind[IOMAP_ATOMIC].maps, 1);
	m = get_mapping(&b, 4);
	assert_string_equal(m->owner, "a_driver+0x80");
	assert_int_equal(m->bar, -1);
	assert_int_equal(m->gen, 2);
	remove_root(&r);
	assert_int_equal(b.m.created, 1);
	bench_close(&b);
}

static void missing_files_are_reported(void **state)
{
	struct collector_options opts = { .timing = IOMAP_TIMING_ALL };
	struct bench b;
	struct root r;

	(void)state;
	make_root(&r);
	put(&r, "/proc/kallsyms", "0000000000000000 T start\n0000000000000000 T other\n");
	opts.root = r.path;
	bench_open(&b, &opts);
	ev_create(&b, 1, 0x1000, 4096, IOMAP_LINEAR, SITE);
	bench_sample(&b);
	assert_int_equal(b.m.nr_hooks, 9);
	assert_string_equal(b.m.hooks[7].name, "debugfs");
	assert_non_null(strstr(b.m.hooks[7].missing, "debugfs is not mounted"));
	assert_non_null(b.m.rule_missing[IOMAP_OFFSET_RANGE]);
	assert_non_null(strstr(b.m.rule_missing[IOMAP_OFFSET_RANGE], "debugfs is not mounted"));
	assert_null(b.m.rule_missing[IOMAP_OFFSET_ALIGN]);
	assert_string_equal(b.m.hooks[8].name, "kallsyms");
	assert_non_null(strstr(b.m.hooks[8].missing, "kptr_restrict"));
	assert_string_equal(get_mapping(&b, 1)->owner, "0xffffffff81000100");
	remove_root(&r);
	bench_close(&b);
}

/* A kernel that has debugfs switched off: to mount it is no remedy. */
static void no_debugfs_to_mount(void **state)
{
	struct collector_options opts = { .timing = IOMAP_TIMING_ALL };
	struct bench b;
	struct root r;

	(void)state;
	make_root(&r);
	put(&r, "/proc/filesystems", "nodev\tsysfs\nnodev\ttracefs\n\text4\n");
	opts.root = r.path;
	bench_open(&b, &opts);
	bench_sample(&b);
	assert_string_equal(b.m.hooks[7].name, "debugfs");
	assert_non_null(strstr(b.m.hooks[7].missing, "debugfs=off"));
	assert_null(strstr(b.m.hooks[7].missing, "mount it"));
	bench_close(&b);

	put(&r, "/proc/filesystems", "nodev\tsysfs\nnodev\tdebugfs\n");
	bench_open(&b, &opts);
	bench_sample(&b);
	assert_non_null(strstr(b.m.hooks[7].missing, "mount it"));
	remove_root(&r);
	bench_close(&b);
}

/* Until all programs are attached, creates and frees are counted, but not maps and unmaps. */
static void arms_when_attached(void **state)
{
	struct iomap_shared shared;
	uint32_t zero = 0;
	struct bench b;
	int fd;

	(void)state;
	bench_open(&b, NULL);
	fd = collector_map_fd(b.collector, ".bss");
	assert_int_equal(bpf_map_lookup_elem(fd, &zero, &shared), 0);
	assert_int_equal(shared.armed, 1);
	shared.armed = 0;
	assert_int_equal(bpf_map_update_elem(fd, &zero, &shared, 0), 0);
	ev_create(&b, 1, 0x1000, 0x10000, IOMAP_LINEAR, SITE);
	ev_map(&b, 1, 0x5000, IOMAP_ATOMIC, IOMAP_LINEAR, SITE);
	ev_unmap(&b, 0x6000, IOMAP_ATOMIC);
	b.sent = 1;
	bench_sample(&b);
	shared.armed = 1;
	assert_int_equal(bpf_map_update_elem(fd, &zero, &shared, 0), 0);
	/* The map before that is unknown. */
	ev_unmap(&b, 0x5000, IOMAP_ATOMIC);
	ev_map(&b, 1, 0x5000, IOMAP_ATOMIC, IOMAP_LINEAR, SITE);
	ev_unmap(&b, 0x5000, IOMAP_ATOMIC);
	bench_sample(&b);
	assert_int_equal(b.m.unmatched_unmaps, 1);
	assert_int_equal(get_mapping(&b, 1)->kind[IOMAP_ATOMIC].maps, 1);
	assert_int_equal(get_mapping(&b, 1)->kind[IOMAP_ATOMIC].unmaps, 1);
	bench_close(&b);
}

static void too_many_mappings_for_the_memory(void **state)
{
	const struct collector_options opts = { .max_mappings = 1 << 30, .no_attach = true };
	struct errbuf e = {};
	int err;

	(void)state;
	err = start(&opts, &e);
	assert_true(err == -ENOMEM || err == -E2BIG);
	assert_true(strlen(e.text) > 0);
}

static void levels_of_lockdown(void **state)
{
	static const struct {
		const char *text;
		bool confidentiality;
	} cases[] = {
		{ "none integrity [confidentiality]\n", true },
		{ "none [integrity] confidentiality\n", false },
		{ "[none] integrity confidentiality\n", false },
		{ "[confidentiality]", true },
		{ "none integrity [confidentiality", false },
		{ "confidentiality\n", false },
		{ "", false },
	};
	char path[128];
	struct root r;

	(void)state;
	make_root(&r);
	snprintf(path, sizeof(path), "%s/lockdown", r.path);
	assert_false(lockdown_is(path, "confidentiality"));
	for (size_t i = 0; i < ARRAY_SIZE(cases); i++) {
		put(&r, "/lockdown", cases[i].text);
		assert_int_equal(lockdown_is(path, "confidentiality"), cases[i].confidentiality);
	}
	remove_root(&r);
}

/* Makes the kernel refuse to load programs in this process; all else of bpf(2) is allowed. */
static void refuse_programs(void)
{
	const uint32_t cmd = offsetof(struct seccomp_data, args[0]);
	struct sock_filter code[] = {
		BPF_STMT(BPF_LD | BPF_W | BPF_ABS, offsetof(struct seccomp_data, nr)),
		BPF_JUMP(BPF_JMP | BPF_JEQ | BPF_K, SYS_bpf, 0, 3),
		BPF_STMT(BPF_LD | BPF_W | BPF_ABS, cmd),
		BPF_JUMP(BPF_JMP | BPF_JEQ | BPF_K, BPF_PROG_LOAD, 0, 1),
		BPF_STMT(BPF_RET | BPF_K, SECCOMP_RET_ERRNO | EPERM),
		BPF_STMT(BPF_RET | BPF_K, SECCOMP_RET_ALLOW),
	};
	const struct sock_fprog filter = { ARRAY_SIZE(code), code };

	if (prctl(PR_SET_NO_NEW_PRIVS, 1, 0, 0, 0) ||
	    syscall(SYS_seccomp, SECCOMP_SET_MODE_FILTER, 0, &filter))
		_exit(2);
}

static bool refused_with(const char *root, const char *words)
{
	const struct collector_options opts = { .no_attach = true, .root = root };
	struct errbuf e = {};
	int status;
	pid_t pid = fork();

	if (!pid) {
		refuse_programs();
		start(&opts, &e);
		fprintf(stderr, "# %s\n", e.text);
		_exit(!strstr(e.text, words));
	}
	assert_int_equal(waitpid(pid, &status, 0), pid);
	return WIFEXITED(status) && !WEXITSTATUS(status);
}

/* A locked down kernel is named as the reason when programs cannot be loaded. */
static void locked_down(void **state)
{
	struct root r;

	(void)state;
	make_root(&r);
	assert_true(refused_with(r.path, "refuses to load BPF programs"));
	put(&r, "/sys/kernel/security/lockdown", "none [integrity] confidentiality\n");
	assert_true(refused_with(r.path, "refuses to load BPF programs"));
	put(&r, "/sys/kernel/security/lockdown", "none integrity [confidentiality]\n");
	assert_true(refused_with(r.path, "the kernel is locked down"));
	remove_root(&r);
}

static int quiet(enum libbpf_print_level level, const char *fmt, va_list args)
{
	(void)level;
	(void)fmt;
	(void)args;
	return 0;
}

/* Each sampling finds the CPUs that are online. Offline ones have no row, but their counts stay. */
static void offline_cpus(void **state)
{
	static const struct {
		const char *online;
		size_t cpus;
		uint64_t offline; /* maps */
	} cases[] = { { "0-1\n", 2, 0 }, { "0\n", 1, 4 }, { "1\n", 1, 3 }, { "0,1\n", 2, 0 } };
	struct collector_options opts = { .timing = IOMAP_TIMING_ALL };
	struct bench b;
	struct root r;

	(void)state;
	if (cpus_online() != 2)
		skip();
	make_root(&r);
	put(&r, "/sys/devices/system/cpu/online", "0-1\n");
	opts.root = r.path;
	bench_open(&b, &opts);
	bench_set_old(&b, 0);
	ev_create(&b, 1, 0x1000, 0x10000, IOMAP_LINEAR, SITE);
	for (int cpu = 0; cpu < 2; cpu++) {
		on_cpu(cpu);
		for (int i = 0; i < 3 + cpu; i++) {
			ev_map(&b, 1, 0x5000, IOMAP_ATOMIC, IOMAP_LINEAR, SITE);
			ev_unmap(&b, 0x5000, IOMAP_ATOMIC);
		}
	}
	for (size_t i = 0; i < ARRAY_SIZE(cases); i++) {
		put(&r, "/sys/devices/system/cpu/online", cases[i].online);
		bench_sample(&b);
		assert_int_equal(b.m.nr_cpus, cases[i].cpus);
		assert_int_equal(b.m.cpus[0].cpu, cases[i].online[0] - '0');
		assert_int_equal(b.m.offline.maps[IOMAP_ATOMIC], cases[i].offline);
		assert_int_equal(get_mapping(&b, 1)->kind[IOMAP_ATOMIC].maps, 7);
	}
	bench_close(&b);
	remove_root(&r);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(no_tracepoints),
		cmocka_unit_test(no_btf),
		cmocka_unit_test(bpf_refused_by_a_filter),
		cmocka_unit_test(adopts_older_mappings),
		cmocka_unit_test(no_debugfs_to_mount),
		cmocka_unit_test(arms_when_attached),
		cmocka_unit_test(missing_files_are_reported),
		cmocka_unit_test(offline_cpus),
		cmocka_unit_test(too_many_mappings_for_the_memory),
		cmocka_unit_test(levels_of_lockdown),
		cmocka_unit_test(locked_down),
	};

	libbpf_set_print(quiet);
	return cmocka_run_group_tests_name("bpf/start", tests, NULL, NULL);
}
