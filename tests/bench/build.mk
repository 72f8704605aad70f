# SPDX-License-Identifier: GPL-2.0-or-later
# The cost of the BPF programs: see tests/bench/run, or `make bench`.
test-progs	+= tests/bench/timing

gen-hdrs	+= $(BPF_O)/timing.skel.h

# The BPF programs with loops around them.
$(BPF_O)/timing.bpf.o: tests/bench/timing.bpf.c
	@mkdir -p $(@D)
	$(call say,BPF,$@)$(CLANG) $(BPF_CFLAGS) -I. -MMD -MP -MF $(@:.o=.d) -c -o $@ $<
	$(Q)$(LLVM_STRIP) -g $@

$(BPF_O)/timing.skel.h: $(BPF_O)/timing.bpf.o
	$(call say,SKEL,$@)$(BPFTOOL) gen skeleton $< name timing_bpf > $@
