# SPDX-License-Identifier: GPL-2.0-or-later
cli-srcs	:= $(addprefix cli/,client.c fmt.c opts.c record.c table.c util.c)

progs		+= iomapctl
iomapctl-srcs	:= $(cli-srcs) $(addprefix cli/,iomapctl.c iomapctl_cmds.c ctl_events.c ctl_hist.c \
		   ctl_list.c ctl_stats.c ctl_status.c)
iomapctl-pkgs	:= jansson
iomapctl-libs	:= -lm
