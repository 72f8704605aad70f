// SPDX-License-Identifier: GPL-2.0-or-later
/*
 * The programs in the kernel, and the processes that use them. Other tests run at the same time:
 * the cases look for the programs of one child process, which is a copy of this program, also under
 * the name iomapd.
 */
#include "tests/bpf/harness.h"

#include <fcntl.h>
#include <limits.h>
#include <signal.h>
#include <string.h>
#include <sys/wait.h>
#include <bpf/bpf.h>
#include <bpf/libbpf.h>

#include "daemon/collector/loaded.h"

static char dir[] = "/tmp/iomap-loaded-XXXXXX";
static char copy[sizeof(dir) + 16];

static int make_copy(void **state)
{
	char command[128];

	(void)state;
	if (!mkdtemp(dir))
		return -1;
	snprintf(copy, sizeof(copy), "%s/iomapd", dir);
	snprintf(command, sizeof(command), "cp /proc/%d/exe %s", getpid(), copy);
	return system(command);
}

static int remove_copy(void **state)
{
	(void)state;
	unlink(copy);
	return rmdir(dir);
}

/* The child: loads the programs, prints the number of one of them, and waits for a signal. */
static int load_and_wait(void)
{
	struct bpf_prog_info info = {};
	__u32 len = sizeof(info);
	struct bench b;

	bench_open(&b, NULL);
	if (bpf_obj_get_info_by_fd(b.map_fd, &info, &len))
		return 1;
	printf("%u\n", info.id);
	fflush(stdout);
	pause();
	return 0;
}

struct child {
	pid_t pid;
	uint32_t id; /* of a program that it has open */
	FILE *output;
};

static void child_start(struct child *c, const char *program)
{
	int fds[2];

	assert_int_equal(pipe2(fds, O_CLOEXEC), 0);
	c->pid = fork();
	if (!c->pid) {
		dup2(fds[1], 1);
		execl(program, program, "load", NULL);
		_exit(127);
	}
	close(fds[1]);
	c->output = fdopen(fds[0], "r");
	alarm(60);
	assert_int_equal(fscanf(c->output, "%u", &c->id), 1);
}

static int child_end(struct child *c, int sig)
{
	int status;

	fclose(c->output);
	kill(c->pid, sig);
	assert_int_equal(waitpid(c->pid, &status, 0), c->pid);
	return status;
}

static bool has(const struct loaded *l, uint32_t id)
{
	for (size_t i = 0; i < l->nr; i++) {
		if (l->ids[i] == id)
			return true;
	}
	return false;
}

static bool in_kernel(uint32_t id)
{
	struct loaded l = {};
	struct errbuf e = {};
	bool found;

	assert_int_equal(loaded_find(&l, &e), 0);
	found = has(&l, id);
	loaded_free(&l);
	return found;
}

static void programs_and_their_user(void **state)
{
	struct loaded one = { .nr = 1 };
	struct user u, other;
	struct child c;

	(void)state;
	child_start(&c, "/proc/self/exe");
	one.ids = &c.id;
	assert_true(in_kernel(c.id));
	assert_true(loaded_user(&one, NULL, false, &u));
	assert_int_equal(u.pid, c.pid);
	assert_string_equal(u.name, "loaded");
	assert_true(user_uses(&u, &one, NULL));
	/* It is not called iomapd. */
	assert_false(u.is_iomapd);
	assert_false(loaded_user(&one, NULL, true, &other));
	child_end(&c, SIGKILL);
	assert_false(user_uses(&u, &one, NULL));
	/* The process has ended: no other process gets the signal, whatever its number is. */
	assert_int_equal(user_signal(&u, 0), -ESRCH);
	user_free(&u);
	for (int i = 0; i < 1000 && in_kernel(c.id); i++)
		usleep(10000);
	assert_false(in_kernel(c.id));
}

