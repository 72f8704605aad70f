/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * Snapshots at an interval, from a daemon that may come and go. Never waits: the caller polls
 * feed_fd() until feed_wait_ms() have passed, and calls feed_step().
 */
#ifndef IOMAP_CLI_TOP_FEED_H
#define IOMAP_CLI_TOP_FEED_H

#include "cli/client.h"

struct feed {
	const char *path;
	double interval; /* seconds between snapshots, and between attempts to connect */
	bool paused;	 /* ask for nothing */
	struct client *client;
	bool asked;	 /* an answer is due */
	uint64_t due_ns; /* when to ask, or when to give up waiting for the answer */
};

void feed_init(struct feed *f, const char *path, double interval);
void feed_free(struct feed *f);

/* Asks now, rather than when the interval is over. */
void feed_hurry(struct feed *f);

/* To poll: -1 while there is no connection. */
int feed_fd(const struct feed *f);
short feed_events(const struct feed *f);
int feed_wait_ms(const struct feed *f);

/*
 * Does what is due. Returns 1 with a snapshot, 0 if there is none yet, or the negative errno of
 * client.h with a sentence: then it has disconnected and connects again when the interval is over.
 */
int feed_step(struct feed *f, json_t **ret, struct errbuf *err);

#endif
