/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * iomapctl assert: the findings once the command has ended, and the verdict. The writers of all
 * formats read only the report, so tests can fill one in.
 */
#ifndef IOMAP_CLI_ASSERT_REPORT_H
#define IOMAP_CLI_ASSERT_REPORT_H

#include <stdbool.h>
#include <stdint.h>
#include <stdio.h>

#include "cli/debug/sources.h"
#include "daemon/base/jsonw.h"
#include "daemon/base/util.h"
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
	char *symbol; /* fnmatch pattern */
	char *module; /* fnmatch pattern; NULL: any module, and the kernel itself */
	char *reason;
	bool used;
};

struct suppressions {
	struct suppression *entries;
	size_t nr;
};

struct assert_rule {
	uint64_t count;	     /* violations while the command ran */
	uint64_t suppressed; /* those that were suppressed */
	uint64_t judged;     /* maps or unmaps that could have broken the rule */
};

struct assert_report {
	/* The command. */
	char **argv;
	const struct signals *signals; /* of iomapctl on entry: the command gets them */
	bool command_to_stderr;	       /* the command's standard output goes to standard error */
	int wait_status;	       /* from waitpid() */
	uint64_t start_ns;
	uint64_t start_unix_ns;
	uint64_t duration_ns;
	char host[65];
	/* The settings. */
	uint32_t rules; /* bits 1 << enum iomap_rule */
	uint64_t max_hold_ns;
	struct suppressions suppressions;
	/* The findings. The counters of the model cover only the run of the command. */
	struct model model;
	const struct suppression **suppressed; /* by violation; NULL: not suppressed */
	struct assert_rule rule[IOMAP_RULE_MAX];
	/* The outcome. */
	enum assert_verdict verdict;
	char **doubts; /* sentences that say why the outcome is inconclusive */
	size_t nr_doubts;
	/* Where source lines come from; NULL: nowhere. */
	struct sources *sources;
	const char *fallback_file; /* for violations without a line in SARIF; NULL: none */
};

void assert_report_free(struct assert_report *r);

static inline bool assert_selected(const struct assert_report *r, unsigned int rule)
{
	return r->rules & 1U << rule;
}

/* ---- suppress.c ---- */

/* Reads a suppression file. @name: for the error sentence. Returns 0, -EINVAL or -ENOMEM. */
int suppressions_read(FILE *f, const char *name, struct suppressions *ret, struct errbuf *err);
void suppressions_free(struct suppressions *s);
/* Returns the first suppression that matches, and marks all that match as used. */
const struct suppression *suppressions_match(struct suppressions *s,
					     const struct model_violation *v);

/* ---- verdict.c ---- */

/*
 * Subtracts the counters from before the command from the report's model, and fills in the findings
 * and the outcome. Returns 0 or -ENOMEM.
 */
int assert_judge(struct assert_report *r, const struct model *before);
/* The exit status, and the name in JSON. */
int assert_exit_status(const struct assert_report *r);
const char *assert_verdict_name(const struct assert_report *r);
/* "checked", "off" or "missing". */
const char *assert_rule_state(const struct assert_report *r, unsigned int rule);
/* Tells whether the rule has a violation that is not suppressed. */
bool assert_broken(const struct assert_report *r, unsigned int rule);
/* Tells whether a checked rule had something to judge. */
bool assert_exercised(const struct assert_report *r);
bool assert_command_failed(const struct assert_report *r);
/* Tells whether a suppression matched nothing although its rule was checked. */
bool assert_unused(const struct assert_report *r, const struct suppression *s);
/* The mapping of a violation; NULL: not known. */
const struct model_mapping *assert_mapping(const struct assert_report *r,
					   const struct model_violation *v);

/* ---- words.c: the rules in words ---- */

/* The requirement of a rule, in a few words and in a sentence or two. */
const char *rule_title(unsigned int rule);
const char *rule_help(unsigned int rule);
/* The operations that a rule judges, such as "atomic maps". */
const char *rule_judges(unsigned int rule);

/* ---- coverage.c ---- */

/* Writes "exit status 3" or "killed by signal 9 (Killed)". */
void assert_put_status(FILE *f, const struct assert_report *r);
/* Writes the day and the time in UTC, to the second, with @between between them. */
void assert_put_time(FILE *f, uint64_t unix_ns, char between);
void assert_put_device(FILE *f, const struct model_mapping *m);
/* Writes a line each about the command, maps, mappings, hooks, rules and accounting. */
void assert_put_coverage(FILE *f, const char *indent, const struct assert_report *r);

/* ---- print.c: a violation, and the outcome ---- */

