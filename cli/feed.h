/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * Snapshots at an interval, from an iomapd that may come and go. Never waits: the caller polls
 * feed_fd() for up to feed_wait_ms() and calls feed_step().
 */
#ifndef IOMAP_CLI_FEED_H
#define IOMAP_CLI_FEED_H

#include "cli/client.h"

struct feed {
	const char *path;
	double interval; /* seconds between snapshots, and between attempts to connect */
	bool paused;	 /* ask for nothing */
	bool full;	 /* ask for freed mappings and histograms, too */
	struct client *client;
	bool asked;	 /* a reply is due */
	uint64_t due_ns; /* when to ask, or when to give up on the reply */
};

void feed_init(struct feed *f, const char *path, double interval);
void feed_free(struct feed *f);

/* Asks now instead of at the end of the interval. */
void feed_hurry(struct feed *f);

/* For poll(); the descriptor is -1 while there is no connection. */
int feed_fd(const struct feed *f);
short feed_events(const struct feed *f);
int feed_wait_ms(const struct feed *f);

/*
 * Does what is due. Returns 1 with a snapshot, 0 if there is none yet, or a negative errno as in
 * client.h, with a sentence: then it has disconnected, and will connect again after the interval.
 */
int feed_step(struct feed *f, json_t **ret, struct errbuf *err);

#endif
