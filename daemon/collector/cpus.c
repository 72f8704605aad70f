// SPDX-License-Identifier: GPL-2.0-or-later
/* The CPUs that are online, and those that ever were: a possible CPU need not exist. */
#include <string.h>

#include "daemon/collector/priv.h"

int cpus_new(struct collector *c)
{
	size_t n = c->nr_cpus;
	struct cpus *s = &c->cpus;

	s->online = calloc(n, sizeof(*s->online));
	s->used = calloc(n, sizeof(*s->used));
	s->records = calloc(n, sizeof(*s->records));
	s->fresh = calloc(n, sizeof(*s->fresh));
	s->counters = calloc(n, sizeof(*s->counters));
	return s->online && s->used && s->records && s->fresh && s->counters ? 0 : -ENOMEM;
}

void cpus_free(struct collector *c)
{
	struct cpus *s = &c->cpus;

	free(s->online);
	free(s->used);
	free(s->records);
	free(s->fresh);
	free(s->counters);
	*s = (struct cpus){};
}

/* Marks the CPUs of a list such as "0,2-3". Returns false if it is not such a list. */
static bool parse(const char *text, bool *online, unsigned long n)
{
	unsigned long first, last;
	char *end;

	do {
		first = last = strtoul(text, &end, 10);
		if (end == text)
			return false;
		text = end;
		if (*text == '-') {
			last = strtoul(text + 1, &end, 10);
			if (end == text + 1)
				return false;
			text = end;
		}
		for (; first <= last && first < n; first++)
			online[first] = true;
	} while (*text++ == ',');
	return true;
}

void cpus_read_online(struct collector *c)
{
	_cleanup_free_ char *path = collector_path(c, "/sys/devices/system/cpu/online");
	FILE *f = path ? fopen(path, "re") : NULL;
	char line[4096] = "";

	memset(c->cpus.online, 0, c->nr_cpus * sizeof(*c->cpus.online));
	if (f && !fgets(line, sizeof(line), f))
		line[0] = '\0';
	if (f)
		fclose(f);
	if (!parse(line, c->cpus.online, c->nr_cpus))
		memset(c->cpus.online, 1, c->nr_cpus * sizeof(*c->cpus.online));
}

void cpus_find_used(struct collector *c)
{
	struct cpus *s = &c->cpus;

	s->nr_used = 0;
	for (int i = 0; i < c->nr_cpus; i++) {
		/* A CPU that was ever online switched tasks. Tests do not attach to that. */
		if (s->records[i].settled || s->records[i].seen || s->online[i] ||
		    c->opts.no_attach)
			s->used[s->nr_used++] = i;
	}
}

int cpus_end(const struct collector *c)
{
	return c->cpus.nr_used ? c->cpus.used[c->cpus.nr_used - 1] + 1 : 0;
}