static void a_daemon(void **state)
{
	struct loaded one = { .nr = 1 };
	struct child c;
	struct user u;
	int status;

	(void)state;
	child_start(&c, copy);
	one.ids = &c.id;
	assert_true(loaded_user(&one, NULL, true, &u));
	assert_int_equal(u.pid, c.pid);
	assert_true(u.is_iomapd);
	user_free(&u);
	/* An upgrade replaces its file. */
	unlink(copy);
	assert_true(loaded_user(&one, NULL, true, &u));
	assert_int_equal(u.pid, c.pid);
	assert_int_equal(user_signal(&u, SIGTERM), 0);
	status = child_end(&c, 0);
	assert_true(WIFSIGNALED(status) && WTERMSIG(status) == SIGTERM);
	user_free(&u);
}

/* An open folder makes a user, too: an iomapd that has not loaded anything yet. */
static void the_folder_of_the_pins(void **state)
{
	const struct loaded none = {};
	struct user u;
	char byte;
	int in[2];
	pid_t pid;

	(void)state;
	assert_int_equal(pipe2(in, O_CLOEXEC), 0);
	pid = fork();
	if (!pid) {
		open(dir, O_RDONLY | O_DIRECTORY);
		_exit(write(in[1], "", 1) != 1 || pause());
	}
	assert_int_equal(read(in[0], &byte, 1), 1);
	assert_true(loaded_user(&none, dir, false, &u));
	assert_int_equal(u.pid, pid);
	user_free(&u);
	assert_false(loaded_user(&none, dir, true, &u));
	assert_false(loaded_user(&none, "/tmp/iomap-nothing", false, &u));
	kill(pid, SIGKILL);
	waitpid(pid, NULL, 0);
	close(in[0]);
	close(in[1]);
}

/* A program that any user may be allowed to load, with a name like ours. */
static void programs_of_others(void **state)
{
	const struct bpf_insn insns[] = {
		{ .code = BPF_ALU64 | BPF_MOV | BPF_K, .dst_reg = 0 },
		{ .code = BPF_JMP | BPF_EXIT },
	};
	static const struct {
		enum bpf_prog_type type;
		const char *name;
		bool ours;
	} cases[] = {
		{ BPF_PROG_TYPE_SOCKET_FILTER, "iomap_map", false },
		{ BPF_PROG_TYPE_CGROUP_SKB, "iomap_map", false },
		{ BPF_PROG_TYPE_RAW_TRACEPOINT, "iomapx", false },
		{ BPF_PROG_TYPE_RAW_TRACEPOINT, "iomap_map", true },
		{ BPF_PROG_TYPE_KPROBE, "iomap_map", true },
	};
	struct bpf_prog_info info;
	__u32 len;
	int fd;

	(void)state;
	for (size_t i = 0; i < ARRAY_SIZE(cases); i++) {
		fd = bpf_prog_load(cases[i].type, cases[i].name, "GPL", insns, ARRAY_SIZE(insns),
				   NULL);
		assert_true(fd >= 0);
		info = (struct bpf_prog_info){};
		len = sizeof(info);
		assert_int_equal(bpf_obj_get_info_by_fd(fd, &info, &len), 0);
		assert_int_equal(in_kernel(info.id), cases[i].ours);
		close(fd);
	}
}

/* detach looks for programs by their names. */
static void all_programs_have_the_prefix(void **state)
{
	struct bpf_object *obj = bpf_object__open_file("build/bpf/iomap.bpf.o", NULL);
	struct bpf_program *prog = NULL;
	size_t n = 0;

	(void)state;
	if (!obj)
		skip();
	while ((prog = bpf_object__next_program(obj, prog))) {
		assert_int_equal(strncmp(bpf_program__name(prog), "iomap_", 6), 0);
		n++;
	}
	assert_true(n > 10);
	bpf_object__close(obj);
}

int main(int argc, char **argv)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(programs_and_their_user),
		cmocka_unit_test(a_daemon),
		cmocka_unit_test(the_folder_of_the_pins),
		cmocka_unit_test(programs_of_others),
		cmocka_unit_test(all_programs_have_the_prefix),
	};

	(void)argv;
	if (argc > 1)
		return load_and_wait();
	return cmocka_run_group_tests_name("bpf/loaded", tests, make_copy, remove_copy);
}
