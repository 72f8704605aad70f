# SPDX-License-Identifier: GPL-2.0-or-later
# Tests of what is read from debug information. They run other programs of this folder, whose debug
# information is their input.
debug-inputs	:= shapes places
debug-tests	:= sites lines sources formats
unit-tests	+= $(debug-tests:%=tests/debug/%)

$(debug-tests:%=$(O)/tests/debug/%): | $(debug-inputs:%=$(O)/tests/debug/%) \
	$(O)/tests/debug/places-clang

# Flags of their own, and no sanitizers.
$(debug-inputs:%=$(O)/tests/debug/%): $(O)/%: %.c
	@mkdir -p $(@D)
	$(call say,CC,$@)gcc -std=gnu11 $(WARNINGS) -O2 -g -no-pie -Wl,--build-id -o $@ $<

$(O)/tests/debug/places-clang: tests/debug/places.c
	@mkdir -p $(@D)
	$(call say,CC,$@)$(CLANG) -std=gnu11 -O2 -g -no-pie -Wl,--build-id -o $@ $<
