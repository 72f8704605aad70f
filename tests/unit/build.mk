# SPDX-License-Identifier: GPL-2.0-or-later
# Code of the daemon by itself; no privilege, no BPF.
daemon-tests	:= $(addprefix tests/unit/,hist listen pci report server server-abuse symbols varlink)
unit-tests	+= $(daemon-tests)

$(foreach t,$(daemon-tests),$(eval $(t)-srcs := $(t).c))
$(foreach t,$(daemon-tests),$(eval $(t)-pkgs := cmocka))
tests/unit/server-srcs		+= tests/unit/server-fixture.c
tests/unit/server-abuse-srcs	+= tests/unit/server-fixture.c

cli-tests	+= tests/unit/test-iomapd.sh
