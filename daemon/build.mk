# SPDX-License-Identifier: GPL-2.0-or-later
# The daemon's code as a library, so that the tests and iomapctl share it, and iomapd.
lib-srcs	+= $(addprefix daemon/,buf.c history.c jsonw.c listen.c loop.c model.c names.c \
		   report.c server.c service.c util.c varlink.c)
lib-pkgs	+= jansson

gen-hdrs	+= build/daemon/monitor-varlink.h

build/daemon/monitor-varlink.h: daemon/org.iomap.Monitor.varlink
	@mkdir -p $(@D)
	$(call say,GEN,$@)(echo 'static const char monitor_varlink[] ='; \
		sed '/SPDX/d; s/["\\]/\\&/g; s/.*/	"&\\n"/' $<; echo ';') > $@

lib-srcs	+= $(addprefix daemon/,collector.c collector-adopt.c collector-events.c collector-hooks.c collector-places.c \
		   collector-read.c pci.c symbols.c)
lib-pkgs	+= libbpf

progs		+= iomapd
iomapd-srcs	:= daemon/main.c
