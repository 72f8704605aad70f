# SPDX-License-Identifier: GPL-2.0-or-later
# Tests of the command lines: scripts that take the folder of the programs as their argument.
cli-tests	:= $(wildcard tests/cli/test-*.sh)

# fake-iomapd serves fake figures. fake-server sends any reply, also one that iomapd never sends.
# iomapctl-fake is iomapctl with a fake collector.
test-progs	+= $(addprefix tests/cli/,fake-server fake-iomapd fake-report iomapctl-fake)
tests/cli/iomapctl-fake-srcs := tests/cli/iomapctl-fake.c cli/ctl/main.c
