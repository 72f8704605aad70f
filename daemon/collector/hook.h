/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * The hooks: one table of everything that the programs are attached to, and of the files that the
 * figures need. A new hook is one entry. Part of the collector.
 */
#ifndef IOMAP_DAEMON_COLLECTOR_HOOK_H
#define IOMAP_DAEMON_COLLECTOR_HOOK_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "daemon/base/util.h"
#include "daemon/collector/symbols.h"

#define HOOKS_MAX	  32
#define HOOK_PROGRAMS_MAX 4

struct bpf_link;
struct bpf_program;
struct collector;
struct model;

enum hook_need {
	NEED_ALWAYS,
	NEED_RULE,    /* one of the rules that rest on it is checked */
	NEED_IPI,     /* interrupts between CPUs are counted */
	NEED_RESERVE, /* likewise, and the kernel has the reserve of the ioremap backend */
	NEED_FILE, /* no program: a file that the figures need; status names it if it is missing */
};

/* The source of events that the hook belongs to. */
enum hook_source {
	FOR_ANY,
	FOR_TRACEPOINTS, /* of io_mapping */
	FOR_SITES,	 /* see stock.h */
};

enum hook_attach {
	ATTACH_TRACEPOINT, /* raw; the kernel may lack it */
	ATTACH_IF_ANY,	   /* raw; a kernel that lacks it has no such event: no loss */
	ATTACH_ENTRY,	   /* kprobe */
	ATTACH_RETURN,	   /* kretprobe */
	ATTACH_OPTIONAL,   /* kprobe beside a tracepoint of the same hook: no loss if it fails */
};

static inline bool hook_is_tracepoint(enum hook_attach how)
{
	return how == ATTACH_TRACEPOINT || how == ATTACH_IF_ANY;
}

/* How to count the events for which the kernel skipped a program of the hook. */
enum hook_misses {
	MISSES_EVENTS, /* lost events */
	MISSES_SITES,  /* likewise; the kernel counts them by probe, see stock.h */
	MISSES_RULES,  /* the rules that rest on the hook */
	MISSES_SENDS,  /* interrupts sent */
	MISSES_CALLS,  /* functions queued for other CPUs */
	MISSES_IPI,    /* other events of interrupts between CPUs */
};

struct hook {
	const char *name; /* as status shows it, and --without-hook takes it */
	enum hook_need need;
	enum hook_source source;
	enum hook_misses misses;
	unsigned int rules;   /* bits 1 << enum iomap_rule: cannot be checked without the hook */
	unsigned int figures; /* bits 1 << enum ipi_figure: not known without the hook */
	uint32_t ipi_bit;     /* IOMAP_HAS_*: tells the programs that the hook works */
	const char *cost;     /* what is lost without the hook */
	struct {
		size_t prog;	/* offset in struct iomap_bpf; 0: no more */
		const char *on; /* tracepoint or function */
		enum hook_attach attach;
	} programs[HOOK_PROGRAMS_MAX];
	/* Replaces the above, or reads the file. Returns 0, or a negative errno with a sentence. */
	int (*start)(struct collector *c, int hook, struct errbuf *e);
};

/* In the order of attaching. */
extern const struct hook hook_table[];
extern const int hooks_nr;

#define HOOK_FUNCTIONS_MAX 96

/* The functions that may sleep: see may-sleep.c. */
struct may_sleep {
	const char *check; /* the kernel's check behind might_sleep(); NULL: it has none */
	char refused[128]; /* functions that the kernel has and that cannot be probed */
};

/* See canary.c. */
struct canary {
	int pipe[2];
	bool silent; /* a hook did not fire at the last check */
	/* Sentences that models refer to. */
	char **texts;
	size_t nr_texts;
};

/* The state of the hooks of a collector. */
struct hooks {
	struct bpf_link **links;
	size_t nr_links;
	char *missing[HOOKS_MAX]; /* by entry of the table: why; NULL: the hook is attached */
	/* Why an attached hook does not work, as of the last canary_check(); NULL: it works. */
	const char *silent[HOOKS_MAX];
	/* The functions of vmlinux that the hooks are for. */
	const char *names[HOOK_FUNCTIONS_MAX];
	struct function functions[HOOK_FUNCTIONS_MAX];
	size_t nr_functions;
	bool has_do_exit;
	bool has_reserve; /* the kernel has an ioremap backend */
	struct may_sleep may_sleep;
	struct canary canary;
};

