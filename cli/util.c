// SPDX-License-Identifier: GPL-2.0-or-later
#include <stdarg.h>

#include "cli/util.h"

int err_set(struct err *err, int code, const char *fmt, ...)
{
	va_list ap;

	va_start(ap, fmt);
	vsnprintf(err->text, sizeof(err->text), fmt, ap);
	va_end(ap);
	return code;
}
