# SPDX-License-Identifier: GPL-2.0-or-later
# iomap: see what io_mapping users do. `make help` lists the targets.

all: tools

include common.mk
include bpf/build.mk
include daemon/build.mk
include cli/build.mk
include kernel-patch/build.mk
include tests/build.mk
include docs/build.mk

tools: $(addprefix $(O)/,$(progs)) ## build the programs into build/ARCH

$(O)/libiomap.a: $(call objs,$(lib-srcs))
	$(call say,AR,$@)rm -f $@ && $(AR) rcs $@ $^

$(O)/%.o: %.c | $(gen-hdrs)
	@mkdir -p $(@D)
	$(call say,CC,$@)$(CC) $(ALL_CFLAGS) $(call pkg-cflags,$(lib-pkgs)) -MMD -MP -c -o $@ $<

$(foreach p,$(progs) $(unit-tests) $(test-progs),$(eval $(call program,$(p))))

-include $(shell find build -name '*.d' 2>/dev/null)

# ---- tests ----

test-bins	= $(addprefix $(O)/,$(progs) $(unit-tests) $(test-progs))

tests: $(test-bins) ## build the test programs

check: tests ## unit tests, BPF tests, format, static analysis: seconds
	$(Q)tests/run $(if $(V),-v) check

# Debian packages first: the rest of the build does not even parse its flags without them.
test: ## install what is missing, build everything, run all tests
	$(Q)tests/vm/deps
	$(Q)$(MAKE) --no-print-directory test-built
	$(Q)tests/run $(if $(V),-v) check host vm

test-built: vms-built
	$(Q)$(MAKE) --no-print-directory SAN=1 tests
	$(Q)$(MAKE) --no-print-directory CC=clang tests

soak: ## random load in the VMs, ten minutes for each kernel and backend, and long BPF tests: an hour or two
	$(Q)tests/vm/deps
	$(Q)$(MAKE) --no-print-directory vms-built
	$(Q)tests/run $(if $(V),-v) soak

vms-built: tests
	$(Q)$(MAKE) --no-print-directory ARCH=i386 tools
	$(Q)kernel-patch/build
	$(Q)for name in $$(kernel-patch/build --list); do \
		$(MAKE) --no-print-directory vm KERNEL=$$name || exit; done

demo: ## build the kernel, boot it with a real driver at work, show iomaptop
	$(Q)tests/vm/deps
	$(Q)$(MAKE) --no-print-directory tools
	$(Q)tests/vm/run --kernel 6.12-x86_64 --timeout 86400 -- tests/guest/demo.sh

print-%:
	@echo $($*)

clean: ## remove build/ (built kernels stay in the cache folder)
	rm -rf build

help: ## list the targets
	@sed -n 's/^\([a-z][a-z-]*\):.*## \(.*\)/  \1\t\2/p' $(MAKEFILE_LIST) | sort -u | expand -t 18

.PHONY: all tools tests check test test-built soak vms-built demo clean help
.DELETE_ON_ERROR:
