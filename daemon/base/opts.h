/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * Options and commands declared as data: the command line, iomapd's configuration, --help, the
 * completions and the check against the man pages all read the same tables.
 */
#ifndef IOMAP_DAEMON_BASE_OPTS_H
#define IOMAP_DAEMON_BASE_OPTS_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>

#include "daemon/base/util.h"

enum opt_type {
	OPT_FLAG,    /* bool */
	OPT_TEXT,    /* const char *, not empty */
	OPT_CHOICE,  /* const char *, one of .choices */
	OPT_COUNT,   /* unsigned long, .min … .max */
	OPT_SECONDS, /* double, .min … .max */
	OPT_LIST,    /* struct opt_list: a text, not empty, for each use of the option */
	OPT_SET,     /* .set() takes the value */
	OPT_HELP,
	OPT_VERSION,
};

enum opt_flags {
	OPT_LINE_ONLY = 1 << 0, /* not allowed in a configuration file */
	OPT_SWITCH = 1 << 1,	/* OPT_SET: no value on the command line; yes or no in a file */
	OPT_REPEAT = 1 << 2,	/* OPT_SET: may be repeated; set(NULL) empties the list */
};

struct opt {
	const char *name; /* long name, without the dashes; NULL: none */
	char letter;	  /* short name; 0: none */
	enum opt_type type;
	size_t offset;	 /* of the member that takes the value, in the caller's configuration */
	const char *arg; /* name of the value in --help; NULL for flags */
	const char *help;
	double min, max;
	const char *const *choices;	/* NULL-terminated */
	const char *(*words)(size_t i); /* for completion: the i-th word of the value, or NULL */
	unsigned int flags;
	const char *takes; /* OPT_SET: describes the value, for the error sentence */
	/* Returns 0, -EINVAL for a wrong value, or -ENOMEM. */
	int (*set)(void *config, const char *value);
};

#define OPT_LIST_MAX 32

struct opt_list {
	const char *value[OPT_LIST_MAX];
	size_t n;
};

/* The member that takes the value of an option: OPT_INTO(struct config, member). */
#define OPT_INTO(type, member) offsetof(type, member)

struct cmd {
	const char *name;
	const char *help;
	const struct opt *opts; /* in addition to the program's; NULL: none */
	size_t n_opts;
	int (*run)(void *config); /* returns an exit status */
	/*
	 * words: the name in --help of the arguments that follow the options; NULL: the command
	 * takes none. words_offset: the member for them, a char **, NULL-terminated. Options end
	 * at "--" or at the first of these arguments.
	 */
	const char *words;
	size_t words_offset;
	bool words_mixed; /* options may stand among these arguments and behind them */
};

struct prog {
	const char *name;
	const char *help; /* what the program does */
	const struct opt *opts;
	size_t n_opts;
	const struct cmd *cmds; /* NULL: a program without commands */
	size_t n_cmds;
	const char *notes; /* printed under --help; NULL: none */
};

enum opts_result {
	OPTS_RUN = 0, /* run *ret_cmd, or the program if it has no commands */
	OPTS_HELP,    /* print opts_help() and end */
	OPTS_VERSION, /* print the version and end */
};

/*
 * Reads the command line into @config. A command may be shortened to a unique prefix; options may
 * precede and follow it. Returns an enum opts_result, or -EINVAL with a sentence in @err. *ret_cmd
 * is the command or NULL; for OPTS_HELP, the command that precedes --help.
 */
int opts_parse(const struct prog *prog, int argc, char **argv, void *config,
	       const struct cmd **ret_cmd, struct errbuf *err);

/* Tells whether the option takes a value on the command line. */
bool opt_takes_value(const struct opt *o);

/* One source of options. A list from this source replaces the list of an earlier source. */
struct opts_pass {
	const struct prog *prog; /* without commands, with at most 32 options */
	void *config;
	uint32_t seen; /* bits, by index into the table */
};

/*
 * Like opts_parse(), for a program with a configuration file. Stores only OPT_LINE_ONLY options
 * (line_only) or only the others. Call it for the others after the file is read: the later source
 * wins.
 */
int opts_parse_some(const struct prog *prog, int argc, char **argv, bool line_only, void *config,
		    struct errbuf *err);
/* Stores a setting of the file. Returns 0, or -EINVAL or -ENOMEM with a sentence in @err. */
int opts_set(struct opts_pass *pass, const char *name, const char *value, struct errbuf *err);

/* Prints the help of the program, or of one command. */
void opts_help(const struct prog *prog, const struct cmd *cmd, FILE *f);

#endif
