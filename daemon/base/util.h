/* SPDX-License-Identifier: GPL-2.0-or-later */
/* Small helpers for all programs: cleanup attributes, error sentences, exit statuses, clocks. */
#ifndef IOMAP_DAEMON_BASE_UTIL_H
#define IOMAP_DAEMON_BASE_UTIL_H

#include <errno.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <time.h>
#include <unistd.h>

#define ARRAY_SIZE(a)	   (sizeof(a) / sizeof((a)[0]))
#define NSEC_PER_SEC	   ((uint64_t)1000000000)
#define check_printf(f, a) __attribute__((format(printf, f, a)))

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

/* Exit statuses, the same for all programs. */
enum exit_status {
	EXIT_GOOD = 0,
	EXIT_VIOLATION = 1,    /* a rule was broken */
	EXIT_USAGE = 2,	       /* the command line or the configuration is wrong */
	EXIT_NOTHING = 3,      /* nothing was exercised */
	EXIT_INCONCLUSIVE = 4, /* events were lost, or a hook is missing */
	EXIT_CANNOT = 5,       /* no daemon, no privilege, input or output failed */
	EXIT_KERNEL = 6,       /* the kernel lacks the tracepoints or BTF */
	EXIT_COMMAND = 7,      /* the command that was run failed */
};

/* An error for people: one sentence with the cause, the object and the remedy. */
struct errbuf {
	char text[512];
};

/*
 * Writes the sentence, with utf8_clean(), and returns err: `return set_error(e, -EIO, "…");`.
 * e: NULL if the caller does not want the sentence.
 */
check_printf(3, 4) int set_error(struct errbuf *e, int err, const char *fmt, ...);

/* Nanoseconds of a clock. */
static inline uint64_t clock_ns(clockid_t clock)
{
	struct timespec ts;

	clock_gettime(clock, &ts);
	return (uint64_t)ts.tv_sec * NSEC_PER_SEC + (uint64_t)ts.tv_nsec;
}

static inline uint64_t now_ns(void)
{
	return clock_ns(CLOCK_MONOTONIC);
}

/* FNV-1a: h is HASH_START, or the hash of what is before. It is the same on each machine. */
#define HASH_START 0xcbf29ce484222325ULL

static inline uint64_t hash_bytes(uint64_t h, const void *data, size_t len)
{
	const unsigned char *p = data;

	for (size_t i = 0; i < len; i++)
		h = (h ^ p[i]) * 0x100000001b3ULL;
	return h;
}

#endif
