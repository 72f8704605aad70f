/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * The BPF programs of iomap that are in the kernel, whoever loaded them, and the processes that use
 * them. Needs root.
 */
#ifndef IOMAP_DAEMON_COLLECTOR_LOADED_H
#define IOMAP_DAEMON_COLLECTOR_LOADED_H

#include <stdbool.h>
#include <stddef.h>
#include <sys/types.h>

#include "daemon/base/util.h"

/* The kernel's numbers of programs. */
struct loaded {
	uint32_t *ids;
	size_t nr;
};

/* A process that has one of the programs or the folder of the pins open. */
struct user {
	int proc;	/* its folder in /proc: stands for this process, also when it has ended */
	pid_t pid;	/* in our PID namespace */
	char name[64];	/* of its program file */
	bool is_iomapd; /* its program file is called iomapd */
};

/* Finds the programs. Returns 0, or a negative errno with a sentence in e. */
int loaded_find(struct loaded *ret, struct errbuf *e);
void loaded_free(struct loaded *l);

/*
 * Finds a process that uses a program, or has the folder pins (NULL: none) open. iomapd: only one
 * whose program file is called iomapd. Returns false if there is none; else ret is for user_free().
 */
bool loaded_user(const struct loaded *l, const char *pins, bool iomapd, struct user *ret);
/* Tells whether the process still does so. */
bool user_uses(const struct user *u, const struct loaded *l, const char *pins);
/* Sends the signal to this process and no other. Returns 0 or a negative errno. */
int user_signal(const struct user *u, int sig);
void user_free(struct user *u);

#endif
