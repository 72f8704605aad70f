# SPDX-License-Identifier: GPL-2.0-or-later
# ansi2svg is a helper of docs/screenshot.
progs		+= docs/ansi2svg

screenshot: tools ## make docs/iomaptop.svg from a run in the VM: two minutes
	$(Q)docs/screenshot -t iomaptop -w 100 -- \
		tests/vm/run --kernel 6.12-x86_64 -- tests/guest/demo.sh

.PHONY: screenshot

# The last character of a man page's name is its section.
section		= $(patsubst .%,%,$(suffix $(1)))
installs	+= $(foreach f,$(wildcard docs/man/*.[1-8]),$f:$(mandir)/man$(call section,$f))
installs	+= README.md:$(docdir)
installs	+= $(foreach f,$(wildcard docs/*.md) docs/iomaptop.svg,$f:$(docdir)/docs)
prometheus	:= $(filter-out %.test.yml,$(wildcard docs/prometheus/*))
installs	+= $(foreach f,$(prometheus),$f:$(datadir)/prometheus)
