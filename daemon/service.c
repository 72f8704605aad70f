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
	struct buf *out;
};

void service_init(struct service *s, const struct service_source *source,
		  const struct history *history)
{
	*s = (struct service){ .source = *source, .history = history };
}

void service_done(struct service *s)
{
	model_free(&s->model);
}

void service_batch_begin(struct service *s)
{
	s->batch = true;
}

void service_batch_end(struct service *s)
{
	s->batch = s->sampled = false;
	for (size_t i = 0; i < SERVICE_METHODS_MAX; i++)
		buf_free(&s->replies[i]);
}

static int invalid(struct request *r, const char *parameter)
{
	varlink_error(r->out, SERVICE ".InvalidParameter", "parameter", parameter);
	return 1;
}

/*
 * Checks that the call has no parameter but the named one (NULL: no parameter at all). Returns 1
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

/* Gets an optional boolean parameter. Returns 1 after an error reply. */
static int get_bool(struct request *r, const char *name, bool *ret)
{
	json_t *v = json_object_get(r->call->params, name);

	if (v && !json_is_null(v) && !json_is_boolean(v))
		return invalid(r, name);
	*ret = json_is_true(v);
	return 0;
}

int service_sample(struct service *s)
{
	model_reset(&s->model);
	return s->source.sample(s->source.ctx, &s->model);
}

/* Takes a sampling, unless this batch has one. Returns 1 after an error reply. */
static int sample(struct request *r)
{
	struct service *s = r->service;
	int err;

	if (s->sampled)
		return 0;
	err = service_sample(s);
	s->sampled = !err && s->batch;
	if (err) {
		varlink_error(r->out, MONITOR ".SampleFailed", "message", strerror(-err));
		return 1;
	}
	return 0;
}

static void do_status(struct request *r)
{
	struct jsonw w;

	if (only(r, NULL) || sample(r))
		return;
	varlink_reply_begin(&w, r->out);
	report_status(&w, "parameters", &r->service->model);
	varlink_reply_end(&w, false);
}

static void do_list(struct request *r)
{
	struct jsonw w;
	bool freed;

	if (only(r, "freed") || get_bool(r, "freed", &freed) || sample(r))
		return;
	varlink_reply_begin(&w, r->out);
	report_list(&w, "parameters", &r->service->model, freed);
	varlink_reply_end(&w, false);
}

static void do_stats(struct request *r)
{
	struct jsonw w;

	if (only(r, NULL) || sample(r))
		return;
	varlink_reply_begin(&w, r->out);
	report_stats(&w, "parameters", &r->service->model);
	varlink_reply_end(&w, false);
}

static void do_hist(struct request *r)
{
	json_t *v = json_object_get(r->call->params, "kind");
	struct jsonw w;
	int kind = -1;

	if (only(r, "kind"))
		return;
	if (v && !json_is_null(v)) {
		kind = json_is_string(v) ? kind_from_name(json_string_value(v)) : -EINVAL;
		if (kind < 0) {
			invalid(r, "kind");
			return;
		}
	}
	if (sample(r))
		return;
	varlink_reply_begin(&w, r->out);
	report_hist(&w, "parameters", &r->service->model, kind);
	varlink_reply_end(&w, false);
}

static void do_snapshot(struct request *r)
{
	struct jsonw w;

	if (only(r, NULL) || sample(r))
		return;
	varlink_reply_begin(&w, r->out);
	report_snapshot(&w, "parameters", &r->service->model);
	varlink_reply_end(&w, false);
}

static void do_violations(struct request *r)
{
	struct jsonw w;

	if (only(r, NULL) || sample(r))
		return;
	varlink_reply_begin(&w, r->out);
	report_violations(&w, "parameters", &r->service->model);
	varlink_reply_end(&w, false);
}

static void do_ipi(struct request *r)
{
	struct jsonw w;

	if (only(r, NULL) || sample(r))
		return;
	varlink_reply_begin(&w, r->out);
	report_ipi(&w, "parameters", &r->service->model);
	varlink_reply_end(&w, false);
}

static void do_events(struct request *r)
{
	bool follow;

	if (only(r, "follow") || get_bool(r, "follow", &follow))
		return;
	if (!r->call->more) {
		varlink_error(r->out, SERVICE ".ExpectedMore", NULL, NULL);
		return;
	}
	/* Events report violations with their counts, which come from a sampling. */
	if (sample(r))
		return;
	*r->session = (struct service_session){
		.streaming = true,
		.follow = follow,
		.next_seq = history_first(r->service->history),
	};
}

static void do_get_info(struct request *r)
{
	struct jsonw w;

	if (only(r, NULL))
		return;
	varlink_reply_begin(&w, r->out);
	jsonw_object_begin(&w, "parameters");
	jsonw_string(&w, "vendor", "iomap");
	jsonw_string(&w, "product", "iomapd");
	jsonw_string(&w, "version", IOMAP_VERSION);
	jsonw_string(&w, "url", "");
	jsonw_array_begin(&w, "interfaces");
	jsonw_string(&w, NULL, SERVICE);
	jsonw_string(&w, NULL, MONITOR);
	jsonw_array_end(&w);
	jsonw_object_end(&w);
	varlink_reply_end(&w, false);
}

static void do_get_description(struct request *r)
{
	const char *name = json_string_value(json_object_get(r->call->params, "interface"));
	const char *text = NULL;
	struct jsonw w;

	if (only(r, "interface"))
		return;
	if (!name) {
		invalid(r, "interface");
		return;
	}
	if (!strcmp(name, MONITOR))
		text = monitor_varlink;
	else if (!strcmp(name, SERVICE))
		text = service_description;
	if (!text) {
		varlink_error(r->out, SERVICE ".InterfaceNotFound", "interface", name);
		return;
	}
	varlink_reply_begin(&w, r->out);
	jsonw_object_begin(&w, "parameters");
	jsonw_string(&w, "description", text);
	jsonw_object_end(&w);
	varlink_reply_end(&w, false);
}

static const struct {
	const char *interface;
	const char *name;
	void (*fn)(struct request *r);
} methods[] = {
	{ SERVICE, "GetInfo", do_get_info },
	{ SERVICE, "GetInterfaceDescription", do_get_description },
	{ MONITOR, "Status", do_status },
	{ MONITOR, "List", do_list },
	{ MONITOR, "Stats", do_stats },
	{ MONITOR, "Hist", do_hist },
	{ MONITOR, "Violations", do_violations },
	{ MONITOR, "Ipi", do_ipi },
	{ MONITOR, "Snapshot", do_snapshot },
	{ MONITOR, "Events", do_events },
};

_Static_assert(ARRAY_SIZE(methods) <= SERVICE_METHODS_MAX, "replies of all methods");

/* Answers the call. In a batch, calls without parameters share the reply to the first one. */
static void answer(struct request *r, size_t method)
{
	struct buf *saved = &r->service->replies[method];
	size_t before = r->out->len;

	/* The reply to Events is a stream. */
	if (!r->service->batch || methods[method].fn == do_events ||
	    json_object_size(r->call->params)) {
		methods[method].fn(r);
		return;
	}
	if (saved->len) {
		buf_append(r->out, saved->data, saved->len);
		return;
	}
	methods[method].fn(r);
	if (!r->out->err)
		buf_append(saved, r->out->data + before, r->out->len - before);
	if (saved->err)
		buf_free(saved);
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
		 const struct varlink_call *call, struct buf *out)
{
	struct request r = { s, session, call, out };
	size_t before = out->len;

	dispatch(&r);
	if (call->oneway) {
		out->len = before;
		session->streaming = false;
	}
	return out->err;
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
