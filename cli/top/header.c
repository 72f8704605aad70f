// SPDX-License-Identifier: GPL-2.0-or-later
/* The header of iomaptop: title, figures, history, tabs. */
#include <math.h>
#include <string.h>

#include "cli/fmt.h"
#include "cli/top/top.h"

#define FIGURES_W 22 /* columns of the figures, left of the history */
#define SCALE_W	  6  /* columns of the history's scale */

struct figure {
	const char *label;
	char value[FMT_MAX];
	enum style style;
};

/* The place in the recording, in up to @width columns if possible. */
static void recorded_title(const struct player *p, int width, char *buf, size_t size)
{
	const char *pause = p->paused ? "  PAUSED" : "";
	char when[REPLAY_TIME_MAX];
	const char *time;

	replay_time_text(when, p->times[p->at]);
	snprintf(buf, size, "recorded %s  %zu/%zu  x%g%s", when, p->at + 1, p->n, p->speed, pause);
	if ((int)strlen(buf) <= width)
		return;
	time = strchr(when, ' ');
	snprintf(buf, size, "%s %zu/%zu%s", time ? time + 1 : when, p->at + 1, p->n, pause);
}

/* Tells whether time stands still. */
static bool is_paused(const struct top *t)
{
	return t->player ? t->player->paused && !t->batch : t->paused;
}

void top_draw_title(const struct top *t, struct screen *s)
{
	const json_t *st = t->trend.now.status, *kernel = json_object_get(st, "kernel"), *v;
	static const char sampled[] = "holds sampled";
	char right[96], up[FMT_MAX] = "";
	int x;
	size_t i;

	x = screen_put(s, 0, 0, ST_NAME, "iomaptop");
	if (!t->trend.have)
		return;
	x = screen_putf(s, x + 2, 0, ST_NORMAL, "%s %s", rec_text(kernel, "release", "?"),
			rec_text(kernel, "machine", ""));
	json_array_foreach(json_object_get(st, "backends"), i, v)
		x = screen_putf(s, x + (i ? 0 : 2), 0, ST_VALUE, "%s%s", i ? ", " : "",
				json_string_value(v) ?: "?");
	if (t->player)
		recorded_title(t->player, s->w - x - 2, right, sizeof(right));
	else if (t->batch)
		snprintf(right, sizeof(right), "every %gs", t->interval);
	else if (t->waiting)
		snprintf(right, sizeof(right), "iomapd is away%s", t->paused ? "  PAUSED" : "");
	else
		snprintf(right, sizeof(right), "iomapd up %s  %s%gs%s",
			 fmt_duration(up, difftime(t->now, (time_t)t->trend.now.started)),
			 t->paused ? "PAUSED (" : "every ", t->interval, t->paused ? ")" : "");
	/* The first part to be dropped if the line is short: `iomapctl status` has it too. */
	if (!strcmp(rec_text(st, "hold_timing", ""), "sampled") &&
	    x + 2 + (int)(strlen(sampled) + 2 + strlen(right)) <= s->w)
		x = screen_put(s, x + 2, 0, ST_DIM, sampled);
	if (x + 2 + (int)strlen(right) <= s->w)
		screen_put(s, s->w - (int)strlen(right), 0, is_paused(t) ? ST_NOTE : ST_DIM, right);
	else if (is_paused(t))
		screen_put(s, s->w - 6, 0, ST_NOTE, "PAUSED");
}

/* Draws one column of the history, @rows high, for a value between 0 and @max. */
static void draw_sample(struct screen *s, int x, int y, int rows, double v, double max,
			enum style style)
{
	static const uint32_t eighths[] = { ' ',    0x2581, 0x2582, 0x2583, 0x2584,
					    0x2585, 0x2586, 0x2587, 0x2588 };
	static const uint32_t thirds[] = { ' ', '.', ':', '|' };
	int per_row = s->unicode ? 8 : 3, n;

