# SPDX-License-Identifier: GPL-2.0-or-later
# iomapctl, iomaptop, and their completions.
lib-srcs	+= $(wildcard cli/*.c cli/assert/*.c cli/debug/*.c)
lib-srcs	+= $(wildcard cli/recording/*.c cli/compare/*.c cli/report/*.c)
lib-srcs	+= $(filter-out %/main.c,$(wildcard cli/ctl/*.c cli/top/*.c))
lib-pkgs	+= ncursesw libdw libelf libzstd zlib

progs		+= iomapctl iomaptop
iomapctl-srcs	:= cli/ctl/main.c
iomaptop-srcs	:= cli/top/main.c

# This program writes the completions of all programs.
progs		+= cli/completion/completion
cli/completion/completion-srcs := $(wildcard cli/completion/*.c)

# Only for x86_64: i386 programs may not run on this machine. zsh wants _NAME.
ifeq ($(ARCH),x86_64)
completions	:= $(foreach p,iomapctl iomaptop iomapd,bash/$p zsh/_$p)
endif
tools: $(addprefix $(O)/completion/,$(completions))

define completion
$(O)/completion/$(1)/$(2)%: $(O)/cli/completion/completion
	@mkdir -p $$(@D)
	$$(call say,GEN,$$@)$$< $(1) $$* >$$@
endef
$(eval $(call completion,bash,))
$(eval $(call completion,zsh,_))

installs	+= $(foreach p,iomapctl iomaptop,$(O)/$p:$(bindir))
installs	+= $(foreach c,$(filter bash/%,$(completions)),$(O)/completion/$c:$(bashdir))
installs	+= $(foreach c,$(filter zsh/%,$(completions)),$(O)/completion/$c:$(zshdir))
