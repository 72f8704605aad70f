/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * The records of a recording as JSON, and the replies that iomapd would have given at a time.
 * Damaged blocks are skipped; replay_losses() says what is missing.
 */
#ifndef IOMAP_CLI_RECORDING_REPLAY_H
#define IOMAP_CLI_RECORDING_REPLAY_H

#include <stdbool.h>
#include <stdint.h>

#include "daemon/base/jansson.h"

struct replay;

/* Returns 0 or a negative errno with a sentence, as recording_open(). */
int replay_open(const char *path, struct replay **ret, struct errbuf *err);
struct replay *replay_close(struct replay *r);

const char *replay_path(const struct replay *r);
/* The times of the first and of the last record, Unix; 0 if there is none. */
uint64_t replay_from_ns(const struct replay *r);
uint64_t replay_to_ns(const struct replay *r);
/* The record "start", which has the facts about the machine; NULL: it is missing. */
const json_t *replay_start(const struct replay *r);
/* Describes what is missing, as recording_describe_losses(). */
bool replay_losses(const struct replay *r, struct errbuf *err);

/*
 * Returns 1 with the next record, which the caller owns, 0 at the end of the recording, or a
 * negative errno with a sentence. The first call returns the first record.
 */
int replay_next(struct replay *r, json_t **ret, struct errbuf *err);
/* Lets replay_next() begin at the first record again. */
void replay_rewind(struct replay *r);

/* The type of a record, "" if it has none, and its time. */
const char *replay_type(const json_t *record);
uint64_t replay_time(const json_t *record);

/*
 * Returns the last full snapshot at or before @at_ns, and its time. Returns 0, -ERANGE with a
 * sentence if the time is not in the recording, or another negative errno.
 */
int replay_snapshot(struct replay *r, uint64_t at_ns, json_t **ret, uint64_t *ret_ns,
		    struct errbuf *err);

/*
 * The same for any method of org.iomap.Monitor but Events, made from that snapshot. @params: those
 * of the method, or NULL; not freed.
 */
int replay_call(struct replay *r, uint64_t at_ns, const char *method, const json_t *params,
		json_t **ret, uint64_t *ret_ns, struct errbuf *err);

/* Checks only the schema number of a reply from the recording. Returns 0 or -EPROTO. */
int replay_check_schema(const struct replay *r, const json_t *reply, struct errbuf *err);
/* Checks a reply from the recording, as client_check() does for one from iomapd. */
int replay_check(const struct replay *r, const char *method, const json_t *reply,
		 struct errbuf *err);

/* Writes a time of the recording as local time: "2026-11-28 12:30:05". Returns buf. */
#define REPLAY_TIME_MAX 32
const char *replay_time_text(char buf[REPLAY_TIME_MAX], uint64_t unix_ns);

#endif
