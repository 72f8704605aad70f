// SPDX-License-Identifier: GPL-2.0-or-later
#include "daemon/service.h"

#include <string.h>

#include "build/daemon/base/monitor-varlink.h"
#include "daemon/base/names.h"
#include "daemon/collector/report.h"

#define MONITOR "org.iomap.Monitor"
#define SERVICE "org.varlink.service"

static const char service_description[] =
	"# The methods of every Varlink service.\n"
	"interface org.varlink.service\n"
	"\n"
	"method GetInfo() -> (vendor: string, product: string, version: string, url: string,\n"
	"  interfaces: []string)\n"
	"method GetInterfaceDescription(interface: string) -> (description: string)\n"
	"\n"
	"error InterfaceNotFound (interface: string)\n"
	"error MethodNotFound (method: string)\n"
	"error MethodNotImplemented (method: string)\n"
	"error InvalidParameter (parameter: string)\n"
	"error PermissionDenied ()\n"
	"error ExpectedMore ()\n";

/* The arguments of a method. */
struct request {
	struct service *service;
	struct service_session *session;
	const struct varlink_call *call;
	struct buf *out;	 /* for an error reply */
	const struct buf *reply; /* out, or a reply that the batch shares */
};

void service_init(struct service *s, const struct service_source *source,
		  const struct history *history)
{
	*s = (struct service){ .source = *source, .history = history };
}

void service_batch_begin(struct service *s)
{
	s->batch = true;
}

void service_batch_end(struct service *s)
{
	s->batch = s->sampled = false;
	for (size_t i = 0; i < SERVICE_METHODS_MAX; i++) {
		for (size_t k = 0; k < SERVICE_VARIANTS_MAX; k++)
			buf_free(&s->replies[i][k]);
	}
}

void service_done(struct service *s)
{
	service_batch_end(s);
	model_free(&s->model);
	buf_free(&s->error);
}

static int invalid(struct request *r, const char *parameter)
{
	varlink_error(r->out, SERVICE ".InvalidParameter", "parameter", parameter);
	return -1;
}

/*
 * Checks that the call has no parameter but the named one (NULL: no parameter at all). Returns -1
 * after an error reply.
 */
static int only(struct request *r, const char *name)
{
	const char *key;
	json_t *value;

	json_object_foreach(r->call->params, key, value) {
		if (!name || strcmp(key, name))
			return invalid(r, key);
	}
	return 0;
}

/* Returns an optional boolean, the only parameter, as 0 or 1; -1 after an error reply. */
static int get_bool(struct request *r, const char *name)
{
	json_t *v = json_object_get(r->call->params, name);

	if (only(r, name))
		return -1;
	if (v && !json_is_null(v) && !json_is_boolean(v))
		return invalid(r, name);
	return json_is_true(v);
}

int service_sample(struct service *s)
{
	model_reset(&s->model);
	return s->source.sample(s->source.ctx, &s->model);
}

/* Takes a sampling, unless this batch has one. Returns -1 after an error reply. */
static int sample(struct request *r)
{
	struct service *s = r->service;

	if (!s->sampled)
		s->sample_err = service_sample(s);
	s->sampled = s->batch;
	if (s->sample_err) {
		varlink_error(r->out, MONITOR ".SampleFailed", "message", strerror(-s->sample_err));
		return -1;
	}
	return 0;
}

static int no_parameters(struct request *r)
{
	return only(r, NULL);
}

/* ---- org.varlink.service ---- */

static void write_info(struct jsonw *w, const struct model *m, int variant)
{
	(void)m;
	(void)variant;
	jsonw_object_begin(w, "parameters");
	jsonw_string(w, "vendor", "iomap");
	jsonw_string(w, "product", "iomapd");
	jsonw_string(w, "version", IOMAP_VERSION);
	jsonw_string(w, "url", "");
	jsonw_array_begin(w, "interfaces");
	jsonw_string(w, NULL, SERVICE);
	jsonw_string(w, NULL, MONITOR);
	jsonw_array_end(w);
	jsonw_object_end(w);
}

/* The interfaces, by variant. */
static const struct {
	const char *name;
	const char *description;
} interfaces[] = {
	{ SERVICE, service_description },
	{ MONITOR, monitor_varlink },
};

static int get_interface(struct request *r)
{
	const char *name = json_string_value(json_object_get(r->call->params, "interface"));

	if (only(r, "interface"))
		return -1;
	if (!name)
		return invalid(r, "interface");
	for (size_t i = 0; i < ARRAY_SIZE(interfaces); i++) {
		if (!strcmp(name, interfaces[i].name))
			return (int)i;
	}
	varlink_error(r->out, SERVICE ".InterfaceNotFound", "interface", name);
	return -1;
}

static void write_description(struct jsonw *w, const struct model *m, int variant)
{
	(void)m;
	jsonw_object_begin(w, "parameters");
	jsonw_string(w, "description", interfaces[variant].description);
	jsonw_object_end(w);
}

/* ---- org.iomap.Monitor ---- */

static void write_status(struct jsonw *w, const struct model *m, int variant)
{
	(void)variant;
	report_status(w, "parameters", m);
}

static int get_freed(struct request *r)
{
	return get_bool(r, "freed");
}

static void write_list(struct jsonw *w, const struct model *m, int freed)
{
	report_list(w, "parameters", m, freed);
}

static void write_stats(struct jsonw *w, const struct model *m, int variant)
{
	(void)variant;
	report_stats(w, "parameters", m);
}

