// SPDX-License-Identifier: GPL-2.0-or-later
#include "cli/completion/completion.h"

static void words(const char *const *w, FILE *f)
{
	for (size_t i = 0; w[i]; i++)
		fprintf(f, "%s%s", i ? " " : "", w[i]);
}

static void option_names(const struct opt *opts, size_t n, FILE *f)
{
	for (size_t i = 0; i < n; i++) {
		if (opts[i].name)
			fprintf(f, " --%s", opts[i].name);
		else
			fprintf(f, " -%c", opts[i].letter);
	}
}

/* Prints the names of an option as a pattern of case, each with @before in front. */
static void pattern(const struct opt *o, const char *before, FILE *f)
{
	if (o->letter)
		fprintf(f, "%s-%c%s", before, o->letter, o->name ? " | " : "");
	if (o->name)
		fprintf(f, "%s--%s", before, o->name);
}

/* Prints the options with a value, for the loop that finds the command. */
static void value_patterns(const struct opt *opts, size_t n, const char **sep, FILE *f)
{
	struct value v;

	for (size_t i = 0; i < n; i++) {
		value_of(&opts[i], &v);
		if (!v.takes_one)
			continue;
		fputs(*sep, f);
		pattern(&opts[i], "", f);
		*sep = " | ";
	}
}

static void columns(const struct completion *c, FILE *f)
{
	const char *names[VALUE_WORDS];

	fputs("\t\tcase $view in\n", f);
	for (size_t i = 0; c->views[i]; i++) {
		c->columns(i, names);
		fprintf(f, "\t\t%s%s) words=\"", c->views[i], i ? "" : " | ''");
		words(names, f);
		fputs("\" ;;\n", f);
	}
	fputs("\t\tesac\n", f);
}

/* Prints the words for the value of each option. @cmd: NULL for options of the program. */
static void values(const struct completion *c, const struct opt *opts, size_t n, const char *cmd,
		   FILE *f)
{
	char before[64];
	struct value v;

	for (size_t i = 0; i < n; i++) {
		value_of(&opts[i], &v);
		if (!v.takes_one)
			continue;
		snprintf(before, sizeof(before), cmd ? "\"%s \"" : "*\" \"", cmd);
		fputc('\t', f);
		pattern(&opts[i], before, f);
		fputs(")\n", f);
		if (v.column) {
			columns(c, f);
		} else if (v.file) {
			fputs("\t\tcompopt -o filenames 2>/dev/null\n"
			      "\t\tmapfile -t COMPREPLY < <(compgen -f -- \"$cur\")\n"
			      "\t\treturn\n",
			      f);
		} else {
			fputs("\t\twords=\"", f);
			words(v.words, f);
			fputs("\"\n", f);
		}
		fputs("\t\t;;\n", f);
	}
}

/* Prints the loop that finds the command and the begin of its arguments. */
static void find_command(const struct completion *c, FILE *f)
{
	const struct prog *prog = c->prog;
	const char *sep = "";

	fputs("\twhile [ $i -lt \"$COMP_CWORD\" ]; do\n"
	      "\t\tword=${COMP_WORDS[i]}\n"
	      "\t\tcase $word in\n"
	      "\t\t",
	      f);
	value_patterns(prog->opts, prog->n_opts, &sep, f);
	for (size_t i = 0; i < prog->n_cmds; i++)
		value_patterns(prog->cmds[i].opts, prog->cmds[i].n_opts, &sep, f);
	fputs(")\n"
	      "\t\t\t[ \"${COMP_WORDS[i + 1]}\" != = ] || i=$((i + 1))\n"
	      "\t\t\ti=$((i + 1))\n",
	      f);
	if (c->columns)
		fputs("\t\t\tcase $word in -v | --view) view=${COMP_WORDS[i]} ;; esac\n", f);
	fputs("\t\t\t;;\n"
	      "\t\t--) rest=$((i + 1)); break ;;\n"
	      "\t\t-*) ;;\n"
	      "\t\t*)\n"
	      "\t\t\tif [ \"$cmd\" ]; then\n"
	      "\t\t\t\trest=$i\n"
	      "\t\t\t\tbreak\n"
	      "\t\t\tfi\n"
	      "\t\t\tcmd=$word\n"
	      "\t\t\t;;\n"
	      "\t\tesac\n"
	      "\t\ti=$((i + 1))\n"
	      "\tdone\n",
	      f);
	if (!prog->n_cmds)
		return;
	fputs("\t# a command may be shortened\n"
	      "\tif [ \"$cmd\" ]; then\n"
	      "\t\tmapfile -t found < <(compgen -W \"$cmds\" -- \"$cmd\")\n"
	      "\t\t[ ${#found[@]} != 1 ] || cmd=${found[0]}\n"
	      "\tfi\n",
	      f);
}

