#!/bin/bash
# SPDX-License-Identifier: GPL-2.0-or-later
# Checks format, licenses, sizes and static analysis of the files in this repository.
. tests/tap.sh
export LC_ALL=C.UTF-8	# so that a column is a character

# files_with REGEX: the files whose first 200 bytes match it.
files_with() {
	git ls-files | while read -r file; do
		head -c 200 "$file" | grep -qaE "$1" && echo "$file"
	done
}

mapfile -t sources < <(git ls-files '*.c' '*.h')
mapfile -t programs < <(git ls-files 'daemon/*.c' 'cli/*.c')
mapfile -t scripts < <(files_with '^#!/bin/(ba)?sh|^# shellcheck shell=')
mapfile -t python < <(files_with '^#!/usr/bin/python3')
mapfile -t makefiles < <(git ls-files Makefile '*.mk' daemon/debian/rules)

unformatted() {
	clang-format --style=file:.clang-format --dry-run -Werror "$@" 2>&1 | grep error: |
		sort -u | head -20
}

# Patches, pictures, expected screens, JSON and inputs of the fuzz targets cannot have a comment, or
# are tested as they are; recordings are binary.
unlicensed() {
	printf '%s\n' "$@" |
		grep -vE '\.(svg|patch|frame|json|rec)$|^kernel-patch/.*/series$|^tests/fuzz/corpus/|^\.gitignore$' |
		xargs grep -L SPDX-License-Identifier:
}

# Prints FILE:NUMBER:LINE of each line over 100 columns. A tab ends at a multiple of 8.
too_long() {
	local file

	for file; do
		expand -t 8 "$file" | grep -nE '^.{101,}' | sed "s|^|$file:|"
	done
}

# Prints the same lines except those with a quoted text of 40 characters or more, which would be
# harder to search for if it was split.
too_long_but_texts() {
	too_long "$@" | awk '
		function has_text(line, quote, part, i, n) {
			gsub(/\\["\047]/, "__", line)
			n = split(line, part, quote)
			for (i = 2; i <= n; i += 2)
				if (length(part[i]) >= 40)
					return 1
			return 0
		}
		!has_text($0, "\"") && !has_text($0, "\047") { print }'
}

# Prints FILE: LINES of each file over 500 lines.
too_large() { wc -l "$@" | awk '$2 != "total" && $1 > 500 { print $2 ": " $1 }'; }

same "C files are formatted (clang-format)" "$(unformatted "${sources[@]}")" ""
mapfile -t all < <(git ls-files)
same "each file has an SPDX line" "$(unlicensed "${all[@]}")" ""
same "C files: no line over 100 columns" "$(too_long "${sources[@]}")" ""
same "make files: no line over 100 columns" "$(too_long "${makefiles[@]}")" ""
same "scripts: no line over 100 columns, except for long texts" \
	"$(too_long_but_texts "${scripts[@]}" "${python[@]}")" ""
echo "# lines over 100 columns with a long text: $(too_long "${scripts[@]}" "${python[@]}" | wc -l)"
same "no file over 500 lines" \
	"$(too_large "${sources[@]}" "${scripts[@]}" "${python[@]}" "${makefiles[@]}")" ""
is "scripts (shellcheck)" shellcheck -x -S warning "${scripts[@]}"

# cppcheck needs ten seconds for each file that includes the bytes of the BPF object.
mkdir -p build/cppcheck/build/bpf
sed '/return (const void \*)"/,/";$/c return NULL;' build/bpf/iomap.skel.h \
	>build/cppcheck/build/bpf/iomap.skel.h
is "C files (cppcheck)" cppcheck --quiet --error-exitcode=1 --inline-suppr \
	--enable=warning,portability --std=c11 --suppress=missingIncludeSystem -Ibuild/cppcheck \
	-I. -Ibuild "${programs[@]}"

# ---- each check of this file finds a mistake ----

bad=$(mktemp -d)
trap 'rm -rf "$bad"' EXIT
text=$(printf '%090d' 0)
printf '\t%s12\n\t%s123\necho "%s" 4567\n' "$text" "$text" "$text" >"$bad/wide.sh"
seq 501 >"$bad/large"
seq 500 >"$bad/small"
printf 'int  f(void);\n' >"$bad/format.c"

same "check: a line of 100 columns passes, a longer one does not" \
	"$(too_long "$bad/wide.sh" | cut -d: -f2 | paste -sd' ')" "2 3"
same "check: a longer line with a long text passes" \
	"$(too_long_but_texts "$bad/wide.sh" | cut -d: -f2)" 2
same "check: a file of 501 lines is found" "$(too_large "$bad"/*)" "$bad/large: 501"
same "check: a file without a license is found" "$(unlicensed "$bad/large" Makefile)" "$bad/large"
is "check: a file of another format is found" test -n "$(unformatted "$bad/format.c")"
for list in sources programs scripts python makefiles; do
	declare -n files=$list
	is "check: there are $list to look at" test ${#files[@]} -gt 2
done
finish
