# SPDX-License-Identifier: GPL-2.0-or-later
# What the programs cost: `make bench` prints the table of docs/performance.md.
test-progs	+= tests/bench/timing

gen-hdrs	+= $(BPF_O)/timing.skel.h

# The programs once more, with loops around them.
$(BPF_O)/timing.bpf.o: tests/bench/timing.bpf.c
	@mkdir -p $(@D)
	$(call say,BPF,$@)$(CLANG) $(BPF_CFLAGS) -I. -MMD -MP -MF $(@:.o=.d) -c -o $@ $<
	$(Q)$(LLVM_STRIP) -g $@

$(BPF_O)/timing.skel.h: $(BPF_O)/timing.bpf.o
	$(call say,SKEL,$@)$(BPFTOOL) gen skeleton $< name timing_bpf > $@