/* Prints the completion of files that options may stand among, such as those of diff. */
static void files_of(const struct cmd *c, FILE *f)
{
	fprintf(f,
		"\tif [ \"$cmd\" = %s ]; then\n"
		"\t\tif [ \"${cur#-}\" = \"$cur\" ]; then\n"
		"\t\t\tcompopt -o filenames 2>/dev/null\n"
		"\t\t\tmapfile -t COMPREPLY < <(compgen -f -- \"$cur\")\n"
		"\t\t\treturn\n"
		"\t\tfi\n"
		"\t\trest=''\n"
		"\tfi\n",
		c->name);
}

/* Prints the completion of a command line within the command line, such as that of assert. */
static void rest_of(const struct prog *prog, FILE *f)
{
	for (size_t i = 0; i < prog->n_cmds; i++) {
		if (prog->cmds[i].words_mixed)
			files_of(&prog->cmds[i], f);
		if (!prog->cmds[i].words || prog->cmds[i].words_mixed)
			continue;
		fprintf(f,
			"\tif [ \"$rest\" ] && [ \"$cmd\" = %s ]; then\n"
			"\t\tif declare -F _command_offset >/dev/null; then\n"
			"\t\t\t_command_offset \"$rest\"\n"
			"\t\telif [ \"$rest\" = \"$COMP_CWORD\" ]; then\n"
			"\t\t\tmapfile -t COMPREPLY < <(compgen -c -f -- \"$cur\" | sort -u)\n"
			"\t\telse\n"
			"\t\t\tcompopt -o filenames 2>/dev/null\n"
			"\t\t\tmapfile -t COMPREPLY < <(compgen -f -- \"$cur\")\n"
			"\t\tfi\n"
			"\tfi\n",
			prog->cmds[i].name);
	}
	fputs("\t[ -z \"$rest\" ] || return\n", f);
}

void completion_bash(const struct completion *c, FILE *f)
{
	const struct prog *prog = c->prog;

	fprintf(f,
		"# bash completion of %s; made from the tables of its options\n"
		"_%s()\n"
		"{\n"
		"\tlocal cur=${COMP_WORDS[COMP_CWORD]} prev=${COMP_WORDS[COMP_CWORD - 1]}\n"
		"\tlocal i=1 word cmd='' rest='' words=''",
		prog->name, prog->name);
	if (c->columns)
		fputs(" view=''", f);
	for (size_t i = 0; i < prog->n_cmds; i++)
		fprintf(f, "%s%s", i ? " " : " found=() cmds='", prog->cmds[i].name);
	if (prog->n_cmds)
		fputc('\'', f);
	fputs("\n\n"
	      "\tCOMPREPLY=()\n"
	      "\t# --option=value comes as three words\n"
	      "\tif [ \"$cur\" = = ]; then\n"
	      "\t\tcur=''\n"
	      "\telif [ \"$prev\" = = ]; then\n"
	      "\t\tprev=${COMP_WORDS[COMP_CWORD - 2]}\n"
	      "\tfi\n",
	      f);
	find_command(c, f);
	rest_of(prog, f);
	fputs("\tcase \"$cmd $prev\" in\n", f);
	for (size_t i = 0; i < prog->n_cmds; i++)
		values(c, prog->cmds[i].opts, prog->cmds[i].n_opts, prog->cmds[i].name, f);
	values(c, prog->opts, prog->n_opts, NULL, f);
	fputs("\t*)\n", f);
	if (prog->n_cmds)
		fputs("\t\t[ \"$cmd\" ] || [ \"${cur#-}\" != \"$cur\" ] || words=$cmds\n", f);
	fputs("\t\tif [ -z \"$words\" ]; then\n"
	      "\t\t\twords='",
	      f);
	option_names(prog->opts, prog->n_opts, f);
	fputs("'\n"
	      "\t\t\tcase $cmd in\n",
	      f);
	for (size_t i = 0; i < prog->n_cmds; i++) {
		if (!prog->cmds[i].n_opts)
			continue;
		fprintf(f, "\t\t\t%s) words+='", prog->cmds[i].name);
		option_names(prog->cmds[i].opts, prog->cmds[i].n_opts, f);
		fputs("' ;;\n", f);
	}
	fprintf(f,
		"\t\t\tesac\n"
		"\t\tfi\n"
		"\t\t;;\n"
		"\tesac\n"
		"\tmapfile -t COMPREPLY < <(compgen -W \"$words\" -- \"$cur\")\n"
		"}\n"
		"complete -F _%s %s\n",
		prog->name, prog->name);
}
