/* SPDX-License-Identifier: GPL-2.0-or-later */
/* Includes cmocka and the headers that it needs before it. */
#ifndef IOMAP_TESTS_LIB_TEST_H
#define IOMAP_TESTS_LIB_TEST_H

#include <setjmp.h>
#include <stdarg.h>
#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <errno.h>
#include <unistd.h>
#include <cmocka.h>

#endif
