// SPDX-License-Identifier: GPL-2.0-or-later
#include <errno.h>
#include <math.h>
#include <string.h>

#include "daemon/base/opts.h"

/* The options that a reader stores; it skips the others. */
enum part {
	ALL,
	LINE_ONLY,
	NOT_LINE_ONLY,
};

/* The tables in force and the words not read yet. */
struct reader {
	const struct prog *prog;
	enum part part;
	struct opts_pass pass;
	const struct cmd *cmd;
	char **next;
	char **words; /* of a command that mixes them with options, moved together */
	size_t n_words;
	void *config;
	struct errbuf *err;
};

static const struct opt *find_in(const struct opt *opts, size_t n, const char *name, size_t len,
				 char letter)
{
	for (size_t i = 0; i < n; i++) {
		if (name && opts[i].name && strlen(opts[i].name) == len &&
		    !strncmp(opts[i].name, name, len))
			return &opts[i];
		if (!name && letter && opts[i].letter == letter)
			return &opts[i];
	}
	return NULL;
}

/* The command's own options come before the program's. */
static const struct opt *find_opt(const struct reader *r, const char *name, size_t len, char letter)
{
	const struct opt *o = NULL;

	if (r->cmd)
		o = find_in(r->cmd->opts, r->cmd->n_opts, name, len, letter);
	return o ?: find_in(r->prog->opts, r->prog->n_opts, name, len, letter);
}

bool opt_takes_value(const struct opt *o)
{
	return !(o->flags & OPT_SWITCH) && o->type != OPT_FLAG && o->type != OPT_HELP &&
	       o->type != OPT_VERSION;
}

/* Appends the words of a list to a sentence: "a, b, c". */
static void list_choices(char *buf, size_t size, const char *const *choices)
{
	size_t n = 0;

	*buf = 0;
	for (; *choices && n < size; choices++)
		n += (size_t)snprintf(buf + n, size - n, "%s%s", n ? ", " : "", *choices);
}

static int store_number(const struct reader *r, const struct opt *o, const char *shown,
			const char *value)
{
	void *into = (char *)r->config + o->offset;
	char *end;
	double v;

	errno = 0;
	v = strtod(value, &end);
	if (end == value || *end || errno || !isfinite(v) || v < o->min || v > o->max ||
	    (o->type == OPT_COUNT && v != floor(v)))
		return set_error(r->err, -EINVAL, "%s takes %s from %g to %.15g, not '%s'", shown,
				 o->type == OPT_COUNT ? "a whole number" : "a number", o->min,
				 o->max, value);
	if (o->type == OPT_COUNT)
		*(unsigned long *)into = (unsigned long)v;
	else
		*(double *)into = v;
	return 0;
}

static int store_text(const struct reader *r, const struct opt *o, const char *shown,
		      const char *value)
{
	void *into = (char *)r->config + o->offset;
	struct opt_list *list = into;

	if (!*value)
		return set_error(r->err, -EINVAL, "%s takes a %s that is not empty", shown, o->arg);
	if (o->type == OPT_TEXT) {
		*(const char **)into = value;
		return 0;
	}
	if (list->n == OPT_LIST_MAX)
		return set_error(r->err, -EINVAL, "%s may be repeated %d times only", shown,
				 OPT_LIST_MAX);
	list->value[list->n++] = value;
	return 0;
}

static int store_set(struct opts_pass *pass, const struct opt *o, const char *shown,
		     const char *value, struct errbuf *err)
{
	uint32_t bit = (uint32_t)1 << (o - pass->prog->opts);
	int r = 0;

	if ((o->flags & OPT_REPEAT) && !(pass->seen & bit))
		r = o->set(pass->config, NULL);
	pass->seen |= bit;
	if (!r)
		r = o->set(pass->config, value);
	if (r == -EINVAL)
		return set_error(err, r, "%s takes %s, not '%s'", shown, o->takes, value);
	return r ? set_error(err, r, "out of memory") : 0;
}

static int store(struct reader *r, const struct opt *o, const char *shown, const char *value)
{
	void *into = (char *)r->config + o->offset;
	char choices[256];

	switch (o->type) {
	case OPT_TEXT:
	case OPT_LIST:
		return store_text(r, o, shown, value);
	case OPT_SET:
		return store_set(&r->pass, o, shown, value, r->err);
	case OPT_CHOICE:
		for (const char *const *c = o->choices; *c; c++) {
			if (strcasecmp(*c, value))
				continue;
			*(const char **)into = *c;
			return 0;
		}
		list_choices(choices, sizeof(choices), o->choices);
		return set_error(r->err, -EINVAL, "%s takes one of %s, not '%s'", shown, choices,
				 value);
	default:
		return store_number(r, o, shown, value);
	}
}

