# SPDX-License-Identifier: GPL-2.0-or-later
# Fixtures and helpers shared by the tests.
test-lib-srcs	:= $(wildcard tests/lib/*.c)

include $(wildcard tests/*/build.mk)
