# SPDX-License-Identifier: GPL-2.0-or-later
# The command lines of iomapctl and iomaptop: scripts over the built programs, whose folder they take as an argument.
cli-tests	:= $(wildcard tests/cli/test-*.sh)

# fake-iomapd serves fake figures; fake-server answers whatever it is given, for replies that iomapd never sends.
# iomapctl-fake is iomapctl with a fake collector.
test-progs	+= $(addprefix tests/cli/,fake-server fake-iomapd fake-report iomapctl-fake)
tests/cli/iomapctl-fake-srcs := tests/cli/iomapctl-fake.c cli/ctl/main.c
