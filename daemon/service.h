/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * The methods of org.varlink.service and org.iomap.Monitor. The figures come from a source, so that
 * tests can serve fake figures without BPF.
 */
#ifndef IOMAP_DAEMON_SERVICE_H
#define IOMAP_DAEMON_SERVICE_H

#include "daemon/collector/cost.h"
#include "daemon/collector/history.h"
#include "daemon/collector/model.h"
#include "daemon/base/varlink.h"

struct service_source {
	void *ctx;
	/* Fills an empty model and finishes it; 0 or a negative errno. */
	int (*sample)(void *ctx, struct model *m);
	/* Fills in the cost of iomapd; 0 or a negative errno. NULL: the cost is unknown. */
	int (*cost)(void *ctx, struct cost *c);
};

#define SERVICE_METHODS_MAX 16
/* Replies of one method that differ by its parameters. */
#define SERVICE_VARIANTS_MAX 4

struct service {
	struct service_source source;
	const struct history *history;
	struct model model; /* the latest sampling; the next one reuses its memory */
	bool batch;
	bool sampled;						       /* in this batch */
	int sample_err;						       /* of that sampling */
	struct buf replies[SERVICE_METHODS_MAX][SERVICE_VARIANTS_MAX]; /* of this batch */
	struct buf error;					       /* reply to the last call */
};

/* The state of a connection. */
struct service_session {
	bool streaming; /* a reply to Events is not complete yet */
	bool follow;
	uint64_t next_seq;
};

void service_init(struct service *s, const struct service_source *source,
		  const struct history *history);
void service_done(struct service *s);

/* Takes a fresh sampling into s->model. Returns 0 or a negative errno. */
int service_sample(struct service *s);

/*
 * Calls between these two are answered from one sampling, and equal calls with one reply. All calls
 * must be complete before the first reply, so that no client gets figures from before its call.
 */
void service_batch_begin(struct service *s);
void service_batch_end(struct service *s);

/*
 * Answers a call. The reply *ret belongs to the service and is valid until the next call. It is
 * empty for a oneway call, and for Events, which only opens a stream that service_stream() writes.
 * Returns 0 or -ENOMEM.
 */
int service_call(struct service *s, struct service_session *session,
		 const struct varlink_call *call, const struct buf **ret);

/* Appends replies of the stream while out is shorter than limit. Returns 0 or -ENOMEM. */
int service_stream(struct service *s, struct service_session *session, struct buf *out,
		   size_t limit);
/* Tells whether service_stream() would append something. */
bool service_stream_ready(const struct service *s, const struct service_session *session);

#endif
