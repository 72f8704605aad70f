# SPDX-License-Identifier: GPL-2.0-or-later
# Programs that the scripts here run, built with the tools for each architecture.
guest-progs	:= $(patsubst %.c,%,$(wildcard tests/guest/*.c))
test-progs	+= $(guest-progs)
tools: $(addprefix $(O)/,$(guest-progs))
