// SPDX-License-Identifier: GPL-2.0-or-later
/* Explains why the programs could not be loaded. */
#include <string.h>

#include "daemon/collector/priv.h"

#define LOCKDOWN "/sys/kernel/security/lockdown"

bool lockdown_is(const char *path, const char *level)
{
	FILE *f = fopen(path, "re");
	char line[128] = "", *begin, *end;

	if (!f)
		return false;
	/* The level in force is in brackets: "none [integrity] confidentiality". */
	begin = fgets(line, sizeof(line), f) ? strchr(line, '[') : NULL;
	fclose(f);
	end = begin ? strchr(begin, ']') : NULL;
	if (!end)
		return false;
	*end = '\0';
	return !strcmp(begin + 1, level);
}

/* The last message of a verifier's log. */
static const char *last_message(char *log)
{
	char *line, *save, *last = "";

	for (line = strtok_r(log, "\n", &save); line; line = strtok_r(NULL, "\n", &save)) {
		if (strncmp(line, "processed ", 10))
			last = line;
	}
	return last;
}

int load_failed(const struct collector *c, int err, char *log, struct errbuf *e)
{
	_cleanup_free_ char *lockdown = collector_path(c, LOCKDOWN);

	if (err == -E2BIG || err == -ENOMEM)
		return set_error(e, err,
				 "no memory for the BPF maps with %u mappings on %d CPUs: %s; "
				 "try a smaller --max-mappings",
				 c->opts.max_mappings, c->nr_cpus, strerror(-err));
	/* It takes helpers away from the programs, which the verifier then does not know. */
	if (lockdown && lockdown_is(lockdown, "confidentiality"))
		return set_error(e, err,
				 "the kernel is locked down (" LOCKDOWN
				 ": confidentiality) and lets no BPF program read its memory; boot "
				 "it with lockdown=integrity or without lockdown");
	if (err == -EPERM)
		return set_error(e, err,
				 "the kernel refuses to load BPF programs: Operation not "
				 "permitted; a security module or a filter of system calls may "
				 "forbid bpf(2)");
	return set_error(e, err, "cannot load the BPF programs: %s",
			 *log ? last_message(log) : strerror(-err));
}
