#!/bin/bash
# SPDX-License-Identifier: GPL-2.0-or-later
# Format, licenses, sizes and static analysis of this tree's own files.
. tests/tap.sh

mapfile -t sources < <(git ls-files '*.c' '*.h')
mapfile -t programs < <(git ls-files 'daemon/*.c' 'cli/*.c')
mapfile -t scripts < <(git ls-files | while read -r file; do
	head -c 40 "$file" | grep -qaE '^#!/bin/(ba)?sh' && echo "$file"
done)

unformatted() { clang-format --dry-run -Werror "${sources[@]}" 2>&1 | grep -E 'error:' | sort -u |
	head -20; }
unlicensed() { git ls-files | grep -vE \
	'\.(svg|patch|frame|json)$|^kernel-patch/.*/series$|^\.gitignore$' |
	xargs grep -L 'SPDX-License-Identifier:' ; }

too_long() {
	local file

	for file in "${sources[@]}"; do
		expand -t 8 "$file" | grep -nE '^.{101,}' | sed "s|^|$file:|"
	done
}

same "C files are formatted (clang-format)" "$(unformatted)" ""
same "each file has an SPDX line" "$(unlicensed)" ""
same "no line is longer than 100 columns" "$(too_long)" ""
is "scripts (shellcheck)" shellcheck -x -S warning "${scripts[@]}"
# cppcheck needs ten seconds for each file that includes the bytes of the BPF object.
mkdir -p build/cppcheck/build/bpf
sed '/return (const void \*)"/,/";$/c return NULL;' build/bpf/iomap.skel.h \
	>build/cppcheck/build/bpf/iomap.skel.h
is "C files (cppcheck)" cppcheck --quiet --error-exitcode=1 --inline-suppr \
	--enable=warning,portability --std=c11 --suppress=missingIncludeSystem -Ibuild/cppcheck \
	-I. -Ibuild \
	"${programs[@]}"
finish
