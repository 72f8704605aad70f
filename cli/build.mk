# SPDX-License-Identifier: GPL-2.0-or-later
# iomapctl, iomaptop, and what writes their completions.
lib-srcs	+= $(wildcard cli/*.c cli/assert/*.c) $(filter-out %/main.c,$(wildcard cli/ctl/*.c cli/top/*.c))
lib-pkgs	+= ncursesw

progs		+= iomapctl iomaptop
iomapctl-srcs	:= cli/ctl/main.c
iomaptop-srcs	:= cli/top/main.c

# Writes the completions of all programs, each under the name that the shell looks for.
progs		+= cli/completion/completion
cli/completion/completion-srcs := $(wildcard cli/completion/*.c)

# programs for i386 need not run here
completions	:= $(if $(filter x86_64,$(ARCH)),$(foreach p,iomapctl iomaptop iomapd,bash/$p zsh/_$p))
tools: $(addprefix $(O)/completion/,$(completions))

define completion
$(O)/completion/$(1)/$(2)%: $(O)/cli/completion/completion
	@mkdir -p $$(@D)
	$$(call say,GEN,$$@)$$< $(1) $$* >$$@
endef
$(eval $(call completion,bash,))
$(eval $(call completion,zsh,_))

installs	+= $(foreach p,iomapctl iomaptop,$(O)/$p:$(bindir))
installs	+= $(foreach c,$(completions),$(O)/completion/$c:$(if $(findstring bash,$c),$(bashdir),$(zshdir)))
