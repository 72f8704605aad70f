# SPDX-License-Identifier: GPL-2.0-or-later
# What of systemd is here is installed under the names that systemd looks for.
units		:= $(notdir $(wildcard daemon/systemd/*.service daemon/systemd/*.socket))
installs	+= $(O)/iomapd:$(sbindir)
installs	+= $(foreach u,$(units),daemon/systemd/$u:$(unitdir))
installs	+= $(foreach f,$(wildcard daemon/systemd/*.sysusers),$f:$(sysusersdir):$(notdir $(f:.sysusers=.conf)))
installs	+= $(foreach f,$(wildcard daemon/systemd/*.tmpfiles),$f:$(tmpfilesdir):$(notdir $(f:.tmpfiles=.conf)))

# The daemon's code as a library, so that the tests and iomapctl share it, and iomapd.
lib-srcs	+= $(addprefix daemon/,buf.c cost.c history.c http.c http-address.c ipi.c jsonw.c listen.c loop.c \
		   metrics.c metrics-ipi.c metricw.c model.c names.c report.c report-ipi.c server.c service.c util.c \
		   varlink.c)
lib-pkgs	+= jansson libmicrohttpd

gen-hdrs	+= build/daemon/monitor-varlink.h

build/daemon/monitor-varlink.h: daemon/org.iomap.Monitor.varlink
	@mkdir -p $(@D)
	$(call say,GEN,$@)(echo 'static const char monitor_varlink[] ='; \
		sed '/SPDX/d; s/["\\]/\\&/g; s/.*/	"&\\n"/' $<; echo ';') > $@

lib-srcs	+= $(addprefix daemon/,collector.c collector-adopt.c collector-cost.c collector-events.c collector-hooks.c \
		   collector-ipi.c collector-pins.c collector-places.c collector-read.c pci.c pins.c privilege.c \
		   symbols.c)
lib-pkgs	+= libbpf libcap-ng

progs		+= iomapd
iomapd-srcs	:= $(addprefix daemon/,config.c main.c notify.c options.c)
iomapd-pkgs	:= inih libsystemd
