// SPDX-License-Identifier: GPL-2.0-or-later
/*
 * Prints the addresses of some places in itself, and the source lines that they come from, as
 * tests/debug/lines must find them: ADDRESS FUNCTION FILE:LINE, FUNCTION FILE:LINE....
 */
#include <stdio.h>
#include <stdlib.h>

#define noinline __attribute__((noinline))

/* The asm keeps each call from becoming a jump. */
#define PLACE(text)                   \
	do {                          \
		place(text);          \
		__asm__ volatile(""); \
	} while (0)

noinline void place(const char *lines);
noinline void plain(void);
noinline void twice(int n);
noinline void rarely(int n);

/* clang-format off */
#line 10 "gpu/x/../fb.c"
static inline __attribute__((always_inline)) void draw_line(const char *lines)
{
	PLACE(lines);
}

static inline __attribute__((always_inline)) void blit(const char *lines)
{
	draw_line(lines);
}

#line 100 "gpu/driver.c"
noinline void plain(void)
{
	PLACE("plain gpu/driver.c:102");
}

noinline void twice(int n)
{
	draw_line("draw_line gpu/x/../fb.c:12, twice gpu/driver.c:107");
	if (n)
		blit("draw_line gpu/x/../fb.c:12, blit gpu/x/../fb.c:17, twice gpu/driver.c:109");
}

noinline void rarely(int n)
{
	if (__builtin_expect(n > 1, 0)) {
		PLACE("rarely gpu/driver.c:115");
		exit(0);
	}
	PLACE("rarely gpu/driver.c:118");
}
/* clang-format on */

noinline void place(const char *lines)
{
	printf("%lx %s\n", (unsigned long)__builtin_return_address(0), lines);
	fflush(stdout);
}

int main(void)
{
	volatile int one = 1;

	plain();
	twice(one);
	rarely(one);
	/* Ends the program. */
	rarely(one + 1);
	return 0;
}
