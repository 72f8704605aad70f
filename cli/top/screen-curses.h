/* SPDX-License-Identifier: GPL-2.0-or-later */
/* The terminal, through ncurses. */
#ifndef IOMAP_CLI_TOP_SCREEN_CURSES_H
#define IOMAP_CLI_TOP_SCREEN_CURSES_H

#include "cli/top/screen.h"

/* Takes the terminal over; negative errno with a sentence if it cannot be used. */
int terminal_open(struct errbuf *err);
/* Gives it back as it was. Does nothing if it is not taken over. */
void terminal_close(void);
/* Its size now. */
void terminal_size(int *ret_w, int *ret_h);
/* Shows the screen; only what changed is sent. */
void terminal_show(const struct screen *s);
/* The next key as top_key() takes it, 0 if none is pressed, -EIO if the terminal has gone. */
int terminal_key(void);

#endif
