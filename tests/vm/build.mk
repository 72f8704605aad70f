# SPDX-License-Identifier: GPL-2.0-or-later
# Builds what tests/vm/run needs: two programs, and in the cache a kernel and a root file system.

KERNEL		?= 6.12-x86_64
VM_O		:= build/vm
vm-arch		= $(if $(filter debian,$(KERNEL)),x86_64,$(word 2,$(subst -, ,$(KERNEL))))
vm-initramfs	= $(VM_O)/initramfs-$(if $(filter debian,$(KERNEL)),debian,$(vm-arch))

deps: ## install missing Debian packages, with sudo unless root
	$(Q)tests/vm/deps

vm: $(VM_O)/bridge $(vm-initramfs) ## build all that a virtual machine of KERNEL needs
	$(Q)$(if $(filter debian,$(KERNEL)),:,kernel-patch/build $(KERNEL))
	$(Q)tests/vm/rootfs $(vm-arch) >/dev/null

# bridge runs on the host. init runs in the guest, is static and has the guest's architecture.
VM_CFLAGS	:= -std=gnu11 $(WARNINGS) -D_GNU_SOURCE -O2 -g

$(VM_O)/bridge: tests/vm/bridge.c tests/vm/frame.c tests/vm/frame.h
	@mkdir -p $(@D)
	$(call say,CC,$@)$(CC) $(VM_CFLAGS) -o $@ $(filter %.c,$^)

$(VM_O)/init-x86_64 $(VM_O)/init-i386: tests/vm/init.c tests/vm/init-root.c tests/vm/frame.c \
		tests/vm/init.h tests/vm/frame.h
	@mkdir -p $(@D)
	$(call say,CC,$@)$(CC) $(VM_CFLAGS) $(if $(findstring i386,$@),-m32) -static -s -o $@ \
		$(filter %.c,$^)

$(VM_O)/initramfs-%: $(VM_O)/init-%
	$(call say,CPIO,$@)rm -rf $@.d && mkdir $@.d && cp $< $@.d/init && \
		(cd $@.d && echo init | cpio -o -H newc --quiet -R 0:0) >$@ && rm -rf $@.d

# Debian's kernel has drivers as modules that ours has built in.
$(VM_O)/initramfs-debian: $(VM_O)/init-x86_64 tests/vm/rootfs
	$(call say,CPIO,$@)kernel=$$(tests/vm/rootfs debian-kernel) && rm -rf $@.d && \
		mkdir $@.d && cp $< $@.d/init && cp -r "$$kernel/initramfs" $@.d/modules && \
		(cd $@.d && find . | cpio -o -H newc --quiet -R 0:0) >$@ && rm -rf $@.d

# Headers and libraries for ARCH=i386. gen-hdrs has this file, so compilation waits for it.
$(CACHE)/sysroot-i386-%/.done:
	$(Q)tests/vm/rootfs sysroot-i386 >/dev/null

.PRECIOUS: $(CACHE)/sysroot-i386-%/.done
.PHONY: deps vm
