# SPDX-License-Identifier: GPL-2.0-or-later
# iomapd, and the code below it that the tools and the tests share.
lib-srcs	+= $(wildcard daemon/base/*.c daemon/collector/*.c) $(filter-out daemon/main.c,$(wildcard daemon/*.c))
lib-pkgs	+= jansson libbpf libcap-ng libmicrohttpd inih libsystemd

progs		+= iomapd
iomapd-srcs	:= daemon/main.c

gen-hdrs	+= build/daemon/monitor-varlink.h

build/daemon/monitor-varlink.h: daemon/org.iomap.Monitor.varlink
	@mkdir -p $(@D)
	$(call say,GEN,$@)(echo 'static const char monitor_varlink[] ='; \
		sed '/SPDX/d; s/["\\]/\\&/g; s/.*/	"&\\n"/' $<; echo ';') > $@

# Install the files of daemon/systemd under the names systemd expects.
units		:= $(notdir $(wildcard daemon/systemd/*.service daemon/systemd/*.socket))
installs	+= $(O)/iomapd:$(sbindir)
installs	+= $(foreach u,$(units),daemon/systemd/$u:$(unitdir))
installs	+= $(foreach f,$(wildcard daemon/systemd/*.sysusers),$f:$(sysusersdir):$(notdir $(f:.sysusers=.conf)))
installs	+= $(foreach f,$(wildcard daemon/systemd/*.tmpfiles),$f:$(tmpfilesdir):$(notdir $(f:.tmpfiles=.conf)))
