/* SPDX-License-Identifier: GPL-2.0-or-later */
/* Helpers of the fuzz targets in tests/fuzz. They stop the process when something is wrong. */
#ifndef IOMAP_TESTS_LIB_FUZZ_H
#define IOMAP_TESTS_LIB_FUZZ_H

#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>

/* The function of a target: libFuzzer calls it, or tests/fuzz/main.c with the files of a corpus. */
int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

#define CHECK(condition)                                                                          \
	do {                                                                                      \
		if (!(condition)) {                                                               \
			fprintf(stderr, "%s:%d: not true: %s\n", __FILE__, __LINE__, #condition); \
			abort();                                                                  \
		}                                                                                 \
	} while (0)

/* A file in memory, and a path that opens it. */
struct fuzz_file {
	int fd;
	char path[40];
};

void fuzz_file_open(struct fuzz_file *f, const void *data, size_t size);
void fuzz_file_close(struct fuzz_file *f);

/* A copy with a NUL at its end, to be freed. The sanitizer knows where it ends. */
char *fuzz_string(const void *data, size_t size);

/* Checks that a text is one line of UTF-8 that cannot steer a terminal. */
void fuzz_check_text(const char *text);

#endif
