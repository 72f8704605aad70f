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
$(O)/libtests.a: $(call objs,$(test-lib-srcs))
# q appends: several folders have files of the same name, which r would replace.
$(O)/lib%.a:
	$(call say,AR,$@)rm -f $@ && $(AR) qcs $@ $^

$(O)/%.o: %.c | $(gen-hdrs)
	@mkdir -p $(@D)
	$(call say,CC,$@)$(CC) $(ALL_CFLAGS) $(call pkg-cflags,$(lib-pkgs)) -MMD -MP -c -o $@ $<

$(foreach p,$(progs),$(eval $(call program,$(p),$(O)/libiomap.a)))
$(foreach p,$(unit-tests) $(test-progs),\
	$(eval $(call program,$(p),$(O)/libtests.a $(O)/libiomap.a)))

-include $(shell find $(O) $(BPF_O) -name '*.d' 2>/dev/null)

# ---- installation ----

# The words of FILE:FOLDER or FILE:FOLDER:NAME
part		= $(word $(2),$(subst :, ,$(1)))
base		= $(or $(call part,$(1),3),$(notdir $(call part,$(1),1)))
installed	= $(DESTDIR)$(call part,$(1),2)/$(base)
mode		= $(if $(filter $(bindir) $(sbindir),$(call part,$(1),2)),755,644)
define put
	$(Q)install -D -m $(call mode,$(1)) $(call part,$(1),1) '$(call installed,$(1))'

endef
define take
	$(Q)rm -f '$(call installed,$(1))'

endef

# The units have the paths of the Debian package: put in those of this installation.
install: tools ## install below DESTDIR and PREFIX (default: /usr/local); start nothing
	$(foreach i,$(installs),$(call put,$(i)))
	$(if $(units),$(Q)sed -i 's|=/usr/sbin/|=$(sbindir)/|; s|=/usr/bin/|=$(bindir)/|' \
		$(units:%='$(DESTDIR)$(unitdir)/%'))

uninstall: ## remove the files that install copied
	$(foreach i,$(installs),$(call take,$(i)))
	$(Q)for dir in $(datadir)/prometheus $(datadir) $(docdir)/docs $(docdir); do \
		[ ! -d "$(DESTDIR)$$dir" ] || \
			rmdir --ignore-fail-on-non-empty "$(DESTDIR)$$dir"; done

# ---- packages ----

DEB_O		:= build/deb
DEB_TREE	:= $(DEB_O)/iomap-$(VERSION)

# The version says for which release a package was built, so that an upgrade of Debian replaces it.
deb: ## build the Debian packages in build/deb
	$(Q)rm -rf $(DEB_O) && mkdir -p $(DEB_TREE)
	$(Q)tar -c --exclude=./build --exclude=./.git . | tar -x -C $(DEB_TREE)
	$(Q)cp -r daemon/debian $(DEB_TREE)/
	$(Q)cd $(DEB_TREE) && . /etc/os-release && \
		version=$(VERSION)$${VERSION_ID:++deb$$VERSION_ID} && \
		printf '%s\n\n  * Version $(VERSION).\n\n -- %s  %s\n' \
			"iomap ($$version) $$VERSION_CODENAME; urgency=medium" \
			"$$(sed -n 's/^Maintainer: //p' debian/control)" \
			"$$(date -R)" >debian/changelog && \
		env -u MAKEFLAGS -u MAKELEVEL dpkg-buildpackage -b -us -uc >../build.log 2>&1 || \
		{ tail -n 30 ../build.log; \
		  echo "make deb: the whole log is $(DEB_O)/build.log" >&2; exit 1; }
	$(Q)ls $(DEB_O)/*.deb

SITES		?= build/sites

sites: tools ## write the tables of the debug packages DBG='FILE.deb ...' to SITES (build/sites)
	$(Q)cli/debug/package-sites $(O)/iomapctl $(SITES) $(DBG)

# ---- tests ----

test-bins	= $(addprefix $(O)/,$(progs) $(unit-tests) $(test-progs))

tests: tools $(test-bins) ## build the test programs

check: tests ## run unit tests, BPF tests, corpora of the fuzzers, static analysis: seconds
	$(Q)$(MAKE) --no-print-directory SAN=1 fuzz
	$(Q)tests/run $(if $(V),-v) check

# Install the packages first: the build calls pkg-config for its flags.
test: ## install missing packages, build everything, run all tests
	$(Q)tests/vm/deps
	$(Q)$(MAKE) --no-print-directory test-built
	$(Q)tests/run $(if $(V),-v) check host vm

test-built: vms-built
	$(Q)$(MAKE) --no-print-directory SAN=1 tests fuzz
	$(Q)$(MAKE) --no-print-directory CC=clang tests

soak: ## run random load on each kernel and backend, fuzzers, long BPF tests: an hour or two
	$(Q)tests/vm/deps
	$(Q)$(MAKE) --no-print-directory vms-built
	$(Q)$(MAKE) --no-print-directory FUZZ=1 fuzz
	$(Q)tests/vm/rootfs builder >/dev/null
	$(Q)tests/run $(if $(V),-v) soak

vms-built: tests
	$(Q)tests/vm/rootfs prometheus >/dev/null
	$(Q)tests/vm/rootfs varlinkctl >/dev/null
	$(Q)tests/vm/rootfs machine >/dev/null
	$(Q)$(MAKE) --no-print-directory ARCH=i386 tools
	$(Q)kernel-patch/build
	$(Q)kernel-patch/objects >/dev/null
	$(Q)for name in 6.12-x86_64 6.12-i386-highmem; do \
		kernel-patch/build --modules $$name tests/modules >/dev/null || exit; done
	$(Q)kernel-patch/build --modules 6.12-x86_64 tests/vm/driver >/dev/null
	$(Q)for name in $$(kernel-patch/build --list) debian; do \
		$(MAKE) --no-print-directory vm KERNEL=$$name || exit; done
	$(Q)tests/vm/kernel-deb >/dev/null
	$(Q)tests/vm/stock >/dev/null
	$(Q)$(MAKE) --no-print-directory deb >/dev/null

bench: ## measure the cost of iomap, print the table of docs/performance.md: ten minutes, as root
	$(Q)tests/vm/deps
	$(Q)$(MAKE) --no-print-directory tests vm
	$(Q)kernel-patch/objects >/dev/null
	$(Q)tests/vm/rootfs perf >/dev/null
	$(Q)tests/bench/run

demo: ## boot the kernel in QEMU with the qxl driver under load, and run iomaptop
	$(Q)tests/vm/deps
	$(Q)$(MAKE) --no-print-directory tools
	$(Q)tests/vm/run --kernel 6.12-x86_64 --timeout 86400 -- tests/guest/demo.sh

print-%:
	@echo $($*)

clean: ## remove build/; built kernels stay in the cache
	rm -rf build

help: ## list the targets
	@sed -n 's/^\([a-z][a-z-]*\):.*## \(.*\)/  \1\t\2/p' $(MAKEFILE_LIST) | sort -u | \
		expand -t 18

.PHONY: all tools install uninstall deb sites tests check test test-built soak vms-built bench \
	demo \
	clean help
.DELETE_ON_ERROR:
