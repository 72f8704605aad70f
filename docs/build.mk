# SPDX-License-Identifier: GPL-2.0-or-later
# Helper of docs/screenshot.
progs		+= docs/ansi2svg

screenshot: tools ## make docs/iomaptop.svg from a run in the VM: two minutes
	$(Q)docs/screenshot -t iomaptop -w 100 -- tests/vm/run --kernel 6.12-x86_64 -- tests/guest/demo.sh

.PHONY: screenshot

installs	+= $(foreach f,$(wildcard docs/man/*.[1-8]),$f:$(mandir)/man$(patsubst .%,%,$(suffix $f)))
installs	+= README.md:$(docdir)
installs	+= $(foreach f,$(wildcard docs/*.md) docs/iomaptop.svg,$f:$(docdir)/docs)
installs	+= $(foreach f,$(filter-out %.test.yml,$(wildcard docs/prometheus/*)),$f:$(datadir)/prometheus)
