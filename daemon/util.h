/* SPDX-License-Identifier: GPL-2.0-or-later */
/* Small helpers of the daemon's code. */
#ifndef IOMAP_DAEMON_UTIL_H
#define IOMAP_DAEMON_UTIL_H

#include <errno.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <unistd.h>

#define ARRAY_SIZE(a) (sizeof(a) / sizeof((a)[0]))

#define container_of(ptr, type, member) ((type *)((char *)(ptr)-offsetof(type, member)))

/* Runs f on the variable's address when it goes out of scope. */
#define _cleanup_(f) __attribute__((cleanup(f)))

static inline void freep(void *p)
{
	free(*(void **)p);
}

static inline void closep(const int *fd)
{
	if (*fd >= 0)
		close(*fd);
}

static inline void fclosep(FILE **f)
{
	if (*f)
		fclose(*f);
}

#define _cleanup_free_	 _cleanup_(freep)
#define _cleanup_close_	 _cleanup_(closep)
#define _cleanup_fclose_ _cleanup_(fclosep)

/* An error for people: one sentence, filled by the function that failed. */
struct errbuf {
	char text[512];
};

/* Writes the sentence and returns err, so that `return set_error(e, -EIO, "…")` reads well. */
__attribute__((format(printf, 3, 4))) int set_error(struct errbuf *e, int err, const char *fmt,
						    ...);

#endif
