// SPDX-License-Identifier: GPL-2.0-or-later
#include <math.h>

#include "cli/top/trend.h"

/* A counter that fell started again at zero, as for a reused id. */
static double per_second(uint64_t now, uint64_t before, double secs)
{
	return (double)(now >= before ? now - before : now) / secs;
}

/* The same for fractions. */
static double part_per_second(double now, double before, double secs)
{
	return (now >= before ? now - before : now) / secs;
}

static struct rates item_rates(const struct counts *now, const struct counts *before, double secs)
{
	uint64_t holds = now->holds >= before->holds ? now->holds - before->holds : now->holds;
	uint64_t held = now->hold_sum >= before->hold_sum ? now->hold_sum - before->hold_sum
							  : now->hold_sum;
	struct rates r = { .hold_avg = holds ? (double)held / (double)holds : NAN };

	for (int k = 0; k < IOMAP_KIND_MAX; k++) {
		r.maps[k] = per_second(now->maps.n[k], before->maps.n[k], secs);
		r.unmaps[k] = per_second(now->unmaps.n[k], before->unmaps.n[k], secs);
		r.all_maps += r.maps[k];
		r.all_unmaps += r.unmaps[k];
	}
	r.failed = per_second(now->failed, before->failed, secs);
	r.violations = per_second(now->violations, before->violations, secs);
	r.ipis = part_per_second(now->ipis, before->ipis, secs);
	r.broadcasts = part_per_second(now->broadcasts, before->broadcasts, secs);
	r.wait = part_per_second(now->wait, before->wait, secs);
	r.stolen = part_per_second(now->stolen, before->stolen, secs);
	return r;
}

/* Fills in the rates of all items of @now; an item that is new started at zero. */
static void take_differences(struct sample *now, const struct sample *before, double secs)
{
	static const struct counts zero;

	for (int type = 0; type < ITEM_MAX; type++) {
		struct items *l = &now->lists[type];

		for (size_t i = 0; i < l->n; i++) {
			const struct item *old = sample_find(before, type, l->items[i].key);

			l->items[i].rates =
				item_rates(&l->items[i].counts, old ? &old->counts : &zero, secs);
		}
	}
}

static void history_add(struct trend *m, double rate)
{
	m->history[m->history_n++ % HISTORY_MAX] = rate;
}

static void take_totals(struct trend *m)
{
	/* The CPUs count everything. If iomapd lists none, the backends do. */
	enum item_type type = m->now.lists[ITEM_CPU].n ? ITEM_CPU : ITEM_BACKEND;
	const struct items *l = &m->now.lists[type], *backends = &m->now.lists[ITEM_BACKEND];

	m->maps_rate = m->unmaps_rate = m->failed_rate = 0;
	m->failed = m->live = 0;
	for (size_t i = 0; i < l->n; i++) {
		m->maps_rate += l->items[i].rates.all_maps;
		m->unmaps_rate += l->items[i].rates.all_unmaps;
		m->failed_rate += l->items[i].rates.failed;
		m->failed += l->items[i].counts.failed;
	}
	for (size_t i = 0; i < backends->n; i++)
		m->live += kinds_sum(&backends->items[i].live);
	m->accounting = rec_accounting(m->now.status);
	m->rules = rule_totals(m->now.violations);
}

void trend_free(struct trend *m)
{
	sample_free(&m->now);
	*m = (struct trend){};
}

/* Tells whether both samples are from the same counters, which a restarted iomapd may take over. */
static bool same_counters(const struct sample *a, const struct sample *b)
{
	if (a->since || b->since)
		return a->since == b->since;
	return a->pid == b->pid && a->started == b->started;
}

int trend_add(struct trend *m, json_t *snapshot, struct errbuf *err)
{
	struct sample s;
	bool same;
	int r;

	r = sample_read(&s, snapshot, err);
	if (r)
		return r;
	same = m->have && same_counters(&s, &m->now) && s.time_ns >= m->now.time_ns;
	if (same && s.time_ns == m->now.time_ns) {
		/* The same sampling again: nothing new. */
		sample_free(&s);
		return 0;
	}
	if (same)
		take_differences(&s, &m->now,
				 (double)(s.time_ns - m->now.time_ns) / (double)NSEC_PER_SEC);
	else if (m->have)
		m->restarts++;
	sample_free(&m->now);
	m->now = s;
	m->have = true;
	m->have_rates = same;
	take_totals(m);
	history_add(m, same ? m->maps_rate : NAN);
	return 0;
}

void trend_gap(struct trend *m)
{
	if (m->have)
		history_add(m, NAN);
}

double trend_history(const struct trend *m, size_t ago)
{
	if (ago >= m->history_n || ago >= HISTORY_MAX)
		return NAN;
	return m->history[(m->history_n - 1 - ago) % HISTORY_MAX];
}
