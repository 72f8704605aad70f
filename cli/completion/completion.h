/* SPDX-License-Identifier: GPL-2.0-or-later */
/* Writes the completion of a program for bash or zsh, from the tables of its options. */
#ifndef IOMAP_CLI_COMPLETION_COMPLETION_H
#define IOMAP_CLI_COMPLETION_COMPLETION_H

#include "daemon/base/opts.h"

#define VALUE_WORDS 64

/* The possible values of an option. */
struct value {
	bool takes_one;			/* false: the option takes no value */
	bool file;			/* the name of a file */
	bool column;			/* one of the columns of a view of iomaptop */
	const char *words[VALUE_WORDS]; /* NULL-terminated; empty: anything */
};

struct completion {
	const struct prog *prog;
	const char *const *views; /* whose columns can be sorted by, NULL-terminated; NULL: none */
	void (*columns)(size_t view, const char *words[VALUE_WORDS]);
};

void value_of(const struct opt *o, struct value *v);

void completion_bash(const struct completion *c, FILE *f);
void completion_zsh(const struct completion *c, FILE *f);

#endif
