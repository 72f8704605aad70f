// SPDX-License-Identifier: GPL-2.0-or-later
/*
 * iomaptop with the replies of a hostile iomapd. The input is JSON, one reply or several with a NUL
 * between them. All views are drawn; no character on the screen steers the terminal.
 */
#include "tests/lib/fuzz.h"

#include <string.h>

#include "cli/top/top.h"
#include "daemon/base/utf8.h"

static void draw(struct top *t, int w, int h)
{
	struct screen s = { .unicode = true };

	CHECK(!screen_resize(&s, w, h));
	top_draw(t, &s);
	for (int i = 0; i < w * h; i++)
		CHECK(!utf8_steers(s.cells[i].ch));
	screen_free(&s);
}

static void look_around(struct top *t)
{
	for (int view = '1'; view < '1' + VIEWS; view++) {
		top_key(t, view);
		draw(t, 80, 24);
		top_key(t, TOP_DOWN); /* selects a row: its details are shown, too */
		top_key(t, TOP_DOWN);
		draw(t, 132, 30);
		top_key(t, TOP_ENTER);
		top_key(t, TOP_ESCAPE);
		top_key(t, TOP_ESCAPE);
	}
	draw(t, 9, 4);
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	const char *at = (const char *)data, *end = at + size;
	struct errbuf err = {};
	struct top t;

	top_init(&t, "/run/iomapd/iomapd.sock", 1);
	t.now = 1700000000;
	while (at < end) {
		size_t len = strnlen(at, end - at);
		json_t *reply = json_loadb(at, len, 0, NULL);

		if (reply && top_snapshot(&t, reply, &err))
			fuzz_check_text(err.text);
		json_decref(reply);
		at += len + 1;
	}
	look_around(&t);
	top_free(&t);
	return 0;
}
