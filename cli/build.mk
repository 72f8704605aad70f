# SPDX-License-Identifier: GPL-2.0-or-later
cli-srcs	:= $(addprefix cli/,client.c fmt.c opts.c record.c table.c util.c violation.c)
top-srcs	:= $(addprefix cli/,feed.c iomaptop_opts.c model.c sample.c screen.c top.c top_draw.c top_header.c top_help.c \
		   top_keys.c top_table.c view_backends.c view_callers.c view_cpus.c view_ipi.c view_mappings.c \
		   view_rules.c view_stack.c view_violations.c views.c)

assert-srcs	:= $(addprefix cli/,assert_cases.c assert_coverage.c assert_github.c assert_json.c assert_junit.c \
		   assert_output.c assert_print.c assert_run.c assert_sarif.c assert_suppress.c assert_tap.c \
		   assert_text.c assert_verdict.c assert_words.c)

progs		+= iomapctl iomaptop

iomapctl-srcs	:= $(cli-srcs) $(assert-srcs) \
		   $(addprefix cli/,iomapctl.c iomapctl_cmds.c ctl.c ctl_assert.c ctl_detach.c ctl_events.c ctl_hist.c \
		   ctl_ipi.c ctl_list.c ctl_stats.c ctl_status.c)
iomapctl-pkgs	:= jansson
iomapctl-libs	:= -lm

iomaptop-srcs	:= $(cli-srcs) $(top-srcs) cli/iomaptop.c cli/screen_curses.c
iomaptop-pkgs	:= jansson ncursesw
iomaptop-libs	:= -lm

# Writes the completions; each is named as the shell looks for it. That of iomapd is made from its --help.
completion-srcs	:= $(addprefix cli/,completion.c completion_bash.c completion_zsh.c)
test-progs	+= cli/completion-ctl cli/completion-top
cli/completion-ctl-srcs := $(completion-srcs) cli/completion_ctl.c $(filter-out cli/iomapctl.c,$(iomapctl-srcs))
cli/completion-ctl-pkgs := jansson
cli/completion-top-srcs := $(completion-srcs) cli/completion_top.c $(cli-srcs) $(top-srcs)
cli/completion-top-pkgs := jansson ncursesw
cli/completion-ctl-libs := -lm
cli/completion-top-libs := -lm

# programs for i386 need not run here
completions	:= $(if $(filter x86_64,$(ARCH)),$(foreach p,iomapctl iomaptop iomapd,bash/$p zsh/_$p))
tools: $(addprefix $(O)/completion/,$(completions))

define completion
$(O)/completion/$(1)/$(2)%: $(O)/cli/completion-ctl $(O)/cli/completion-top $(O)/iomapd
	@mkdir -p $$(@D)
	$$(call say,GEN,$$@)$(O)/iomapd --help | $(O)/cli/completion-$$(if $$(findstring top,$$*),top,ctl) $(1) $$* >$$@
endef
$(eval $(call completion,bash,))
$(eval $(call completion,zsh,_))

installs	+= $(foreach p,iomapctl iomaptop,$(O)/$p:$(bindir))
installs	+= $(foreach c,$(completions),$(O)/completion/$c:$(if $(findstring bash,$c),$(bashdir),$(zshdir)))
