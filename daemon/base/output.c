// SPDX-License-Identifier: GPL-2.0-or-later
#include <poll.h>
#include <stdio_ext.h>
#include <string.h>

#include "daemon/base/output.h"

static int cannot(int error, struct errbuf *err)
{
	return set_error(err, -error, "cannot write the output: %s", strerror(error));
}

/* The errno of an earlier write, which stdio does not save. */
static int earlier_error(void)
{
	struct pollfd out = { .fd = STDOUT_FILENO };

	return poll(&out, 1, 0) > 0 && out.revents & POLLERR ? EPIPE : EIO;
}

int output_flush(struct errbuf *err)
{
	int error = fflush(stdout) ? errno : 0;

	if (!error && ferror(stdout))
		error = earlier_error();
	if (!error)
		return 0;
	/* Report this once: the next flush begins without an error. */
	__fpurge(stdout);
	clearerr(stdout);
	return cannot(error, err);
}

int output_finish(int status, struct errbuf *err)
{
	int r = output_flush(err);

	/* Some file systems report a full disk only now. */
	if (fclose(stdout) && !r)
		r = cannot(errno, err);
	if (!r || r == -EPIPE)
		err->text[0] = '\0';
	return status || !r ? status : EXIT_CANNOT;
}
