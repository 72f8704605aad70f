# SPDX-License-Identifier: GPL-2.0-or-later
# Programs that the scripts here run, built with the tools for each architecture.
guest-progs	:= $(addprefix tests/guest/,ask ipi-load ipi-look mob)
$(foreach p,$(guest-progs),$(eval $(p)-srcs := $(p).c))
tests/guest/mob-srcs += tests/unit/mob.c
test-progs	+= $(guest-progs)
tools: $(addprefix $(O)/,$(guest-progs))
