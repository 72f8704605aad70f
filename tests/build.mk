# SPDX-License-Identifier: GPL-2.0-or-later
# Fixtures and helpers that the tests share.
test-lib-srcs	:= $(wildcard tests/lib/*.c)

include $(wildcard tests/*/build.mk)
