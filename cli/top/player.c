// SPDX-License-Identifier: GPL-2.0-or-later
#include <errno.h>
#include <math.h>
#include <string.h>

#include "cli/json.h"
#include "cli/recording/text.h"
#include "cli/top/player.h"

#define WAIT_MAX (2 * NSEC_PER_SEC) /* while iomapd was away, time runs faster */

/* Makes room for one more element. Returns 0 or -ENOMEM. */
static int grow(void **array, size_t n, size_t *cap, size_t size)
{
	size_t more = *cap ? *cap * 2 : 256;
	void *p;

	if (n < *cap)
		return 0;
	p = reallocarray(*array, more, size);
	if (!p)
		return -ENOMEM;
	*array = p;
	*cap = more;
	return 0;
}

/* What a rate needs of a snapshot. */
struct reading {
	bool known;
	uint64_t time_ns, since;
	double maps;
};

static struct reading read_maps(const json_t *snapshot)
{
	const json_t *stats = json_object_get(snapshot, "stats"), *b;
	struct reading r = { .known = true, .time_ns = rec_u64(stats, "time_ns") };
	const char *name;

	r.since = rec_u64(json_object_get(snapshot, "status"), "counting_since_unix_ns");
	json_object_foreach(json_object_get(stats, "backends"), name, b) {
		struct kinds maps = rec_kinds(b, "maps");

		r.maps += (double)kinds_sum(&maps);
	}
	return r;
}

static int add_snapshot(struct player *p, uint64_t time_ns, struct reading *before,
			const json_t *snapshot)
{
	struct reading now = read_maps(snapshot);
	size_t cap = p->cap;
	double rate = NAN;

	if (grow((void **)&p->rates, p->n, &cap, sizeof(*p->rates)) ||
	    grow((void **)&p->times, p->n, &p->cap, sizeof(*p->times)))
		return -ENOMEM;
	if (before->known && before->since == now.since && now.time_ns > before->time_ns &&
	    now.maps >= before->maps)
		rate = (now.maps - before->maps) * (double)NSEC_PER_SEC /
		       (double)(now.time_ns - before->time_ns);
	p->times[p->n] = time_ns;
	p->rates[p->n++] = rate;
	*before = now;
	return 0;
}

static int add_event(struct player *p, const json_t *event)
{
	int e;

	if (strcmp(rec_text(event, "type", ""), "violation"))
		return 0;
	e = grow((void **)&p->violations, p->nr_violations, &p->violations_cap,
		 sizeof(*p->violations));
	if (!e)
		p->violations[p->nr_violations++] = rec_u64(event, "time_unix_ns");
	return e;
}

int player_open(const char *path, struct player *ret, struct errbuf *err)
{
	struct player p = { .speed = 1 };
	struct reading before = {};
	json_t *record;
	int e = replay_open(path, &p.replay, err);

	while (!e && (e = replay_next(p.replay, &record, err)) > 0) {
		const json_t *reply = json_object_get(record, "reply");

		e = 0;
		if (!strcmp(replay_type(record), "snapshot"))
			e = add_snapshot(&p, replay_time(record), &before, reply);
		else if (!strcmp(replay_type(record), "event"))
			e = add_event(&p, json_object_get(reply, "event"));
		json_decref(record);
		if (e)
			set_error(err, e, "out of memory");
	}
	if (!e && !p.n)
		e = set_error(err, -ENODATA, "%s has no snapshot", path);
	if (e) {
		player_close(&p);
		return e;
	}
	*ret = p;
	player_seek(ret, 0);
	return 0;
}

void player_close(struct player *p)
{
	replay_close(p->replay);
	free(p->times);
	free(p->rates);
	free(p->violations);
	*p = (struct player){};
}

int player_load(struct player *p, size_t i, json_t **ret, struct errbuf *err)
{
	uint64_t time_ns;

	return replay_call(p->replay, p->times[i], "Snapshot", NULL, ret, &time_ns, err);
}

void player_seek(struct player *p, size_t i)
{
	uint64_t wait = 0;

	p->at = i < p->n ? i : p->n - 1;
	if (p->at + 1 < p->n && p->times[p->at + 1] > p->times[p->at])
		wait = p->times[p->at + 1] - p->times[p->at];
	wait = wait < WAIT_MAX ? wait : WAIT_MAX;
	p->due_ns = now_ns() + (uint64_t)((double)wait / p->speed);
}

void player_step(struct player *p, long by)
{
	long to = (long)p->at + by;

	player_seek(p, to > 0 ? (size_t)to : 0);
}

/* The last snapshot at or before that time, or the first one. */
static size_t find_time(const struct player *p, uint64_t time_ns)
{
	size_t found = 0;

	for (size_t i = 0; i < p->n; i++) {
		if (p->times[i] <= time_ns)
			found = i;
	}
	return found;
}

/* The first snapshot that has the violation: the one after it. */
static size_t find_violation(const struct player *p, uint64_t time_ns)
{
	size_t i = find_time(p, time_ns);

	return p->times[i] < time_ns && i + 1 < p->n ? i + 1 : i;
}

bool player_violation(struct player *p, bool forward)
{
	size_t best = SIZE_MAX;

	for (size_t i = 0; i < p->nr_violations; i++) {
		size_t at = find_violation(p, p->violations[i]);

		if (forward ? at > p->at && at < best
			    : at < p->at && (best == SIZE_MAX || at > best))
			best = at;
	}
	if (best == SIZE_MAX)
		return false;
	player_seek(p, best);
	return true;
}

int player_jump(struct player *p, const char *when)
{
	uint64_t time_ns;
	int e = when_from_text(when, p->times[0], p->times[p->n - 1], &time_ns);

	if (!e)
		player_seek(p, find_time(p, time_ns));
	return e;
}

int player_wait_ms(const struct player *p)
{
	uint64_t now = now_ns();

	if (p->paused)
		return -1;
	return p->due_ns > now ? (int)((p->due_ns - now) / 1000000) + 1 : 0;
}

bool player_tick(struct player *p)
{
	if (p->paused || now_ns() < p->due_ns)
		return false;
	if (p->at + 1 >= p->n) {
		p->paused = true;
		return true;
	}
	player_seek(p, p->at + 1);
	return true;
}