/* Takes one option. @value: the value, if it is in the same word. */
static int take_opt(struct reader *r, const struct opt *o, const char *shown, const char *value)
{
	bool skip = r->part != ALL && (r->part == LINE_ONLY) != !!(o->flags & OPT_LINE_ONLY);

	if (o->type == OPT_HELP)
		return OPTS_HELP;
	if (o->type == OPT_VERSION)
		return OPTS_VERSION;
	if (!opt_takes_value(o)) {
		if (value)
			return set_error(r->err, -EINVAL, "%s takes no value", shown);
		if (o->type == OPT_SET)
			return skip ? OPTS_RUN : store(r, o, shown, "yes");
		*(bool *)((char *)r->config + o->offset) = true;
		return OPTS_RUN;
	}
	if (!value) {
		value = *r->next;
		if (!value)
			return set_error(r->err, -EINVAL, "%s needs a %s", shown, o->arg);
		r->next++;
	}
	return skip ? OPTS_RUN : store(r, o, shown, value);
}

static int unknown_opt(const struct reader *r, const char *shown)
{
	return set_error(r->err, -EINVAL, "unknown option %s: see '%s%s%s --help'", shown,
			 r->prog->name, r->cmd ? " " : "", r->cmd ? r->cmd->name : "");
}

static int take_long(struct reader *r, const char *word)
{
	const char *name = word + 2, *eq = strchr(name, '=');
	size_t len = eq ? (size_t)(eq - name) : strlen(name);
	const struct opt *o = find_opt(r, name, len, 0);
	char shown[64];

	snprintf(shown, sizeof(shown), "--%.*s", (int)len, name);
	return o ? take_opt(r, o, shown, eq ? eq + 1 : NULL) : unknown_opt(r, shown);
}

/* Letters in one word, up to the first that takes a value: -b, -bn3, -n 3. */
static int take_letters(struct reader *r, const char *word)
{
	for (const char *p = word + 1; *p; p++) {
		const struct opt *o = find_opt(r, NULL, 0, *p);
		char shown[] = { '-', *p, 0 };
		int ret;

		if (!o)
			return unknown_opt(r, shown);
		if (opt_takes_value(o))
			return take_opt(r, o, shown, p[1] ? p + 1 : NULL);
		ret = take_opt(r, o, shown, NULL);
		if (ret)
			return ret;
	}
	return OPTS_RUN;
}

/* Finds a command by its name or a unique prefix. */
static int take_cmd(struct reader *r, const char *word)
{
	const struct cmd *found = NULL;
	char names[256] = "";
	size_t n = 0, len = strlen(word), fit = 0;

	for (size_t i = 0; i < r->prog->n_cmds; i++) {
		const struct cmd *c = &r->prog->cmds[i];

		if (!strcmp(c->name, word)) {
			r->cmd = c;
			return OPTS_RUN;
		}
		if (!len || strncmp(c->name, word, len))
			continue;
		found = c;
		fit++;
		n += (size_t)snprintf(names + n, n < sizeof(names) ? sizeof(names) - n : 0, "%s%s",
				      n ? " or " : "", c->name);
	}
	if (fit > 1)
		return set_error(r->err, -EINVAL, "'%s' is ambiguous: %s", word, names);
	if (!fit)
		return set_error(r->err, -EINVAL, "unknown command '%s': see '%s --help'", word,
				 r->prog->name);
	r->cmd = found;
	return OPTS_RUN;
}

/* Takes the last word read and all that follow: the command line of another program. */
static void take_words(struct reader *r)
{
	*(char ***)((char *)r->config + r->cmd->words_offset) = r->next - 1;
	while (*r->next)
		r->next++;
}

/* Takes the last word read. The places of the words before it were read, so they can be reused. */
static void take_word(struct reader *r)
{
	char ***into = (char ***)((char *)r->config + r->cmd->words_offset);

	if (!r->n_words)
		r->words = r->next - 1;
	r->words[r->n_words++] = r->next[-1];
	*into = r->words;
}

