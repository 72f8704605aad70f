// SPDX-License-Identifier: GPL-2.0-or-later
#include <string.h>

#include "cli/completion/completion.h"

/* Prints text within single quotes, with a backslash before each character of @special. */
static void text(const char *s, const char *special, FILE *f)
{
	for (; *s; s++) {
		if (*s == '\n')
			fputc(' ', f);
		else if (*s == '\'')
			fputs("'\\'", f);
		else if (strchr(special, *s))
			fputc('\\', f);
		if (*s != '\n')
			fputc(*s, f);
	}
}

static void value(const struct opt *o, FILE *f)
{
	struct value v;

	value_of(o, &v);
	if (!v.takes_one)
		return;
	fprintf(f, ":%s:", o->arg);
	if (v.file)
		fputs("_files", f);
	else if (v.column)
		fputs("_iomaptop_columns", f);
	else if (v.words[0])
		fputc('(', f);
	for (size_t i = 0; v.words[i]; i++)
		fprintf(f, "%s%s", i ? " " : "", v.words[i]);
	if (v.words[0])
		fputc(')', f);
}

/* Prints the options as words for _arguments, one per line. */
static void options(const struct opt *opts, size_t n, const char *indent, FILE *f)
{
	for (size_t i = 0; i < n; i++) {
		const struct opt *o = &opts[i];
		const char *eq = o->arg ? "=" : "";

		fputs(indent, f);
		if (o->type == OPT_LIST || o->flags & OPT_REPEAT)
			fputs("'*'", f);
		else if (o->letter && o->name)
			fprintf(f, "'(-%c --%s)'", o->letter, o->name);
		if (o->letter && o->name)
			fprintf(f, "{-%c,--%s%s}'[", o->letter, o->name, eq);
		else if (o->name)
			fprintf(f, "--%s%s'[", o->name, eq);
		else
			fprintf(f, "-%c'[", o->letter);
		text(o->help, "[]:\\", f);
		fputc(']', f);
		value(o, f);
		fputs("' \\\n", f);
	}
}

static void columns(const struct completion *c, FILE *f)
{
	const char *names[VALUE_WORDS];

	fputs("_iomaptop_columns() {\n"
	      "\tcase ${opt_args[--view]:-${opt_args[-v]}} in\n",
	      f);
	for (size_t i = 0; c->views[i]; i++) {
		c->columns(i, names);
		fprintf(f, "\t%s%s) compadd -M 'm:{a-z}={A-Z}' --", c->views[i], i ? "" : " | ''");
		for (size_t k = 0; names[k]; k++)
			fprintf(f, " '%s'", names[k]);
		fputs(" ;;\n", f);
	}
	fputs("\tesac\n"
	      "}\n\n",
	      f);
}

static void command(const struct prog *prog, const struct cmd *c, FILE *f)
{
	/* -S: options end at -- */
	fprintf(f, "\t\t%s)\n\t\t\t_arguments -s -S \\\n", c->name);
	options(prog->opts, prog->n_opts, "\t\t\t\t", f);
	options(c->opts, c->n_opts, "\t\t\t\t", f);
	if (c->words_mixed)
		fputs("\t\t\t\t'*:file:_files' \\\n", f);
	else if (c->words)
		fputs("\t\t\t\t'(-)1:command: _command_names -e' '*::argument: _normal' \\\n", f);
	fputs("\t\t\t\t&& ret=0\n\t\t\t;;\n", f);
}

static void commands(const struct prog *prog, FILE *f)
{
	fputs("\tcmds=(\n", f);
	for (size_t i = 0; i < prog->n_cmds; i++) {
		fprintf(f, "\t\t'%s:", prog->cmds[i].name);
		text(prog->cmds[i].help, ":\\", f);
		fputs("'\n", f);
	}
	fputs("\t)\n"
	      "\t_arguments -s -C \\\n",
	      f);
	options(prog->opts, prog->n_opts, "\t\t", f);
	fputs("\t\t'1:command:->command' '*::argument:->argument' && ret=0\n"
	      "\tcase $state in\n"
	      "\tcommand) _describe -t commands command cmds && ret=0 ;;\n"
	      "\targument)\n"
	      "\t\t# a command may be shortened\n"
	      "\t\tmatches=(${(M)${cmds%%:*}:#${words[1]}*})\n"
	      "\t\tcase ${matches[1]} in\n",
	      f);
	for (size_t i = 0; i < prog->n_cmds; i++)
		command(prog, &prog->cmds[i], f);
	fputs("\t\tesac\n"
	      "\t\t;;\n"
	      "\tesac\n",
	      f);
}

void completion_zsh(const struct completion *c, FILE *f)
{
	const struct prog *prog = c->prog;

	fprintf(f,
		"#compdef %s\n"
		"# zsh completion of %s; made from the tables of its options\n\n",
		prog->name, prog->name);
	for (size_t i = 0; i < prog->n_opts; i++) {
		struct value v;

		value_of(&prog->opts[i], &v);
		if (v.column)
			columns(c, f);
	}
	fprintf(f,
		"_%s() {\n"
		"\tlocal curcontext=$curcontext state state_descr line ret=1\n"
		"\tlocal -a cmds matches\n"
		"\ttypeset -A opt_args\n\n",
		prog->name);
	if (prog->n_cmds) {
		commands(prog, f);
	} else {
		fputs("\t_arguments -s \\\n", f);
		options(prog->opts, prog->n_opts, "\t\t", f);
		fputs("\t\t&& ret=0\n", f);
	}
	fprintf(f,
		"\treturn ret\n"
		"}\n\n"
		"_%s \"$@\"\n",
		prog->name);
}
