# SPDX-License-Identifier: GPL-2.0-or-later
# Our code by itself: no privilege, no BPF.
unit-tests	+= $(patsubst %.c,%,$(wildcard tests/unit/*.c))

cli-tests	+= $(wildcard tests/unit/test-*.sh)
