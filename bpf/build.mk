# SPDX-License-Identifier: GPL-2.0-or-later
# One BPF object for all kernels and architectures, and the skeleton that contains it.
# -mcpu=v3: the i386 JIT supports its instructions except atomics, which the programs do not use.
BPF_CFLAGS	:= -std=gnu11 -O2 -g -target bpf -mcpu=v3 -Wall -Wextra -Werror \
		   -Wno-unused-parameter \
		   -idirafter /usr/include/$(shell gcc -print-multiarch 2>/dev/null)

gen-hdrs	+= $(BPF_O)/iomap.skel.h $(BPF_O)/schema.h

$(BPF_O)/iomap.bpf.o: bpf/iomap.bpf.c
	@mkdir -p $(@D)
	$(call say,BPF,$@)$(CLANG) $(BPF_CFLAGS) -MMD -MP -MF $(@:.o=.d) -c -o $@ $<
	$(Q)$(LLVM_STRIP) -g $@

$(BPF_O)/iomap.skel.h: $(BPF_O)/iomap.bpf.o
	$(call say,SKEL,$@)$(BPFTOOL) gen skeleton $< name iomap_bpf > $@

# Identify a pinned set: IOMAP_PIN_SCHEMA is a hash of its maps, IOMAP_PROGRAMS one of its programs.
$(BPF_O)/schema.h: $(BPF_O)/iomap.bpf.o bpf/schema
	$(call say,GEN,$@)printf '#define IOMAP_PIN_SCHEMA "%s"\n#define IOMAP_PROGRAMS "%s"\n' \
		"$$(bpf/schema bpf)" "$$(sha256sum <$< | cut -c1-12)" > $@
