#!/bin/bash
# SPDX-License-Identifier: GPL-2.0-or-later
# The schema of pinned maps changes with each record and map shared with user space, and with
# nothing else.
# Usage: tests/unit/test-schema.sh FOLDER_OF_THE_PROGRAMS
. tests/tap.sh

bin=$1
dir=$(mktemp -d)
trap 'rm -rf "$dir"' EXIT
now=$(bpf/schema bpf)

# after FILE SED…: sets $schema to that with FILE changed by SED. Fails if SED changes nothing.
after() {
	local file=$1
	shift
	rm -rf "$dir/bpf"
	cp -r bpf "$dir/bpf"
	sed -i "$@" "$dir/bpf/$file"
	if cmp -s "bpf/$file" "$dir/bpf/$file"; then
		echo "# nothing changed in $file"
		return 1
	fi
	schema=$(bpf/schema "$dir/bpf")
}
changes() { after "$@" && [ "$schema" != "$now" ]; }
stays() { after "$@" && [ "$schema" = "$now" ]; }

is "the schema is twelve hexadecimal digits" eval '[[ $now =~ ^[0-9a-f]{12}$ ]]'
same "the programs are built with it" "$(sed -n 's/.*PIN_SCHEMA "\(.*\)"/\1/p' \
	build/bpf/schema.h)" "$now"
is "iomapd contains it" grep -q "$now" "$bin/iomapd"
is "a new member changes it" changes iomap.h 's/^	__aligned_u64 failed;.*/&\n	__aligned_u64 more;/'
is "two members in another order change it" changes iomap.h \
	'/^	__aligned_u64 base;.*bus/{h;d};/^	__aligned_u64 size;	  \/\* bytes/G'
is "another number of a rule changes it" changes iomap.h \
	's/^	IOMAP_LEAK,.*//; s/^	IOMAP_HOLD_TIME,.*/	IOMAP_HOLD_TIME,\n	IOMAP_LEAK,/'
is "another bucket changes it" changes hist.h 's/(e - 1) \* 4 +/(e - 1) * 4 + 1 +/'
is "a number in a macro changes it" changes iomap.h 's/\(define IOMAP_NAME_LEN\) 128/\1 64/'
is "a record of interrupts changes it" changes ipi.h 's/^	__aligned_u64 sends;.*//'
is "a saved record changes it" changes persistent.h 's/^	__u32 nr_links;.*//'
is "another type of map changes it" changes maps.bpf.h '0,/BPF_MAP_TYPE_HASH/s//BPF_MAP_TYPE_LRU_HASH/'
is "another key changes it" changes ipi_maps.bpf.h '0,/__type(key, __u32)/s//__type(key, __u64)/'
is "a removed map changes it" changes ipi_maps.bpf.h 's/} ipi_joins SEC.*/} joins SEC(".maps");/'
is "a new setting changes it" changes maps.bpf.h \
	's/^const volatile __u32 cfg_cpus.*/&\nconst volatile __u32 cfg_more = 0;/'
is "an included file changes it" changes iomap.h 's|^#include "ipi.h"|&\n#include "stack.h"|'
is "a comment does not change it" stays iomap.h 's|/\* bus address \*/|/* where it is */|'
is "blanks do not change it" stays iomap.h 's/^	IOMAP_LEAK,.*/	  IOMAP_LEAK,/'
is "the programs do not change it" stays iomap.bpf.c 's/cpu->created++;/cpu->created += 1;/'
same "the files with maps and those they include" "$(bpf/schema --files bpf | tr '\n' ' ')" \
	"hist.h iomap.h ipi.h ipi_maps.bpf.h maps.bpf.h persistent.h "
finish
