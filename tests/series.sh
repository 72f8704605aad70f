#!/bin/bash
# SPDX-License-Identifier: GPL-2.0-or-later
# The patch series applies with patch and with git am, and checkpatch.pl --strict finds nothing.
. tests/tap.sh

version=6.12
archive=/usr/src/linux-source-$version.tar.xz
series=$PWD/kernel-patch/$version
[ -e $archive ] || bail "$archive is missing: run 'make deps'"
dir=$(mktemp -d)
trap 'rm -rf "$dir"' EXIT

mapfile -t patches < <(sed -e 's/[[:space:]]*#.*//' -e '/^$/d' "$series/series")
same "the series names every patch" \
	"$(printf '%s\n' "${patches[@]}" | sort)" "$(cd "$series" && ls -- *.patch)"

# Only the files that the patches change, and those that checkpatch reads
mapfile -t files < <(cd "$series" && sed -n 's,^--- a/,,p' "${patches[@]}" | sort -u)
echo "# unpacking ${#files[@]} files of $archive"
tar -xf $archive -C "$dir" --strip-components=1 --wildcards \
	"${files[@]/#/*/}" '*/scripts/checkpatch.pl' '*/scripts/spelling.txt' \
	'*/scripts/const_structs.checkpatch' 2>/dev/null
cd "$dir" || bail "no $dir"
as=(-c user.name=test -c user.email=test@example.org)
git init -q . && git add -Af . && git "${as[@]}" commit -qm base

for patch in "${patches[@]}"; do
	is "patch -p1: $patch" patch -p1 -s -F0 -i "$series/$patch"
done
git add -Af . && by_patch=$(git write-tree) && git reset -q --hard && git clean -qfd

is "git am" git "${as[@]}" am -q "${patches[@]/#/$series/}"
same "git am and patch give the same tree" "$(git rev-parse 'HEAD^{tree}')" "$by_patch"

# Debian's source has no history: checkpatch cannot find the commit of a Fixes: tag.
for patch in "${patches[@]}"; do
	is "checkpatch --strict: $patch" perl scripts/checkpatch.pl --strict --no-tree --quiet \
		--ignore UNKNOWN_COMMIT_ID "$series/$patch"
done
finish
