# SPDX-License-Identifier: GPL-2.0-or-later
# iomapd, the collector, and the code that all programs share.
lib-srcs	+= $(wildcard daemon/base/*.c daemon/collector/*.c)
lib-srcs	+= $(filter-out daemon/main.c,$(wildcard daemon/*.c))
lib-pkgs	+= jansson libbpf libcap-ng libmicrohttpd inih libsystemd

progs		+= iomapd
iomapd-srcs	:= daemon/main.c

gen-hdrs	+= build/daemon/base/monitor-varlink.h

build/daemon/base/monitor-varlink.h: daemon/org.iomap.Monitor.varlink
	@mkdir -p $(@D)
	$(call say,GEN,$@)(echo 'static const char monitor_varlink[] ='; \
		sed '/SPDX/d; s/["\\]/\\&/g; s/.*/	"&\\n"/' $<; echo ';') > $@

# systemd expects the names NAME.conf for its sysusers and tmpfiles.
conf		= $(foreach f,$(wildcard daemon/systemd/*.$(1)),$f:$(2):$(notdir $(f:.$(1)=.conf)))
units		:= $(notdir $(wildcard daemon/systemd/*.service daemon/systemd/*.socket))
installs	+= $(O)/iomapd:$(sbindir)
installs	+= $(foreach u,$(units),daemon/systemd/$u:$(unitdir))
installs	+= $(call conf,sysusers,$(sysusersdir)) $(call conf,tmpfiles,$(tmpfilesdir))
