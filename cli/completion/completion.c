// SPDX-License-Identifier: GPL-2.0-or-later
/* The generator: prints the completion of a program for bash or zsh. */
#include <string.h>

#include "cli/completion/completion.h"
#include "cli/ctl/iomapctl.h"
#include "cli/top/iomaptop.h"
#include "cli/top/view.h"
#include "daemon/options.h"

void value_of(const struct opt *o, struct value *v)
{
	const char *word;

	*v = (struct value){ .takes_one = opt_takes_value(o) };
	if (!v->takes_one)
		return;
	for (size_t i = 0; o->choices && o->choices[i] && i < VALUE_WORDS - 1; i++)
		v->words[i] = o->choices[i];
	for (size_t i = 0; o->words && (word = o->words(i)) && i < VALUE_WORDS - 1; i++)
		v->words[i] = word;
	v->file = !strcmp(o->arg, "PATH") || !strcmp(o->arg, "FILE");
	v->column = !strcmp(o->arg, "COLUMN");
}

static void columns(size_t view, const char *words[VALUE_WORDS])
{
	size_t n = 0;

	for (; n < views[view]->n_cols && n < VALUE_WORDS - 1; n++)
		words[n] = views[view]->cols[n].name;
	words[n] = NULL;
}

int main(int argc, char **argv)
{
	static const struct completion programs[] = {
		{ .prog = &iomapctl_prog },
		{ .prog = &iomaptop_prog, .views = view_names, .columns = columns },
		{ .prog = &iomapd_prog },
	};
	const struct completion *c = NULL;

	for (size_t i = 0; argc == 3 && i < ARRAY_SIZE(programs); i++) {
		if (!strcmp(argv[2], programs[i].prog->name))
			c = &programs[i];
	}
	if (c && !strcmp(argv[1], "bash")) {
		completion_bash(c, stdout);
	} else if (c && !strcmp(argv[1], "zsh")) {
		completion_zsh(c, stdout);
	} else {
		fputs("Usage: completion bash|zsh iomapctl|iomaptop|iomapd\n", stderr);
		return EXIT_USAGE;
	}
	return fflush(stdout) || ferror(stdout) ? EXIT_CANNOT : EXIT_GOOD;
}
