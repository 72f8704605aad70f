// SPDX-License-Identifier: GPL-2.0-or-later
#include <errno.h>
#include <fnmatch.h>
#include <math.h>
#include <string.h>

#include "cli/compare/compare.h"
#include "cli/compare/rank.h"

/* A rate that a recording does not have is 0 in each interval. */
static double *values_of(const struct series *s, const struct metric *m, enum metric_unit unit,
			 size_t *ret_n)
{
	double *v;

	*ret_n = m ? m->n : unit == METRIC_RATE ? s->intervals : 0;
	v = calloc(*ret_n ?: 1, sizeof(*v));
	if (v && m && m->n)
		memcpy(v, m->values, m->n * sizeof(*v));
	return v;
}

static double total_of(const struct series *s, const struct metric *m, enum metric_unit unit)
{
	if (m)
		return metric_total(m);
	return unit == METRIC_RATE && s->intervals ? 0 : NAN;
}

/* Adds the metric, if it is known in a recording. */
static int compare_metric(const struct series *a, const struct series *b, const struct metric *m,
			  struct comparison *to)
{
	const struct metric *ma = series_find(a, m->name), *mb = series_find(b, m->name);
	struct change c = { .name = m->name, .unit = m->unit, .p = NAN };
	_cleanup_free_ double *va = values_of(a, ma, m->unit, &c.na);
	_cleanup_free_ double *vb = values_of(b, mb, m->unit, &c.nb);

	if (!va || !vb)
		return -ENOMEM;
	c.a = total_of(a, ma, m->unit);
	c.b = total_of(b, mb, m->unit);
	if (c.na >= CHANGE_INTERVALS && c.nb >= CHANGE_INTERVALS)
		c.p = rank_test(va, c.na, vb, c.nb);
	c.beyond = c.p < CHANGE_P;
	if (!isnan(c.a) || !isnan(c.b))
		to->changes[to->n++] = c;
	return 0;
}

/* Groups in the order of their importance, names in the order of the alphabet. */
static int by_name(const void *x, const void *y)
{
	static const char *const groups[] = { "maps",	  "live",	"hold:", "hold-",
					      "map-time", "unmap-time", "ipis" };
	const struct change *a = x, *b = y;
	size_t ga = 0, gb = 0;

	while (ga < ARRAY_SIZE(groups) && strncmp(a->name, groups[ga], strlen(groups[ga])))
		ga++;
	while (gb < ARRAY_SIZE(groups) && strncmp(b->name, groups[gb], strlen(groups[gb])))
		gb++;
	if (ga != gb)
		return ga < gb ? -1 : 1;
	return strcmp(a->name, b->name);
}

int compare(const struct series *a, const struct series *b, struct comparison *ret)
{
	struct comparison c = { .changes = calloc(a->n + b->n + 1, sizeof(*c.changes)) };
	int r = c.changes ? 0 : -ENOMEM;

	for (size_t i = 0; !r && i < a->n; i++)
		r = compare_metric(a, b, &a->metrics[i], &c);
	for (size_t i = 0; !r && i < b->n; i++) {
		if (!series_find(a, b->metrics[i].name))
			r = compare_metric(a, b, &b->metrics[i], &c);
	}
	if (r) {
		comparison_free(&c);
		return r;
	}
	qsort(c.changes, c.n, sizeof(*c.changes), by_name);
	*ret = c;
	return 0;
}

void comparison_free(struct comparison *c)
{
	free(c->changes);
	*c = (struct comparison){};
}

double change_share(const struct change *c)
{
	return c->a > 0 ? (c->b - c->a) / c->a : NAN;
}

static int bad_limit(const char *text, struct errbuf *err)
{
	return set_error(err, -EINVAL,
			 "--fail-on takes a metric, > or <, and a change with its sign, such as "
			 "'maps<-5%%' or 'ipis>+10', not '%.100s'",
			 text);
}

int limit_parse(const char *text, struct limit *ret, struct errbuf *err)
{
	size_t n = strcspn(text, "<>");
	struct limit l = { .text = text };
	const char *p = text + n + 1;
	char *end;

	if (!n || !text[n] || n >= sizeof(l.pattern))
		return bad_limit(text, err);
	memcpy(l.pattern, text, n);
	l.above = text[n] == '>';
	if ((*p != '+' && *p != '-') || strspn(p + 1, "0123456789.%") != strlen(p + 1) || !p[1])
		return bad_limit(text, err);
	l.change = strtod(p, &end);
	l.relative = *end == '%';
	end += l.relative;
	if (end == p + 1 || *end || !isfinite(l.change))
		return bad_limit(text, err);
	*ret = l;
	return 0;
}

/* "hold" stands for the metric of that name, or for all of the group if there is none. */
static bool matches(const struct limit *l, const struct comparison *c, const char *name)
{
	size_t n = strlen(l->pattern);

	if (strchr(l->pattern, ':') || strpbrk(l->pattern, "*?["))
		return !fnmatch(l->pattern, name, 0) || !strcmp(l->pattern, name);
	for (size_t i = 0; i < c->n; i++) {
		if (!strcmp(c->changes[i].name, l->pattern))
			return !strcmp(name, l->pattern);
	}
	return !strncmp(name, l->pattern, n) && name[n] == ':';
}

static enum limit_verdict judge(const struct limit *l, const struct change *c)
{
	double change = c->b - c->a;
	bool exceeded;

	/* What the second recording does not have cannot be too much. */
	if (isnan(change))
		return isnan(c->b) && l->above ? LIMIT_KEPT : LIMIT_UNKNOWN;
	if (l->relative) {
		/* Anything is infinitely more than nothing. */
		change = c->a > 0 ? 100 * change / c->a : c->b > 0 ? INFINITY : 0;
	}
	exceeded = l->above ? change > l->change : change < l->change;
	if (!exceeded)
		return LIMIT_KEPT;
	if (isnan(c->p))
		return LIMIT_UNKNOWN;
	return c->beyond ? LIMIT_EXCEEDED : LIMIT_NOISE;
}

void limit_judge(struct limit *l, const struct comparison *c)
{
	enum limit_verdict v;
	bool any = false;

	l->verdict = LIMIT_KEPT;
	for (size_t i = 0; i < c->n; i++) {
		if (!matches(l, c, c->changes[i].name))
			continue;
		v = judge(l, &c->changes[i]);
		if (!any || v > l->verdict) {
			l->verdict = v;
			l->worst = &c->changes[i];
		}
		any = true;
	}
	if (!any)
		l->verdict = LIMIT_UNKNOWN;
}
