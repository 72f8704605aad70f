# SPDX-License-Identifier: GPL-2.0-or-later
# Tests of the command lines: scripts that take the folder of the programs as their argument.
cli-tests	:= $(wildcard tests/cli/test-*.sh)

# iomapctl-fake is iomapctl with a fake collector; fake-report prints the report of a fake run.
test-progs	+= $(addprefix tests/cli/,fake-report iomapctl-fake)
tests/cli/iomapctl-fake-srcs := tests/cli/iomapctl-fake.c cli/ctl/main.c
