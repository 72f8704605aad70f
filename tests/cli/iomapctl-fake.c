// SPDX-License-Identifier: GPL-2.0-or-later
/*
 * A fake collector for iomapctl that loads nothing: its figures are those of the fake run FAKE_RUN.
 * It prints its options to standard error.
 */
#include <errno.h>
#include <inttypes.h>
#include <string.h>
#include <sys/eventfd.h>

#include "daemon/collector/collector.h"
#include "tests/lib/assert-fixture.h"

struct collector {
	int event_fd;
	bool began;
};

int collector_new(const struct collector_options *opts, struct collector **ret, struct errbuf *e)
{
	struct collector *c = calloc(1, sizeof(*c));

	if (!c)
		return set_error(e, -ENOMEM, "out of memory");
	c->event_fd = eventfd(0, EFD_CLOEXEC | EFD_NONBLOCK);
	fprintf(stderr, "collector: rules_off %#x max_hold_ns %" PRIu64 " map_stacks %d\n",
		opts->rules_off, opts->max_hold_ns, opts->map_stacks);
	*ret = c;
	return 0;
}

struct collector *collector_free(struct collector *c)
{
	if (c)
		close(c->event_fd);
	free(c);
	return NULL;
}

int collector_sample(struct collector *c, struct model *m)
{
	const char *name = getenv("FAKE_RUN");
	struct assert_report r;
	struct model before;

	if (c->began) {
		if (!name || !fixture_fill(name, &r, &before))
			return -ENODATA;
		*m = r.model;
		suppressions_free(&r.suppressions);
	}
	c->began = true;
	return 0;
}

int collector_event_fd(const struct collector *c)
{
	return c->event_fd;
}

int collector_consume(struct collector *c, struct history *h)
{
	(void)c;
	(void)h;
	return 0;
}
