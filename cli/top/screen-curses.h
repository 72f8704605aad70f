/* SPDX-License-Identifier: GPL-2.0-or-later */
/* The terminal, through ncurses. */
#ifndef IOMAP_CLI_TOP_SCREEN_CURSES_H
#define IOMAP_CLI_TOP_SCREEN_CURSES_H

#include "cli/top/screen.h"

/* Takes over the terminal. Returns a negative errno with a sentence if it cannot be used. */
int terminal_open(struct errbuf *err);
/* Restores the terminal, if it was taken over. */
void terminal_close(void);
/*
 * Restores the settings of a terminal that does not take output: writes nothing, waits for nothing.
 * May be called in another thread, before the end of the process.
 */
void terminal_abandon(void);
/* The size of the terminal now. */
void terminal_size(int *ret_w, int *ret_h);
/* Shows the screen; sends only what changed. */
void terminal_show(const struct screen *s);
/* Returns the next key for top_key(), 0 if none is pressed, -EIO if the terminal is gone. */
int terminal_key(void);

#endif
