// SPDX-License-Identifier: GPL-2.0-or-later
#include <errno.h>
#include <poll.h>
#include <string.h>
#include <termios.h>

#include <curses.h>
#include <term.h>

#include "cli/top/input.h"
#include "cli/top/screen-curses.h"
#include "cli/top/top.h"

#define ESCAPE_MS   50	/* after ESC, for the rest of a key */
#define SEQUENCE_MS 250 /* between the characters of a sequence */

/* The look of each style. .color is not used on terminals without colour, or if NO_COLOR is set. */
static const struct {
	attr_t attr;
	short color; /* of the text; -1: the terminal's own */
} looks[ST_MAX] = {
	[ST_NORMAL] = { A_NORMAL, -1 },	       [ST_DIM] = { A_DIM, -1 },
	[ST_NAME] = { A_BOLD, COLOR_CYAN },    [ST_LABEL] = { A_NORMAL, COLOR_CYAN },
	[ST_VALUE] = { A_BOLD, -1 },	       [ST_GRAPH] = { A_NORMAL, COLOR_GREEN },
	[ST_HEAD] = { A_REVERSE, COLOR_CYAN }, [ST_HEAD_SORT] = { A_REVERSE | A_BOLD, COLOR_GREEN },
	[ST_TAB] = { A_NORMAL, -1 },	       [ST_TAB_ON] = { A_BOLD, COLOR_CYAN },
	[ST_SELECTED] = { A_REVERSE, -1 },     [ST_ALERT] = { A_BOLD, COLOR_RED },
	[ST_NOTE] = { A_BOLD, COLOR_YELLOW },  [ST_KEY] = { A_BOLD, -1 },
};

/* The one terminal of the process. */
static struct {
	SCREEN *screen;
	bool color;
	struct termios before; /* its settings when it was taken over */
	struct input input;
	int next; /* a key that was read already; 0: none */
} term;

/*
 * Returns the name of a similar terminal type, for terminals whose own terminfo entry may be
 * missing.
 */
static const char *similar_terminal(const char *name)
{
	static const char *const like_xterm[] = { "xterm",   "alacritty", "contour", "foot",
						  "ghostty", "gnome",	  "kitty",   "konsole",
						  "rio",     "st-",	  "vte",     "wezterm" };

	for (size_t i = 0; i < ARRAY_SIZE(like_xterm); i++)
		if (!strncmp(name, like_xterm[i], strlen(like_xterm[i])))
			return "xterm-256color";
	return !strncmp(name, "tmux", 4) || !strncmp(name, "screen", 6) ? "screen" : NULL;
}

/*
 * Keys that terminals send although TERM does not list them, as over a serial line. Reports of the
 * mouse are left to input.c: ncurses does not read all of their characters.
 */
static void define_keys(void)
{
	static const struct {
		const char *sequence;
		int key;
	} keys[] = {
		{ "\033[A", KEY_UP },	  { "\033[B", KEY_DOWN },   { "\033[C", KEY_RIGHT },
		{ "\033[D", KEY_LEFT },	  { "\033OA", KEY_UP },	    { "\033OB", KEY_DOWN },
		{ "\033OC", KEY_RIGHT },  { "\033OD", KEY_LEFT },   { "\033[H", KEY_HOME },
		{ "\033OH", KEY_HOME },	  { "\033[1~", KEY_HOME },  { "\033[7~", KEY_HOME },
		{ "\033[F", KEY_END },	  { "\033OF", KEY_END },    { "\033[4~", KEY_END },
		{ "\033[8~", KEY_END },	  { "\033[5~", KEY_PPAGE }, { "\033[6~", KEY_NPAGE },
		{ "\033[Z", KEY_BTAB },	  { "\033[3~", KEY_DC },    { "\033OP", KEY_F(1) },
		{ "\033[11~", KEY_F(1) },
	};

	for (size_t i = 0; i < ARRAY_SIZE(keys); i++)
		define_key(keys[i].sequence, keys[i].key);
	define_key(NULL, KEY_MOUSE);
}

int terminal_open(struct errbuf *err)
{
	const char *name = getenv("TERM"), *similar = name ? similar_terminal(name) : NULL;

	tcgetattr(STDIN_FILENO, &term.before);
	term.screen = newterm(NULL, stdout, stdin);
	if (!term.screen && similar)
		term.screen = newterm(similar, stdout, stdin);
	if (!term.screen)
		return set_error(
			err, -ENOTTY,
			"the terminal type '%s' is not known here: set TERM to one that is, such "
			"as xterm, or print frames with -b",
			name ?: "");
	set_term(term.screen);
	if (!cursor_address) {
		terminal_close();
		return set_error(
			err, -ENOTTY,
			"the terminal type '%s' cannot place its cursor: set TERM to the right "
			"one, or print frames with -b",
			name ?: "");
	}
	cbreak();
	noecho();
	nonl();
	keypad(stdscr, TRUE);
	define_keys();
	leaveok(stdscr, TRUE);
	curs_set(0);
	set_escdelay(ESCAPE_MS);
	term.color = has_colors() && !(getenv("NO_COLOR") && *getenv("NO_COLOR"));
	if (term.color) {
		start_color();
		use_default_colors();
		for (short i = 0; i < ST_MAX; i++)
			init_pair((short)(i + 1), looks[i].color, -1);
	}
	return 0;
}

