# SPDX-License-Identifier: GPL-2.0-or-later
# Fuzz targets, each a file of this folder. With FUZZ=1 libFuzzer runs them, in `make soak`. With
# SAN=1, main.c feeds them the files of tests/fuzz/corpus, in `make check`.
fuzz-targets	:= $(filter-out main,$(patsubst tests/fuzz/%.c,%,$(wildcard tests/fuzz/*.c)))
fuzz-bins	:= $(addprefix $(O)/tests/fuzz/,$(fuzz-targets))

$(foreach t,$(fuzz-targets),\
	$(eval tests/fuzz/$t-srcs := tests/fuzz/$t.c $(if $(FUZZ),,tests/fuzz/main.c))\
	$(eval tests/fuzz/$t-ldflags := $(if $(FUZZ),-fsanitize=fuzzer))\
	$(eval $(call program,tests/fuzz/$t,$(O)/libtests.a $(O)/libiomap.a)))

fuzz: $(fuzz-bins)

.PHONY: fuzz
