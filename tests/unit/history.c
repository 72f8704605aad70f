// SPDX-License-Identifier: GPL-2.0-or-later
/* The history has the latest events, and keeps violations for longer. */
#include "tests/lib/test.h"

#include "daemon/collector/history.h"

static void add(struct history *h, enum iomap_event_type type, uint32_t id)
{
	struct event e = { .rec = { .type = type, .id = id } };

	history_add(h, &e);
}

/* The next event has this number and mapping id; `gone` events before it were missed. */
static void expect(const struct history *h, uint64_t *at, uint64_t seq, uint32_t id, uint64_t gone)
{
	uint64_t missed = 0;
	const struct event *e = history_next(h, at, &missed);

	assert_non_null(e);
	assert_int_equal(e->seq, seq);
	assert_int_equal(e->rec.id, id);
	assert_int_equal(missed, gone);
	assert_int_equal(*at, seq + 1);
}

static void expect_end(const struct history *h, uint64_t at)
{
	uint64_t missed;

	assert_null(history_next(h, &at, &missed));
}

static void latest_events(void **state)
{
	struct history *h = history_new();
	uint64_t at = 1;

	(void)state;
	assert_int_equal(history_first(h), 1);
	expect_end(h, 1);
	for (uint32_t i = 1; i <= HISTORY_SIZE; i++)
		add(h, IOMAP_EVENT_MAP_FAILED, i);
	assert_int_equal(history_first(h), 1);
	for (uint32_t i = 1; i <= HISTORY_SIZE; i++)
		expect(h, &at, i, i, 0);
	expect_end(h, at);
	for (uint32_t i = HISTORY_SIZE + 1; i <= HISTORY_SIZE + 10; i++)
		add(h, IOMAP_EVENT_MAP_FAILED, i);
	assert_int_equal(history_first(h), 11);
	at = 1;
	expect(h, &at, 11, 11, 10);
	history_free(h);
}

static void violations_stay(void **state)
{
	struct history *h = history_new();
	uint64_t at;

	(void)state;
	history_begin(h, 100);
	add(h, IOMAP_EVENT_CREATE, 1);
	add(h, IOMAP_EVENT_VIOLATION, 2);
	add(h, IOMAP_EVENT_CREATE, 3);
	add(h, IOMAP_EVENT_VIOLATION, 4);
	for (uint32_t i = 0; i < 3 * HISTORY_SIZE; i++)
		add(h, IOMAP_EVENT_MAP_FAILED, 5);
	at = history_first(h);
	assert_int_equal(at, 101);
	expect(h, &at, 101, 2, 0);
	expect(h, &at, 103, 4, 1);
	expect(h, &at, 104 + 2 * HISTORY_SIZE, 5, 2 * HISTORY_SIZE);
	expect(h, &at, 105 + 2 * HISTORY_SIZE, 5, 0);
	/* From the middle. */
	at = 102;
	expect(h, &at, 103, 4, 1);
	at = 50;
	expect(h, &at, 101, 2, 51);
	history_free(h);
}

static void violations_are_bounded(void **state)
{
	struct history *h = history_new();
	uint64_t at;

	(void)state;
	for (uint32_t i = 1; i <= HISTORY_OLD + HISTORY_SIZE + 5; i++)
		add(h, IOMAP_EVENT_VIOLATION, i);
	at = history_first(h);
	assert_int_equal(at, 6);
	for (uint32_t i = 6; i <= HISTORY_OLD + HISTORY_SIZE + 5; i++)
		expect(h, &at, i, i, 0);
	expect_end(h, at);
	history_free(h);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(latest_events),
		cmocka_unit_test(violations_stay),
		cmocka_unit_test(violations_are_bounded),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
