# SPDX-License-Identifier: GPL-2.0-or-later
# The BPF programs on made-up arguments, on this machine's own kernel; they need root.
bpf-tests	:= $(addprefix tests/bpf/,count crowd flood ipi ipi-deferred limits load places random restart rules)
bpf-tests	+= $(addprefix tests/bpf/,sections start)
unit-tests	+= $(bpf-tests)

$(foreach t,$(bpf-tests),$(eval $(t)-srcs := $(t).c tests/bpf/harness.c))
$(foreach t,$(bpf-tests),$(eval $(t)-pkgs := cmocka))
$(foreach t,ipi ipi-deferred,$(eval tests/bpf/$t-srcs += tests/bpf/ipi-fixture.c))
tests/bpf/crowd-srcs	+= tests/unit/crowd.c tests/unit/mob.c tests/unit/server-fixture.c
