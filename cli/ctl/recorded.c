// SPDX-License-Identifier: GPL-2.0-or-later
/* The source of figures of the commands: a recording, as --recording and --at name it. */
#include <errno.h>

#include "cli/ctl/iomapctl.h"
#include "cli/json.h"
#include "cli/recording/text.h"
#include "daemon/base/utf8.h"

int ctl_replay_open(const struct ctl_config *cfg, struct replay **ret, uint64_t *ret_at_ns)
{
	struct replay *r = NULL;
	struct errbuf err = {};
	int e = replay_open(cfg->recording, &r, &err);

	if (e)
		return ctl_fail(e, &err);
	*ret_at_ns = UINT64_MAX;
	if (cfg->at && when_from_text(cfg->at, replay_from_ns(r), replay_to_ns(r), ret_at_ns)) {
		replay_close(r);
		utf8_line(stderr,
			  "iomapctl: --at takes a time such as 12:30:05, +90s after the start, "
			  "-10s before the end or 2026-11-28T12:30:05, not '%s'",
			  cfg->at);
		return EXIT_USAGE;
	}
	/* The second of the first record is the start: its first snapshot is a little later. */
	if (cfg->at && *ret_at_ns / NSEC_PER_SEC == replay_from_ns(r) / NSEC_PER_SEC &&
	    *ret_at_ns < replay_from_ns(r) + NSEC_PER_SEC)
		*ret_at_ns = replay_from_ns(r) + NSEC_PER_SEC;
	*ret = r;
	return 0;
}

int ctl_check_source(const struct ctl_config *cfg)
{
	const char *sentence = NULL;

	if (cfg->at && !cfg->recording)
		sentence = "--at needs a --recording";
	else if (cfg->recording && cfg->socket)
		sentence = "--recording does not go with --socket";
	else if (cfg->recording && cfg->follow)
		sentence = "--recording does not go with --follow";
	if (!sentence)
		return 0;
	fprintf(stderr, "iomapctl: %s\n", sentence);
	return EXIT_USAGE;
}

bool ctl_print_losses(const struct replay *r)
{
	struct errbuf err;

	if (!replay_losses(r, &err))
		return false;
	fprintf(stderr, "iomapctl: %s\n", err.text);
	return true;
}

/* Says to people what they see. */
static void print_when(const struct replay *r, uint64_t time_ns)
{
	const json_t *start = replay_start(r);
	char when[REPLAY_TIME_MAX];

	utf8_line(stdout, "Recorded at %s on %s, kernel %s", replay_time_text(when, time_ns),
		  rec_text(start, "host", "?"),
		  rec_text(json_object_get(start, "kernel"), "release", "?"));
	putchar('\n');
}

int ctl_call_recorded(const struct ctl_config *cfg, const char *method, const json_t *params,
		      json_t **ret, uint64_t *ret_ns)
{
	struct errbuf err = {};
	struct replay *r = NULL;
	uint64_t at_ns;
	int e;

	e = ctl_replay_open(cfg, &r, &at_ns);
	if (e)
		return e;
	e = replay_call(r, at_ns, method, params, ret, ret_ns, &err);
	if (!e && !cfg->json)
		print_when(r, *ret_ns);
	ctl_print_losses(r);
	replay_close(r);
	return e ? ctl_fail(e, &err) : 0;
}
