# SPDX-License-Identifier: GPL-2.0-or-later
cli-srcs	:= $(addprefix cli/,client.c fmt.c opts.c record.c table.c util.c violation.c)
top-srcs	:= $(addprefix cli/,feed.c iomaptop_opts.c model.c sample.c screen.c top.c top_draw.c top_header.c top_help.c \
		   top_keys.c top_table.c view_backends.c view_callers.c view_cpus.c view_mappings.c \
		   view_rules.c view_stack.c view_violations.c views.c)

assert-srcs	:= $(addprefix cli/,assert_cases.c assert_coverage.c assert_github.c assert_json.c assert_junit.c \
		   assert_output.c assert_print.c assert_run.c assert_sarif.c assert_suppress.c assert_tap.c \
		   assert_text.c assert_verdict.c assert_words.c)

progs		+= iomapctl iomaptop

iomapctl-srcs	:= $(cli-srcs) $(assert-srcs) \
		   $(addprefix cli/,iomapctl.c iomapctl_cmds.c ctl_assert.c ctl_events.c ctl_hist.c \
		   ctl_list.c ctl_stats.c ctl_status.c)
iomapctl-pkgs	:= jansson
iomapctl-libs	:= -lm

iomaptop-srcs	:= $(cli-srcs) $(top-srcs) cli/iomaptop.c cli/screen_curses.c
iomaptop-pkgs	:= jansson ncursesw
iomaptop-libs	:= -lm
