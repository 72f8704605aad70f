// SPDX-License-Identifier: GPL-2.0-or-later
/* The tables of iomaptop. */
#include "cli/completion/completion.h"
#include "cli/top/iomaptop.h"
#include "cli/top/view.h"

static void columns(size_t view, const char *words[VALUE_WORDS])
{
	size_t n = 0;

	for (; n < views[view]->n_cols && n < VALUE_WORDS - 1; n++)
		words[n] = views[view]->cols[n].name;
	words[n] = NULL;
}

const struct completion_source completion_source = {
	.prog = &iomaptop_prog,
	.views = view_names,
	.columns = columns,
};
