// SPDX-License-Identifier: GPL-2.0-or-later
#include <stddef.h>

#include "cli/signals.h"

static const struct {
	int signal;
	void (*handler)(int);
} changed[SIGNALS_CHANGED] = {
	{ SIGCHLD, SIG_DFL },
	{ SIGPIPE, SIG_IGN },
	{ SIGXFSZ, SIG_IGN },
};

void signals_init(struct signals *s)
{
	for (size_t i = 0; i < SIGNALS_CHANGED; i++) {
		const struct sigaction now = { .sa_handler = changed[i].handler };

		sigaction(changed[i].signal, &now, &s->before[i]);
	}
}

void signals_restore(const struct signals *s)
{
	for (size_t i = 0; i < SIGNALS_CHANGED; i++)
		sigaction(changed[i].signal, &s->before[i], NULL);
}
