/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * iomaptop without a terminal: keys go in, frames come out and are compared with those in
 * tests/cli/frames. UPDATE_FRAMES=1 writes them anew; look at the difference before you commit it.
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

/* Takes one snapshot. */
void feed(struct figures p);
/* Two minutes of a load that rises and falls; @p is the last sample but for its time and work. */
void warm_up(struct figures p);
/* Types the characters of a string. */
void type(const char *keys);

void draw(int w, int h);
/* Draws and compares with the frame of that name. */
void check_frame(const char *name, int w, int h);
/* The row of the screen as text, for what is not worth a frame; all of them. */
const char *line(int y);
bool on_screen(const char *text);
/* The row whose text begins so, or -1. */
int line_of(const char *text);
/* What is drawn is plain ASCII. */
void assert_ascii(void);

/* A whole file; the caller frees it. */
char *read_file(const char *name);

#endif
