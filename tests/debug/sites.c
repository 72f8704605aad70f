// SPDX-License-Identifier: GPL-2.0-or-later
/*
 * The tables of sites against the truth: stops tests/debug/shapes at each site of its table, finds
 * the arguments as the table says, and compares them with the calls that it prints.
 */
#include "tests/lib/test.h"

#include <sys/ptrace.h>
#include <sys/uio.h>
#include <sys/user.h>
#include <sys/wait.h>

#include "bpf/iomap.h"
#include "cli/debug/inlined.h"
#include "daemon/base/names.h"
#include "tests/lib/beside.h"

#define CALLS_MAX  4096
#define BREAKPOINT 0xcc

struct call {
	char name[32];
	bool known[SITE_ARGS_MAX];
	uint64_t arg[SITE_ARGS_MAX];
};

struct traced {
	pid_t pid;
	struct site_table table;
	uint64_t addr[SITE_TABLE_MAX];	    /* of each site */
	unsigned char byte[SITE_TABLE_MAX]; /* that the breakpoint replaced */
	struct call seen[CALLS_MAX];
	size_t nr_seen;
};

/* By DWARF's number of the register */
static uint64_t reg_value(const struct user_regs_struct *r, unsigned int reg)
{
	const uint64_t regs[SITE_REGS_MAX] = { r->rax, r->rdx, r->rcx, r->rbx, r->rsi, r->rdi,
					       r->rbp, r->rsp, r->r8,  r->r9,  r->r10, r->r11,
					       r->r12, r->r13, r->r14, r->r15 };

	return regs[reg];
}

static uint64_t load(pid_t pid, uint64_t addr, unsigned int bytes)
{
	uint64_t v = 0;
	struct iovec to = { &v, bytes }, from = { (void *)addr, bytes };

	assert_int_equal(process_vm_readv(pid, &to, 1, &from, 1, 0), bytes);
	return v;
}

static uint64_t binary(enum site_code code, uint64_t a, uint64_t b)
{
	switch (code) {
	case SITE_ADD:
		return a + b;
	case SITE_SUB:
		return a - b;
	case SITE_MUL:
		return a * b;
	case SITE_AND:
		return a & b;
	case SITE_OR:
		return a | b;
	case SITE_XOR:
		return a ^ b;
	case SITE_SHL:
		return a << b;
	case SITE_SHR:
		return a >> b;
	default:
		return (uint64_t)((int64_t)a >> b);
	}
}

static uint64_t evaluate(pid_t pid, const struct user_regs_struct *regs, const struct site_value *v)
{
	uint64_t stack[SITE_STACK_MAX];
	size_t n = 0;

	for (size_t i = 0; i < v->n; i++) {
		const struct site_step *s = &v->step[i];

		if (s->code == SITE_REG)
			stack[n++] = reg_value(regs, s->arg) + (uint64_t)s->imm;
		else if (s->code == SITE_CONST)
			stack[n++] = (uint64_t)s->imm;
		else if (s->code == SITE_LOAD)
			stack[n - 1] = load(pid, stack[n - 1], s->arg);
		else
			n--, stack[n - 1] = binary(s->code, stack[n - 1], stack[n]);
	}
	assert_int_equal(n, 1);
	return stack[0];
}

/* The name of the call as shapes prints it. */
static void name_of(const struct api_site *s, char *name, size_t size)
{
	static const char *const what[] = { "map", "unmap", "create", "init", "free", "fini" };

	if (s->what <= SITE_UNMAP)
		snprintf(name, size, "%s-%s", what[s->what], kind_name(s->kind));
	else
		snprintf(name, size, "%s", what[s->what]);
}

static void see(struct traced *t, size_t i, const struct user_regs_struct *regs)
{
	const struct api_site *s = &t->table.sites[i];
	struct call *c = &t->seen[t->nr_seen++];

	assert_true(t->nr_seen < CALLS_MAX);
	name_of(s, c->name, sizeof(c->name));
	for (int k = 0; k < SITE_ARGS_MAX; k++) {
		c->known[k] = s->arg[k].n;
		if (c->known[k])
			c->arg[k] = evaluate(t->pid, regs, &s->arg[k]);
	}
}

/* ---- the traced program ---- */

static uint64_t symbol_address(const struct debuginfo *d, const char *symbol)
{
	int n = dwfl_module_getsymtab(d->mod);
	GElf_Addr addr;
	GElf_Sym sym;

	for (int i = 0; i < n; i++) {
		const char *name =
			dwfl_module_getsym_info(d->mod, i, &sym, &addr, NULL, NULL, NULL);

		if (name && GELF_ST_TYPE(sym.st_info) == STT_FUNC && !strcmp(name, symbol))
			return addr;
	}
	fail_msg("no symbol %s", symbol);
	return 0;
}

