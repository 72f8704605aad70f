#!/bin/bash
# SPDX-License-Identifier: GPL-2.0-or-later
# Which folder may include which: a file may include headers of its own folder and of the folders in
# the table.
. tests/tap.sh

declare -A may=(
	[bpf]=""
	[daemon/base]="bpf"
	[daemon/collector]="bpf daemon/base"
	[daemon]="bpf daemon/base daemon/collector"
	[cli]="bpf daemon/base"
	[cli/assert]="bpf daemon/base daemon/collector cli cli/debug"
	[cli/debug]="bpf daemon/base daemon/collector"
	[cli/recording]="bpf daemon/base cli"
	[cli/compare]="bpf daemon/base cli cli/recording"
	[cli/report]="bpf daemon/base cli cli/recording cli/compare cli/debug"
	[cli/ctl]="bpf daemon/base daemon/collector cli cli/assert cli/debug cli/recording"
	[cli/top]="bpf daemon/base cli cli/recording"
	[cli/completion]="bpf daemon/base daemon/collector daemon cli cli/ctl cli/top"
)
may[cli/ctl]+=" cli/compare cli/report"
# Tests include any header of the programs, but of other tests only those in tests/lib.
ours="${!may[*]}"
for folder in lib unit cli bpf guest bench debug; do
	may[tests/$folder]="$ours tests/lib"
done

# includes FOLDER…: prints FILE HEADER for each header of this tree that a file includes.
includes() {
	git ls-files "$@" | grep '\.[ch]$' | xargs grep -HoE '^#include "[^"]+"' |
		sed -E 's/:#include "(.*)"/ \1/'
}

# Prints the violations among such lines. A header without a folder is in the folder of the file. A
# header in build/FOLDER is generated and belongs to FOLDER.
violations() {
	local file header from to

	while read -r file header; do
		from=$(dirname "$file")
		header=${header#build/}
		to=$(dirname "$header")
		if [ "$to" != . ] && [ "$to" != "$from" ] &&
			[[ " ${may[$from]-none} " != *" $to "* ]]; then
			echo "$file includes $header"
		fi
	done
}

seen=$(includes bpf daemon cli tests/{lib,unit,cli,bpf,guest,bench,debug})
same "each include follows the arrows" "$(violations <<<"$seen")" ""
for folder in "${!may[@]}"; do
	is "$folder: it has includes" grep -qE "^$folder/[^/ ]+ " <<<"$seen"
done
same "an include against the arrows is found" \
	"$(violations <<<"cli/top/draw.c daemon/collector/model.h
daemon/base/buf.c daemon/collector/pci.h
daemon/collector/read.c build/bpf/iomap.skel.h
cli/other/a.c cli/fmt.h
tests/unit/a.c tests/bpf/harness.h
tests/unit/a.c tests/lib/test.h")" "cli/top/draw.c includes daemon/collector/model.h
daemon/base/buf.c includes daemon/collector/pci.h
cli/other/a.c includes cli/fmt.h
tests/unit/a.c includes tests/bpf/harness.h"
finish
