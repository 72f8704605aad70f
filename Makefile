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

clean: ## remove build/ (built kernels stay in the cache folder)
	rm -rf build

help: ## list the targets
	@sed -n 's/^\([a-z][a-z-]*\):.*## \(.*\)/  \1\t\2/p' $(MAKEFILE_LIST) | sort -u | expand -t 18

.PHONY: all tools clean help
.DELETE_ON_ERROR:
