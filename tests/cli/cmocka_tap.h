/* SPDX-License-Identifier: GPL-2.0-or-later */
/* What each cmocka program here needs. */
#ifndef TESTS_CLI_CMOCKA_TAP_H
#define TESTS_CLI_CMOCKA_TAP_H

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <cmocka.h>

#define RUN_TAP(tests) \
	(cmocka_set_message_output(CM_OUTPUT_TAP), cmocka_run_group_tests(tests, NULL, NULL))

#endif