/* Writes the call sites, mapping, task, time and stacks of a violation: a line each. */
void assert_put_details(FILE *f, const char *indent, const struct assert_report *r,
			const struct model_violation *v);
/* Writes the outcome without a newline. */
void assert_put_verdict(FILE *f, const struct assert_report *r);

/* The same as strings, which the caller frees; NULL: out of memory. */
char *assert_details(const struct assert_report *r, const struct model_violation *v);
char *assert_verdict(const struct assert_report *r);
char *assert_coverage(const struct assert_report *r);

/* ---- cases.c: the report as a list of tests; all pass only if the outcome is good ---- */

enum assert_case_state {
	ASSERT_PASSED,
	ASSERT_FAILED,
	ASSERT_SKIPPED, /* nothing to judge, or not checked */
	ASSERT_EXPECTED /* failed, but suppressed */
};

struct assert_case {
	const char *name;
	int rule; /* -1: no rule */
	enum assert_case_state state;
	char why[1536]; /* one line, not cleaned; empty if the case passed */
};

#define ASSERT_CASES_MAX (IOMAP_RULE_MAX + 3)

/* Returns the number of cases: one for each checked rule, then those of the run itself. */
size_t assert_cases(const struct assert_report *r, struct assert_case cases[ASSERT_CASES_MAX]);

/* ---- the formats; each returns 0 or -ENOMEM ---- */

int assert_text(const struct assert_report *r, FILE *f);
int assert_tap(const struct assert_report *r, FILE *f);
int assert_junit(const struct assert_report *r, FILE *f);
int assert_sarif(const struct assert_report *r, FILE *f);
int assert_github(const struct assert_report *r, FILE *f);
int assert_json(const struct assert_report *r, FILE *f);

/* A violation with its source lines, the coverage and the command as JSON, for JSON and SARIF. */
void assert_json_violation(struct jsonw *w, const char *key, const struct assert_report *r,
			   const struct model_violation *v);
void assert_json_coverage(struct jsonw *w, const char *key, const struct assert_report *r);
void assert_json_command(struct jsonw *w, const char *key, const struct assert_report *r);

/* ---- source.c: the source lines of a violation; NULL or false: not known ---- */

/* A place in the repository of the driver: a relative path, a line, and a column or 0. */
struct assert_site {
	const char *file;
	unsigned int line, column;
};

const struct source_lines *assert_caller_lines(const struct assert_report *r,
					       const struct model_violation *v);
const struct source_lines *assert_offender_lines(const struct assert_report *r,
						 const struct model_violation *v);
const struct source_lines *assert_frame_lines(const struct assert_report *r, const char *frame);

/* The line in the driver, behind the inlined functions of io_mapping. */
const struct source_line *assert_driver_line(const struct source_lines *l);

/* The map of a violation, and the offence: the innermost call in the repository. */
bool assert_map_site(const struct assert_report *r, const struct model_violation *v,
		     struct assert_site *ret);
bool assert_offence_site(const struct assert_report *r, const struct model_violation *v,
			 struct assert_site *ret);
/* The first of them that is known, else the fallback file. */
bool assert_site(const struct assert_report *r, const struct model_violation *v,
		 struct assert_site *ret);

/* Reads the text of a source line, without white space around it. Returns false if it cannot. */
bool assert_source_text(const char *file, unsigned int line, char *ret, size_t size);
/* Writes an object with the lines of the call sites and of the stacks. */
void assert_json_lines(struct jsonw *w, const char *key, const struct assert_report *r,
		       const struct model_violation *v);

/* ---- output.c: where the report goes ---- */

struct assert_output {
	const char *path; /* as given; NULL: standard output */
	const char *name; /* of the file in its folder */
	int folder;	  /* descriptor of the folder; -1: none */
	int fd;		  /* -1: a regular file, opened when the report is written */
};

/*
 * Prepares the output, so that an error shows before the command runs: a regular file is not
 * changed yet, a new one is not left behind. @path: NULL or /dev/stdout for standard output.
 * Returns 0 or a negative errno.
 */
int assert_output_open(struct assert_output *o, const char *path, struct errbuf *err);
/* Writes the report. A regular file keeps its mode and owner; after an error it is empty. */
int assert_output_write(struct assert_output *o, const char *data, size_t size, struct errbuf *err);
void assert_output_close(struct assert_output *o);

/* Tells whether standard output is known to be at the beginning of a line. */
bool assert_output_at_line(void);

/* ---- run.c ---- */

struct collector;

/*
 * Runs the command of the report until it ends, consumes the collector's events meanwhile, and
 * fills in the wait status and the times. Returns 0 or a negative errno.
 */
int assert_run(struct assert_report *r, struct collector *c, struct errbuf *err);

#endif
