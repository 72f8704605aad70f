// SPDX-License-Identifier: GPL-2.0-or-later
#include <string.h>

#include "daemon/base/utf8.h"
#include "tests/lib/top-fixture.h"

#define FRAMES "tests/cli/frames/"

struct top top;
struct screen screen;
struct errbuf err;

void feed(struct figures p)
{
	json_t *s = figures_snapshot(&p);

	assert_non_null(s);
	assert_int_equal(top_snapshot(&top, s, &err), 0);
	json_decref(s);
}

void warm_up(struct figures p)
{
	double work = 0;

	for (int i = 0; i < 120; i++) {
		struct figures q = { .time = 100 + i, .work = work };

		feed(q);
		work += 0.15 + (i % 40 < 20 ? i % 20 : 20 - i % 20) * 0.04;
	}
	p.time = 220;
	p.work = work;
	feed(p);
}

int top_setup(void **state)
{
	(void)state;
	top_init(&top, "/run/iomapd/iomapd.sock", 1);
	top.now = 1700000000 + 3723;
	screen = (struct screen){ .unicode = true };
	return 0;
}

int top_teardown(void **state)
{
	(void)state;
	top_free(&top);
	screen_free(&screen);
	return 0;
}

void draw(int w, int h)
{
	assert_int_equal(screen_resize(&screen, w, h), 0);
	top_draw(&top, &screen);
}

static char *screen_text(void)
{
	char *text = NULL;
	size_t size;
	FILE *f = open_memstream(&text, &size);

	assert_non_null(f);
	screen_print(&screen, screen.h, f);
	fclose(f);
	return text;
}

char *read_file(const char *name)
{
	char *text = calloc(1, 65536);
	FILE *f = fopen(name, "r");

	if (f) {
		assert_true(fread(text, 1, 65535, f) > 0);
		fclose(f);
	}
	return text;
}

void check_frame(const char *name, int w, int h)
{
	char file[128], *want, *have;
	FILE *f;

	snprintf(file, sizeof(file), FRAMES "%s.frame", name);
	draw(w, h);
	have = screen_text();
	if (getenv("UPDATE_FRAMES")) {
		f = fopen(file, "w");
		assert_non_null(f);
		fputs(have, f);
		fclose(f);
	}
	want = read_file(file);
	if (strcmp(have, want))
		fprintf(stderr, "--- want %s\n%s--- have\n%s---\n", name, want, have);
	assert_string_equal(have, want);
	free(have);
	free(want);
}

const char *line(int y)
{
	static char buf[4096];
	size_t n = 0;

	assert_in_range(y, 0, screen.h - 1);
	for (int x = 0; x < screen.w; x++)
		n += utf8_put(buf + n, screen.cells[y * screen.w + x].ch);
	while (n && buf[n - 1] == ' ')
		n--;
	buf[n] = 0;
	return buf;
}

bool on_screen(const char *text)
{
	for (int y = 0; y < screen.h; y++)
		if (strstr(line(y), text))
			return true;
	return false;
}

void type(const char *keys)
{
	while (*keys)
		top_key(&top, *keys++);
}

int line_of(const char *text)
{
	for (int y = 0; y < screen.h; y++)
		if (!strncmp(line(y), text, strlen(text)))
			return y;
	return -1;
}

void assert_ascii(void)
{
	for (int y = 0; y < screen.h; y++)
		for (const char *p = line(y); *p; p++)
			assert_in_range(*p, ' ', '~');
}
