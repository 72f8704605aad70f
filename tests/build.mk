# SPDX-License-Identifier: GPL-2.0-or-later
# Fixtures and helpers shared by the tests. fake-iomapd serves the fake figures of the fixture;
# fake-server sends any reply, also one that iomapd never sends.
fakes		:= tests/lib/fake-iomapd tests/lib/fake-server
test-lib-srcs	:= $(filter-out $(fakes:=.c),$(wildcard tests/lib/*.c))
test-progs	+= $(fakes)

include $(wildcard tests/*/build.mk)
