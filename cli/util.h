/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * Small helpers of the command-line programs: cleanup attributes, exit statuses, error sentences.
 */
#ifndef CLI_UTIL_H
#define CLI_UTIL_H

#include <stdio.h>
#include <stdlib.h>
#include <stdint.h>
#include <time.h>
#include <unistd.h>
#include <jansson.h>

#include "daemon/util.h" /* ARRAY_SIZE, cleanup attributes */

#define NSEC_PER_SEC	   ((uint64_t)1000000000)
#define check_printf(f, a) __attribute__((format(printf, f, a)))
#define __cleanup_with(f)  __attribute__((cleanup(f)))

/* Exit statuses, the same for all programs of this tree. */
enum exit_status {
	EXIT_GOOD = 0,
	EXIT_VIOLATION = 1,    /* a rule of the contract was broken */
	EXIT_USAGE = 2,	       /* the command line is wrong */
	EXIT_NOTHING = 3,      /* nothing was exercised */
	EXIT_INCONCLUSIVE = 4, /* events were lost, or a hook is missing */
	EXIT_CANNOT = 5,       /* no daemon, no privilege, input or output failed */
	EXIT_KERNEL = 6,       /* the kernel lacks what is needed */
	EXIT_COMMAND = 7,      /* the command that was run failed */
};

/* A sentence for the person at the terminal: what is wrong, with what, and what to do. */
struct err {
	char text[512];
};

/* Writes the sentence and returns @code, for `return err_set(err, -EINVAL, …)`. */
check_printf(3, 4) int err_set(struct err *err, int code, const char *fmt, ...);

static inline uint64_t now_ns(void)
{
	struct timespec ts;

	clock_gettime(CLOCK_MONOTONIC, &ts);
	return (uint64_t)ts.tv_sec * NSEC_PER_SEC + (uint64_t)ts.tv_nsec;
}

static inline void json_decref_p(json_t **j)
{
	json_decref(*j);
}

#ifndef json_array_foreach /* for analysers that read no system headers */
#define json_array_foreach(array, i, v) \
	for ((i) = 0; (i) < json_array_size(array) && ((v) = json_array_get(array, i)); (i)++)
#define json_object_foreach(object, key, v)                                         \
	for ((key) = json_object_iter_key(json_object_iter(object));                \
	     (key) && ((v) = json_object_iter_value(json_object_key_to_iter(key))); \
	     (key) = json_object_iter_key(json_object_iter_next(object, (void *)(key))))
#endif

#define _cleanup_json_ __cleanup_with(json_decref_p)

#endif
