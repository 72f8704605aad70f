# SPDX-License-Identifier: GPL-2.0-or-later
# Serves made-up figures to the clients under test.
test-progs	+= tests/cli/fake-iomapd
tests/cli/fake-iomapd-srcs := tests/cli/fake-iomapd.c

include $(wildcard tests/*/build.mk)
