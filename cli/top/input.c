// SPDX-License-Identifier: GPL-2.0-or-later
/* The grammar of ECMA-48, and the mouse report of X10, which has three more characters. */
#include "cli/top/input.h"

#define BEL 7
#define ST  0x9c /* the end of a string, as one character */

static enum input_result swallow(struct input *in, int state)
{
	in->state = state;
	return INPUT_IS_SWALLOWED;
}

/* The character after ESC. */
static enum input_result begin(struct input *in, int ch)
{
	switch (ch) {
	case '[':
		return swallow(in, INPUT_CSI_BEGIN);
	case 'O': /* SS3 */
	case 'N': /* SS2 */
		in->left = 1;
		return swallow(in, INPUT_COUNT);
	case ']':
	case 'P':
	case 'X':
	case '^':
	case '_':
		return swallow(in, INPUT_STRING);
	case INPUT_ESCAPE: /* the first ESC was a key, this one may begin a sequence */
		in->state = INPUT_BEGIN;
		return INPUT_IS_KEY;
	default:
		in->state = INPUT_KEYS;
		return INPUT_IS_AFTER_ESC;
	}
}

/* A character after ESC [: parameters, until a final character ends the sequence. */
static enum input_result csi(struct input *in, int ch)
{
	if (in->state == INPUT_CSI_BEGIN && ch == 'M') {
		in->left = 3; /* button, column, row */
		return swallow(in, INPUT_COUNT);
	}
	if (in->state == INPUT_CSI_BEGIN && ch == '[') {
		in->left = 1; /* a function key of the Linux console */
		return swallow(in, INPUT_COUNT);
	}
	if (ch == INPUT_ESCAPE) /* a sequence that is cut off by the next one */
		return swallow(in, INPUT_BEGIN);
	return swallow(in, ch >= 0x40 && ch <= 0x7e ? INPUT_KEYS : INPUT_CSI);
}

enum input_result input_take(struct input *in, int ch)
{
	/* A key that ncurses knows ends a broken sequence. */
	if (ch > 255 && in->state != INPUT_COUNT && in->state != INPUT_BEGIN)
		in->state = INPUT_KEYS;
	switch (in->state) {
	case INPUT_BEGIN:
		return begin(in, ch);
	case INPUT_CSI_BEGIN:
	case INPUT_CSI:
		return csi(in, ch);
	case INPUT_COUNT:
		return swallow(in, --in->left ? INPUT_COUNT : INPUT_KEYS);
	case INPUT_STRING:
		if (ch == INPUT_ESCAPE)
			return swallow(in, INPUT_STRING_ESCAPE);
		return swallow(in, ch == BEL || ch == ST ? INPUT_KEYS : INPUT_STRING);
	case INPUT_STRING_ESCAPE:
		if (ch == '\\')
			return swallow(in, INPUT_KEYS);
		begin(in, ch); /* another sequence, or the end of the broken one */
		return INPUT_IS_SWALLOWED;
	default:
		return ch == INPUT_ESCAPE ? swallow(in, INPUT_BEGIN) : INPUT_IS_KEY;
	}
}

bool input_pause(struct input *in)
{
	bool was_escape = in->state == INPUT_BEGIN;

	in->state = INPUT_KEYS;
	return was_escape;
}