/* Replaces a byte of the program. Returns the byte that was there. */
static unsigned char set_byte(pid_t pid, uint64_t addr, unsigned char byte)
{
	long word;

	errno = 0;
	word = ptrace(PTRACE_PEEKTEXT, pid, (void *)addr, NULL);
	assert_int_equal(errno, 0);
	assert_int_equal(ptrace(PTRACE_POKETEXT, pid, (void *)addr, (word & ~0xffL) | byte), 0);
	return word & 0xff;
}

/* Several sites may have the same address. */
static void set_breakpoints(struct traced *t, const struct debuginfo *d)
{
	for (size_t i = 0; i < t->table.n; i++) {
		const struct api_site *s = &t->table.sites[i];

		t->addr[i] = symbol_address(d, s->symbol) + s->offset;
		t->byte[i] = set_byte(t->pid, t->addr[i], BREAKPOINT);
		for (size_t k = 0; k < i; k++) {
			if (t->addr[k] == t->addr[i])
				t->byte[i] = t->byte[k];
		}
	}
}

/* Returns false when the program has ended. */
static bool resume(pid_t pid, int request)
{
	int status;

	assert_int_equal(ptrace(request, pid, NULL, NULL), 0);
	assert_int_equal(waitpid(pid, &status, 0), pid);
	if (WIFEXITED(status)) {
		assert_int_equal(WEXITSTATUS(status), 0);
		return false;
	}
	assert_true(WIFSTOPPED(status) && WSTOPSIG(status) == SIGTRAP);
	return true;
}

/* Notes the calls of all sites at this address, and steps over the breakpoint. */
static void stop_at(struct traced *t, struct user_regs_struct *regs)
{
	uint64_t addr = regs->rip - 1;
	size_t last = SITE_TABLE_MAX;

	for (size_t i = 0; i < t->table.n; i++) {
		if (t->addr[i] == addr) {
			see(t, i, regs);
			last = i;
		}
	}
	assert_true(last < SITE_TABLE_MAX);
	regs->rip = addr;
	assert_int_equal(ptrace(PTRACE_SETREGS, t->pid, NULL, regs), 0);
	set_byte(t->pid, addr, t->byte[last]);
	assert_true(resume(t->pid, PTRACE_SINGLESTEP));
	set_byte(t->pid, addr, BREAKPOINT);
}

static void run(struct traced *t, const struct debuginfo *d, const char *path, int out)
{
	struct user_regs_struct regs;
	int status;

	t->pid = fork();
	assert_true(t->pid >= 0);
	if (!t->pid) {
		dup2(out, STDOUT_FILENO);
		ptrace(PTRACE_TRACEME, 0, NULL, NULL);
		execl(path, path, (char *)NULL);
		_exit(127);
	}
	assert_int_equal(waitpid(t->pid, &status, 0), t->pid);
	assert_true(WIFSTOPPED(status));
	set_breakpoints(t, d);
	while (resume(t->pid, PTRACE_CONT)) {
		assert_int_equal(ptrace(PTRACE_GETREGS, t->pid, NULL, &regs), 0);
		stop_at(t, &regs);
	}
}

/* ---- tests ---- */

/* Compares the calls in order. Returns the number of arguments that were compared. */
static size_t compare(const struct traced *t, FILE *truth)
{
	uint64_t arg[SITE_ARGS_MAX];
	size_t n = 0, compared = 0;
	char name[32];

	rewind(truth);
	for (; fscanf(truth, "%31s %lu %lu %lu", name, &arg[0], &arg[1], &arg[2]) == 4; n++) {
		const struct call *c = &t->seen[n];

		assert_true(n < t->nr_seen);
		assert_string_equal(c->name, name);
		for (int k = 0; k < SITE_ARGS_MAX; k++) {
			if (c->known[k])
				assert_int_equal(c->arg[k], arg[k]);
			compared += c->known[k];
		}
	}
	assert_int_equal(n, t->nr_seen);
	return compared;
}

static void truth_of(const char *name)
{
	const struct debug_progress progress = {};
	_cleanup_debuginfo_ struct debuginfo *d = NULL;
	_cleanup_free_ char *path = beside(name);
	struct traced *t = calloc(1, sizeof(*t));
	FILE *truth = tmpfile();
	struct errbuf err = {};

	assert_non_null(t);
	assert_non_null(truth);
	if (debuginfo_open(path, NULL, &d, &err) || inlined_find(d, &progress, &t->table, &err))
		fail_msg("%s", err.text);
	run(t, d, path, fileno(truth));
	/* 596 calls; gcc 12 knows 874 arguments. */
	assert_true(compare(t, truth) > 800);
	site_table_free(&t->table);
	fclose(truth);
	free(t);
}

static void arguments(void **state)
{
	(void)state;
	truth_of("shapes");
}

int main(void)
{
	const struct CMUnitTest tests[] = { cmocka_unit_test(arguments) };

	return cmocka_run_group_tests_name("debug/sites", tests, NULL, NULL);
}
