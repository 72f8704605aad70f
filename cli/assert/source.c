// SPDX-License-Identifier: GPL-2.0-or-later
/* The source lines of a violation, for all formats. */
#include <ctype.h>
#include <string.h>

#include "cli/assert/report.h"
#include "cli/debug/inlined.h"

const struct source_lines *assert_caller_lines(const struct assert_report *r,
					       const struct model_violation *v)
{
	return sources_find(r->sources, v->caller, v->module);
}

const struct source_lines *assert_offender_lines(const struct assert_report *r,
						 const struct model_violation *v)
{
	return sources_find(r->sources, v->offender, v->offender_module);
}

/* The functions of io_mapping are inlined into the driver: the driver's line is behind them. */
const struct source_line *assert_driver_line(const struct source_lines *l)
{
	for (size_t i = 0; l && i < l->n; i++) {
		if (l->line[i].file && l->line[i].line && !inlined_is_api(l->line[i].function))
			return &l->line[i];
	}
	return NULL;
}

/* Sets *ret to the line in the driver if its path is relative, so that it is in the repository. */
static bool in_repository(const struct source_lines *lines, struct assert_site *ret)
{
	const struct source_line *l = assert_driver_line(lines);

	if (!l || *l->file == '/' || !strncmp(l->file, "../", 3))
		return false;
	*ret = (struct assert_site){ l->file, l->line, l->column };
	return true;
}

const struct source_lines *assert_frame_lines(const struct assert_report *r, const char *frame)
{
	return sources_find(r->sources, frame, NULL);
}

bool assert_map_site(const struct assert_report *r, const struct model_violation *v,
		     struct assert_site *ret)
{
	return in_repository(assert_caller_lines(r, v), ret);
}

bool assert_offence_site(const struct assert_report *r, const struct model_violation *v,
			 struct assert_site *ret)
{
	bool found = in_repository(assert_offender_lines(r, v), ret);

	for (size_t i = 0; !found && i < v->nr_stack; i++)
		found = in_repository(assert_frame_lines(r, v->stack[i]), ret);
	return found;
}

bool assert_site(const struct assert_report *r, const struct model_violation *v,
		 struct assert_site *ret)
{
	if (assert_map_site(r, v, ret) || assert_offence_site(r, v, ret))
		return true;
	if (!r->fallback_file)
		return false;
	*ret = (struct assert_site){ r->fallback_file, 1, 0 };
	return true;
}

bool assert_source_text(const char *file, unsigned int line, char *ret, size_t size)
{
	_cleanup_fclose_ FILE *f = fopen(file, "re");
	unsigned int n = 1;
	size_t len;

	while (f && fgets(ret, (int)size, f)) {
		if (n == line) {
			len = strspn(ret, " \t");
			memmove(ret, ret + len, strlen(ret) - len + 1);
			for (len = strlen(ret); len && isspace((unsigned char)ret[len - 1]); len--)
				ret[len - 1] = '\0';
			return *ret;
		}
		n += strchr(ret, '\n') != NULL;
	}
	return false;
}

static void json_lines(struct jsonw *w, const char *key, const struct source_lines *l)
{
	jsonw_array_begin(w, key);
	for (size_t i = 0; l && i < l->n; i++) {
		jsonw_object_begin(w, NULL);
		jsonw_string(w, "function", l->line[i].function);
		jsonw_string(w, "file", l->line[i].file);
		jsonw_u64(w, "line", l->line[i].line);
		if (l->line[i].column)
			jsonw_u64(w, "column", l->line[i].column);
		else
			jsonw_null(w, "column");
		jsonw_object_end(w);
	}
	jsonw_array_end(w);
}

static void json_stack(struct jsonw *w, const char *key, const struct assert_report *r,
		       const char *const *frames, size_t n)
{
	jsonw_array_begin(w, key);
	for (size_t i = 0; i < n; i++)
		json_lines(w, NULL, assert_frame_lines(r, frames[i]));
	jsonw_array_end(w);
}

void assert_json_lines(struct jsonw *w, const char *key, const struct assert_report *r,
		       const struct model_violation *v)
{
	jsonw_object_begin(w, key);
	json_lines(w, "caller", assert_caller_lines(r, v));
	json_lines(w, "offender", assert_offender_lines(r, v));
	json_stack(w, "stack", r, v->stack, v->nr_stack);
	json_stack(w, "map_stack", r, v->map_stack, v->nr_map_stack);
	jsonw_object_end(w);
}
