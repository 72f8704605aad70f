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

# The lines of over 100 columns.
too_long() {
	local file

	for file; do
		expand -t 8 "$file" | grep -nE '^.{101,}' | sed "s|^|$file:|"
	done
}

# The same without lines that have a text of 40 characters or more in quotes: texts stay whole.
too_long_but_texts() {
	too_long "$@" | awk '
		function text(line, quote, part, i, n) {
			gsub(/\\["\047]/, "__", line)
			n = split(line, part, quote)
			for (i = 2; i <= n; i += 2)
				if (length(part[i]) >= 40)
					return 1
			return 0
		}
		!text($0, "\"") && !text($0, "\047") { print }'
}

# The files of over 500 lines.
too_large() { wc -l "$@" | awk '$2 != "total" && $1 > 500 { print $2 ": " $1 }'; }

same "C files are formatted (clang-format)" "$(unformatted)" ""
same "each file has an SPDX line" "$(unlicensed)" ""
same "no line of C is longer than 100 columns" "$(too_long "${sources[@]}")" ""
same "no line of a script is longer than 100 columns" "$(too_long_but_texts "${scripts[@]}")" ""
same "no file has more than 500 lines" "$(too_large "${sources[@]}" "${scripts[@]}")" ""
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