void terminal_close(void)
{
	if (!term.screen)
		return;
	endwin();
	delscreen(term.screen);
	term.screen = NULL;
}

void terminal_abandon(void)
{
	if (term.screen)
		tcsetattr(STDIN_FILENO, TCSANOW, &term.before);
}

void terminal_size(int *ret_w, int *ret_h)
{
	getmaxyx(stdscr, *ret_h, *ret_w);
}

/* A blank between two words takes their style, so that fewer changes of style are sent. */
static enum style look_of(const struct screen_cell *row, int x, int w)
{
	if (row[x].ch == ' ' && x && x + 1 < w && row[x - 1].style == row[x + 1].style &&
	    !((looks[row[x].style].attr | looks[row[x - 1].style].attr) & A_REVERSE))
		return row[x - 1].style;
	return row[x].style;
}

void terminal_show(const struct screen *s)
{
	erase();
	for (int y = 0; y < s->h; y++) {
		const struct screen_cell *row = s->cells + (size_t)y * (size_t)s->w;

		for (int x = 0; x < s->w; x++) {
			enum style style = look_of(row, x, s->w);
			wchar_t text[2] = { (wchar_t)row[x].ch, 0 };
			cchar_t cell;

			if (row[x].ch == ' ' && style == ST_NORMAL)
				continue;
			setcchar(&cell, text, looks[style].attr,
				 (short)(term.color ? style + 1 : 0), NULL);
			mvadd_wch(y, x, &cell);
		}
	}
	refresh();
}

/* Returns the next character or key of ncurses, ERR if there is none. */
static int read_key(void)
{
	int key = term.next;

	term.next = 0;
	if (key)
		return key;
	/* Wait only in a sequence. After ESC alone not for long: it may be a key. */
	timeout(term.input.state == INPUT_KEYS	  ? 0
		: term.input.state == INPUT_BEGIN ? ESCAPE_MS
						  : SEQUENCE_MS);
	return getch();
}

/* Skips sequences. Returns the next key of ncurses, ERR if there is none. */
static int next_key(void)
{
	int key;

	/* Let the caller do other work after many characters. */
	for (int i = 0; i < 4096; i++) {
		key = read_key();
		if (key == ERR)
			return input_pause(&term.input) ? INPUT_ESCAPE : ERR;
		if (key == KEY_RESIZE)
			continue;
		switch (input_take(&term.input, key)) {
		case INPUT_IS_KEY:
			return key;
		case INPUT_IS_AFTER_ESC:
			term.next = key;
			return INPUT_ESCAPE;
		case INPUT_IS_SWALLOWED:
			break;
		}
	}
	return ERR;
}

int terminal_key(void)
{
	struct pollfd in = { .fd = STDIN_FILENO, .events = POLLIN };
	int key = next_key();

	switch (key) {
	case ERR:
		/* No key; or the terminal is gone, and would report input for ever. */
		if (poll(&in, 1, 0) > 0 && (in.revents & (POLLHUP | POLLERR | POLLNVAL)))
			return -EIO;
		return 0;
	case KEY_UP:
		return TOP_UP;
	case KEY_DOWN:
		return TOP_DOWN;
	case KEY_LEFT:
		return TOP_LEFT;
	case KEY_RIGHT:
		return TOP_RIGHT;
	case KEY_PPAGE:
		return TOP_PAGE_UP;
	case KEY_NPAGE:
		return TOP_PAGE_DOWN;
	case KEY_HOME:
		return TOP_HOME;
	case KEY_END:
		return TOP_END;
	case KEY_ENTER:
	case '\r':
	case '\n':
		return TOP_ENTER;
	case INPUT_ESCAPE:
		return TOP_ESCAPE;
	case KEY_BACKSPACE:
	case 127:
	case '\b':
		return TOP_BACKSPACE;
	case '\t':
		return TOP_TAB;
	case KEY_BTAB:
		return TOP_BACK_TAB;
	case KEY_F(1):
		return TOP_HELP;
	case KEY_F(10):
		return 'q';
	default:
		return key < 0 || key >= KEY_MIN ? ' ' + 0x1000 : key;
	}
}
