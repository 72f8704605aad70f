/* SPDX-License-Identifier: GPL-2.0-or-later */
/* Text of any origin in HTML and SVG. */
#ifndef IOMAP_CLI_REPORT_HTML_H
#define IOMAP_CLI_REPORT_HTML_H

#include <stdio.h>

#include "daemon/base/util.h"

/* Writes the text so that it is text, in elements and in quoted attributes. NULL: "-". */
void html_text(FILE *f, const char *s);
/* The same for formatted text. */
check_printf(2, 3) void html_textf(FILE *f, const char *fmt, ...);

#endif
