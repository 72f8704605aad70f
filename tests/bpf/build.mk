# SPDX-License-Identifier: GPL-2.0-or-later
# Tests of the BPF programs with fake arguments, on the kernel of this machine. They need root.
bpf-helpers	:= $(addprefix tests/bpf/,harness.c ipi-fixture.c pins-fixture.c reference.c \
		   stock-fixture.c)
bpf-tests	:= $(patsubst %.c,%,$(filter-out $(bpf-helpers),$(wildcard tests/bpf/*.c)))
test-lib-srcs	+= $(bpf-helpers)
unit-tests	+= $(bpf-tests)
