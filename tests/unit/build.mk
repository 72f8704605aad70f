# SPDX-License-Identifier: GPL-2.0-or-later
# Code of the daemon by itself; no privilege, no BPF.
daemon-tests	:= $(addprefix tests/unit/,hist history http ipi listen metrics pci report server server-abuse \
		   server-crowd symbols varlink varlink-fuzz)
unit-tests	+= $(daemon-tests)

$(foreach t,$(daemon-tests),$(eval $(t)-srcs := $(t).c))
$(foreach t,$(daemon-tests),$(eval $(t)-pkgs := cmocka))
tests/unit/ipi-srcs		+= tests/unit/report-json.c tests/cli/fake-ipi.c
tests/unit/report-srcs		+= tests/unit/report-json.c
tests/unit/metrics-srcs		+= tests/cli/fake-ipi.c
tests/unit/http-srcs		+= tests/unit/server-fixture.c
tests/unit/server-srcs		+= tests/unit/server-fixture.c
tests/unit/server-abuse-srcs	+= tests/unit/server-fixture.c
crowd-srcs			:= $(addprefix tests/unit/,crowd.c mob.c server-fixture.c)
tests/unit/server-crowd-srcs	+= $(crowd-srcs)
tests/unit/varlink-fuzz-srcs	+= tests/unit/server-fixture.c

# The settings of iomapd, which are not in the library.
unit-tests	+= tests/unit/options
tests/unit/options-srcs	:= tests/unit/options.c daemon/config.c daemon/options.c
tests/unit/options-pkgs	:= cmocka inih

cli-tests	+= tests/unit/test-iomapd.sh tests/unit/test-schema.sh
