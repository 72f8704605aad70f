// SPDX-License-Identifier: GPL-2.0-or-later
#include "daemon/base/util.h"

#include <stdarg.h>

#include "daemon/base/utf8.h"

int set_error(struct errbuf *e, int err, const char *fmt, ...)
{
	va_list ap;

	if (e) {
		va_start(ap, fmt);
		vsnprintf(e->text, sizeof(e->text), fmt, ap);
		va_end(ap);
		utf8_clean(e->text);
	}
	return err;
}
