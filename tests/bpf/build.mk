# SPDX-License-Identifier: GPL-2.0-or-later
# The BPF programs on made-up arguments, on this machine's own kernel; they need root.
bpf-tests	:= $(addprefix tests/bpf/,count flood limits load places random rules sections start)
unit-tests	+= $(bpf-tests)

$(foreach t,$(bpf-tests),$(eval $(t)-srcs := $(t).c tests/bpf/harness.c))
$(foreach t,$(bpf-tests),$(eval $(t)-pkgs := cmocka))
