// SPDX-License-Identifier: GPL-2.0-or-later
/* To be replaced by the function of this name in daemon/report.c. */
#include "cli/assert.h"
#include "daemon/names.h"

static void number(struct jsonw *w, const char *key, uint64_t v)
{
	if (v)
		jsonw_u64(w, key, v);
	else
		jsonw_null(w, key);
}

static void stack(struct jsonw *w, const char *key, const char *const *frames, size_t n)
{
	jsonw_array_begin(w, key);
	for (size_t i = 0; i < n; i++)
		jsonw_string(w, NULL, frames[i]);
	jsonw_array_end(w);
}

static bool has_offset(const struct model_violation *v)
{
	return v->rule == IOMAP_OFFSET_RANGE || v->rule == IOMAP_OFFSET_ALIGN ||
	       v->rule == IOMAP_USE_AFTER_FREE;
}

void report_violation(struct jsonw *w, const char *key, const struct model_violation *v)
{
	jsonw_object_begin(w, key);
	jsonw_string(w, "rule", rule_name(v->rule));
	jsonw_u64(w, "count", v->count);
	jsonw_u64(w, "time_ns", v->time_ns);
	jsonw_u64(w, "time_unix_ns", v->time_unix_ns);
	number(w, "id", v->id);
	if (v->base)
		jsonw_hex(w, "base", v->base);
	else
		jsonw_null(w, "base");
	number(w, "size", v->size);
	jsonw_string(w, "backend", backend_name(v->backend));
	jsonw_string(w, "kind", kind_name(v->kind));
	jsonw_u64(w, "pid", v->pid);
	jsonw_string(w, "comm", v->comm);
	jsonw_u64(w, "cpu", v->cpu);
	jsonw_string(w, "caller", v->caller);
	jsonw_string(w, "module", v->module);
	jsonw_string(w, "offender", v->offender);
	jsonw_string(w, "offender_module", v->offender_module);
	number(w, "held_ns", v->held_ns);
	if (has_offset(v))
		jsonw_u64(w, "offset", v->offset);
	else
		jsonw_null(w, "offset");
	number(w, "map_size", v->map_size);
	stack(w, "stack", v->stack, v->nr_stack);
	if (v->nr_map_stack)
		stack(w, "map_stack", v->map_stack, v->nr_map_stack);
	else
		jsonw_null(w, "map_stack");
	jsonw_object_end(w);
}
