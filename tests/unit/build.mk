# SPDX-License-Identifier: GPL-2.0-or-later
# Unit tests: they need no privilege and no BPF.
unit-tests	+= $(patsubst %.c,%,$(wildcard tests/unit/*.c))

cli-tests	+= $(wildcard tests/unit/test-*.sh)