/* Variant 0 has all kinds, the others have one. */
static int get_kind(struct request *r)
{
	json_t *v = json_object_get(r->call->params, "kind");
	int kind;

	if (only(r, "kind"))
		return -1;
	if (!v || json_is_null(v))
		return 0;
	kind = json_is_string(v) ? kind_from_name(json_string_value(v)) : -EINVAL;
	return kind < 0 ? invalid(r, "kind") : kind + 1;
}

static void write_hist(struct jsonw *w, const struct model *m, int variant)
{
	report_hist(w, "parameters", m, variant - 1);
}

static int get_full(struct request *r)
{
	return get_bool(r, "full");
}

static void write_snapshot(struct jsonw *w, const struct model *m, int full)
{
	report_snapshot(w, "parameters", m, full);
}

static void write_violations(struct jsonw *w, const struct model *m, int variant)
{
	(void)variant;
	report_violations(w, "parameters", m);
}

static void write_ipi(struct jsonw *w, const struct model *m, int variant)
{
	(void)variant;
	report_ipi(w, "parameters", m);
}

static int get_follow(struct request *r)
{
	int follow = get_bool(r, "follow");

	if (follow >= 0 && !r->call->more) {
		varlink_error(r->out, SERVICE ".ExpectedMore", NULL, NULL);
		return -1;
	}
	return follow;
}

static const struct {
	const char *interface;
	const char *name;
	bool figures; /* the reply needs a sampling */
	/*
	 * Checks the parameters. Returns the variant of the reply, below SERVICE_VARIANTS_MAX, or
	 * -1 after an error reply.
	 */
	int (*check)(struct request *r);
	/* Writes the member "parameters" of a reply. NULL: the reply is a stream of events. */
	void (*write)(struct jsonw *w, const struct model *m, int variant);
} methods[] = {
	{ SERVICE, "GetInfo", false, no_parameters, write_info },
	{ SERVICE, "GetInterfaceDescription", false, get_interface, write_description },
	{ MONITOR, "Status", true, no_parameters, write_status },
	{ MONITOR, "List", true, get_freed, write_list },
	{ MONITOR, "Stats", true, no_parameters, write_stats },
	{ MONITOR, "Hist", true, get_kind, write_hist },
	{ MONITOR, "Violations", true, no_parameters, write_violations },
	{ MONITOR, "Ipi", true, no_parameters, write_ipi },
	{ MONITOR, "Snapshot", true, get_full, write_snapshot },
	/* Events report violations with their counts, which come from a sampling. */
	{ MONITOR, "Events", true, get_follow, NULL },
};

_Static_assert(ARRAY_SIZE(methods) <= SERVICE_METHODS_MAX, "replies of all methods");
_Static_assert(ARRAY_SIZE(interfaces) <= SERVICE_VARIANTS_MAX, "replies of all interfaces");
_Static_assert(IOMAP_KIND_MAX + 1 <= SERVICE_VARIANTS_MAX, "replies of all kinds");

static void open_stream(struct request *r, bool follow)
{
	*r->session = (struct service_session){
		.streaming = true,
		.follow = follow,
		.next_seq = history_first(r->service->history),
	};
}

/* Answers the call. The calls of a batch share one reply of each variant. */
static void answer(struct request *r, size_t method)
{
	struct service *s = r->service;
	struct buf *reply;
	struct jsonw w;
	int variant;

	variant = methods[method].check(r);
	if (variant < 0 || (methods[method].figures && sample(r)))
		return;
	if (!methods[method].write) {
		open_stream(r, variant);
		return;
	}
	reply = &s->replies[method][variant];
	r->reply = reply;
	if (s->batch && reply->len)
		return;
	buf_free(reply);
	varlink_reply_begin(&w, reply);
	methods[method].write(&w, &s->model, variant);
	varlink_reply_end(&w, false);
}

static void dispatch(struct request *r)
{
	bool known = false;

	for (size_t i = 0; i < ARRAY_SIZE(methods); i++) {
		if (strcmp(methods[i].interface, r->call->interface))
			continue;
		known = true;
		if (!strcmp(methods[i].name, r->call->method)) {
			answer(r, i);
			return;
		}
	}
	if (known)
		varlink_error(r->out, SERVICE ".MethodNotFound", "method", r->call->method);
	else
		varlink_error(r->out, SERVICE ".InterfaceNotFound", "interface",
			      r->call->interface);
}

int service_call(struct service *s, struct service_session *session,
		 const struct varlink_call *call, const struct buf **ret)
{
	struct request r = { s, session, call, &s->error, &s->error };

	buf_free(&s->error);
	dispatch(&r);
	if (call->oneway) {
		buf_free(&s->error);
		r.reply = &s->error;
		session->streaming = false;
	}
	*ret = r.reply;
	return r.reply->err;
}

bool service_stream_ready(const struct service *s, const struct service_session *session)
{
	uint64_t seq = session->next_seq, missed;

	if (!session->streaming)
		return false;
	return !session->follow || history_next(s->history, &seq, &missed);
}

int service_stream(struct service *s, struct service_session *session, struct buf *out,
		   size_t limit)
{
	const struct event *e;
	uint64_t missed;
	struct jsonw w;

	while (session->streaming && out->len < limit && !out->err) {
		missed = 0;
		e = history_next(s->history, &session->next_seq, &missed);
		if (!e && session->follow)
			break;
		varlink_reply_begin(&w, out);
		report_event(&w, "parameters", e, missed);
		varlink_reply_end(&w, e != NULL);
		session->streaming = e != NULL;
	}
	return out->err;
}