static int read_words(struct reader *r, const struct cmd **ret_cmd)
{
	const struct prog *prog = r->prog;
	bool only_words = false;
	int ret = OPTS_RUN;

	while (*r->next && ret == OPTS_RUN) {
		const char *word = *r->next++;

		if (!only_words && !strcmp(word, "--"))
			only_words = true;
		else if (!only_words && !strncmp(word, "--", 2))
			ret = take_long(r, word);
		else if (!only_words && word[0] == '-' && word[1])
			ret = take_letters(r, word);
		else if (prog->cmds && !r->cmd)
			ret = take_cmd(r, word);
		else if (r->cmd && r->cmd->words_mixed)
			take_word(r);
		else if (r->cmd && r->cmd->words)
			take_words(r);
		else
			return set_error(r->err, -EINVAL,
					 "unexpected argument '%s': see '%s%s%s --help'", word,
					 prog->name, r->cmd ? " " : "", r->cmd ? r->cmd->name : "");
	}
	if (r->n_words)
		r->words[r->n_words] = NULL;
	if (ret == OPTS_RUN && prog->cmds && !r->cmd)
		return set_error(r->err, -EINVAL, "no command given: see '%s --help'", prog->name);
	if (ret >= 0)
		*ret_cmd = r->cmd;
	return ret;
}

int opts_parse(const struct prog *prog, int argc, char **argv, void *config,
	       const struct cmd **ret_cmd, struct errbuf *err)
{
	struct reader r = { .prog = prog,
			    .pass = { .prog = prog, .config = config },
			    .next = argv + (argc > 0),
			    .config = config,
			    .err = err };

	return read_words(&r, ret_cmd);
}

int opts_parse_some(const struct prog *prog, int argc, char **argv, bool line_only, void *config,
		    struct errbuf *err)
{
	struct reader r = { .prog = prog,
			    .part = line_only ? LINE_ONLY : NOT_LINE_ONLY,
			    .pass = { .prog = prog, .config = config },
			    .next = argv + (argc > 0),
			    .config = config,
			    .err = err };
	const struct cmd *cmd;

	return read_words(&r, &cmd);
}

int opts_set(struct opts_pass *pass, const char *name, const char *value, struct errbuf *err)
{
	const struct opt *o = find_in(pass->prog->opts, pass->prog->n_opts, name, strlen(name), 0);

	if (!o)
		return set_error(err, -EINVAL, "unknown setting '%s'", name);
	if (o->type != OPT_SET || o->flags & OPT_LINE_ONLY)
		return set_error(err, -EINVAL, "%s is allowed on the command line only", name);
	return store_set(pass, o, name, value, err);
}

/* Prints the lines of a help text, all but the first one indented. */
static void help_lines(const char *help, FILE *f)
{
	const char *end;

	for (; (end = strchr(help, '\n')); help = end + 1)
		fprintf(f, "%.*s\n%*s", (int)(end - help), help, 28, "");
	fprintf(f, "%s\n", help);
}

static void help_opts(const struct opt *opts, size_t n, FILE *f)
{
	for (size_t i = 0; i < n; i++) {
		const struct opt *o = &opts[i];
		char left[64], letter[] = { '-', o->letter, 0 };

		snprintf(left, sizeof(left), "%s%s%s%s%s%s", o->letter ? letter : "  ",
			 o->letter && o->name ? ", "
			 : o->name	      ? "  "
					      : "",
			 o->name ? "--" : "", o->name ?: "", o->arg ? " " : "", o->arg ?: "");
		fprintf(f, "  %-24s  ", left);
		help_lines(o->help, f);
	}
}

void opts_help(const struct prog *prog, const struct cmd *cmd, FILE *f)
{
	if (cmd) {
		fprintf(f, "Usage: %s %s [OPTION]...%s%s\n%s\n", prog->name, cmd->name,
			cmd->words_mixed ? " "
			: cmd->words	 ? " -- "
					 : "",
			cmd->words ?: "", cmd->help);
		if (cmd->n_opts) {
			fputs("\nOptions of this command:\n", f);
			help_opts(cmd->opts, cmd->n_opts, f);
		}
	} else {
		fprintf(f, "Usage: %s [OPTION]...%s\n%s\n", prog->name,
			prog->cmds ? " COMMAND [OPTION]..." : "", prog->help);
		if (prog->cmds)
			fputs("\nCommands:\n", f);
		for (size_t i = 0; i < prog->n_cmds; i++)
			fprintf(f, "  %-24s  %s\n", prog->cmds[i].name, prog->cmds[i].help);
	}
	fputs("\nOptions:\n", f);
	help_opts(prog->opts, prog->n_opts, f);
	if (prog->notes)
		fprintf(f, "\n%s", prog->notes);
}