	if (isnan(v))
		return;
	if (v <= 0) {
		screen_char(s, x, y + rows - 1, style == ST_GRAPH ? ST_DIM : style,
			    s->unicode ? eighths[1] : '_');
		return;
	}
	n = (int)ceil(v / max * rows * per_row);
	for (int i = rows - 1; i >= 0 && n > 0; i--, n -= per_row) {
		int level = n < per_row ? n : per_row;

		screen_char(s, x, y + i, style, s->unicode ? eighths[level] : thirds[level]);
	}
}

/* The next 1, 2 or 5 times a power of ten, so that the scale seldom changes. */
static double round_up(double v)
{
	double p = pow(10, floor(log10(v)));

	return v <= p ? p : v <= 2 * p ? 2 * p : v <= 5 * p ? 5 * p : 10 * p;
}

/* The highest rate of the part of the recording that column @i of @w stands for. */
static double recorded_rate(const struct player *p, int i, int w)
{
	size_t from = (size_t)i * p->n / (size_t)w, to = ((size_t)i + 1) * p->n / (size_t)w;
	double max = NAN;

	/* fmax() ignores NAN. */
	for (size_t k = from; k < to || k == from; k++)
		max = fmax(max, p->rates[k]);
	return max;
}

/* Draws maps a second over the whole recording, with a mark where it stands. */
static void draw_recording(const struct player *p, struct screen *s, int x, int y, int w, int rows,
			   double max)
{
	int mark = (int)((p->at * 2 + 1) * (size_t)w / (p->n * 2));

	for (int i = 0; i < rows; i++)
		screen_char(s, x + mark, y + i, ST_NOTE, s->unicode ? 0x2502 : '|');
	for (int i = 0; i < w; i++)
		draw_sample(s, x + i, y, rows, recorded_rate(p, i, w), max,
			    i == mark ? ST_NOTE : ST_GRAPH);
}

/* Draws maps a second over the last samples, the newest at the right, and the scale beside it. */
static void draw_history(const struct top *t, struct screen *s, int x, int y, int w, int rows)
{
	double max = 0;
	char num[FMT_MAX];

	w -= SCALE_W;
	if (w < 4)
		return;
	for (int i = 0; i < w; i++) /* fmax() ignores NAN */
		max = fmax(max, t->player ? recorded_rate(t->player, i, w)
					  : trend_history(&t->trend, (size_t)i));
	max = max > 0 ? round_up(max) : 1;
	if (t->player)
		draw_recording(t->player, s, x, y, w, rows, max);
	for (int i = 0; i < w && !t->player; i++)
		draw_sample(s, x + w - 1 - i, y, rows, trend_history(&t->trend, (size_t)i), max,
			    ST_GRAPH);
	screen_putf(s, x + w + 1, y, ST_DIM, "%s", fmt_rate(num, max));
	if (rows > 1)
		screen_put(s, x + w + 1, y + rows - 1, ST_DIM, "0");
}

static struct figure figure(const char *label, bool bad, const char *value)
{
	struct figure f = { .label = label, .style = bad ? ST_ALERT : ST_VALUE };

	snprintf(f.value, sizeof(f.value), "%s", value);
	return f;
}

#define FIGURES 7

/* The figures, the most important first; "-": not known yet. */
static void make_figures(const struct top *t, struct figure f[FIGURES])
{
	const struct trend *m = &t->trend;
	uint64_t mappings = rec_u64(json_object_get(m->now.status, "mappings"), "live");
	bool rates = m->have_rates && !t->waiting;
	char buf[FMT_MAX];

	f[0] = figure("maps/s", false, rates ? fmt_rate(buf, m->maps_rate) : "-");
	f[1] = figure("live maps", false, fmt_count(buf, (double)m->live));
	f[2] = figure("lost events", m->accounting.lost,
		      fmt_count(buf, (double)m->accounting.lost));
	f[3] = figure("violations", m->rules.violations,
		      m->rules.known ? fmt_count(buf, (double)m->rules.violations) : "-");
	f[4] = figure("unmaps/s", false, rates ? fmt_rate(buf, m->unmaps_rate) : "-");
	f[5] = figure("failed maps", m->failed, fmt_count(buf, (double)m->failed));
	f[6] = figure("mappings", false, fmt_count(buf, (double)mappings));
}

