# SPDX-License-Identifier: GPL-2.0-or-later
# Programs for the scripts of this folder, built for both architectures.
guest-progs	:= $(patsubst %.c,%,$(wildcard tests/guest/*.c))
test-progs	+= $(guest-progs)
tools: $(addprefix $(O)/,$(guest-progs))
