# SPDX-License-Identifier: GPL-2.0-or-later
# Compilers, flags, folders and the rule for programs, shared by all build.mk files.
#
# Variables for the command line of make:
#   ARCH=x86_64|i386   architecture of the programs (the BPF object serves both)
#   CC=gcc|clang       compiler of the programs
#   SAN=1              build with the address and undefined-behaviour sanitizers
#   FUZZ=1             the same, with clang and its libFuzzer: only for `make fuzz`
#   V=1                show the commands
#   PREFIX, DESTDIR    where `make install` copies files; the folders below can be set, too

ARCH		?= x86_64
CC		:= $(if $(FUZZ),clang,$(if $(filter default,$(origin CC)),gcc,$(CC)))
override SAN	:= $(or $(SAN),$(FUZZ))
CLANG		?= clang
LLVM_STRIP	?= llvm-strip
BPFTOOL		?= $(firstword $(wildcard /usr/sbin/bpftool) bpftool)
PKG_CONFIG	?= pkg-config
CACHE		:= $(or $(IOMAP_CACHE),$(or $(XDG_CACHE_HOME),$(HOME)/.cache)/iomap)
VERSION		:= 0.1

O		:= build/$(ARCH)$(if $(filter clang%,$(notdir $(CC))),-clang)
O		:= $(O)$(if $(FUZZ),-fuzz,$(if $(SAN),-san))
BPF_O		:= build/bpf

Q		:= $(if $(V),,@)
say		= $(if $(V),,@printf '  %-8s %s\n' '$(1)' '$(2)';)

ifeq ($(ARCH),i386)
SYSROOT		:= $(shell tests/vm/rootfs --print-path sysroot-i386)
ARCH_FLAGS	:= -m32 --sysroot=$(SYSROOT)
PKG_FOLDERS	:= $(SYSROOT)/usr/lib/i386-linux-gnu/pkgconfig:$(SYSROOT)/usr/share/pkgconfig
PKG_ENV		:= PKG_CONFIG_SYSROOT_DIR=$(SYSROOT) PKG_CONFIG_LIBDIR=$(PKG_FOLDERS)
else ifneq ($(ARCH),x86_64)
$(error ARCH=$(ARCH) is not one of x86_64, i386)
endif
pkg-cflags	= $(if $(strip $(1)),$(shell $(PKG_ENV) $(PKG_CONFIG) --cflags $(1)))
pkg-libs	= $(if $(strip $(1)),$(shell $(PKG_ENV) $(PKG_CONFIG) --libs $(1)))

PREFIX		?= /usr/local
bindir		?= $(PREFIX)/bin
sbindir		?= $(PREFIX)/sbin
mandir		?= $(PREFIX)/share/man
datadir		?= $(PREFIX)/share/iomap
docdir		?= $(PREFIX)/share/doc/iomap
bashdir		?= $(PREFIX)/share/bash-completion/completions
zshdir		?= $(PREFIX)/share/zsh/site-functions
unitdir		?= $(PREFIX)/lib/systemd/system
sysusersdir	?= $(PREFIX)/lib/sysusers.d
tmpfilesdir	?= $(PREFIX)/lib/tmpfiles.d

CFLAGS		?= -O2 -g
WARNINGS	:= -Wall -Wextra -Werror -Wshadow -Wmissing-prototypes -Wstrict-prototypes \
		   -Wformat=2
SANITIZERS	:= $(if $(SAN),-fsanitize=address -fsanitize=undefined) \
		   $(if $(FUZZ),-fsanitize=fuzzer-no-link)
ALL_CFLAGS	:= -std=gnu11 $(WARNINGS) -D_GNU_SOURCE -D_FILE_OFFSET_BITS=64 -D_TIME_BITS=64 \
		   -DIOMAP_VERSION='"$(VERSION)"' -I. -I$(O) -Ibuild $(ARCH_FLAGS) $(CPPFLAGS) \
		   $(CFLAGS) $(SANITIZERS) \
		   $(if $(SAN),-fno-sanitize-recover=all -fno-omit-frame-pointer)
# --as-needed drops libraries that a program does not use.
ALL_LDFLAGS	:= $(ARCH_FLAGS) -Wl,--as-needed $(LDFLAGS) $(SANITIZERS)

# The folders' build.mk files append to:
#   lib-srcs        sources of libiomap.a: everything except the main functions
#   lib-pkgs        pkg-config names of the libraries that libiomap.a needs
#   test-lib-srcs   sources of libtests.a: fixtures and helpers of the tests
#   progs           programs: NAME is linked from NAME-srcs (default: NAME.c) and libiomap.a,
#                   with NAME-ldflags
#   unit-tests      test programs of the host: like progs, linked with libtests.a, too
#   test-progs      programs that tests run: linked like unit-tests
#   gen-hdrs        generated headers that must exist before anything is compiled
#   installs        files to install: FILE:FOLDER or FILE:FOLDER:NAME
lib-srcs	:=
lib-pkgs	:=
test-lib-srcs	:=
progs		:=
unit-tests	:=
test-progs	:=
installs	:=
gen-hdrs	:= $(if $(SYSROOT),$(SYSROOT)/.done)

objs		= $(patsubst %.c,$(O)/%.o,$(1))

# $(call program,NAME,ARCHIVES): the rule for a program. libtests.a needs cmocka.
define program
$(O)/$(1): $(call objs,$(or $($(1)-srcs),$(1).c)) $(2)
	$$(call say,LD,$$@)$(CC) $(ALL_LDFLAGS) $($(1)-ldflags) -o $$@ $$^ \
		$$(call pkg-libs,$$(lib-pkgs) $(if $(findstring libtests,$(2)),cmocka)) -lm
endef
