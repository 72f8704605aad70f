/* SPDX-License-Identifier: GPL-2.0-or-later */
/* Plays a recording: the snapshots one after the other, or in any order. */
#ifndef IOMAP_CLI_TOP_PLAYER_H
#define IOMAP_CLI_TOP_PLAYER_H

#include "cli/recording/replay.h"

#define PLAYER_SPEED_MIN 0.125
#define PLAYER_SPEED_MAX 64.0

struct player {
	struct replay *replay;
	uint64_t *times; /* of the snapshots, Unix */
	double *rates;	 /* maps per second before each snapshot; NAN: not known */
	size_t n, cap;
	uint64_t *violations; /* their times */
	size_t nr_violations, violations_cap;
	size_t at;	 /* the snapshot that is shown */
	double speed;	 /* 1: as fast as it was recorded */
	uint64_t due_ns; /* CLOCK_MONOTONIC: when the next one is shown */
	bool paused;
};

/*
 * Opens a recording and finds its snapshots. Returns 0 or a negative errno with a sentence;
 * -ENODATA: it has none.
 */
int player_open(const char *path, struct player *ret, struct errbuf *err);
void player_close(struct player *p);

/* Reads a snapshot, which the caller owns. Returns 0 or a negative errno with a sentence. */
int player_load(struct player *p, size_t i, json_t **ret, struct errbuf *err);

/* Shows the snapshot @i, or the last one, and begins to wait for the next one. */
void player_seek(struct player *p, size_t i);
/* Moves by a number of snapshots, up to the first or the last one. */
void player_step(struct player *p, long by);
/* Moves to the next violation, or to the one before. Returns false if there is none. */
bool player_violation(struct player *p, bool forward);
/* Moves to a time, as in --at. Returns 0 or -EINVAL. */
int player_jump(struct player *p, const char *when);

/* For poll(): the time to wait for the next snapshot in ms, -1 for ever. */
int player_wait_ms(const struct player *p);
/* Moves to the next snapshot if it is due. Returns whether it did; pauses at the end. */
bool player_tick(struct player *p);

#endif
