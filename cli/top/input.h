/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * Recognises escape sequences that ncurses does not know, such as reports of the mouse or the
 * cursor: their characters are no keys.
 */
#ifndef IOMAP_CLI_TOP_INPUT_H
#define IOMAP_CLI_TOP_INPUT_H

#include <stdbool.h>

#define INPUT_ESCAPE 27

/* The part of a sequence that has arrived. All zero: none. */
struct input {
	enum {
		INPUT_KEYS,	     /* outside of a sequence */
		INPUT_BEGIN,	     /* after ESC */
		INPUT_CSI_BEGIN,     /* after ESC [ */
		INPUT_CSI,	     /* in the parameters of ESC [ */
		INPUT_COUNT,	     /* .left more characters */
		INPUT_STRING,	     /* in the text of OSC, DCS, SOS, PM or APC */
		INPUT_STRING_ESCAPE, /* after an ESC in such a text */
	} state;
	unsigned int left;
};

enum input_result {
	INPUT_IS_KEY,	    /* the character is a key; if it is an ESC, the one before it */
	INPUT_IS_SWALLOWED, /* it is a part of a sequence */
	INPUT_IS_AFTER_ESC, /* the ESC before it was a key, and the character is one, too */
};

/* Takes a character from the terminal, or a key of ncurses (above 255). */
enum input_result input_take(struct input *in, int ch);

/* Call it if no character has followed for a while. Returns true if an ESC was a key. */
bool input_pause(struct input *in);

#endif
