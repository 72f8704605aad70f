# SPDX-License-Identifier: GPL-2.0-or-later
# Tests of what is read from debug information.
unit-tests	+= tests/debug/sites

# Its debug information is the input of a test: flags of its own, and no sanitizers.
$(O)/tests/debug/sites: | $(O)/tests/debug/shapes
$(O)/tests/debug/shapes: tests/debug/shapes.c
	@mkdir -p $(@D)
	$(call say,CC,$@)gcc -std=gnu11 $(WARNINGS) -O2 -g -no-pie -Wl,--build-id -o $@ $<
