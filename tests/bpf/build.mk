# SPDX-License-Identifier: GPL-2.0-or-later
# The BPF programs on fake arguments, in the kernel of this machine; they need root.
bpf-helpers	:= $(addprefix tests/bpf/,harness.c ipi-fixture.c pins-fixture.c reference.c)
bpf-tests	:= $(patsubst %.c,%,$(filter-out $(bpf-helpers),$(wildcard tests/bpf/*.c)))
test-lib-srcs	+= $(bpf-helpers)
unit-tests	+= $(bpf-tests)
