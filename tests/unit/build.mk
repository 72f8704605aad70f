# SPDX-License-Identifier: GPL-2.0-or-later
# Code of the daemon by itself; no privilege, no BPF.
daemon-tests	:= $(addprefix tests/unit/,hist listen pci report server symbols varlink)
unit-tests	+= $(daemon-tests)

$(foreach t,$(daemon-tests),$(eval $(t)-srcs := $(t).c))
$(foreach t,$(daemon-tests),$(eval $(t)-pkgs := cmocka))

cli-tests	+= tests/unit/test-iomapd.sh
