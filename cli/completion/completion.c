// SPDX-License-Identifier: GPL-2.0-or-later
/*
 * Prints the completion of a program for bash or zsh: of the one whose tables it is linked with, or
 * of one whose --help it reads from standard input.
 */
#include <errno.h>
#include <stdlib.h>
#include <string.h>

#include "cli/completion/completion.h"

#define OPTS_MAX 64

/* By the table of choices, else by what the value is called. */
void value_of(const struct opt *o, struct value *v)
{
	*v = (struct value){ .takes_one = o->arg };
	if (!o->arg)
		return;
	for (size_t i = 0; o->choices && o->choices[i] && i < VALUE_WORDS - 1; i++)
		v->words[i] = o->choices[i];
	v->file = !strcmp(o->arg, "PATH") || !strcmp(o->arg, "FILE");
	v->column = !strcmp(o->arg, "COLUMN");
	if (completion_source.value)
		completion_source.value(o, v);
}

static char *read_text(char *text)
{
	text += strspn(text, " ");
	text[strcspn(text, "\n")] = 0;
	return text;
}

/* A line of --help that tells of an option: "  -f, --follow ARG  text". False for another. */
static bool read_option(char *line, struct opt *o)
{
	char *word, *save = NULL, *text;

	if (strncmp(line, "  -", 3) && strncmp(line, "      --", 8))
		return false;
	text = strstr(line + strspn(line, " "), "  ");
	if (text)
		*text++ = 0;
	*o = (struct opt){ .type = OPT_FLAG, .help = strdup(text ? read_text(text) : "") };
	for (word = strtok_r(line, " ,\n", &save); word; word = strtok_r(NULL, " ,\n", &save)) {
		if (!strncmp(word, "--", 2)) {
			o->name = strdup(word + 2);
		} else if (word[0] == '-') {
			o->letter = word[1];
		} else {
			o->arg = strdup(word);
			o->type = OPT_LIST;
		}
	}
	if (o->name)
		return true;
	free((char *)o->help);
	free((char *)o->arg);
	return false;
}

/* A line that goes on with the text of the option above it. */
static void read_more(char *line, struct opt *o)
{
	char *help;

	if (strncmp(line, "        ", 8) || asprintf(&help, "%s %s", o->help, read_text(line)) < 0)
		return;
	free((char *)o->help);
	o->help = help;
}

/* The program ends soon: what is kept here is not freed. */
static int read_help(const char *name, FILE *f, struct prog *prog)
{
	static struct opt opts[OPTS_MAX];
	char line[512];

	*prog = (struct prog){ .name = name, .opts = opts };
	while (fgets(line, sizeof(line), f)) {
		if (prog->n_opts == OPTS_MAX)
			return -E2BIG;
		if (read_option(line, &opts[prog->n_opts]))
			prog->n_opts++;
		else if (prog->n_opts)
			read_more(line, &opts[prog->n_opts - 1]);
	}
	return prog->n_opts ? 0 : -EINVAL;
}

int main(int argc, char **argv)
{
	struct prog prog;
	int err = 0;

	if (argc != 3 || (strcmp(argv[1], "bash") && strcmp(argv[1], "zsh"))) {
		fputs("Usage: completion bash|zsh iomapctl|iomaptop|iomapd <HELP-OF-IOMAPD\n",
		      stderr);
		return EXIT_USAGE;
	}
	prog = *completion_source.prog;
	if (strcmp(argv[2], prog.name))
		err = read_help(argv[2], stdin, &prog);
	if (err) {
		fprintf(stderr, "completion: no options in the help of %s\n", argv[2]);
		return EXIT_CANNOT;
	}
	if (!strcmp(argv[1], "bash"))
		completion_bash(&prog, stdout);
	else
		completion_zsh(&prog, stdout);
	return fflush(stdout) || ferror(stdout) ? EXIT_CANNOT : EXIT_GOOD;
}
