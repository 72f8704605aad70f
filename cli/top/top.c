// SPDX-License-Identifier: GPL-2.0-or-later
#include <errno.h>
#include <string.h>

#include "cli/top/top.h"

void top_init(struct top *t, const char *socket, double interval)
{
	*t = (struct top){ .socket = socket, .interval = interval, .page = 1 };
	for (size_t i = 0; i < VIEWS; i++)
		t->shown[i].sort = views[i]->sort;
	table_init(&t->table, views[0]->cols, views[0]->n_cols);
}

void top_free(struct top *t)
{
	table_free(&t->table);
	table_free(&t->below);
	trend_free(&t->trend);
}

int top_sort_by(struct top *t, const char *column, struct errbuf *err)
{
	const struct view *v = views[t->view];
	char names[256] = "";
	size_t n = 0;

	for (size_t c = 0; c < v->n_cols; c++) {
		if (!strcasecmp(v->cols[c].name, column)) {
			t->shown[t->view].sort = c;
			t->shown[t->view].reverse = false;
			return 0;
		}
		if (n < sizeof(names))
			n += (size_t)snprintf(names + n, sizeof(names) - n, "%s%s", n ? ", " : "",
					      v->cols[c].name);
	}
	return set_error(err, -EINVAL, "the view %s has no column '%s', but %s", v->name, column,
			 names);
}

/* Moves the cursor to the selected row, wherever it was sorted to. */
static void follow_selected(struct top *t, struct top_view *tv)
{
	size_t n = t->table.n_rows;

	for (size_t r = 0; tv->selecting && r < n; r++)
		if (t->table.rows[r].key == tv->selected) {
			tv->cursor = r;
			return;
		}
	/* The row is gone: the cursor stays at its position. */
	if (tv->cursor >= n)
		tv->cursor = n ? n - 1 : 0;
	if (tv->selecting && n)
		tv->selected = t->table.rows[tv->cursor].key;
}

const struct row *top_selected(const struct top *t)
{
	const struct top_view *tv = &t->shown[t->view];

	return tv->selecting && tv->cursor < t->table.n_rows ? &t->table.rows[tv->cursor] : NULL;
}

uint32_t top_selected_mapping(const struct top *t)
{
	const struct row *row = top_selected(t);

	return row ? row->mapping_id : 0;
}

size_t top_sort_column(const struct top *t, const struct view *v)
{
	unsigned int i = view_index(v);

	return i < VIEWS ? t->shown[i].sort : SIZE_MAX;
}

static int compare_ids(const void *va, const void *vb)
{
	const uint32_t *a = va, *b = vb;

	return (*a > *b) - (*a < *b);
}

/* Keeps the rows of @t whose mapping is in a row of @shown. */
static void keep_mappings(struct table *t, const struct table *shown)
{
	_cleanup_free_ uint32_t *ids = calloc(shown->n_rows ?: 1, sizeof(*ids));
	size_t n = 0;

	for (size_t i = 0; ids && i < shown->n_rows; i++)
		ids[i] = shown->rows[i].mapping_id;
	if (ids)
		qsort(ids, shown->n_rows, sizeof(*ids), compare_ids);
	for (size_t i = 0; ids && i < t->n_rows; i++)
		if (!t->rows[i].mapping_id ||
		    bsearch(&t->rows[i].mapping_id, ids, shown->n_rows, sizeof(*ids), compare_ids))
			t->rows[n++] = t->rows[i];
	t->n_rows = ids ? n : t->n_rows;
}

/* Fills the view under the table, for the selected row or for all rows. */
static void refresh_below(struct top *t, const struct view *v)
{
	const struct row *row = top_selected(t);
	const struct view *below = row && v->detail ? v->detail : v->below;
	unsigned int i;

	t->below_view = below;
	t->part = (struct view_part){ .mapping_id = row ? row->mapping_id : 0,
				      .row = row ? row->key : 0 };
	if (!below)
		return;
	table_init(&t->below, below->cols, below->n_cols);
	below->rows(&t->trend, &t->part, &t->below);
	if (t->table.n_rows < t->all_rows)
		keep_mappings(&t->below, &t->table);
	i = view_index(below);
	if (i < VIEWS)
		table_sort(&t->below, t->shown[i].sort, t->shown[i].reverse);
}

void top_refresh(struct top *t)
{
	const struct view *v = views[t->view];
	struct top_view *tv = &t->shown[t->view];
	struct view_part part = { .mapping_id = t->view == VIEW_CALLERS ? t->mapping_id : 0 };

	table_free(&t->table);
	table_free(&t->below);
	t->below_view = NULL;
	table_init(&t->table, v->cols, v->n_cols);
	if (!t->trend.have)
		return;
	v->rows(&t->trend, &part, &t->table);
	t->all_rows = t->table.n_rows;
	table_filter(&t->table, t->filter);
	table_sort(&t->table, tv->sort, tv->reverse);
	follow_selected(t, tv);
	refresh_below(t, v);
}

int top_snapshot(struct top *t, json_t *snapshot, struct errbuf *err)
{
	unsigned int restarts = t->trend.restarts;
	int r;

	r = trend_add(&t->trend, snapshot, err);
	if (r)
		return r;
	t->waiting = false;
	if (t->trend.restarts != restarts)
		snprintf(t->note, sizeof(t->note), "iomapd was restarted: counters start at zero");
	top_refresh(t);
	return 0;
}

/* Takes a snapshot of the recording. */
static int take_recorded(struct top *t, size_t i, struct errbuf *err)
{
	_cleanup_json_ json_t *snapshot = NULL;
	int r = player_load(t->player, i, &snapshot, err);

	return r ?: trend_add(&t->trend, snapshot, err);
}

int top_show_recorded(struct top *t, struct errbuf *err)
{
	size_t at = t->player->at;
	int r = 0;

	trend_free(&t->trend);
	if (at)
		r = take_recorded(t, at - 1, err);
	if (!r)
		r = take_recorded(t, at, err);
	t->now = (time_t)(t->player->times[at] / NSEC_PER_SEC);
	top_refresh(t);
	return r;
}

void top_lost(struct top *t, const struct errbuf *why)
{
	if (!t->waiting)
		trend_gap(&t->trend);
	t->waiting = true;
	t->away = *why;
}
