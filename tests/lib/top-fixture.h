/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * iomaptop without a terminal: a test sends keys and compares frames with the files in
 * tests/lib/frames. UPDATE_FRAMES=1 overwrites these; check the difference before you commit it.
 */
#ifndef IOMAP_TESTS_LIB_TOP_FIXTURE_H
#define IOMAP_TESTS_LIB_TOP_FIXTURE_H

#include "cli/top/top.h"
#include "tests/lib/test.h"
#include "tests/lib/figures.h"

extern struct top top;
extern struct screen screen;
extern struct errbuf err;

#define HEAD_Y 6 /* the column headings on 80x24, or the first line of warnings above them */

/* Before and after each test. */
int top_setup(void **state);
int top_teardown(void **state);
#define TEST(f) cmocka_unit_test_setup_teardown(f, top_setup, top_teardown)

/* Feeds one snapshot. */
void feed(struct figures p);
/* Feeds two minutes of a load that rises and falls. @p: the last sample, without time and work. */
void warm_up(struct figures p);
/* Types the characters of a string. */
void type(const char *keys);

void draw(int w, int h);
/* Draws, and compares with the frame of that name. */
void check_frame(const char *name, int w, int h);
/* Returns a row of the screen as text; tells whether any row contains the text. */
const char *line(int y);
bool on_screen(const char *text);
/* Returns the row that starts with the text, or -1. */
int line_of(const char *text);
/* Checks that the screen is ASCII. */
void assert_ascii(void);

/* Reads a whole file; the caller frees it. */
char *read_file(const char *name);

#endif