/* Draws one line of figures, for small screens: alerts first. */
static int draw_short_figures(struct screen *s, int y, const struct figure *f)
{
	static const char *const units[] = { "maps/s", "live", "lost", "violations" };
	int x = 0;

	for (int good = 0; good <= 1; good++)
		for (size_t i = 0; i < ARRAY_SIZE(units); i++) {
			/* There is no room for "0 violations". */
			if ((f[i].style != ST_ALERT) != good || (good && i == 3))
				continue;
			x = screen_put(s, x, y, f[i].style, f[i].value);
			x = screen_put(s, x + 1, y, ST_LABEL, units[i]) + 2;
		}
	return x;
}

void top_draw_figures(const struct top *t, struct screen *s, int y, int rows)
{
	struct figure f[FIGURES];
	int x = 0;

	if (!t->trend.have)
		return;
	make_figures(t, f);
	if (rows == 1) {
		x = draw_short_figures(s, y, f);
		draw_history(t, s, x, y, s->w - x, 1);
		return;
	}
	for (size_t i = 0; i < FIGURES && (i < (size_t)rows || s->w >= 110); i++) {
		x = (int)(i / (size_t)rows) * FIGURES_W;
		screen_put(s, x + 1, y + (int)(i % (size_t)rows), ST_LABEL, f[i].label);
		screen_field(s, x + 14, y + (int)(i % (size_t)rows), 6, true, f[i].style,
			     f[i].value);
	}
	x += FIGURES_W + 1;
	draw_history(t, s, x, y, s->w - x, rows);
}

/* Columns of the tabs of all views. */
static int tabs_width(void)
{
	int w = 0;

	for (unsigned int i = 0; i < VIEWS; i++)
		w += (int)fmt_width(views[i]->title) + 4;
	return w;
}

/* Draws the tabs, and at the right the filter and the order of the rows. */
void top_draw_tabs(const struct top *t, struct screen *s, int y)
{
	char right[256], part[128] = "", order[64];
	int x = 0;
	bool all;

	if (t->mapping_id && t->view == VIEW_CALLERS)
		snprintf(part, sizeof(part), "of mapping %u", t->mapping_id);
	if (t->filter[0])
		snprintf(part + strlen(part), sizeof(part) - strlen(part), "%s/%.40s: %zu of %zu",
			 part[0] ? "  " : "", t->filter, t->table.n_rows, t->all_rows);
	/* The filter is more important than the other tabs. */
	all = !t->batch && s->w >= 72 && tabs_width() + 2 + (int)fmt_width(part) <= s->w;
	for (unsigned int i = 0; i < VIEWS; i++) {
		if (!all && i != t->view)
			continue;
		x = screen_putf(s, x, y, i == t->view ? ST_TAB_ON : ST_TAB, "%s%u %s%s",
				i == t->view ? "[" : " ", i + 1, views[i]->title,
				i == t->view ? "]" : " ");
	}
	top_order(t, views[t->view], s->unicode, order, sizeof(order));
	snprintf(right, sizeof(right), "%s%s%s", part, part[0] ? "  " : "", order);
	x += 2;
	/* The heading of the table shows the order, too. */
	if (part[0] && x + (int)fmt_width(right) > s->w)
		snprintf(right, sizeof(right), "%s", part);
	if (x + (int)fmt_width(right) <= s->w)
		screen_put(s, s->w - (int)fmt_width(right), y, part[0] ? ST_NOTE : ST_DIM, right);
	else if (x < s->w)
		screen_field(s, x, y, s->w - x, false, part[0] ? ST_NOTE : ST_DIM, right);
}
