# SPDX-License-Identifier: GPL-2.0-or-later
# Tests of hostile input and of hostile neighbours. test-*.sh run on this machine, with the folder
# of the programs as their argument. guest-*.sh run in one virtual machine, one after the other;
# breaks-*.sh in another, where the kernel may complain about the rules that they break.
abuse-tests	:= $(wildcard tests/abuse/test-*.sh)
abuse-progs	:= $(patsubst %.c,%,$(wildcard tests/abuse/*.c))
test-progs	+= $(abuse-progs)
tools: $(addprefix $(O)/,$(abuse-progs))
