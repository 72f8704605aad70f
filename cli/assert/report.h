/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * iomapctl assert: what is known once the command has ended, and what is made of it. The writers
 * read nothing but the report, so that tests can make one up.
 */
#ifndef IOMAP_CLI_ASSERT_REPORT_H
#define IOMAP_CLI_ASSERT_REPORT_H

#include <stdbool.h>
#include <stdint.h>
#include <stdio.h>

#include "daemon/base/util.h"
#include "daemon/base/jsonw.h"
#include "daemon/collector/report.h"

enum assert_verdict {
	ASSERT_GOOD,
	ASSERT_VIOLATIONS,
	ASSERT_COMMAND_FAILED,
	ASSERT_INCONCLUSIVE,
	ASSERT_NOTHING_EXERCISED,
};

/* A line of the suppression file. */
struct suppression {
	unsigned int line;
	uint8_t rule;
	char *symbol; /* fnmatch patterns */
	char *module; /* NULL: any, and the kernel itself */
	char *reason;
	bool used;
};

struct suppressions {
	struct suppression *entries;
	size_t nr;
};

struct assert_rule {
	uint64_t count;	     /* violations while the command ran */
	uint64_t suppressed; /* of these */
	uint64_t judged;     /* maps or unmaps that could have broken it */
};

struct assert_report {
	/* What was run. */
	char **argv;
	int wait_status; /* as of waitpid() */
	uint64_t start_ns;
	uint64_t start_unix_ns;
	uint64_t duration_ns;
	char host[65];
	/* What was asked for. */
	uint32_t rules; /* bits 1 << enum iomap_rule */
	uint64_t max_hold_ns;
	struct suppressions suppressions;
	/* What was found. The figures of the model are those of the command's time only. */
	struct model model;
	const struct suppression **suppressed; /* by violation; NULL: that one is not */
	struct assert_rule rule[IOMAP_RULE_MAX];
	/* What comes of it. */
	enum assert_verdict verdict;
	char **doubts; /* sentences: why the outcome is inconclusive */
	size_t nr_doubts;
};

void assert_report_free(struct assert_report *r);

static inline bool assert_selected(const struct assert_report *r, unsigned int rule)
{
	return r->rules & 1U << rule;
}

/* ---- assert_suppress.c ---- */

/*
 * Reads a suppression file; @name is for the error. Returns 0, or -EINVAL or -ENOMEM with a
 * sentence.
 */
int suppressions_read(FILE *f, const char *name, struct suppressions *ret, struct errbuf *err);
void suppressions_free(struct suppressions *s);
/* The first that matches; marks all that do as used. */
const struct suppression *suppressions_match(struct suppressions *s,
					     const struct model_violation *v);

/* ---- assert_verdict.c ---- */

/*
 * Takes what was there before the command off the report's model, and fills in what was found and
 * what comes of it. Returns 0 or -ENOMEM.
 */
int assert_judge(struct assert_report *r, const struct model *before);
/* The exit status, and the name in JSON. */
int assert_exit_status(const struct assert_report *r);
const char *assert_verdict_name(const struct assert_report *r);
/* checked, off, or missing. */
const char *assert_rule_state(const struct assert_report *r, unsigned int rule);
/* It was broken in a way that no suppression covers. */
bool assert_broken(const struct assert_report *r, unsigned int rule);
/* There was something that a checked rule could judge. */
bool assert_exercised(const struct assert_report *r);
bool assert_command_failed(const struct assert_report *r);
/* A suppression that matched nothing, though its rule was checked. */
bool assert_unused(const struct assert_report *r, const struct suppression *s);
/* The mapping that a violation belongs to; NULL: not known. */
const struct model_mapping *assert_mapping(const struct assert_report *r,
					   const struct model_violation *v);

/* ---- assert_words.c: what the formats for people have in common ---- */

/* What a rule demands, in a few words and in a sentence or two. */
const char *rule_title(unsigned int rule);
const char *rule_help(unsigned int rule);
/* What the judged ones of a rule are: "atomic maps". */
const char *rule_judges(unsigned int rule);

/* ---- assert_coverage.c ---- */

/* "exit status 3" or "killed by signal 9 (Killed)". */
void assert_put_status(FILE *f, const struct assert_report *r);
/* A time in UTC down to seconds: day and clock, with a T or a blank between them. */
void assert_put_time(FILE *f, uint64_t unix_ns, char between);
void assert_put_device(FILE *f, const struct model_mapping *m);
/* The command, the maps, mappings, hooks, rules and books: a line each. */
void assert_put_coverage(FILE *f, const char *indent, const struct assert_report *r);

/* ---- assert_print.c: a violation, and the outcome ---- */

/* Where, when and by whom it was done, and the stacks: a line each. */
void assert_put_details(FILE *f, const char *indent, const struct assert_report *r,
			const struct model_violation *v);
/* The outcome, without an end of line. */
void assert_put_verdict(FILE *f, const struct assert_report *r);

/* The same as strings, which the caller frees; NULL when there is no memory. */
char *assert_details(const struct assert_report *r, const struct model_violation *v);
char *assert_verdict(const struct assert_report *r);
char *assert_coverage(const struct assert_report *r);

/* ---- assert_cases.c: the report as a list of tests; all pass only if the outcome is good ---- */

enum assert_case_state {
	ASSERT_PASSED,
	ASSERT_FAILED,
	ASSERT_SKIPPED, /* there was nothing to judge, or no way to */
	ASSERT_EXPECTED /* failed, and suppressed */
};

struct assert_case {
	const char *name;
	int rule; /* -1: of none */
	enum assert_case_state state;
	char why[1536]; /* one line, as it came; empty for those that passed */
};

#define ASSERT_CASES_MAX (IOMAP_RULE_MAX + 3)

/* Returns how many there are: one for each checked rule, then those of the run itself. */
size_t assert_cases(const struct assert_report *r, struct assert_case cases[ASSERT_CASES_MAX]);

/* ---- the formats; each returns 0 or -ENOMEM ---- */

int assert_text(const struct assert_report *r, FILE *f);
int assert_tap(const struct assert_report *r, FILE *f);
int assert_junit(const struct assert_report *r, FILE *f);
int assert_sarif(const struct assert_report *r, FILE *f);
int assert_github(const struct assert_report *r, FILE *f);
int assert_json(const struct assert_report *r, FILE *f);

/* What was covered, as JSON; for JSON and SARIF. */
void assert_json_coverage(struct jsonw *w, const char *key, const struct assert_report *r);
void assert_json_command(struct jsonw *w, const char *key, const struct assert_report *r);

/* ---- assert_output.c: where the report goes ---- */

struct assert_output {
	const char *path; /* as given; NULL: standard output */
	char *target;	  /* to rename to; NULL: written in place */
	char *temp;
	int fd;
};

/* Makes sure that it can be written. Returns 0 or a negative errno with a sentence. */
int assert_output_open(struct assert_output *o, const char *path, struct errbuf *err);
int assert_output_write(struct assert_output *o, const char *data, size_t size, struct errbuf *err);
/* Removes what was not written. */
void assert_output_close(struct assert_output *o);

/* ---- assert_run.c ---- */

struct collector;

/*
 * Runs the command of the report until it ends, takes the collector's events meanwhile, and fills
 * in its wait status and times. Returns 0 or a negative errno with a sentence.
 */
int assert_run(struct assert_report *r, struct collector *c, struct errbuf *err);

#endif