/* The entry of that name, or -EINVAL. */
int hook_find(const char *name);
/* The hook belongs to the source of events that is in use. */
bool hook_has_source(const struct collector *c, int hook);
/* The options and the kernel require the hook. */
bool hook_needed(const struct collector *c, int hook);
/* The i-th program of the hook; NULL: there are no more. */
struct bpf_program *hook_program(const struct collector *c, const struct hook *h, size_t i);

/* Saves the reason why a hook is missing. Returns 0, or -ENOMEM with a sentence in e. */
int hook_set_missing(struct collector *c, int hook, struct errbuf *e, const char *fmt, ...)
	__attribute__((format(printf, 4, 5)));
/* Keeps a link until hooks_free(). Returns 0, or -ENOMEM and destroys it. */
int hook_add_link(struct collector *c, struct bpf_link *link);
/* A function of the kernel by its name; all zero if there is none. */
const struct function *hook_function(const struct collector *c, const char *name);
/*
 * Attaches a kprobe or, for a return, a kretprobe to a function of vmlinux: by its address, as a
 * module may have a function of that name. Without addresses, the kernel looks for the name.
 * Returns 0, -ENOENT when there is no such function, or another negative errno.
 */
int hook_add_probe(struct collector *c, struct bpf_program *prog, bool at_return, const char *name);
/* Says why a function that the kernel has cannot be probed. err: of hook_add_probe(). */
const char *hook_probe_error(int err);

/* Returns 0 when the kernel has any tracepoint of io_mapping, -ENOTSUP with a sentence in e. */
int hooks_check_tracepoints(const struct collector *c, struct errbuf *e);
/* Finds the functions and chooses the programs to load. */
void hooks_configure(struct collector *c);
/* Attaches the hooks of the table. Returns 0, or a negative errno with a sentence in e. */
int hooks_attach(struct collector *c, struct errbuf *e);
/* Adds to the model the hooks, and the rules and figures that missing hooks affect. */
int hooks_report(const struct collector *c, struct model *m);
/* Adds to the model how often the kernel skipped the programs. Returns 0 or a negative errno. */
int hooks_add_misses(const struct collector *c, struct model *m);
void hooks_free(struct collector *c);

/* ---- may-sleep.c: the functions that may sleep ---- */

/* The i-th function that hook_function() has to know; NULL: there are no more. */
const char *may_sleep_name(size_t i);
/* Chooses the programs. To be called before they are loaded. */
void may_sleep_configure(struct collector *c);
/* The same for tests, which run all programs as raw tracepoints. */
void may_sleep_configure_test(struct collector *c);
/* Is hook.start of may_sleep. */
int may_sleep_attach(struct collector *c, int hook, struct errbuf *e);
/*
 * Finds out if might_sleep() calls the probed function; if not, attaches to more functions. To be
 * called when all hooks are attached and armed. Returns 0, or a negative errno with a sentence in
 * e.
 */
int may_sleep_complete(struct collector *c, struct errbuf *e);
/* Adds to the model what the rule may-sleep-in-atomic sees. */
void may_sleep_report(const struct collector *c, struct model *m);

/* ---- canary.c: the proof that hooks fire ---- */

/* Has the kprobe of the canary. A thread calls it when it changes its name. */
#define CANARY_FUNCTION "__set_task_comm"

/* Attaches the programs of the canary. A kernel without them leaves hooks without a proof. */
int canary_attach(struct collector *c, struct errbuf *e);
/* Opens the pipe of the canary, if the programs are taken over. */
int canary_open(struct collector *c, struct errbuf *e);
/*
 * Makes system calls that reach hooks, on this CPU. Returns the bits of enum iomap_canary that
 * fired; tries again for a while if one of the wanted ones did not.
 */
uint32_t canary_ask(struct collector *c, uint32_t want);
/* Finds the attached hooks that do not fire. Returns 0 or -ENOMEM. */
int canary_check(struct collector *c);
void canary_free(struct collector *c);

#endif
